//! What the functions of the expression language mean, as pure functions over plain Rust values.
//!
//! The engine resolves names and operand types and meters the cost; what is computed is decided
//! here, on primitives, so that each function can be held against the specification by itself.
//! Nothing here panics, reads a clock or touches a file, and whatever can grow is checked against
//! a limit before it is built.

pub(crate) mod encode;
pub(crate) mod format;
pub(crate) mod lists;
pub(crate) mod net;
pub(crate) mod number;
pub(crate) mod regex;
pub(crate) mod text;
pub(crate) mod time;

use std::borrow::Cow;
use std::fmt;

/// How much of an input an error message repeats, in characters.
const QUOTED_CHARS: usize = 80;

/// Why a function has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibError {
    /// An index, a number or an instant is outside the range that its type allows.
    #[error("{0}")]
    OutOfRange(Cow<'static, str>),
    /// An argument has the right type and a value that means nothing.
    #[error("{0}")]
    InvalidArgument(Cow<'static, str>),
    /// An integer result does not fit into 64 bits.
    #[error("integer overflow")]
    Overflow,
    /// An integer was divided by zero.
    #[error("division by zero")]
    DivideByZero,
    /// The result would be larger than a value may be.
    #[error("the result is larger than {limit} {unit}")]
    TooLarge {
        /// The largest size allowed.
        limit: usize,
        /// What is counted: bytes, items or levels.
        unit: &'static str,
    },
}

impl LibError {
    fn out_of_range(message: impl Into<Cow<'static, str>>) -> Self {
        Self::OutOfRange(message.into())
    }

    fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidArgument(message.into())
    }
}

/// Refuses a result of `size` bytes where `max_bytes` are allowed.
fn check_bytes(size: usize, max_bytes: usize) -> Result<(), LibError> {
    if size <= max_bytes {
        Ok(())
    } else {
        Err(LibError::TooLarge { limit: max_bytes, unit: "bytes" })
    }
}

/// Refuses a result of `size` items where `max_items` are allowed.
fn check_items(size: usize, max_items: usize) -> Result<(), LibError> {
    if size <= max_items {
        Ok(())
    } else {
        Err(LibError::TooLarge { limit: max_items, unit: "items" })
    }
}

/// An input as messages show it: in backticks, on one line, cut where it is long.
fn quoted(text: &str) -> Quoted<'_> {
    Quoted(text)
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`")?;
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(QUOTED_CHARS) {
            if character.is_control() {
                write!(formatter, "{}", character.escape_default())?;
            } else {
                write!(formatter, "{character}")?;
            }
        }
        if characters.next().is_some() {
            formatter.write_str("...")?;
        }
        formatter.write_str("`")
    }
}
