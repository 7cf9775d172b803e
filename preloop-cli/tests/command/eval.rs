//! `preloop policy eval` of one call.

use serde_json::json;

use crate::support::{Place, Ran, preloop};

const QUICKSTART: &str = "examples/quickstart.yaml";

fn eval(arguments: &[&str]) -> Ran {
    let mut all = vec!["policy", "eval", QUICKSTART];
    all.extend(arguments);
    preloop(&all)
}

#[test]
fn the_exit_code_is_the_action() {
    for (amount, code, action) in [(20, 0, "allow"), (900, 4, "deny"), (180, 5, "require_approval")]
    {
        let args = json!({ "order": "A-1", "amount": amount }).to_string();
        let ran = eval(&["--tool", "refund", "--args", &args]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stdout.starts_with(&format!("{action}  ")), "{ran:?}");
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn with_json_the_decision_is_the_result() {
    let ran = eval(&["--tool", "refund", "--args", r#"{"amount": 900}"#, "--format", "json"]);
    assert_eq!(ran.code, 4);
    let decision = ran.json();
    assert_eq!(decision["action"], "deny");
    assert_eq!(decision["reason"], "rule_matched");
    assert_eq!(decision["rule"]["path"], "tools[3].conditions[0]");
    assert_eq!(decision["rule"]["expression"], "args.amount > 500");
    assert_eq!(decision["approval_workflow"], json!(null));
    assert_eq!(decision["policy"]["name"], "Quickstart");
    assert!(decision["policy"]["digest"].as_str().expect("text").starts_with("sha256:"));
    assert_eq!(decision["errors"], json!([]));
    assert!(decision.get("trace").is_none());
}

#[test]
fn an_explanation_tells_each_rule() {
    let arguments =
        ["--tool", "refund", "--args", r#"{"amount": 180}"#, "--explain", "--format", "json"];
    let ran = eval(&arguments);
    assert_eq!(ran.code, 5);
    let decision = ran.json();
    let trace = decision["trace"].as_array().expect("a trace");
    let told: Vec<_> = trace.iter().map(|item| (&item["rule"], &item["kind"])).collect();
    assert!(told.contains(&(&json!("tools[3].conditions[0]"), &json!("not_matched"))), "{told:?}");
    assert!(told.contains(&(&json!("tools[3].conditions[1]"), &json!("matched"))), "{told:?}");
    let ran = eval(&["--tool", "refund", "--args", r#"{"amount": 180}"#, "--explain"]);
    assert!(ran.stdout.contains("args.amount > 500"), "{}", ran.stdout);
}

#[test]
fn everything_that_conditions_read_can_be_given() {
    let place = Place::new();
    let policy = place.write(
        "policy.yaml",
        "version: \"1.0\"
metadata: {name: facts}
mcp_servers: [{name: ops, url: 'https://ops.example.com/mcp'}]
tools:
  - name: deploy
    source: ops
    justification: required
    conditions:
      - expression: >-
          context.env == 'staging' && principal.roles.exists(role, role == 'dev') &&
          session.calls.size() == 1 && now.getFullYear() == 2026 && args.n == 9007199254740993
        action: allow
      - action: deny
",
    );
    let args = place.write("args.json", r#"{"n": 9007199254740993}"#);
    let file = format!("@{args}");
    let arguments = |tool| {
        [
            "policy",
            "eval",
            &policy,
            "--tool",
            tool,
            "--source",
            "ops",
            "--args",
            &file,
            "--context",
            r#"{"env": "staging"}"#,
            "--principal",
            r#"{"id": "a", "roles": ["dev"]}"#,
            "--session",
            r#"{"id": "s", "calls": [{"tool": "build"}]}"#,
            "--now",
            "2026-11-21T12:00:00Z",
            "--justification",
            "release day",
        ]
    };
    let ran = place.run(&arguments("deploy"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = place.run(&arguments("deploy")[..15]);
    assert_eq!(ran.code, 4, "without a justification: {ran:?}");
}

#[test]
fn what_cannot_be_read_is_wrong_usage_with_its_place() {
    for (arguments, message) in [
        (vec!["--tool", "refund", "--args", "{\"a\": 1, \"a\": 2}"], "`--args` is no JSON: "),
        (vec!["--tool", "refund", "--args", "[1]"], "must be an object"),
        (vec!["--tool", "refund", "--now", "yesterday"], "`now` is no instant: `yesterday`"),
        (vec!["--tool", "refund", "--principal", "{\"nme\": \"x\"}"], "no field `nme`"),
        (vec!["--args", "{}"], "--tool"),
        (vec!["--tool", "refund", "--calls", "x.jsonl"], "cannot be used with"),
    ] {
        let ran = eval(&arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_broken_document_decides_nothing() {
    let place = Place::new();
    let policy = place.write("policy.yaml", "version: \"1.0\"\n");
    let ran = place.run(&["policy", "eval", &policy, "--tool", "x"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
    let ran = place.run(&["policy", "eval", &policy, "--tool", "x", "--format", "json"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.json()["is_valid"], false);
}

#[test]
fn standard_input_is_read_once() {
    for arguments in [
        vec!["policy", "eval", "-", "--calls", "-"],
        vec!["policy", "eval", "-", "--tool", "refund", "--args", "@-"],
        vec!["policy", "eval", QUICKSTART, "--tool", "t", "--args", "@-", "--context", "@-"],
    ] {
        let ran = preloop(&arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("named more than once"), "{ran:?}");
    }
}
