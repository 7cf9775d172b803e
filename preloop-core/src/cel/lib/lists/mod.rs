//! What list functions need of arithmetic on indexes; the items themselves are the engine's.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::Range;

use super::number::Number;
use super::{LibError, check_items};

/// `list[index]`: a position within a list; a double must be a whole number.
pub(crate) fn index(index: Number, length: usize) -> Result<usize, LibError> {
    let position = match index {
        Number::Int(value) => usize::try_from(value).ok(),
        Number::Uint(value) => usize::try_from(value).ok(),
        Number::Double(value) => whole(value).and_then(|value| usize::try_from(value).ok()),
    };
    position.filter(|position| *position < length).ok_or_else(|| {
        let shown = match index {
            Number::Int(value) => value.to_string(),
            Number::Uint(value) => value.to_string(),
            Number::Double(value) => super::number::text_from_double(value),
        };
        LibError::out_of_range(format!("index `{shown}` is out of range"))
    })
}

/// The int that a double stands for, where it stands for one exactly.
pub(crate) fn whole(value: f64) -> Option<i64> {
    let int = super::number::int_from_double(value).ok()?;
    (super::number::compare_int_double(int, value) == Some(Ordering::Equal)).then_some(int)
}

/// `list.slice(start, end)`: the positions from `start` up to, not including, `end`.
pub(crate) fn slice(start: i64, end: i64, length: usize) -> Result<Range<usize>, LibError> {
    let position = |value: i64| {
        usize::try_from(value)
            .ok()
            .filter(|position| *position <= length)
            .ok_or_else(|| LibError::out_of_range(format!("index `{value}` is out of range")))
    };
    let (first, last) = (position(start)?, position(end)?);
    if first > last {
        return Err(LibError::out_of_range(format!(
            "slice start `{start}` is after its end `{end}`"
        )));
    }
    Ok(first..last)
}

/// `lists.range(count)`: how many items there are; a negative count makes an empty list.
pub(crate) fn range_length(count: i64, max_items: usize) -> Result<usize, LibError> {
    let length = if count < 0 { 0 } else { usize::try_from(count).unwrap_or(usize::MAX) };
    check_items(length, max_items)?;
    Ok(length)
}

/// `list.flatten(depth)`: how many levels are taken away.
pub(crate) fn flatten_depth(depth: i64) -> Result<usize, LibError> {
    usize::try_from(depth)
        .map_err(|_| LibError::invalid(format!("a list cannot be flattened by `{depth}` levels")))
}
