//! The JSON Schema of documents, from their types and the tables by which they are read; in tests
//! only, so that nothing that ships carries its making.

mod laws;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::PolicyDocument;
use crate::format::SCHEMA_ADDRESS;
use crate::parse::{DOCUMENT, Section, Shape};

/// Optional text that may not stand there empty.
const NEVER_NULL: [&str; 1] = ["expression"];
/// What is not empty where it is given.
const NAMES: [&str; 4] =
    ["name", "escalation_workflow", "approval_workflow", "default_approval_workflow"];

/// The whole schema as it is published.
fn generate() -> Value {
    let settings = SchemaSettings::draft07().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<PolicyDocument>();
    let mut schema = schema.to_value();
    let mut definitions = schema["definitions"].take().as_object().unwrap().clone();
    own_forms(&mut definitions);
    let mut root = schema.as_object().unwrap().clone();
    section(&mut root, &DOCUMENT, &mut definitions);
    root["properties"]["version"] = json!({
        "description": "Schema version; only \"1.0\".", "enum": ["1.0", 1.0],
    });
    root.insert("$id".to_owned(), json!(SCHEMA_ADDRESS));
    root.insert("title".to_owned(), json!("Preloop policy document, version 1.0"));
    root.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(root)
}

/// Types that are written in another way than they are held.
fn own_forms(definitions: &mut Map<String, Value>) {
    let secret = json!({
        "description": "A credential, or a setting that may hold one: best `${ENV_VAR}`.",
        "anyOf": [
            { "type": "string", "minLength": 1 },
            {
                "description": "Keep what is stored.",
                "type": "object",
                "properties": { "redacted": { "const": true } },
                "required": ["redacted"],
                "additionalProperties": false,
            },
        ],
    });
    definitions.insert("Secret".to_owned(), secret);
    let by = |kind: &str| {
        json!({
            "type": "object",
            "properties": { kind: { "type": "string", "minLength": 1 } },
            "required": [kind],
            "additionalProperties": false,
        })
    };
    let approver = json!({
        "description": "One who may vote: a user, every member of a team, or every holder of a role. Plain text is a user.",
        "anyOf": [{ "type": "string", "minLength": 1 }, by("user"), by("team"), by("role")],
    });
    definitions.insert("Approver".to_owned(), approver);
    let older =
        json!({ "description": "Older spelling of `streamable-http`.", "const": "http-streaming" });
    definitions["Transport"]["oneOf"].as_array_mut().unwrap().push(older);
    let mut channel = definitions["NotificationChannel"].clone();
    channel["description"] = json!("The settings of one channel.");
    channel["properties"].as_object_mut().unwrap().remove("channel");
    channel.as_object_mut().unwrap().remove("required");
    definitions.insert("ChannelConfig".to_owned(), channel);
    let names = json!({ "description": "Older form of `approvers`.", "type": "array", "items": { "type": "string", "minLength": 1 } });
    let kinds = ["email", "slack", "mattermost", "webhook", "web_push"];
    let channels: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let settings =
                json!({ "anyOf": [{ "$ref": "#/definitions/ChannelConfig" }, { "type": "null" }] });
            ((*kind).to_owned(), settings)
        })
        .collect();
    let workflow = definitions["ApprovalWorkflow"]["properties"].as_object_mut().unwrap();
    for older in ["approver_users", "approver_teams"] {
        workflow.insert(older.to_owned(), names.clone());
    }
    for older in ["escalation_users", "escalation_teams"] {
        let mut names = names.clone();
        names["description"] = json!("Older form of `escalation.escalate_to`.");
        workflow.insert(older.to_owned(), names);
    }
    workflow.insert(
        "channel_configs".to_owned(),
        json!({
            "description": "Older form of `notifications`: settings by channel.",
            "type": "object", "properties": channels, "additionalProperties": false,
        }),
    );
    let rule = definitions["Condition"]["properties"].as_object_mut().unwrap();
    rule["expression"] = json!({
        "description": rule["expression"]["description"],
        "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "boolean" }],
    });
}

/// Closes a mapping, adds its older spellings, and says where a key may stand with nothing behind it.
fn section(
    schema: &mut Map<String, Value>,
    section_of: &'static Section,
    definitions: &mut Map<String, Value>,
) {
    schema.insert("additionalProperties".to_owned(), json!(false));
    let required: Vec<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().map(|name| name.as_str().unwrap().to_owned()).collect())
        .unwrap_or_default();
    let mut properties = schema["properties"].as_object().unwrap().clone();
    let known: Vec<&str> = section_of.supported().map(|field| field.name).collect();
    let strangers: Vec<&String> =
        properties.keys().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(strangers.is_empty(), "{strangers:?} are not read");
    for field in section_of.supported() {
        let property =
            properties.get(field.name).unwrap_or_else(|| panic!("{} has no schema", field.name));
        let mut property = property.clone();
        let inner = match Shape::under(section_of, field.name) {
            Shape::One(inner) | Shape::List(inner) => Some(inner),
            Shape::Named(inner) => {
                close("ChannelConfig", inner, definitions);
                None
            }
            Shape::Free => None,
        };
        if let (Some(inner), Some(name)) = (inner, reference(&property)) {
            close(&name, inner, definitions);
        }
        if NAMES.contains(&field.name) {
            property["minLength"] = json!(1);
        }
        nulls(&mut property, required.iter().any(|name| name == field.name), field.name);
        for alias in field.aliases {
            let mut older = property.clone();
            older["description"] = json!(format!("Older spelling of `{}`.", field.name));
            older["deprecationMessage"] = json!(format!("write `{}`", field.name));
            properties.insert((*alias).to_owned(), older);
        }
        properties.insert(field.name.to_owned(), property);
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
}

fn close(name: &str, inner: &'static Section, definitions: &mut Map<String, Value>) {
    let mut definition = definitions[name].as_object().unwrap().clone();
    section(&mut definition, inner, definitions);
    definitions.insert(name.to_owned(), Value::Object(definition));
}

/// The definition that a property refers to, itself or through its items.
fn reference(property: &Value) -> Option<String> {
    match property {
        Value::Object(members) => {
            members.iter().find_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(target)) => target.rsplit('/').next().map(str::to_owned),
                _ => reference(value),
            })
        }
        Value::Array(items) => items.iter().find_map(reference),
        _ => None,
    }
}

/// Text, lists and mappings that may be left out may stand empty; flags, numbers and words may not.
fn nulls(property: &mut Value, is_required: bool, name: &str) {
    let members = property.as_object_mut().unwrap();
    let types: Vec<String> = match members.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().map(|t| t.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    };
    let mut types: Vec<String> = types.into_iter().filter(|name| name != "null").collect();
    let is_open = types.iter().any(|name| matches!(name.as_str(), "string" | "array" | "object"));
    if is_open && !is_required && !NEVER_NULL.contains(&name) {
        types.push("null".to_owned());
    }
    if !types.is_empty() {
        let types = if let [only] = types.as_slice() { json!(only) } else { json!(types) };
        members.insert("type".to_owned(), types);
    }
    // `Option` of another type: it stays open only where that is a mapping.
    if let Some(Value::Array(forms)) = members.get_mut("anyOf") {
        let is_section =
            ["auth_config", "escalation", "examples", "defaults", "justification"].contains(&name);
        if !is_section {
            forms.retain(|form| form["type"] != "null");
        }
        if let [only] = forms.as_slice() {
            let only = only.clone();
            members.remove("anyOf");
            members.insert("allOf".to_owned(), json!([only]));
        }
    }
}
