//! Changes of text literals and of the patterns that they hold: an alternative less, an anchor less.

use regex_syntax::ast::{self, AssertionKind, Ast};

use super::expression::{Edit, cuts};
use super::{Kind, shown};
use crate::cel::Span;

/// The text between the quotes, where each letter of it stands for itself.
pub(super) fn plain_body(source: &str, literal: Span) -> Option<Span> {
    let (body, is_raw) = body(source, literal)?;
    (is_raw || !body.text(source).contains('\\')).then_some(body)
}

/// The text between the quotes, and whether a backslash in it is one.
fn body(source: &str, literal: Span) -> Option<(Span, bool)> {
    let text = literal.text(source);
    let open = text.find(['\'', '"'])?;
    let is_raw = text.get(..open)?.contains(['r', 'R']);
    let quoted = text.get(open..)?;
    let is_triple =
        quoted.len() >= 6 && (quoted.starts_with("'''") || quoted.starts_with("\"\"\""));
    let width: u32 = if is_triple { 3 } else { 1 };
    let start = literal.start.saturating_add(u32::try_from(open).ok()?).saturating_add(width);
    Some((Span::new(start, literal.end.saturating_sub(width)), is_raw))
}

/// Every change of the pattern that a text literal holds.
pub(super) fn edits(source: &str, literal: Span) -> Vec<Edit> {
    let Some(pattern) = Pattern::read(source, literal) else { return Vec::new() };
    let mut parser = ast::parse::Parser::new();
    let Ok(tree) = parser.parse(&pattern.text) else { return Vec::new() };
    let mut found = Vec::new();
    // INVARIANT: the parser bounds the nesting; a stack keeps the walk flat all the same.
    let mut open = vec![&tree];
    while let Some(part) = open.pop() {
        match part {
            Ast::Alternation(parts) => {
                let spans: Vec<Span> =
                    parts.asts.iter().map(|part| pattern.span(part.span())).collect();
                for (span, cut) in spans.iter().zip(cuts(&spans)) {
                    let words = format!(
                        "the choice `{}` is left out of the pattern",
                        shown(span.text(source))
                    );
                    found.push(Edit {
                        kind: Kind::Pattern,
                        span: cut,
                        replacement: String::new(),
                        words,
                    });
                }
                open.extend(&parts.asts);
            }
            Ast::Assertion(assertion) if is_anchor(&assertion.kind) => {
                let span = pattern.span(&assertion.span);
                let words = format!("`{}` is left out of the pattern", shown(span.text(source)));
                found.push(Edit { kind: Kind::Pattern, span, replacement: String::new(), words });
            }
            Ast::Concat(parts) => open.extend(&parts.asts),
            Ast::Group(group) => open.push(&group.ast),
            Ast::Repetition(repetition) => open.push(&repetition.ast),
            _ => {}
        }
    }
    found
}

const fn is_anchor(kind: &AssertionKind) -> bool {
    matches!(
        kind,
        AssertionKind::StartLine
            | AssertionKind::EndLine
            | AssertionKind::StartText
            | AssertionKind::EndText
            | AssertionKind::WordBoundary
    )
}

/// A pattern and where each byte of it stands in the expression.
struct Pattern {
    text: String,
    /// For each byte of the text, and for its end, the byte of the expression.
    offsets: Vec<u32>,
}

impl Pattern {
    /// None where an escape stands for a character by its number.
    fn read(source: &str, literal: Span) -> Option<Self> {
        let (body, is_raw) = body(source, literal)?;
        let mut pattern = Self { text: String::new(), offsets: Vec::new() };
        let mut at = body.start;
        let mut characters = body.text(source).chars();
        while let Some(character) = characters.next() {
            let (said, length) = if character == '\\' && !is_raw {
                (simple_escape(characters.next()?)?, 2)
            } else {
                (character, u32::try_from(character.len_utf8()).ok()?)
            };
            pattern.text.push(said);
            pattern.offsets.resize(pattern.text.len(), at);
            at = at.saturating_add(length);
        }
        pattern.offsets.push(at);
        Some(pattern)
    }

    fn span(&self, span: &ast::Span) -> Span {
        let at = |offset: usize| self.offsets.get(offset).copied().unwrap_or(0);
        Span::new(at(span.start.offset), at(span.end.offset))
    }
}

const fn simple_escape(character: char) -> Option<char> {
    Some(match character {
        '\\' | '\'' | '"' | '`' | '?' => character,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => return None,
    })
}
