//! A strict JSON reader: what two readers could understand differently is refused.
//!
//! Duplicate keys at any depth, nesting beyond 64, byte order marks, control characters, lone
//! surrogates and text after the value are errors with line and column. One tokenizer and one
//! grammar serve every front end; each front end is a sink of the reader's events.

mod check;
mod error;
mod lexer;
mod number;
mod reader;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use check::check;
pub(crate) use error::{Fault, decode};
pub use error::{JsonError, JsonErrorKind};
pub(crate) use lexer::{EscapeUnit, skip_string_escape};
pub(crate) use number::parse_number;
pub(crate) use reader::{Scalar, Sink, Span, read};
pub use text::canonicalize;
pub use value::parse;
