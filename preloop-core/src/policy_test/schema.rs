//! The JSON Schema of test files, for editors; made of the very sections by which files are read.

use serde_json::{Map, Value, json};

use super::read::{
    CASE, DEFAULTS, EXPECT, FILE, FIXTURES, GROUP, PRINCIPAL, SESSION, SESSION_CALL, TEST,
};
use crate::decision::{Action, Reason};
use crate::parse::{Keyword, Section};

/// Where the schema of test files is published; files that we write name it in their first line.
pub const TEST_SCHEMA_ADDRESS: &str =
    "https://raw.githubusercontent.com/preloop/preloop/main/docs/policy-test.schema.json";

/// The JSON Schema of test files.
pub fn schema() -> Value {
    let mut root = object(&FILE, &["tests"]);
    if let Value::Object(members) = &mut root {
        members.remove("required");
        let head = [
            ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
            ("$id", json!(TEST_SCHEMA_ADDRESS)),
            ("title", json!("Tests of a Preloop policy")),
            ("anyOf", json!([{"required": ["tests"]}, {"required": ["groups"]}])),
        ];
        members.extend(head.map(|(name, value)| (name.to_owned(), value)));
    }
    root
}

/// A mapping with the fields of a section and no others.
fn object(section: &Section, required: &[&str]) -> Value {
    let property = |name: &'static str| (name.to_owned(), property(section, name));
    let properties: Map<String, Value> =
        section.fields.iter().map(|field| property(field.name)).collect();
    let mut object = json!({
        "type": "object", "additionalProperties": false, "properties": properties,
    });
    if !required.is_empty() {
        set(&mut object, "required", json!(required));
    }
    object
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

/// What a field takes, and what it is for.
fn property(section: &Section, name: &str) -> Value {
    let about = about(section, name);
    let mut value = match name {
        "fixtures" => object(&FIXTURES, &[]),
        "defaults" => object(&DEFAULTS, &[]),
        "groups" => list(&object(&GROUP, &["name", "tests"])),
        "tests" => list(&object(&TEST, &["name"])),
        "cases" => list(&object(&CASE, &[])),
        "principals" => named(&object(&PRINCIPAL, &[])),
        "sessions" => named(&object(&SESSION, &[])),
        "contexts" => named(&json!({"type": "object"})),
        "principal" => name_or(&object(&PRINCIPAL, &[])),
        "session" => name_or(&object(&SESSION, &[])),
        "context" => name_or(&json!({"type": "object"})),
        "calls" => list(&object(&SESSION_CALL, &["tool"])),
        "args" | "annotations" => json!({"type": "object"}),
        "is_new" => json!({"type": "boolean"}),
        "roles" | "teams" => list(&json!({"type": "string"})),
        "now" | "at" => json!({"type": "string", "format": "date-time"}),
        "action" => words::<Action>(),
        "reason" => words::<Reason>(),
        "rule" | "approval_workflow" => json!({"type": ["string", "null"]}),
        "expect" => json!({"anyOf": [words::<Action>(), object(&EXPECT, &[])]}),
        _ => json!({"type": "string"}),
    };
    set(&mut value, "description", json!(about));
    value
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

fn named(values: &Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

/// A fixture's name, or the value written out.
fn name_or(value: &Value) -> Value {
    json!({"anyOf": [{"type": "string"}, value]})
}

fn words<K: Keyword>() -> Value {
    let words: Vec<&str> = K::WORDS.iter().map(|(word, _)| *word).collect();
    json!({"enum": words})
}

/// One line for the reader of the schema; empty for a field that nobody described.
pub(super) fn about(section: &Section, name: &str) -> &'static str {
    let is = |other: &'static Section| std::ptr::eq(section, other);
    match name {
        "name" if is(&PRINCIPAL) => "Name that people know",
        "name" => "What it is called in reports",
        "description" => "What it is about",
        "policy" => {
            "The policy that is tested, as a path from this file; the one beside it if absent"
        }
        "fixtures" => "What tests refer to by name",
        "principals" => "Principals by name",
        "sessions" => "Sessions by name",
        "contexts" => "Contexts by name",
        "defaults" => "What all calls of the file share",
        "groups" => "Tests that share something",
        "tests" => "Calls and what is expected of them",
        "cases" => "A table: each item is a call of its own, laid over what the test says",
        "skip" => "Why it is not run",
        "tool" => "The tool's own name at its server",
        "source" => "mcp, builtin, http, agent, or a server's name",
        "server" => "The server's name",
        "args" => "The arguments, laid over those of the levels around name by name",
        "annotations" => "What the server says of the tool",
        "is_new" => "The tool was offered or changed after the policy was applied",
        "principal" => "Who calls: a fixture's name, or written out",
        "session" => "What was called before: a fixture's name, or written out",
        "context" => "Facts about the situation: a fixture's name, or written out",
        "now" => "When the call is made",
        "justification" => "Why the agent makes the call",
        "expect" => "What is expected: the action alone, or parts of the decision",
        "action" if is(&EXPECT) => "What happens to the call",
        "action" => "What was decided",
        "reason" => "Why",
        "rule" => {
            "The rule that decided: its name, or its path where it has none; null: no rule did"
        }
        "message" => "What the agent is told, to the letter",
        "message_contains" => "A part of what the agent is told",
        "approval_workflow" => "The workflow of the approval; null: nobody is asked",
        "id" => "Stable id",
        "kind" => "user or agent",
        "roles" => "Roles held",
        "teams" => "Teams belonged to",
        "calls" => "Earlier calls, oldest first",
        "at" => "When it was decided",
        _ => "",
    }
}
