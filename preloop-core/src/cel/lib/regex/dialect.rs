//! The dialect: the specification's patterns are RE2's, where `\d`, `\w`, `\s` and `\b` mean ASCII
//! and `\<` is `<`.
//!
//! That is what a rule's author expects of `\d`, and it keeps patterns small: `\w{1,63}` fits where
//! every letter of Unicode, 63 times, does not.

use std::borrow::Cow;
use std::convert::Infallible;

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetItem, Span, Visitor, visit,
};

/// The same pattern with ASCII classes spelled out. A pattern that cannot be parsed is returned as
/// it is, so that the compiler reports what is wrong with it.
pub(super) fn ascii(pattern: &str, max_depth: u32) -> Cow<'_, str> {
    if !pattern.contains('\\') {
        return Cow::Borrowed(pattern);
    }
    let mut parser = ParserBuilder::new().nest_limit(max_depth).build();
    let Ok(ast) = parser.parse(pattern) else { return Cow::Borrowed(pattern) };
    let Ok(replacements) = visit(&ast, Classes(Vec::new()));
    let mut spelled = String::with_capacity(pattern.len());
    let mut end_of_last = 0;
    for (span, text) in replacements {
        spelled.push_str(pattern.get(end_of_last..span.start.offset).unwrap_or_default());
        spelled.push_str(text);
        end_of_last = span.end.offset;
    }
    spelled.push_str(pattern.get(end_of_last..).unwrap_or_default());
    Cow::Owned(spelled)
}

/// Where a class or a boundary stands and what it is to be, in the order of the pattern.
struct Classes(Vec<(Span, &'static str)>);

impl Visitor for Classes {
    type Output = Vec<(Span, &'static str)>;
    type Err = Infallible;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassPerl(class) => self.0.push((class.span, spelling(class))),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => self.0.push((assertion.span, r"(?-u:\b)")),
                AssertionKind::NotWordBoundary => self.0.push((assertion.span, r"(?-u:\B)")),
                // An escaped sign is itself.
                AssertionKind::WordBoundaryStartAngle => self.0.push((assertion.span, "<")),
                AssertionKind::WordBoundaryEndAngle => self.0.push((assertion.span, ">")),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        if let ClassSetItem::Perl(class) = item {
            self.0.push((class.span, spelling(class)));
        }
        Ok(())
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
