//! Text that may be a secret: shown to nobody by accident.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A credential, or a setting that may hold one, as the author wrote it.
///
/// `${ENV_VAR}` is kept as written and resolved only by the process that dials. `Debug` never
/// shows a literal; serialization does, so what leaves the process goes through
/// [`crate::canonical::export`] first.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Secret {
    /// The text as written, with or without `${ENV_VAR}`.
    Written(String),
    /// `{redacted: true}`: the stored secret is kept.
    Redacted,
}

/// Settings by name whose values may be secrets, such as headers or an environment.
pub type Secrets = BTreeMap<String, Secret>;

impl Secret {
    /// The text as written; none when it was redacted.
    pub fn written(&self) -> Option<&str> {
        match self {
            Self::Written(text) => Some(text),
            Self::Redacted => None,
        }
    }

    /// Whether the text stands in the document itself, not behind a `${ENV_VAR}`.
    pub fn is_literal(&self) -> bool {
        self.written().is_some_and(|text| !has_variable(text))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The two shapes in which a secret is written.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Written(String),
            Redacted {
                #[serde(rename = "redacted")]
                _is_redacted: bool,
            },
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Written(text) => Self::Written(text),
            Shape::Redacted { .. } => Self::Redacted,
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(text) if has_variable(text) => f.write_str(text),
            Self::Written(_) | Self::Redacted => f.write_str("[redacted]"),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Written(text) => serializer.serialize_str(text),
            Self::Redacted => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("redacted", &true)?;
                map.end()
            }
        }
    }
}

/// Whether a text holds a `${ENV_VAR}`.
pub(crate) fn has_variable(text: &str) -> bool {
    text.split("${")
        .skip(1)
        .any(|rest| rest.split_once('}').is_some_and(|(name, _)| is_variable_name(name)))
}

/// Whether a name is one that an environment variable can have: `[A-Za-z_][A-Za-z0-9_]*`.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_literals_only() {
        let shown = |text: &str| format!("{:?}", Secret::Written(text.to_owned()));
        assert_eq!(shown("hunter2"), "[redacted]");
        assert_eq!(shown("Bearer ${TOKEN}"), "Bearer ${TOKEN}");
        assert_eq!(shown("${9}"), "[redacted]");
        assert_eq!(shown("$TOKEN"), "[redacted]");
        assert!(Secret::Written("$TOKEN".to_owned()).is_literal());
        assert!(!Secret::Redacted.is_literal());
    }
}
