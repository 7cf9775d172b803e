//! `strings.format`: a pattern with `%` clauses, filled from a list of values of any kind.
//!
//! The wording of errors is that of the specification's own tests.

mod clause;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::cell::Cell;

pub(crate) use clause::{Clause, placeholders};
use clause::{Piece, next_piece};
use write::Output;

use super::time::Duration;
use super::{LibError, check_bytes};
use crate::time::Timestamp;

/// What one value looks like to the formatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FormatValue<'v> {
    /// `null`.
    Null,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A uint.
    Uint(u64),
    /// A double.
    Double(f64),
    /// Text.
    Text(&'v str),
    /// Bytes.
    Bytes(&'v [u8]),
    /// An instant.
    Timestamp(Timestamp),
    /// A span of time.
    Duration(Duration),
    /// A type, by its name.
    Type(&'v str),
    /// A list; its items come from [`FormatArgument::for_each_item`].
    List,
    /// A map; its entries come from [`FormatArgument::for_each_entry`].
    Map,
    /// Anything that no clause can print.
    Other,
}

/// A value that can be formatted; the engine implements it for its own.
pub(crate) trait FormatArgument: Sized {
    /// What the value looks like.
    fn format_value(&self) -> FormatValue<'_>;

    /// The name of its type, for messages.
    fn type_name(&self) -> Cow<'_, str>;

    /// Visits the items of a list in order; stops at the first error.
    fn for_each_item(
        &self,
        visit: &mut dyn FnMut(&Self) -> Result<(), LibError>,
    ) -> Result<(), LibError>;

    /// Visits the entries of a map in any order; stops at the first error.
    fn for_each_entry(
        &self,
        visit: &mut dyn FnMut(&Self, &Self) -> Result<(), LibError>,
    ) -> Result<(), LibError>;
}

/// `pattern.format(list)`, where `argument` gives the item at a position of the list. How much was made is in `made`,
/// which has to be paid for where it fails, too.
pub(crate) fn format<A: FormatArgument>(
    pattern: &str,
    mut argument: impl FnMut(usize) -> Option<A>,
    max_bytes: usize,
    made: &Cell<usize>,
) -> Result<String, LibError> {
    let mut out = Output::new(max_bytes, made);
    let mut position = 0_usize;
    let mut rest = pattern;
    while let Some((piece, tail)) = next_piece(rest)? {
        rest = tail;
        match piece {
            Piece::Literal(text) => out.push(text)?,
            Piece::Clause(clause) => {
                let value = argument(position)
                    .ok_or_else(|| LibError::invalid(format!("index {position} out of range")))?;
                out.clause(clause, &value)?;
                position = position.saturating_add(1);
            }
        }
    }
    Ok(out.into_text())
}

fn formatting_error(message: &str, type_name: &str) -> LibError {
    LibError::invalid(format!("error during formatting: {message}, was given {type_name}"))
}
