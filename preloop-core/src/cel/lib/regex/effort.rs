//! What building a pattern costs, told before it is built: a few bytes such as `\p{L}{20}` may ask for milliseconds.
//!
//! The units are measured, not derived: of some 180 patterns that were timed the worst took 44 nanoseconds a unit, and
//! most of those that take milliseconds took 15 to 35.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Reading one byte of a pattern.
const BYTE_READ: u64 = 6;
/// What each pattern takes, however small it is.
const START: u64 = 2_000;
/// Finding out whether the pattern is a small automaton takes so many times what its parts do, within these bounds: few
/// parts may make a large one, and one that is too large is given up.
const AUTOMATON_TIMES: u64 = 5;
const AUTOMATON_MIN: u64 = 10_000;
const AUTOMATON_MAX: u64 = 45_000;
/// A byte that is looked for.
const BYTE: u64 = 2;
/// A choice, an option or a group.
const CHOICE: u64 = 40;
/// One more of the same option.
const OPTION: u64 = 10;
/// A class of ASCII characters.
const CLASS: u64 = 20;
/// A class of more, which becomes automata of bytes, beside each of its ranges.
const WIDE_CLASS: u64 = 170;
const WIDE_RANGE: u64 = 9;

/// What reading a pattern of so many bytes costs, before anything is known of it.
pub(super) fn of_reading(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(BYTE_READ)
}

/// What building the pattern costs.
pub(super) fn of_building(parsed: &Hir, is_light: bool) -> u64 {
    let parts = of(parsed);
    let automaton = if is_light {
        0
    } else {
        parts.saturating_mul(AUTOMATON_TIMES).clamp(AUTOMATON_MIN, AUTOMATON_MAX)
    };
    parts.saturating_add(automaton).saturating_add(START)
}

/// The recursion is as deep as the pattern, which the parser bounds.
fn of(part: &Hir) -> u64 {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => CHOICE,
        HirKind::Literal(literal) => units(literal.0.len(), BYTE),
        HirKind::Class(class) => of_class(class),
        HirKind::Capture(group) => of(&group.sub).saturating_add(CHOICE),
        HirKind::Repetition(repetition) => {
            let copies = u64::from(repetition.max.unwrap_or(repetition.min).max(1));
            let least = u64::from(repetition.min);
            let options = copies.saturating_sub(least).saturating_mul(OPTION);
            of(&repetition.sub)
                .saturating_mul(copies)
                .saturating_add(options)
                .saturating_add(CHOICE)
        }
        HirKind::Concat(parts) => sum(parts),
        HirKind::Alternation(parts) => sum(parts).saturating_add(units(parts.len(), CHOICE)),
    }
}

fn sum(parts: &[Hir]) -> u64 {
    parts.iter().map(of).fold(0, u64::saturating_add)
}

fn of_class(class: &Class) -> u64 {
    let (ranges, last) = match class {
        Class::Unicode(class) => {
            (class.ranges().len(), class.ranges().last().map_or(0, |range| u32::from(range.end())))
        }
        Class::Bytes(class) => (class.ranges().len(), 0),
    };
    if last < 0x80 { CLASS } else { WIDE_CLASS.saturating_add(units(ranges, WIDE_RANGE)) }
}

fn units(count: usize, each: u64) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(each)
}
