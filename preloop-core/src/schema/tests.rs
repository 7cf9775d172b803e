//! What a schema refuses and what it leaves alone.

use serde_json::{Value, json};

use super::*;

#[track_caller]
fn refuses(schema: &Value, args: &Value, path: &str, message: &str) {
    let violation = ToolSchema::compile(schema).unwrap().check(args).unwrap_err();
    assert_eq!((violation.path.as_str(), violation.message.as_str()), (path, message));
}

#[track_caller]
fn takes(schema: &Value, args: &Value) {
    assert_eq!(ToolSchema::compile(schema).unwrap().check(args), Ok(()), "{schema} {args}");
}

#[test]
fn required_types_and_nesting() {
    let schema = json!({
        "type": "object",
        "required": ["path"],
        "properties": {
            "path": {"type": "string"},
            "limit": {"type": ["integer", "null"]},
            "edits": {"type": "array", "items": {
                "type": "object", "required": ["old"], "properties": {"old": {"type": "string"}}
            }}
        }
    });
    takes(&schema, &json!({"path": "a", "limit": 30.0, "more": {}}));
    takes(&schema, &json!({"path": "a", "limit": null, "edits": []}));
    refuses(&schema, &json!({}), "args", "`args` lacks the required field `path`");
    refuses(&schema, &json!({"path": 7}), "args.path", "`args.path` must be text, not a number");
    refuses(
        &schema,
        &json!({"path": "a", "limit": 1.5}),
        "args.limit",
        "`args.limit` must be an integer or null, not a number",
    );
    refuses(
        &schema,
        &json!({"path": "a", "edits": [{"old": "x"}, {"old": null}]}),
        "args.edits[1].old",
        "`args.edits[1].old` must be text, not null",
    );
}

#[test]
fn closed_objects_and_constants() {
    let schema = json!({
        "properties": {"mode": {"enum": ["fast", "slow", 1]}, "x": false},
        "additionalProperties": false
    });
    takes(&schema, &json!({"mode": 1.0}));
    refuses(
        &schema,
        &json!({"mode": "other"}),
        "args.mode",
        "`args.mode` must be one of `\"fast\"`, `\"slow\"`, `1`",
    );
    refuses(&schema, &json!({"y": 1}), "args", "`args` takes no field `y`; it takes `mode`, `x`");
    refuses(&schema, &json!({"x": 1}), "args.x", "`args.x` is not accepted by this tool");
    takes(
        &json!({"additionalProperties": false, "patternProperties": {"^x": {}}}),
        &json!({"anything": 1}),
    );
    refuses(
        &json!({"additionalProperties": {"type": "string"}}),
        &json!({"k": 1}),
        "args.k",
        "`args.k` must be text, not a number",
    );
}

#[test]
fn branches_refuse_only_what_fits_none() {
    let schema = json!({"properties": {
        "id": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "both": {"oneOf": [{"type": "number"}, {"type": "integer"}]},
        "all": {"allOf": [{"type": "string"}, {"const": "a"}]}
    }});
    takes(&schema, &json!({"id": 1, "both": 1, "all": "a"}));
    refuses(
        &schema,
        &json!({"id": []}),
        "args.id",
        "`args.id` fits none of the forms that the tool accepts",
    );
    refuses(&schema, &json!({"all": "b"}), "args.all", "`args.all` must be one of `\"a\"`");
}

#[test]
fn references_and_cycles_are_bounded() {
    let tree = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object",
            "properties": {"next": {"$ref": "#/$defs/node"}, "v~": {"type": "integer"}},
            "required": ["v~"]
        }}
    });
    takes(&tree, &json!({"v~": 1, "next": {"v~": 2}}));
    refuses(
        &tree,
        &json!({"v~": 1, "next": {"v~": "x"}}),
        "args.next.v~",
        "`args.next.v~` must be an integer, not text",
    );
    takes(&json!({"properties": {"a": {"$ref": "https://example.com/x.json"}}}), &json!({"a": 1}));
    // A schema that only leads to itself can never be settled, so no call passes it.
    let spin = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]});
    refuses(&spin, &json!({}), "args", "`args` is too large to be checked");
    takes(&json!({"$ref": "#/$defs/a%7Eb", "$defs": {"a~b": {"type": "object"}}}), &json!({}));
}

#[test]
fn tuples_and_unknown_words() {
    let tuple =
        json!({"properties": {"t": {"items": [{"type": "string"}], "additionalItems": false}}});
    takes(&tuple, &json!({"t": ["a"]}));
    refuses(
        &tuple,
        &json!({"t": ["a", 1]}),
        "args.t[1]",
        "`args.t[1]` is not accepted by this tool",
    );
    takes(
        &json!({"type": "any", "minimum": "no", "required": "x", "properties": [1]}),
        &json!({"a": 1}),
    );
    takes(&json!({"properties": {"a": {"type": "string", "nullable": true}}}), &json!({"a": null}));
}

#[test]
fn unusable_schemas_are_refused() {
    assert_eq!(ToolSchema::compile(&json!([])).unwrap_err(), SchemaError::NotASchema);
    let mut deep = json!({"type": "string"});
    for _ in 0..NESTING_MAX {
        deep = json!({"items": deep});
    }
    assert_eq!(ToolSchema::compile(&deep).unwrap_err(), SchemaError::TooDeep);
    let wide = json!({"anyOf": vec![json!({}); SCHEMA_NODES_MAX]});
    assert_eq!(ToolSchema::compile(&wide).unwrap_err(), SchemaError::TooLarge);
}

use crate::limits::{NESTING_MAX, SCHEMA_NODES_MAX};
