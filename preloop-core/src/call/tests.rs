//! Reading and writing of recorded calls.

use serde_json::{Value, json};

use super::*;
use crate::decision::{Action, Reason};

#[track_caller]
fn refused(line: &Value, path: &str, told: &str) {
    let error = CallRecord::from_value(line.clone()).unwrap_err();
    assert_eq!((error.path.as_str(), error.to_string().as_str()), (path, told));
}

#[test]
fn a_line_is_read_and_written_the_same() {
    let line = json!({
        "id": "0190", "at": "2026-01-15T12:00:00Z", "tool": "pay", "source": "mcp", "server": "bank",
        "args": {"amount": 5}, "annotations": {"destructiveHint": true}, "is_new": true,
        "principal": {"id": "1", "kind": "agent", "name": "a", "roles": ["r"], "teams": []},
        "session": {"id": "s", "calls": [
            {"tool": "t", "source": "mcp", "args": {}, "action": "allow", "at": "2026-01-15T11:00:00Z"}
        ]},
        "context": {"env": "prod"}, "now": "2026-01-15T12:00:00Z", "justification": "why",
        "decision": {
            "action": "deny", "reason": "rule_matched", "message": "m", "rule": null,
            "approval_workflow": null, "policy": {"name": "p", "digest": "sha256:0"}, "errors": []
        }
    });
    let record = CallRecord::from_value(line.clone()).unwrap();
    let decision = record.decision.as_ref().unwrap();
    assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::RuleMatched));
    assert_eq!(serde_json::to_value(&record).unwrap(), line);
}

#[test]
fn what_is_empty_is_left_out() {
    let short = json!({"tool": "t", "args": {}});
    let record =
        CallRecord::from_value(json!({"tool": "t", "source": "", "principal": null})).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), short);
}

#[test]
fn a_tool_may_be_an_object() {
    let tool =
        json!({"name": "t", "source": "mcp", "server": "s", "annotations": {}, "is_new": true});
    let record = CallRecord::from_value(json!({"tool": tool})).unwrap();
    assert_eq!(record.call().tool.server, "s");
    assert!(record.call().tool.is_new);
    refused(
        &json!({"tool": {"name": "t"}, "source": "mcp"}),
        "source",
        "`source` stands beside a `tool` that is an object; write `tool.source`",
    );
}

#[test]
fn a_line_is_strict_json() {
    let record = CallRecord::parse(r#"{"tool": "t", "args": {"n": 30.0}}"#).unwrap();
    assert_eq!(record.tool.name, "t");
    for line in [
        r#"{"tool": "t", "tool": "u"}"#,
        r#"{"tool": "t", "args": {"a": [{"k": 1, "k": 2}]}}"#,
        r#"{"tool": "t"} {}"#,
        "",
    ] {
        let error = CallRecord::parse(line).unwrap_err();
        assert!(error.to_string().contains(" at line 1 column "), "{line}: {error}");
    }
}

#[test]
fn each_error_names_its_field() {
    refused(&json!([]), "", "a call must be an object, not a list");
    refused(&json!({"args": {}}), "tool", "a call needs `tool`; name the tool that is called");
    refused(&json!({"tool": ""}), "tool", "the tool's name is empty");
    refused(&json!({"tool": "t", "args": null}), "args", "`args` must be an object, not null");
    refused(&json!({"tool": 5}), "tool", "`tool` must be text or an object, not a number");
    refused(&json!({"tool": "t", "args": [1]}), "args", "`args` must be an object, not a list");
    refused(
        &json!({"tool": "t", "principal": {"roles": ["a", 5]}}),
        "principal.roles[1]",
        "`principal.roles[1]` must be text, not a number",
    );
    refused(
        &json!({"tool": "t", "session": {"calls": [{}, {"at": "noon"}]}}),
        "session.calls[1].at",
        "`session.calls[1].at` is no instant: `noon`; write it with its zone, as in `2026-01-31T12:00:00Z`",
    );
    refused(
        &json!({"tool": "t", "principal": {"nme": "x"}}),
        "principal.nme",
        "`principal` has no field `nme`; its fields are `id`, `kind`, `name`, `roles`, `teams`",
    );
    refused(
        &json!({"tool": "t", "is_new": "yes"}),
        "is_new",
        "`is_new` must be true or false, not text",
    );
}
