//! The secrets of one call, known by their text, so that they stay masked under whatever name a condition has for
//! them: a variable of a macro, a key worked out from other arguments, text put together.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{MASK, is_named_secret, is_secret_key, is_secret_text};
use crate::cel::STANDARD_VARIABLES;
use crate::limits::{NESTING_MAX, REDACT_NODES_MAX};

/// Where a call has more secrets than this, every text is taken for one.
const SECRETS_MAX: usize = 64;
/// Shorter texts are in too many others to say anything.
const PART_BYTES_MIN: usize = 4;
/// Messages cut long texts; this much of one gives it away.
const TOLD_CHARS: usize = 16;

/// The texts and numbers that must not be shown.
#[derive(Debug)]
pub(crate) struct Secrets {
    texts: Vec<String>,
    /// What else stands in the call, which may be shown.
    plain: HashSet<String>,
    nodes: usize,
    /// There is more than was looked at.
    is_full: bool,
}

impl Secrets {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self { texts: Vec::new(), plain: HashSet::new(), nodes: REDACT_NODES_MAX, is_full: false }
    }

    /// True where the call has no secrets.
    fn are_none(&self) -> bool {
        self.texts.is_empty() && !self.is_full
    }

    /// Takes every text for a secret.
    pub(crate) const fn assume(&mut self) {
        self.is_full = true;
    }

    /// Takes note of the secrets in `value`.
    pub(crate) fn collect(&mut self, value: &Value) {
        self.below(value, false, NESTING_MAX);
    }

    fn below(&mut self, value: &Value, is_secret: bool, depth: usize) {
        let (Some(depth), Some(nodes)) = (depth.checked_sub(1), self.nodes.checked_sub(1)) else {
            self.is_full = true;
            return;
        };
        self.nodes = nodes;
        match value {
            Value::String(text) if !text.is_empty() && (is_secret || is_secret_text(text)) => {
                self.add(text.clone());
            }
            Value::Number(number) if is_secret => self.add(number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.below(item, is_secret, depth)),
            Value::Object(map) => self.below_map(map, is_secret, depth),
            Value::String(text) => self.show(text),
            Value::Number(number) => self.show(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Takes note of a text that is no secret.
    pub(crate) fn show(&mut self, text: &str) {
        if !self.plain.contains(text) {
            self.plain.insert(text.to_owned());
        }
    }

    fn add(&mut self, text: String) {
        if self.texts.len() < SECRETS_MAX {
            self.texts.push(text);
        } else {
            self.is_full = true;
        }
    }

    /// The same for an object.
    pub(crate) fn collect_map(&mut self, map: &Map<String, Value>) {
        self.below_map(map, false, NESTING_MAX);
    }

    fn below_map(&mut self, map: &Map<String, Value>, is_secret: bool, depth: usize) {
        let is_named = is_named_secret(map);
        for (key, value) in map {
            self.show(key);
            let is_one = is_secret || is_secret_key(key) || (is_named && key == "value");
            self.below(value, is_one, depth);
        }
    }

    /// True where the text is a secret, a part of one, or holds one.
    fn hides(&self, text: &str) -> bool {
        let holds = |whole: &str, part: &str| part.len() >= PART_BYTES_MIN && whole.contains(part);
        let text = text.to_ascii_lowercase();
        self.is_full
            || self
                .texts
                .iter()
                .map(|secret| secret.to_ascii_lowercase())
                .any(|secret| secret == text || holds(&text, &secret) || holds(&secret, &text))
    }

    /// Masks what is left of the secrets in a copy of what a part of the condition gave.
    ///
    /// What a part gave that calls something, or names a variable or a key that is worked out, may be made of a secret:
    /// of that only what stands in the call, or in the condition, unchanged is shown. Numbers that are counted directly,
    /// such as sizes, are shown.
    pub(crate) fn mask(&self, value: Value, part: &str, condition: &str) -> Value {
        if self.are_none() {
            return value;
        }
        if is_indirect(part) || is_made(part) {
            self.mask_made(value, condition, is_indirect(part))
        } else {
            self.mask_told(value)
        }
    }

    fn mask_made(&self, value: Value, condition: &str, with_numbers: bool) -> Value {
        let is_known = |text: &str| {
            !self.hides(text)
                && (self.plain.contains(text)
                    || condition.contains(&format!("'{text}'"))
                    || condition.contains(&format!("\"{text}\"")))
        };
        match value {
            Value::String(text) if !is_known(&text) => Value::from(MASK),
            Value::Number(number) if with_numbers && !is_known(&number.to_string()) => {
                Value::from(MASK)
            }
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.mask_made(item, condition, with_numbers))
                .collect(),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| {
                    let key = if is_known(&key) { key } else { MASK.to_owned() };
                    (key, self.mask_made(value, condition, with_numbers))
                })
                .collect(),
            other => other,
        }
    }

    fn mask_told(&self, value: Value) -> Value {
        match value {
            Value::String(text) if text != MASK && self.hides(&text) => Value::from(MASK),
            Value::Number(number) if !self.is_full && self.hides(&number.to_string()) => {
                Value::from(MASK)
            }
            Value::Array(items) => items.into_iter().map(|item| self.mask_told(item)).collect(),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| {
                    let key = if !self.is_full && self.hides(&key) { MASK.to_owned() } else { key };
                    (key, self.mask_told(value))
                })
                .collect(),
            other => other,
        }
    }

    /// True where a message about a part may quote a secret, or what was made of one.
    pub(crate) fn are_told_by(&self, message: &str, part: &str) -> bool {
        self.is_full
            || (!self.texts.is_empty() && (is_indirect(part) || is_made(part)))
            || self.texts.iter().any(|secret| {
                let end = secret.char_indices().nth(TOLD_CHARS).map_or(secret.len(), |(at, _)| at);
                let told = secret.get(..end).unwrap_or(secret);
                if told.len() < PART_BYTES_MIN {
                    return message.contains(&format!("`{told}`"));
                }
                message.to_ascii_lowercase().contains(&told.to_ascii_lowercase())
            })
    }
}

/// Whether a part of a condition changes what it reads.
fn is_made(part: &str) -> bool {
    part.contains(['(', '+'])
}

/// Whether a part of a condition names a variable, such as one of a macro, or a key that is worked out.
fn is_indirect(part: &str) -> bool {
    let mut rest = part;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        // Raw and tripled quotes end by rules of their own.
        if ["'''", "\"\"\"", "r'", "r\"", "R'", "R\""].iter().any(|sign| rest.starts_with(sign)) {
            return true;
        }
        let length = if is_quote(first) {
            quoted(rest, first)
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            end.unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let next = after.trim_start().chars().next();
        let is_name = first.is_alphabetic() || first == '_';
        let stands_alone = before != Some('.') && next != Some('(');
        // What stands before quotes is their prefix, as in `b'...'`.
        if is_name && stands_alone && !next.is_some_and(is_quote) && !is_given(word) {
            return true;
        }
        if first == '['
            && before.is_some_and(ends_value)
            && next.is_some_and(|c| c.is_alphabetic() || c == '?')
        {
            return true;
        }
        // `.?` is `.` of what may be absent.
        let is_blank = first.is_whitespace() || (first == '?' && before == Some('.'));
        before = if is_blank { before } else { word.chars().last() };
        rest = after;
    }
    false
}

const fn is_quote(character: char) -> bool {
    matches!(character, '\'' | '"')
}

/// Whether an index may follow.
fn ends_value(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | ')' | ']')
}

/// Whether a name is known beforehand.
fn is_given(name: &str) -> bool {
    STANDARD_VARIABLES.contains(&name) || matches!(name, "true" | "false" | "null" | "in")
}

/// How long the quoted text is with which `rest` begins.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, character)| {
        let ends = *character == quote && !is_escaped;
        is_escaped = *character == '\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_keys_that_are_worked_out_are_indirect() {
        for part in [
            "p",
            "p + 1",
            "int(p)",
            "i.price > 100",
            "args[args.k]",
            "f.reverse()",
            "has(x.y)",
            "[x]",
            "p[0]",
            "true ? p : 1",
            "args[?args.k]",
        ] {
            assert!(is_indirect(part), "{part}");
        }
        for part in [
            "args.a",
            "args['a'].size() > 3",
            "args.?a.orValue('b c')",
            "args . a",
            "'p' in args.list",
            "has(args.a) && !args.b",
            "[1, 2]",
            "now - duration('1h')",
            "'it\\'s p'",
            "principal.roles[0]",
        ] {
            assert!(!is_indirect(part), "{part}");
        }
    }
}
