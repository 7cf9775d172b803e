//! The secrets of one call, known by their text, so that they stay masked under whatever name a condition has for
//! them: a variable of a macro, a key worked out from other arguments, text put together.

use serde_json::{Map, Value};

use super::{MASK, is_named_secret, is_secret_key, is_secret_text};
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
    nodes: usize,
    /// There is more than was looked at.
    is_full: bool,
}

impl Secrets {
    /// None so far.
    pub(crate) const fn new() -> Self {
        Self { texts: Vec::new(), nodes: REDACT_NODES_MAX, is_full: false }
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
            Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {}
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
            let is_one = is_secret || is_secret_key(key) || (is_named && key == "value");
            self.below(value, is_one, depth);
        }
    }

    /// True where the text is a secret, a part of one, or holds one.
    fn hides(&self, text: &str) -> bool {
        let holds = |whole: &str, part: &str| part.len() >= PART_BYTES_MIN && whole.contains(part);
        self.is_full
            || self
                .texts
                .iter()
                .any(|secret| secret == text || holds(text, secret) || holds(secret, text))
    }

    /// Masks what is left of the secrets in a copy.
    pub(crate) fn mask(&self, value: Value) -> Value {
        if self.texts.is_empty() && !self.is_full {
            return value;
        }
        match value {
            Value::String(text) if text != MASK && self.hides(&text) => Value::from(MASK),
            Value::Number(number) if !self.is_full && self.hides(&number.to_string()) => {
                Value::from(MASK)
            }
            Value::Array(items) => items.into_iter().map(|item| self.mask(item)).collect(),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| {
                    let key = if !self.is_full && self.hides(&key) { MASK.to_owned() } else { key };
                    (key, self.mask(value))
                })
                .collect(),
            other => other,
        }
    }

    /// True where a message quotes a secret.
    pub(crate) fn are_told_by(&self, message: &str) -> bool {
        self.is_full
            || self.texts.iter().any(|secret| {
                let end = secret.char_indices().nth(TOLD_CHARS).map_or(secret.len(), |(at, _)| at);
                let told = secret.get(..end).unwrap_or(secret);
                if told.len() < PART_BYTES_MIN {
                    return message.contains(&format!("`{told}`"));
                }
                message.contains(told)
            })
    }
}
