//! JSON Schema text to nodes; each part is read once, references by their place, so cycles are finite.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Additional, Node, NodeId, SchemaError, ToolSchema, Types};
use crate::limits::{NESTING_MAX, SCHEMA_NODES_MAX};

pub(super) fn read(schema: &Value) -> Result<ToolSchema, SchemaError> {
    if !schema.is_object() && !schema.is_boolean() {
        return Err(SchemaError::NotASchema);
    }
    let mut reader = Reader { whole: schema, nodes: Vec::new(), references: BTreeMap::new() };
    let root = reader.node(schema, 0)?;
    Ok(ToolSchema { nodes: reader.nodes, root })
}

struct Reader<'a> {
    whole: &'a Value,
    nodes: Vec<Node>,
    /// Where each `$ref` leads, so that one is read once.
    references: BTreeMap<&'a str, NodeId>,
}

impl<'a> Reader<'a> {
    fn node(&mut self, schema: &'a Value, depth: usize) -> Result<NodeId, SchemaError> {
        let id = self.reserve(depth)?;
        self.fill(id, schema, depth)?;
        Ok(id)
    }

    fn reserve(&mut self, depth: usize) -> Result<NodeId, SchemaError> {
        if depth >= NESTING_MAX {
            return Err(SchemaError::TooDeep);
        }
        if self.nodes.len() >= SCHEMA_NODES_MAX {
            return Err(SchemaError::TooLarge);
        }
        self.nodes.push(Node::default());
        Ok(self.nodes.len().saturating_sub(1))
    }

    fn fill(&mut self, id: NodeId, schema: &'a Value, depth: usize) -> Result<(), SchemaError> {
        let mut node = Node { never: *schema == Value::Bool(false), ..Node::default() };
        if let Value::Object(keywords) = schema {
            let below = depth.saturating_add(1);
            node.types = types(keywords);
            node.constants = constants(keywords)?;
            node.required = texts(keywords.get("required"));
            self.objects(&mut node, keywords, below)?;
            self.lists(&mut node, keywords, below)?;
            node.all_of = self.branches(keywords.get("allOf"), below)?;
            for group in ["anyOf", "oneOf"] {
                let branches = self.branches(keywords.get(group), below)?;
                if !branches.is_empty() {
                    node.any_of.push(branches);
                }
            }
            if let Some(Value::String(reference)) = keywords.get("$ref") {
                node.reference = self.reference(reference, below)?;
            }
        }
        if let Some(slot) = self.nodes.get_mut(id) {
            *slot = node;
        }
        Ok(())
    }

    fn objects(
        &mut self,
        node: &mut Node,
        keywords: &'a Map<String, Value>,
        below: usize,
    ) -> Result<(), SchemaError> {
        if let Some(Value::Object(properties)) = keywords.get("properties") {
            for (name, property) in properties {
                let id = self.node(property, below)?;
                node.properties.insert(name.clone(), id);
            }
        }
        // Keys that a pattern may name are not certainly forbidden.
        let has_patterns = matches!(
            keywords.get("patternProperties"),
            Some(Value::Object(patterns)) if !patterns.is_empty()
        );
        node.additional = match keywords.get("additionalProperties") {
            Some(Value::Bool(false)) if !has_patterns => Additional::Nothing,
            Some(schema @ Value::Object(_)) if !has_patterns => {
                Additional::Fits(self.node(schema, below)?)
            }
            _ => Additional::Anything,
        };
        Ok(())
    }

    fn lists(
        &mut self,
        node: &mut Node,
        keywords: &'a Map<String, Value>,
        below: usize,
    ) -> Result<(), SchemaError> {
        node.prefix_items = self.branches(keywords.get("prefixItems"), below)?;
        match keywords.get("items") {
            // The older spelling of a tuple.
            Some(tuple @ Value::Array(_)) => {
                node.prefix_items = self.branches(Some(tuple), below)?;
                if let Some(rest) = keywords.get("additionalItems") {
                    node.items = Some(self.node(rest, below)?);
                }
            }
            Some(items) => node.items = Some(self.node(items, below)?),
            None => {}
        }
        Ok(())
    }

    fn branches(
        &mut self,
        list: Option<&'a Value>,
        below: usize,
    ) -> Result<Vec<NodeId>, SchemaError> {
        let Some(Value::Array(list)) = list else { return Ok(Vec::new()) };
        list.iter().map(|schema| self.node(schema, below)).collect()
    }

    /// Local references only; what cannot be found says nothing.
    fn reference(&mut self, text: &'a str, below: usize) -> Result<Option<NodeId>, SchemaError> {
        if let Some(id) = self.references.get(text) {
            return Ok(Some(*id));
        }
        let Some(pointer) = text.strip_prefix('#') else { return Ok(None) };
        let Some(target) = self.whole.pointer(&percent_decoded(pointer)) else { return Ok(None) };
        let id = self.reserve(below)?;
        self.references.insert(text, id);
        self.fill(id, target, below)?;
        Ok(Some(id))
    }
}

/// `type`, a name or a list of names; an unknown name says nothing.
fn types(keywords: &Map<String, Value>) -> Option<Types> {
    match keywords.get("type")? {
        Value::String(name) => {
            let types = Types::named(name)?;
            // OpenAPI's spelling of `or null`.
            let nullable = keywords.get("nullable") == Some(&Value::Bool(true));
            Some(if nullable { types.with(Types::NULL) } else { types })
        }
        Value::Array(names) => names.iter().try_fold(Types::default(), |types, name| {
            Some(types.with(Types::named(name.as_str()?)?))
        }),
        _ => None,
    }
    .filter(|types| *types != Types::default())
}

fn constants(keywords: &Map<String, Value>) -> Result<Option<Vec<Value>>, SchemaError> {
    if let Some(constant) = keywords.get("const") {
        return Ok(Some(vec![constant.clone()]));
    }
    match keywords.get("enum") {
        Some(Value::Array(list)) if list.len() > SCHEMA_NODES_MAX => Err(SchemaError::TooLarge),
        Some(Value::Array(list)) if !list.is_empty() => Ok(Some(list.clone())),
        _ => Ok(None),
    }
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let Some(Value::Array(list)) = list else { return Vec::new() };
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `%7E` and the like in a reference's fragment.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()];
        let decoded = match digits {
            [Some(high), Some(low)] => hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match decoded {
            Some(decoded) => bytes.push(decoded),
            None => return text.to_owned(),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
