//! Why a text is not JSON, and where.

use crate::diagnostic::{Lines, Place};

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// A byte order mark stands before the value.
    ByteOrderMark,
    /// The text breaks the grammar.
    Syntax,
    /// The same key stands twice in one object.
    DuplicateKey,
    /// Objects and arrays are nested too deep.
    NestingTooDeep,
    /// A number is outside the range of a double.
    NumberOutOfRange,
}

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {} column {}", place.line, place.column)]
pub struct JsonError {
    kind: JsonErrorKind,
    message: String,
    offset: usize,
    place: Place,
}

impl JsonError {
    pub(crate) fn new(fault: Fault, text: &str) -> Self {
        let place = Lines::new(text).place(text, fault.offset);
        Self { kind: fault.kind, message: fault.message, offset: fault.offset, place }
    }

    /// What kind of fault it is.
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Byte offset of the fault in the text.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Line and column of the fault.
    pub fn place(&self) -> Place {
        self.place
    }
}

/// A fault while reading, before its line and column are worked out.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(super) kind: JsonErrorKind,
    pub(super) message: String,
    pub(super) offset: usize,
}

impl Fault {
    pub(super) fn new(kind: JsonErrorKind, offset: usize, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), offset }
    }

    /// The fault of a number that no double holds.
    pub(crate) fn out_of_range(offset: usize) -> Self {
        let message = "the number is too large for a double";
        Self::new(JsonErrorKind::NumberOutOfRange, offset, message)
    }

    pub(crate) fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn syntax(offset: usize, message: impl Into<String>) -> Self {
        Self::new(JsonErrorKind::Syntax, offset, message)
    }
}

/// Bytes as text, or where they stop being UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, JsonError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let text = std::str::from_utf8(valid).unwrap_or_default();
        let fault = Fault::new(JsonErrorKind::InvalidUtf8, text.len(), "the text is not UTF-8");
        JsonError::new(fault, text)
    })
}
