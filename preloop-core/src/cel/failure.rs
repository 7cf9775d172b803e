//! What can go wrong while an expression runs.

use super::span::Span;

/// Why an expression had no answer. The set is closed: every kind has its cell in the fail-closed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// A map has no such key; an argument is missing.
    NoSuchKey,
    /// An operator or function met a value it has no meaning for.
    WrongType,
    /// A number, instant or duration left its range.
    Overflow,
    /// Division or remainder by zero.
    DivideByZero,
    /// An index or position outside of its list or text.
    OutOfRange,
    /// A value of the right type that means nothing here, such as a malformed instant.
    InvalidArgument,
    /// The value of an absent optional was asked for.
    NoValue,
    /// One key twice in a map.
    DuplicateKey,
    /// A name that nothing has (only expressions compiled without checking run into it).
    UnknownName,
    /// The condition gave something else than true or false.
    NotBool,
    /// A result larger than allowed.
    TooLarge,
    /// The budget ran out; nothing absorbs this one.
    Budget,
}

impl FailureKind {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 12] = [
        Self::NoSuchKey,
        Self::WrongType,
        Self::Overflow,
        Self::DivideByZero,
        Self::OutOfRange,
        Self::InvalidArgument,
        Self::NoValue,
        Self::DuplicateKey,
        Self::UnknownName,
        Self::NotBool,
        Self::TooLarge,
        Self::Budget,
    ];

    /// The kind as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSuchKey => "no_such_key",
            Self::WrongType => "wrong_type",
            Self::Overflow => "overflow",
            Self::DivideByZero => "divide_by_zero",
            Self::OutOfRange => "out_of_range",
            Self::InvalidArgument => "invalid_argument",
            Self::NoValue => "no_value",
            Self::DuplicateKey => "duplicate_key",
            Self::UnknownName => "unknown_name",
            Self::NotBool => "not_bool",
            Self::TooLarge => "too_large",
            Self::Budget => "budget",
        }
    }

    /// What is said where nothing more precise is known.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::NoSuchKey => "no such key",
            Self::WrongType => "the values are of types that do not go together here",
            Self::Overflow => "the result is out of range",
            Self::DivideByZero => "division by zero",
            Self::OutOfRange => "index out of range",
            Self::InvalidArgument => "invalid argument",
            Self::NoValue => "the optional has no value",
            Self::DuplicateKey => "one key twice in a map",
            Self::UnknownName => "unknown name",
            Self::NotBool => "the condition is not true or false",
            Self::TooLarge => "the result is too large",
            Self::Budget => "the condition's budget ran out",
        }
    }
}

/// Why an expression had no answer, in words and with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What sort of failure it is.
    pub kind: FailureKind,
    /// What went wrong.
    pub message: String,
    /// The sub-expression that failed.
    pub span: Span,
    /// The path it was about, such as `args.amount`.
    pub path: Option<String>,
}

/// A failure on its way up: what and where, without words. Words are rebuilt when someone asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: FailureKind,
    pub(crate) at: u32,
}
