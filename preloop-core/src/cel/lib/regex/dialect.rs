//! The dialect: the specification's patterns are RE2's, where `\d`, `\w`, `\s` and `\b` mean ASCII
//! and `\<` is `<`.
//!
//! That is what a rule's author expects of `\d`, and it keeps patterns small: `\w{1,63}` fits where
//! every letter of Unicode, 63 times, does not.

use std::borrow::Cow;
use std::convert::Infallible;

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetItem, Flag, Flags, RepetitionKind,
    RepetitionRange, Span, Visitor, visit,
};

use super::folding;

/// What one class of Unicode weighs, beside one that is a few ranges.
const UNICODE_WEIGHT: u64 = 32;

/// A pattern as the compiler is to see it.
pub(super) struct Translated<'p> {
    pub(super) text: Cow<'p, str>,
    /// How many classes, choices and options there are, each counted as often as repetitions ask for it. Searching
    /// takes time and room in proportion, whatever bytes the compiled pattern has.
    pub(super) weight: u64,
    /// What it costs to find the other cases of its letters, in units of the budget.
    pub(super) folding: u64,
}

/// The same pattern with ASCII classes spelled out. A pattern that cannot be parsed is returned as
/// it is, so that the compiler reports what is wrong with it.
pub(super) fn translate(pattern: &str, max_depth: u32, max_weight: u64) -> Translated<'_> {
    let as_it_is = Translated { text: Cow::Borrowed(pattern), weight: 0, folding: 0 };
    let is_short = u64::try_from(pattern.len()).is_ok_and(|length| length <= max_weight);
    if is_short && !pattern.contains(['\\', '{']) && !pattern.contains("(?") {
        return as_it_is;
    }
    let mut parser = ParserBuilder::new().nest_limit(max_depth).build();
    let Ok(ast) = parser.parse(pattern) else { return as_it_is };
    let Ok(found) = visit(&ast, Classes { copies: 1, ..Classes::default() });
    let mut spelled = String::with_capacity(pattern.len());
    let mut end_of_last = 0;
    for (span, text) in found.replacements {
        spelled.push_str(pattern.get(end_of_last..span.start.offset).unwrap_or(""));
        spelled.push_str(text);
        end_of_last = span.end.offset;
    }
    spelled.push_str(pattern.get(end_of_last..).unwrap_or(""));
    // With too many classes it is refused, whatever this would be.
    let folding = if found.folds && found.weight <= max_weight { folding::of(&ast) } else { 0 };
    Translated { text: Cow::Owned(spelled), weight: found.weight, folding }
}

#[derive(Default)]
struct Classes {
    /// Where a class or a boundary stands and what it is to be, in the order of the pattern.
    replacements: Vec<(Span, &'static str)>,
    weight: u64,
    /// Whether letters stand for both cases somewhere.
    folds: bool,
    /// How often the repetitions around ask for what is visited.
    copies: u64,
    /// The same outside of each of them.
    outside: Vec<u64>,
}

impl Classes {
    fn weigh(&mut self, weight: u64) {
        self.weight = self.weight.saturating_add(weight.saturating_mul(self.copies));
    }

    fn flags(&mut self, flags: &Flags) {
        self.folds = self.folds || flags.flag_state(Flag::CaseInsensitive) == Some(true);
    }
}

impl Visitor for Classes {
    type Output = Self;
    type Err = Infallible;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassPerl(class) => {
                self.replacements.push((class.span, spelling(class)));
                self.weigh(1);
            }
            Ast::ClassBracketed(_) | Ast::Dot(_) | Ast::Alternation(_) => self.weigh(1),
            Ast::ClassUnicode(_) => self.weigh(UNICODE_WEIGHT),
            Ast::Flags(flags) => self.flags(&flags.flags),
            Ast::Group(group) => {
                if let Some(flags) = group.flags() {
                    self.flags(flags);
                }
            }
            Ast::Repetition(repetition) => {
                let kind = &repetition.op.kind;
                self.outside.push(self.copies);
                self.copies = self.copies.saturating_mul(copies(kind).into());
                // A letter so many times is text; a letter up to so many times is as many options.
                let is_fixed = matches!(kind, RepetitionKind::Range(RepetitionRange::Exactly(_)));
                if matches!(*repetition.ast, Ast::Literal(_)) && !is_fixed {
                    self.weigh(1);
                }
            }
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => {
                    self.replacements.push((assertion.span, r"(?-u:\b)"));
                }
                AssertionKind::NotWordBoundary => {
                    self.replacements.push((assertion.span, r"(?-u:\B)"));
                }
                // An escaped sign is itself.
                AssertionKind::WordBoundaryStartAngle => {
                    self.replacements.push((assertion.span, "<"));
                }
                AssertionKind::WordBoundaryEndAngle => {
                    self.replacements.push((assertion.span, ">"));
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        if let Ast::Repetition(_) = ast {
            self.copies = self.outside.pop().unwrap_or(1);
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        match item {
            ClassSetItem::Perl(class) => self.replacements.push((class.span, spelling(class))),
            ClassSetItem::Unicode(_) => self.weigh(UNICODE_WEIGHT),
            _ => {}
        }
        Ok(())
    }
}

/// How many copies of what it repeats a repetition is compiled to.
const fn copies(kind: &RepetitionKind) -> u32 {
    match kind {
        RepetitionKind::Range(
            RepetitionRange::Exactly(most)
            | RepetitionRange::AtLeast(most)
            | RepetitionRange::Bounded(_, most),
        ) if *most > 0 => *most,
        // What is there no time at all has to be read as well.
        _ => 1,
    }
}

/// A bracketed class, which may stand alone as well as within another one.
fn spelling(class: &ClassPerl) -> &'static str {
    match (&class.kind, class.negated) {
        (ClassPerlKind::Digit, false) => "[0-9]",
        (ClassPerlKind::Digit, true) => "[^0-9]",
        (ClassPerlKind::Space, false) => r"[\t\n\f\r\x20]",
        (ClassPerlKind::Space, true) => r"[^\t\n\f\r\x20]",
        (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
        (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
    }
}
