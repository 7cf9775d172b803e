//! What is wrong with an expression before it ever runs: kinds, message, help and place.

use super::span::Span;
pub(crate) use crate::diagnostic::{did_you_mean, nearest};

/// The number of problems after which checking an expression stops.
pub(crate) const PROBLEMS_MAX: usize = 10;

/// What sort of static problem an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The text is not an expression.
    Syntax,
    /// The text is longer than allowed, or nests deeper.
    TooLarge,
    /// A name that no variable has.
    UnknownVariable,
    /// A field that the value does not have.
    UnknownField,
    /// A name that no function has.
    UnknownFunction,
    /// A function with the wrong number of arguments.
    WrongArity,
    /// Operands that can never work.
    WrongType,
    /// A condition whose value is not true or false.
    NotBool,
    /// A constant pattern, instant, duration, zone or address that is not valid.
    InvalidLiteral,
    /// A part that depends on nothing and fails whenever it is evaluated; a warning.
    AlwaysFails,
    /// A comparison with null of what is never null; a warning.
    NeverNull,
}

impl ProblemKind {
    /// The kind as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::TooLarge => "too_large",
            Self::UnknownVariable => "unknown_variable",
            Self::UnknownField => "unknown_field",
            Self::UnknownFunction => "unknown_function",
            Self::WrongArity => "wrong_arity",
            Self::WrongType => "wrong_type",
            Self::NotBool => "not_bool",
            Self::InvalidLiteral => "invalid_literal",
            Self::AlwaysFails => "always_fails",
            Self::NeverNull => "never_null",
        }
    }
}

/// One static problem of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// Where in the expression's text.
    pub span: Span,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, span }
    }

    pub(crate) fn syntax(span: Span, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Syntax, span, message)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Input as it may stand in a message: at most 80 characters of it.
pub(crate) fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
