//! The JSON Schema of a recorded call, whose reading and writing are made by hand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{CallRecord, Principal, Session, ToolFacts};
use crate::decision::Decision;

impl JsonSchema for CallRecord {
    fn schema_name() -> Cow<'static, str> {
        "CallRecord".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let is_written = generator.contract().is_serialize();
        let text =
            || if is_written { json_schema!({"type": "string"}) } else { nullable("string") };
        let instant = || {
            let mut schema = text();
            schema.insert("format".to_owned(), "date-time".into());
            schema
        };
        let tool = if is_written {
            json_schema!({"type": "string", "minLength": 1})
        } else {
            let mut facts = ToolFacts::json_schema(generator);
            facts.insert("required".to_owned(), json!(["name"]));
            if let Some(name) = facts.pointer_mut("/properties/name") {
                *name = json!({"type": "string", "minLength": 1});
            }
            json_schema!({"anyOf": [{"type": "string", "minLength": 1}, facts]})
        };
        let flag = if is_written { json_schema!({"const": true}) } else { nullable("boolean") };
        let fields = [
            ("tool", "The tool's own name at its server.", tool),
            ("args", "Its arguments.", json_schema!({"type": "object"})),
            ("source", "The class (`mcp`, `builtin`, `http`, `agent`) or a server's name.", text()),
            ("server", "The server's name, where there is one.", text()),
            ("annotations", "MCP annotations (untrusted hints).", object(is_written)),
            ("is_new", "Offered or changed since the policy was applied.", flag),
            ("principal", "Who acts.", field::<Principal>(generator)),
            ("session", "What the principal did so far.", field::<Session>(generator)),
            ("context", "Facts that the caller adds.", object(is_written)),
            ("now", "When the call is made.", instant()),
            ("justification", "Why the agent makes the call.", text()),
            ("id", "Id of the recorded decision.", text()),
            ("at", "When it was decided.", instant()),
            ("decision", "What was decided.", field::<Decision>(generator)),
        ];
        let properties: Map<String, Value> = fields
            .into_iter()
            .map(|(name, about, mut schema)| {
                schema.insert("description".to_owned(), about.into());
                (name.to_owned(), schema.to_value())
            })
            .collect();
        let required: &[&str] = if is_written { &["tool", "args"] } else { &["tool"] };
        json_schema!({
            "description": "A call as it is written down, and where it was decided also its decision.",
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

/// For what [`super::read`] reads: null is the same as absent. Where everything is written, nothing is null.
pub(super) fn null_is_absent(schema: &mut Schema) {
    let is_written = schema.get("required").is_some();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for property in properties.values_mut() {
        let Some(property) = property.as_object_mut() else { continue };
        property.remove("default");
        if is_written {
            continue;
        }
        if let Some(Value::String(kind)) = property.get("type") {
            let kinds = json!([kind, "null"]);
            property.insert("type".to_owned(), kinds);
        }
    }
}

fn nullable(kind: &str) -> Schema {
    json_schema!({"type": [kind, "null"]})
}

fn object(is_written: bool) -> Schema {
    if is_written { json_schema!({"type": "object"}) } else { nullable("object") }
}

/// What is written is there; what is read may be null.
fn field<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let is_written = generator.contract().is_serialize();
    let schema = generator.subschema_for::<T>();
    if is_written {
        json_schema!({"allOf": [schema]})
    } else {
        json_schema!({"anyOf": [schema, {"type": "null"}]})
    }
}
