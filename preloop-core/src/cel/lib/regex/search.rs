//! What is found: the first match, all of them, and what is put in their place.

use std::borrow::Cow;

use regex_automata::PatternID;
use regex_automata::meta;
use regex_automata::util::captures::Captures;

use super::{Pattern, Reread};
use crate::cel::lib::{LibError, check_bytes, check_items, quoted};

/// `regex.extract(text, pattern)`: the first match, or its group where the pattern has one.
pub(crate) fn extract<'t>(pattern: &Pattern, text: &'t str) -> Result<Option<&'t str>, LibError> {
    let regex = &pattern.regex;
    let found = if has_group(regex)? {
        let mut captures = regex.create_captures();
        regex.captures(text, &mut captures);
        captures.get_group(1)
    } else {
        regex.find(text).map(|found| found.span())
    };
    Ok(found.and_then(|found| text.get(found.range())))
}

/// `regex.extractAll(text, pattern)`: every match, or its group where the pattern has one; none where what may be read
/// again runs out.
pub(crate) fn extract_all<'t>(
    pattern: &Pattern,
    text: &'t str,
    max_items: usize,
    reread: &mut Reread,
) -> Result<Option<Vec<&'t str>>, LibError> {
    let regex = &pattern.regex;
    let mut found = Vec::new();
    if has_group(regex)? {
        for captures in regex.captures_iter(text) {
            if !reread.after(captures.get_group(0), text) {
                return Ok(None);
            }
            found.extend(captures.get_group(1).and_then(|group| text.get(group.range())));
            check_items(found.len(), max_items)?;
        }
    } else {
        for matched in regex.find_iter(text) {
            if !reread.after(Some(matched.span()), text) {
                return Ok(None);
            }
            found.extend(text.get(matched.range()));
            check_items(found.len(), max_items)?;
        }
    }
    Ok(Some(found))
}

/// Whether the pattern captures a group; with several it would be unclear which is meant.
fn has_group(regex: &meta::Regex) -> Result<bool, LibError> {
    match regex.group_info().group_len(PatternID::ZERO) {
        0 | 1 => Ok(false),
        2 => Ok(true),
        more => Err(LibError::invalid(format!(
            "the pattern has {} groups where at most one may be extracted",
            more.saturating_sub(1)
        ))),
    }
}

/// `regex.replace(text, pattern, replacement, limit)`: at most `limit` replacements, all of them
/// where it is negative. In the replacement `\0` is the match, `\1` its first group, `\\` a
/// backslash. None where what may be read again runs out.
pub(crate) fn replace<'t>(
    pattern: &Pattern,
    text: &'t str,
    replacement: &str,
    limit: i64,
    max_bytes: usize,
    reread: &mut Reread,
) -> Result<Option<Cow<'t, str>>, LibError> {
    let regex = &pattern.regex;
    let pieces = replacement_pieces(replacement, regex.group_info().group_len(PatternID::ZERO))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut replaced = String::new();
    let mut end_of_last = 0;
    let mut is_changed = false;
    for captures in regex.captures_iter(text).take(limit) {
        let Some(found) = captures.get_group(0) else { continue };
        if !reread.after(Some(found), text) {
            return Ok(None);
        }
        is_changed = true;
        push(&mut replaced, text.get(end_of_last..found.start).unwrap_or(""), max_bytes)?;
        for piece in &pieces {
            push(&mut replaced, piece.text(&captures, text), max_bytes)?;
        }
        end_of_last = found.end;
    }
    if !is_changed {
        return Ok(Some(Cow::Borrowed(text)));
    }
    push(&mut replaced, text.get(end_of_last..).unwrap_or(""), max_bytes)?;
    Ok(Some(Cow::Owned(replaced)))
}

fn push(out: &mut String, text: &str, max_bytes: usize) -> Result<(), LibError> {
    check_bytes(out.len().saturating_add(text.len()), max_bytes)?;
    out.push_str(text);
    Ok(())
}

/// A stretch of a replacement.
enum Piece<'r> {
    Literal(&'r str),
    Group(usize),
}

impl Piece<'_> {
    /// What it stands for in one match; a group that took no part is empty.
    fn text<'t>(&'t self, captures: &Captures, text: &'t str) -> &'t str {
        match self {
            Self::Literal(literal) => literal,
            Self::Group(group) => {
                let group = captures.get_group(*group);
                group.and_then(|group| text.get(group.range())).unwrap_or("")
            }
        }
    }
}

fn replacement_pieces(replacement: &str, groups: usize) -> Result<Vec<Piece<'_>>, LibError> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some((literal, after)) = rest.split_once('\\') {
        pieces.push(Piece::Literal(literal));
        let escaped = after.chars().next();
        pieces.push(match escaped {
            Some('\\') => Piece::Literal("\\"),
            Some(digit @ '0'..='9') => Piece::Group(group(digit, replacement, groups)?),
            _ => {
                return Err(LibError::invalid(format!(
                    "the replacement {} has a backslash that is not followed by a digit or a backslash",
                    quoted(replacement)
                )));
            }
        });
        rest = after.get(1..).unwrap_or("");
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

fn group(digit: char, replacement: &str, groups: usize) -> Result<usize, LibError> {
    let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    number.filter(|number| *number < groups).ok_or_else(|| {
        LibError::invalid(format!(
            "the replacement {} names group `{digit}`, and the pattern has {}",
            quoted(replacement),
            groups.saturating_sub(1)
        ))
    })
}
