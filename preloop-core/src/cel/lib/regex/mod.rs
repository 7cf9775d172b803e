//! Regular expressions: linear in the text by construction, bounded in size and nesting.

mod brackets;
mod dialect;
mod effort;
mod price;
mod reread;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use ::regex::{Captures, Error, Regex, RegexBuilder};

use super::{LibError, check_bytes, check_items, quoted};
pub(crate) use reread::Reread;

/// The longest pattern, in bytes. A constant one is bounded by its expression already.
const MAX_PATTERN_BYTES: usize = 10_000;
/// The largest compiled pattern, in bytes.
const MAX_PROGRAM_BYTES: usize = 1_000_000;
/// How many classes a pattern may ask for, counting repetitions: with more, a search takes milliseconds.
const MAX_WEIGHT: u64 = 700;
/// How deep groups and repetitions may be nested.
const MAX_DEPTH: u32 = 64;

/// A compiled pattern, which remembers how it was written.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    source: Box<str>,
    regex: Regex,
    price: usize,
}

impl Pattern {
    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// The pattern as it is run, in the syntax of the `regex` crate.
    pub(crate) fn regex_text(&self) -> &str {
        self.regex.as_str()
    }

    /// How many bytes a search of a text is paid as.
    pub(crate) fn scanned(&self, text: &str) -> usize {
        text.len().saturating_mul(self.price)
    }

    /// `text.matches(pattern)`: whether the pattern is found anywhere.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// A pattern that was read and is not built yet.
#[derive(Debug)]
pub(crate) struct Draft<'p> {
    source: &'p str,
    text: Cow<'p, str>,
    weight: u64,
}

impl Draft<'_> {
    /// What it costs to build, in units of the budget.
    pub(crate) fn effort(&self) -> u64 {
        effort::of_building(&self.text, price::is_light(&self.text, self.weight), MAX_DEPTH)
    }

    /// Builds it. This is by far the dearest function here, so it pays to do it once.
    pub(crate) fn build(self) -> Result<Pattern, LibError> {
        let regex = RegexBuilder::new(&self.text)
            .size_limit(MAX_PROGRAM_BYTES)
            .nest_limit(MAX_DEPTH)
            .build()
            .map_err(|error| LibError::invalid(explain(self.source, &error)))?;
        let price = price::of(&self.text, self.weight);
        Ok(Pattern { source: self.source.into(), regex, price })
    }
}

/// Compiles a pattern, whatever it costs.
pub(crate) fn compile(pattern: &str) -> Result<Pattern, LibError> {
    read(pattern)?.build()
}

/// What reading a pattern costs, in units of the budget.
pub(crate) fn reading_effort(pattern: &str) -> u64 {
    effort::of_reading(pattern.len().min(MAX_PATTERN_BYTES))
}

/// Reads a pattern and refuses what is too large to be built.
pub(crate) fn read(pattern: &str) -> Result<Draft<'_>, LibError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(LibError::invalid(format!(
            "the pattern {} is longer than {MAX_PATTERN_BYTES} bytes",
            quoted(pattern)
        )));
    }
    let plain = brackets::plain(pattern).map_err(|class| {
        let pattern = quoted(pattern);
        LibError::invalid(format!("{pattern} is not a regular expression: no class `{class}`"))
    })?;
    let translated = dialect::translate(&plain, MAX_DEPTH, MAX_WEIGHT);
    if translated.weight > MAX_WEIGHT {
        return Err(LibError::invalid(format!(
            "the pattern {} asks for {} classes of characters, counting repetitions, where at most {MAX_WEIGHT} are \
             allowed",
            quoted(pattern),
            translated.weight
        )));
    }
    let weight = translated.weight;
    let spelled = match translated.text {
        Cow::Owned(spelled) => Some(spelled),
        Cow::Borrowed(_) => None,
    };
    Ok(Draft { source: pattern, text: spelled.map_or(plain, Cow::Owned), weight })
}

/// The parser draws the pattern over several lines; its last line says what is wrong.
fn explain(pattern: &str, error: &Error) -> String {
    let pattern = quoted(pattern);
    match error {
        Error::CompiledTooBig(limit) => {
            format!("the pattern {pattern} needs more than {limit} bytes")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            let reason: String =
                last.strip_prefix("error: ").unwrap_or(last).chars().take(160).collect();
            format!("{pattern} is not a regular expression: {reason}")
        }
    }
}

/// `regex.extract(text, pattern)`: the first match, or its group where the pattern has one.
pub(crate) fn extract<'t>(pattern: &Pattern, text: &'t str) -> Result<Option<&'t str>, LibError> {
    let regex = &pattern.regex;
    if has_group(regex)? {
        let captures = regex.captures(text);
        Ok(captures.and_then(|captures| captures.get(1)).map(|group| group.as_str()))
    } else {
        Ok(regex.find(text).map(|found| found.as_str()))
    }
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
            if !reread.after(captures.get(0), text) {
                return Ok(None);
            }
            found.extend(captures.get(1).map(|group| group.as_str()));
            check_items(found.len(), max_items)?;
        }
    } else {
        for matched in regex.find_iter(text) {
            if !reread.after(Some(matched), text) {
                return Ok(None);
            }
            found.push(matched.as_str());
            check_items(found.len(), max_items)?;
        }
    }
    Ok(Some(found))
}

/// Whether the pattern captures a group; with several it would be unclear which is meant.
fn has_group(regex: &Regex) -> Result<bool, LibError> {
    match regex.captures_len() {
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
    let pieces = replacement_pieces(replacement, regex.captures_len())?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut replaced = String::new();
    let mut end_of_last = 0;
    let mut is_changed = false;
    for captures in regex.captures_iter(text).take(limit) {
        let Some(found) = captures.get(0) else { continue };
        if !reread.after(Some(found), text) {
            return Ok(None);
        }
        is_changed = true;
        push(&mut replaced, text.get(end_of_last..found.start()).unwrap_or_default(), max_bytes)?;
        for piece in &pieces {
            push(&mut replaced, piece.text(&captures), max_bytes)?;
        }
        end_of_last = found.end();
    }
    if !is_changed {
        return Ok(Some(Cow::Borrowed(text)));
    }
    push(&mut replaced, text.get(end_of_last..).unwrap_or_default(), max_bytes)?;
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
    fn text<'t>(&'t self, captures: &Captures<'t>) -> &'t str {
        match self {
            Self::Literal(text) => text,
            Self::Group(group) => captures.get(*group).map_or("", |group| group.as_str()),
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
        rest = after.get(1..).unwrap_or_default();
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
