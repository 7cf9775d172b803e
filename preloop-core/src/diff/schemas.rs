//! Input schemas of tools, where the caller has them: an example is then a call that the tool takes, and the schema's own
//! bounds are values to try.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::schema::ToolSchema;

/// How deep objects in objects are made where a schema requires them.
const DEPTH_MAX: usize = 8;
/// Longest text that is made because a schema asks for its length.
const TEXT_MAX: usize = 1_000;

/// Input schemas by the tools' own names.
#[derive(Debug, Default)]
pub struct ToolSchemas {
    schemas: BTreeMap<String, KnownSchema>,
}

/// One tool's schema.
#[derive(Debug)]
pub(super) struct KnownSchema {
    pub(super) compiled: ToolSchema,
    document: Value,
}

// === impl ToolSchemas ===

impl ToolSchemas {
    /// Reads what an MCP server answers to `tools/list`, the list in it, or an object of schemas by tool name.
    ///
    /// # Errors
    /// What is wrong, and with which tool.
    pub fn read(listing: &Value) -> Result<Self, String> {
        let mut known = Self::default();
        let result = listing.get("result").unwrap_or(listing);
        match (result.get("tools").unwrap_or(result), result) {
            (Value::Array(tools), _) => {
                for (at, tool) in tools.iter().enumerate() {
                    let name = tool.get("name").and_then(Value::as_str);
                    let name = name.ok_or_else(|| format!("tools[{at}]: a tool has no `name`"))?;
                    if let Some(schema) = tool.get("inputSchema") {
                        known.add(name, schema)?;
                    }
                }
            }
            (_, Value::Object(schemas)) => {
                for (name, schema) in schemas {
                    known.add(name, schema)?;
                }
            }
            _ => {
                return Err(
                    "a list of tools is `{\"tools\": [{\"name\": ..., \"inputSchema\": ...}]}`, \
                     or an object of schemas by tool name"
                        .to_owned(),
                );
            }
        }
        Ok(known)
    }

    fn add(&mut self, name: &str, schema: &Value) -> Result<(), String> {
        let compiled = ToolSchema::compile(schema)
            .map_err(|error| format!("the input schema of `{name}` cannot be read: {error}"))?;
        self.schemas.insert(name.to_owned(), KnownSchema { compiled, document: schema.clone() });
        Ok(())
    }

    pub(super) fn of(&self, tool: &str) -> Option<&KnownSchema> {
        self.schemas.get(tool)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.schemas.keys()
    }
}

// === impl KnownSchema ===

impl KnownSchema {
    /// The fewest arguments that the tool takes.
    pub(super) fn fewest(&self) -> Value {
        smallest(&self.document, DEPTH_MAX)
    }

    /// Values at the schema's own bounds, for the argument below these keys; none where it says nothing of it.
    pub(super) fn values(&self, keys: &[String]) -> Vec<Value> {
        self.below(keys).map(bounds).unwrap_or_default()
    }

    /// Whether the argument below these keys may have this value, as far as the schema says.
    pub(super) fn permits(&self, keys: &[String], value: &Value) -> bool {
        self.below(keys).is_none_or(|schema| permits(schema, value))
    }

    fn below(&self, keys: &[String]) -> Option<&Value> {
        let mut at = &self.document;
        for key in keys {
            at = at.get("properties")?.get(key)?;
        }
        Some(at)
    }
}

/// A value that a schema takes.
fn smallest(schema: &Value, depth: usize) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let wants_object = types(schema).contains(&"object") || required.is_some();
    if !wants_object || depth == 0 {
        return bounds(schema)
            .into_iter()
            .find(|value| permits(schema, value))
            .unwrap_or(json!("x"));
    }
    let mut object = Map::new();
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        let property = schema.get("properties").and_then(|all| all.get(name));
        let value =
            property.map_or(json!("x"), |property| smallest(property, depth.saturating_sub(1)));
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The values that a schema names, its bounds and what is next to them, and something of each of its types.
fn bounds(schema: &Value) -> Vec<Value> {
    let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten().cloned();
    let mut values: Vec<Value> = schema.get("const").cloned().into_iter().collect();
    values.extend(list("enum"));
    values.extend(schema.get("default").cloned());
    values.extend(list("examples"));
    for key in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"] {
        let Some(bound) = schema.get(key) else { continue };
        values.push(bound.clone());
        if let Some(bound) = bound.as_i64() {
            values.extend([bound.saturating_add(1), bound.saturating_sub(1)].map(Value::from));
        }
    }
    for key in ["minLength", "maxLength"] {
        let length = schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        values.extend(length.filter(|n| *n <= TEXT_MAX).map(|n| json!("x".repeat(n))));
    }
    for name in types(schema) {
        match name {
            "string" => values.push(json!("x")),
            "integer" => values.extend([json!(1), json!(0)]),
            "number" => values.extend([json!(1), json!(0.5)]),
            "boolean" => values.extend([json!(true), json!(false)]),
            "array" => values.push(json!([])),
            "object" => values.push(json!({})),
            "null" => values.push(Value::Null),
            _ => {}
        }
    }
    values
}

fn permits(schema: &Value, value: &Value) -> bool {
    let types = types(schema);
    let is_of = |name: &&str| match *name {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    };
    if !types.is_empty() && !types.iter().any(is_of) {
        return false;
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return false;
    }
    if schema.get("enum").and_then(Value::as_array).is_some_and(|all| !all.contains(value)) {
        return false;
    }
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        return bound("minimum").is_none_or(|least| number >= least)
            && bound("maximum").is_none_or(|most| number <= most)
            && bound("exclusiveMinimum").is_none_or(|below| number > below)
            && bound("exclusiveMaximum").is_none_or(|above| number < above);
    }
    let length = |key: &str| schema.get(key).and_then(Value::as_u64);
    if let Some(text) = value.as_str() {
        let count = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        return length("minLength").is_none_or(|least| count >= least)
            && length("maxLength").is_none_or(|most| count <= most);
    }
    true
}
