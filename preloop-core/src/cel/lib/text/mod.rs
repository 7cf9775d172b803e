//! Text functions. Indexes count code points, never bytes, as the specification has it.
//!
//! What is a part of its input is returned as a borrowed slice; only what is really made is owned.

mod needle;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use memchr::memmem;

pub(crate) use needle::Needle;

use super::{LibError, check_bytes, check_items, quoted};

/// `size(text)`: the number of code points.
pub(crate) fn size(text: &str) -> i64 {
    as_int(text.chars().count())
}

/// `text.charAt(index)`: one code point, or empty text at the very end.
pub(crate) fn char_at(text: &str, index: i64) -> Result<&str, LibError> {
    let start = byte_offset(text, index)?;
    let rest = behind(text, start, index)?;
    let length = rest.chars().next().map_or(0, char::len_utf8);
    rest.get(..length).ok_or_else(|| index_out_of_range(index))
}

/// `text.indexOf(needle)`: where `needle` first stands, or -1.
pub(crate) fn index_of(text: &str, needle: &str) -> i64 {
    match memmem::find(text.as_bytes(), needle.as_bytes()) {
        Some(at) => code_points_before(text, at),
        None => -1,
    }
}

/// `text.indexOf(needle, from)`: where `needle` first stands at or after `from`, or -1.
pub(crate) fn index_of_from(text: &str, needle: &str, from: i64) -> Result<i64, LibError> {
    let start = byte_offset(text, from)?;
    let rest = behind(text, start, from)?;
    Ok(match memmem::find(rest.as_bytes(), needle.as_bytes()) {
        Some(at) => from.saturating_add(code_points_before(rest, at)),
        None => -1,
    })
}

/// `text.lastIndexOf(needle)`: where `needle` last stands, or -1.
pub(crate) fn last_index_of(text: &str, needle: &str) -> i64 {
    match memmem::rfind(text.as_bytes(), needle.as_bytes()) {
        Some(at) => code_points_before(text, at),
        None => -1,
    }
}

/// `text.lastIndexOf(needle, from)`: where `needle` last begins at or before `from`, or -1.
pub(crate) fn last_index_of_from(text: &str, needle: &str, from: i64) -> Result<i64, LibError> {
    let start = byte_offset(text, from)?;
    // A match that begins at `start` may reach past it by its own length, and no further.
    let end = start.saturating_add(needle.len()).min(text.len());
    let window = text.as_bytes().get(..end).ok_or_else(|| index_out_of_range(from))?;
    Ok(match memmem::rfind(window, needle.as_bytes()) {
        Some(at) => code_points_before(text, at),
        None => -1,
    })
}

/// `text.substring(start)`: everything from `start` on.
pub(crate) fn substring(text: &str, start: i64) -> Result<&str, LibError> {
    let offset = byte_offset(text, start)?;
    behind(text, offset, start)
}

/// `text.substring(start, end)`: from `start` up to, not including, `end`.
pub(crate) fn substring_between(text: &str, start: i64, end: i64) -> Result<&str, LibError> {
    let first = byte_offset(text, start)?;
    let rest = behind(text, first, start)?;
    let Some(length) = end.checked_sub(start).filter(|length| *length >= 0) else {
        // Name an end that lies outside rather than the order of the two.
        byte_offset(text, end)?;
        return Err(LibError::out_of_range(format!(
            "substring start `{start}` is after its end `{end}`"
        )));
    };
    let Ok(last) = byte_offset(rest, length) else {
        return Err(index_out_of_range(end));
    };
    rest.get(..last).ok_or_else(|| index_out_of_range(end))
}

/// `text.replace(from, to, limit)`: at most `limit` replacements, all of them where it is negative.
///
/// An empty `from` stands before every code point and at the end.
pub(crate) fn replace<'a>(
    text: &'a str,
    from: &str,
    to: &str,
    limit: i64,
    max_bytes: usize,
) -> Result<Cow<'a, str>, LibError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = if from.is_empty() {
        text.chars().count().saturating_add(1)
    } else {
        memmem::find_iter(text.as_bytes(), from.as_bytes()).take(limit).count()
    };
    let replaced = found.min(limit);
    if replaced == 0 || from == to {
        return Ok(Cow::Borrowed(text));
    }
    // `from` was found `replaced` times without overlap, so the difference cannot be negative.
    let kept = text.len().saturating_sub(replaced.saturating_mul(from.len()));
    check_bytes(kept.saturating_add(replaced.saturating_mul(to.len())), max_bytes)?;
    Ok(Cow::Owned(text.replacen(from, to, replaced)))
}

/// `text.split(separator, limit)`: at most `limit` parts, all of them where it is negative.
///
/// The last of a limited number of parts is the whole rest; an empty separator splits into code points.
pub(crate) fn split<'a>(
    text: &'a str,
    separator: &str,
    limit: i64,
    max_items: usize,
) -> Result<Vec<&'a str>, LibError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // One more than allowed is enough to know that there are too many.
    let enough = limit.min(max_items.saturating_add(1));
    let parts: Vec<&str> = if limit == 0 {
        Vec::new()
    } else if separator.is_empty() {
        split_code_points(text, enough)
    } else {
        text.splitn(enough, separator).collect()
    };
    check_items(parts.len(), max_items)?;
    Ok(parts)
}

fn split_code_points(text: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if parts.len().saturating_add(1) >= limit {
            parts.push(rest);
            break;
        }
        let (head, tail) = rest.split_at_checked(character.len_utf8()).unwrap_or((rest, ""));
        parts.push(head);
        rest = tail;
    }
    parts
}

/// `list.join(separator)`.
pub(crate) fn join<'a>(
    parts: impl IntoIterator<Item = &'a str>,
    separator: &str,
    max_bytes: usize,
) -> Result<String, LibError> {
    let mut joined = String::new();
    for (position, part) in parts.into_iter().enumerate() {
        let separator = if position == 0 { "" } else { separator };
        let size = joined.len().saturating_add(separator.len()).saturating_add(part.len());
        check_bytes(size, max_bytes)?;
        joined.push_str(separator);
        joined.push_str(part);
    }
    Ok(joined)
}

/// `text.lowerAscii()`: ASCII letters in lower case, everything else as it is.
pub(crate) fn lower_ascii(text: &str, max_bytes: usize) -> Result<Cow<'_, str>, LibError> {
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Cow::Borrowed(text));
    }
    check_bytes(text.len(), max_bytes)?;
    Ok(Cow::Owned(text.to_ascii_lowercase()))
}

/// `text.upperAscii()`: ASCII letters in upper case, everything else as it is.
pub(crate) fn upper_ascii(text: &str, max_bytes: usize) -> Result<Cow<'_, str>, LibError> {
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Ok(Cow::Borrowed(text));
    }
    check_bytes(text.len(), max_bytes)?;
    Ok(Cow::Owned(text.to_ascii_uppercase()))
}

/// `text.trim()`: without the white space at both ends, as Unicode defines white space.
pub(crate) fn trim(text: &str) -> &str {
    text.trim()
}

/// `text.reverse()`: the code points in reverse order.
pub(crate) fn reverse(text: &str, max_bytes: usize) -> Result<String, LibError> {
    check_bytes(text.len(), max_bytes)?;
    Ok(text.chars().rev().collect())
}

/// `strings.quote(text)`: in double quotes, with what would not print or end the literal escaped.
pub(crate) fn quote(text: &str, max_bytes: usize) -> Result<String, LibError> {
    let escaped = text.chars().filter(|character| escape(*character).is_some()).count();
    // Each escape is one byte that becomes two; the quotation marks are the other two.
    check_bytes(text.len().saturating_add(escaped).saturating_add(2), max_bytes)?;
    let mut literal = String::with_capacity(text.len().saturating_add(escaped).saturating_add(2));
    literal.push('"');
    for character in text.chars() {
        match escape(character) {
            Some(escape) => literal.push_str(escape),
            None => literal.push(character),
        }
    }
    literal.push('"');
    Ok(literal)
}

fn escape(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{07}' => "\\a",
        '\u{08}' => "\\b",
        '\u{0C}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{0B}' => "\\v",
        '\\' => "\\\\",
        '"' => "\\\"",
        _ => return None,
    })
}

/// `bool(text)`: the spellings that the specification lists, and no others.
pub(crate) fn to_bool(text: &str) -> Result<bool, LibError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(LibError::invalid(format!("{} is not a bool", quoted(text)))),
    }
}

/// `string(bytes)`: the text that the bytes spell in UTF-8.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<&str, LibError> {
    std::str::from_utf8(bytes).map_err(|error| {
        LibError::invalid(format!("the bytes are not UTF-8 from byte {} on", error.valid_up_to()))
    })
}

/// The byte offset of a code point; the number of code points itself is the offset of the end.
fn byte_offset(text: &str, index: i64) -> Result<usize, LibError> {
    let Ok(wanted) = usize::try_from(index) else {
        return Err(index_out_of_range(index));
    };
    if text.is_ascii() {
        return if wanted <= text.len() { Ok(wanted) } else { Err(index_out_of_range(index)) };
    }
    let mut offsets = text.char_indices().map(|(offset, _)| offset).chain([text.len()]);
    offsets.nth(wanted).ok_or_else(|| index_out_of_range(index))
}

fn index_out_of_range(index: i64) -> LibError {
    LibError::out_of_range(format!("index `{index}` is out of range"))
}

/// What stands behind a byte offset, which `index` led to.
fn behind(text: &str, offset: usize, index: i64) -> Result<&str, LibError> {
    text.get(offset..).ok_or_else(|| index_out_of_range(index))
}

fn code_points_before(text: &str, offset: usize) -> i64 {
    // Each code point has one byte that does not continue another.
    let first = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    as_int(text.as_bytes().iter().take(offset).filter(first).count())
}

fn as_int(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
