//! The words of the language.

use super::span::Span;

/// One word of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// What a word is. Literals keep their text in the span and are read by the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Int,
    Uint,
    Double,
    Text {
        raw: bool,
        triple: bool,
    },
    Bytes {
        raw: bool,
        triple: bool,
    },
    Identifier,
    /// Between backticks; the span covers them.
    QuotedIdentifier,
    True,
    False,
    Null,
    In,
    ParenthesisOpen,
    ParenthesisClose,
    BracketOpen,
    BracketClose,
    BraceOpen,
    BraceClose,
    Dot,
    Comma,
    Colon,
    Question,
    Not,
    Minus,
    Plus,
    Star,
    Slash,
    Percent,
    AndAnd,
    OrOr,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    End,
}
