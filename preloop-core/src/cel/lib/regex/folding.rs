//! What letters of both cases cost: under `(?i)` each character of a class is asked for its other cases, however many
//! characters a range has.
//!
//! This follows how `regex-syntax` puts classes together: a set that holds the other cases of all its characters is not
//! asked again, and a range is asked only where it touches characters that have other cases.

use std::convert::Infallible;

use regex_syntax::ast::{
    Ast, ClassAscii, ClassSet, ClassSetItem, ClassUnicode, ClassUnicodeKind, Visitor, visit,
};
use regex_syntax::hir::{Class, Hir, HirKind};

/// How many characters there are.
const ALL: u64 = 0x11_0000;
/// About how many of them have other cases, which costs a unit each.
const CASED: u64 = 4_096;
/// So many others cost a unit.
const CASELESS: u64 = 10;
/// Where no character has another case.
const GAPS: [(u32, u32); 3] = [(0x2d2e, 0xa63f), (0xabc0, 0xfaff), (0x1_e944, 0x10_ffff)];

/// A set of characters on its way to become a class.
#[derive(Clone, Copy, Debug)]
struct Set {
    /// The most characters that are asked for when it is folded.
    asked: u64,
    /// Whether it holds the other cases already.
    is_folded: bool,
    /// What that has cost, in units.
    cost: u64,
}

/// What the pattern's classes cost were both cases meant everywhere, in units of the budget.
pub(super) fn of(pattern: &Ast) -> u64 {
    let Ok(units) = visit(pattern, Units(0));
    units
}

struct Units(u64);

impl Visitor for Units {
    type Output = u64;
    type Err = Infallible;

    fn finish(self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        let units = match ast {
            Ast::ClassBracketed(class) => of_set(&class.kind).folded().cost,
            Ast::ClassUnicode(class) => named(class).cost,
            _ => 0,
        };
        self.0 = self.0.saturating_add(units);
        Ok(())
    }
}

impl Set {
    const NOTHING: Self = Self { asked: 0, is_folded: true, cost: 0 };

    /// A single range.
    fn range(start: u32, end: u32) -> Self {
        Self { asked: asked(start, end), is_folded: false, cost: 0 }
    }

    fn folded(self) -> Self {
        if self.is_folded {
            return self;
        }
        let units = self.asked.min(CASED).saturating_add(self.asked / CASELESS);
        Self { is_folded: true, cost: self.cost.saturating_add(units), ..self }
    }

    /// What is left of a set that is turned around may be nearly everything.
    fn negated(self, is_negated: bool) -> Self {
        if is_negated { Self { asked: ALL, ..self } } else { self }
    }

    fn with(self, other: Self) -> Self {
        Self {
            asked: self.asked.saturating_add(other.asked).min(ALL),
            is_folded: self.is_folded && other.is_folded,
            cost: self.cost.saturating_add(other.cost),
        }
    }
}

/// The recursion is as deep as the pattern, which the parser bounds.
fn of_set(set: &ClassSet) -> Set {
    match set {
        ClassSet::Item(item) => of_item(item),
        ClassSet::BinaryOp(operation) => {
            of_set(&operation.lhs).folded().with(of_set(&operation.rhs).folded())
        }
    }
}

fn of_item(item: &ClassSetItem) -> Set {
    match item {
        ClassSetItem::Empty(_) => Set::NOTHING,
        ClassSetItem::Literal(literal) => Set::range(literal.c.into(), literal.c.into()),
        ClassSetItem::Range(range) => Set::range(range.start.c.into(), range.end.c.into()),
        ClassSetItem::Ascii(ClassAscii { negated, .. }) => {
            Set::range(0, 0x7f).folded().negated(*negated)
        }
        // Spelled out in brackets by the dialect.
        ClassSetItem::Perl(class) => Set::range(0, 0x7f).folded().negated(class.negated),
        ClassSetItem::Unicode(class) => named(class),
        ClassSetItem::Bracketed(class) => of_set(&class.kind).folded().negated(class.negated),
        ClassSetItem::Union(union) => union.items.iter().map(of_item).fold(Set::NOTHING, Set::with),
    }
}

/// A class by name, whose characters are looked up.
fn named(class: &ClassUnicode) -> Set {
    let name = match &class.kind {
        ClassUnicodeKind::OneLetter(letter) => letter.to_string(),
        ClassUnicodeKind::Named(name) => name.clone(),
        ClassUnicodeKind::NamedValue { name, value, .. } => format!("{name}={value}"),
    };
    let parsed = regex_syntax::parse(&format!("\\p{{{name}}}"));
    let asked_of_all = match parsed.as_ref().map(Hir::kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            let ranges = class.ranges().iter();
            ranges.map(|range| asked(range.start().into(), range.end().into())).sum()
        }
        // A single character; or none, and then the whole pattern is refused.
        _ => 1,
    };
    let set = Set { asked: asked_of_all, is_folded: false, cost: 0 };
    set.folded().negated(class.is_negated())
}

/// How many characters of a range are asked for their other cases.
fn asked(start: u32, end: u32) -> u64 {
    if GAPS.iter().any(|(first, last)| *first <= start && end <= *last) {
        return 0;
    }
    u64::from(end.saturating_sub(start)).saturating_add(1)
}
