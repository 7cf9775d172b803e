//! What building a pattern costs, told before it is built: a few bytes such as `\p{L}{20}` may ask for milliseconds.
//!
//! The units are measured, not derived: none stands for more than some fifty nanoseconds of building.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Reading one byte of a pattern.
const BYTE_READ: u64 = 6;
/// What each pattern takes, however small it is.
const START: u64 = 2_000;
/// Finding out whether the pattern is a small automaton, where that is not plain.
const AUTOMATON: u64 = 10_000;
/// A byte that is looked for.
const BYTE: u64 = 4;
/// A choice, an option or a group.
const CHOICE: u64 = 20;
/// A class of ASCII characters.
const CLASS: u64 = 80;
/// A class of more, which becomes automata of bytes, beside each of its ranges.
const WIDE_CLASS: u64 = 300;
const WIDE_RANGE: u64 = 16;

/// What reading a pattern of so many bytes costs, before anything is known of it.
pub(super) fn of_reading(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(BYTE_READ)
}

/// What building the pattern costs; one that cannot be built is told so at once.
pub(super) fn of_building(pattern: &str, is_light: bool, max_depth: u32) -> u64 {
    let start = if is_light { START } else { START + AUTOMATON };
    let parsed = ParserBuilder::new().nest_limit(max_depth).build().parse(pattern);
    parsed.map_or(0, |parsed| start.saturating_add(of(&parsed)))
}

/// The recursion is as deep as the pattern, which the parser bounds.
fn of(part: &Hir) -> u64 {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => CHOICE,
        HirKind::Literal(literal) => units(literal.0.len(), BYTE),
        HirKind::Class(class) => of_class(class),
        HirKind::Capture(group) => of(&group.sub).saturating_add(CHOICE),
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min).max(1);
            of(&repetition.sub).saturating_add(CHOICE).saturating_mul(u64::from(copies))
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
