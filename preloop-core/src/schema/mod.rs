//! A tool's input schema, read once: what a call's arguments certainly must be.
//!
//! Only what certainly breaks the schema is refused: `type`, `required`, `properties`, `items`,
//! `prefixItems`, `enum`, `const`, `additionalProperties: false`, local `$ref`, `anyOf`, `oneOf` and
//! `allOf` count; any other keyword is ignored, and a keyword that is itself malformed too.

mod check;
mod read;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// A tool's input schema (JSON Schema), ready to check arguments.
#[derive(Clone, Debug)]
pub struct ToolSchema {
    nodes: Vec<Node>,
    root: NodeId,
}

/// Why arguments break a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaViolation {
    /// Where, such as `args.items[2].price`.
    pub path: String,
    /// What is wrong, for the agent to act on.
    pub message: String,
}

/// A schema that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Neither an object nor a boolean.
    #[error("an input schema must be an object or a boolean")]
    NotASchema,
    /// More than [`crate::limits::SCHEMA_NODES_MAX`] parts.
    #[error("the input schema is too large: more than {} parts", crate::limits::SCHEMA_NODES_MAX)]
    TooLarge,
    /// Nested deeper than [`crate::limits::NESTING_MAX`].
    #[error("the input schema is nested deeper than {} levels", crate::limits::NESTING_MAX)]
    TooDeep,
}

type NodeId = usize;

/// What one schema says.
#[derive(Clone, Debug, Default)]
struct Node {
    /// `false`: nothing fits.
    never: bool,
    types: Option<Types>,
    constants: Option<Vec<Value>>,
    required: Vec<String>,
    properties: BTreeMap<String, NodeId>,
    additional: Additional,
    prefix_items: Vec<NodeId>,
    items: Option<NodeId>,
    all_of: Vec<NodeId>,
    /// Each group (`anyOf`, `oneOf`) needs at least one branch that fits.
    any_of: Vec<Vec<NodeId>>,
    reference: Option<NodeId>,
}

/// What holds for keys that `properties` does not name.
#[derive(Clone, Copy, Debug, Default)]
enum Additional {
    #[default]
    Anything,
    Nothing,
    Fits(NodeId),
}

/// A set of JSON types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Types(u8);

impl Types {
    const NULL: Self = Self(1);
    const BOOLEAN: Self = Self(2);
    const INTEGER: Self = Self(4);
    /// Every number, so integers too.
    const NUMBER: Self = Self(4 | 8);
    const STRING: Self = Self(16);
    const ARRAY: Self = Self(32);
    const OBJECT: Self = Self(64);

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for Types {
    /// Such as `text or a number`, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<&str> = Vec::new();
        for (types, word) in [
            (Self::STRING, "text"),
            (Self::NUMBER, "a number"),
            (Self::INTEGER, "an integer"),
            (Self::BOOLEAN, "a boolean"),
            (Self::ARRAY, "a list"),
            (Self::OBJECT, "an object"),
            (Self::NULL, "null"),
        ] {
            let is_said = types == Self::INTEGER && self.contains(Self::NUMBER);
            if self.contains(types) && !is_said {
                words.push(word);
            }
        }
        f.write_str(&words.join(" or "))
    }
}

// === impl ToolSchema ===

impl ToolSchema {
    /// Reads a JSON Schema.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        read::read(schema)
    }

    /// Checks a call's arguments.
    pub fn check(&self, args: &Value) -> Result<(), SchemaViolation> {
        check::check(self, args)
    }
}

// === impl SchemaViolation ===

impl fmt::Display for SchemaViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests;
