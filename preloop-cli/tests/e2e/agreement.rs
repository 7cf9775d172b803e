//! One policy, one answer: `policy eval`, `POST /api/v1/decisions` and the firewall must agree, call by call.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::preloop::{Preloop, cli_command, policy};
use crate::support::session::Session;
use crate::support::upstream::Fixture;

/// Tools of the policy below, each with a rule of another kind.
const TOOLS: [&str; 7] =
    ["pay", "read_file", "send_email", "justify", "plain", "off", "search_web"];

fn document(fixture: &Fixture) -> Value {
    policy(
        vec![fixture.entry("office")],
        json!([
            {"name": "pay", "conditions": [
                {"name": "blocked", "expression": "args.to in [\"mallory\", \"eve\"]", "action": "deny", "message": "this payee is blocked"},
                {"name": "big", "expression": "amount > 300", "action": "require_approval", "approval_workflow": "finance"},
                {"name": "small", "expression": "amount <= 300", "action": "allow"},
                {"name": "rest", "action": "deny"},
            ]},
            {"name": "read_file", "source": "office", "conditions": [
                {"expression": "args.path.contains(\"..\")", "action": "deny", "message": "no climbing"},
                {"expression": "args.path.matches(\"^/srv/[a-z]+$\")", "action": "allow"},
                {"expression": "true", "action": "require_approval"},
            ]},
            {"name": "send_email", "source": "mcp", "approval_workflow": "finance"},
            {"name": "justify", "justification": "required"},
            {"name": "off", "enabled": false},
            {"name": "search_*", "conditions": [{"expression": "size(args.query) > 5 && args.deep == true", "action": "deny"}]},
        ]),
        json!({"approval_workflows": [{"name": "finance", "timeout_seconds": 60}]}),
    )
}

/// Calls of those tools: right, wrong, missing, of another type, huge, and not of this world.
fn calls() -> Vec<(&'static str, &'static str)> {
    vec![
        ("pay", r#"{"to": "bob", "amount": 10}"#),
        ("pay", r#"{"to": "bob", "amount": 300.0}"#),
        ("pay", r#"{"to": "bob", "amount": 300.01}"#),
        ("pay", r#"{"to": "bob", "amount": 9223372036854775808}"#),
        ("pay", r#"{"to": "bob", "amount": 123456789012345678901234567890}"#),
        ("pay", r#"{"to": "bob", "amount": "12"}"#),
        ("pay", r#"{"to": "bob", "amount": "twelve"}"#),
        ("pay", r#"{"to": "bob", "amount": null}"#),
        ("pay", r#"{"to": "bob", "amount": [1]}"#),
        ("pay", r#"{"to": "bob"}"#),
        ("pay", r#"{"amount": 10}"#),
        ("pay", r#"{"to": "mallory", "amount": 1}"#),
        ("pay", r#"{"to": "mall\u006fry", "amount": 1}"#),
        ("pay", r#"{"to": "mаllory", "amount": 1}"#),
        ("pay", r"{}"),
        ("read_file", r#"{"path": "/srv/data"}"#),
        ("read_file", r#"{"path": "/srv/../etc/passwd"}"#),
        ("read_file", r#"{"path": "/home"}"#),
        ("read_file", r#"{"path": 7}"#),
        ("read_file", r"{}"),
        ("send_email", r#"{"to": "all"}"#),
        ("justify", r"{}"),
        ("plain", r#"{"anything": [1, 2.5, {"deep": null}]}"#),
        ("off", r"{}"),
        ("search_web", r#"{"query": "rust language", "deep": true}"#),
        ("search_web", r#"{"query": "rust", "deep": true}"#),
        ("search_web", r#"{"query": "rust language"}"#),
    ]
}

#[test]
fn the_three_doors_agree_on_every_call() {
    let fixture = Fixture::new(&TOOLS);
    let document = document(&fixture);
    let preloop = Preloop::start(&document);
    let lines: Vec<String> = calls()
        .iter()
        .map(|(tool, args)| format!(r#"{{"tool":"{tool}","source":"office","args":{args}}}"#))
        .collect();
    let offline = evaluate_lines(&preloop.policy_file(), &lines);
    let session = Session::open(&preloop, "office", &preloop.agent_key);
    let mut seen = [0; 3];
    for (((tool, args), line), offline) in calls().iter().zip(&lines).zip(offline) {
        let online = decide(&preloop, line);
        let governed = call(&preloop, &session, tool, args);
        let key = |decision: &Value| essence(decision);
        assert_eq!(key(&online), key(&offline), "POST /decisions and policy eval: {line}");
        assert_eq!(key(&governed), key(&offline), "firewall and policy eval: {line}");
        match offline["action"].as_str() {
            Some("allow") => seen[0] += 1,
            Some("deny") => seen[1] += 1,
            _ => seen[2] += 1,
        }
    }
    assert!(seen.iter().all(|count| *count >= 4), "each answer occurs: {seen:?}");
    assert_eq!(fixture.calls().len(), seen[0], "what was allowed ran, and nothing else");
}

/// What must be the same whichever door the call came through.
fn essence(decision: &Value) -> Value {
    json!({
        "action": decision["action"],
        "reason": decision["reason"],
        "message": decision["message"],
        "rule": decision["rule"],
        "approval_workflow": decision["approval_workflow"],
        "errors": decision["errors"],
        "policy": decision["policy"],
    })
}

/// `policy eval --calls -`: one decision a line.
#[track_caller]
pub(crate) fn evaluate_lines(policy: &std::path::Path, lines: &[String]) -> Vec<Value> {
    let mut child = cli_command(&["policy", "eval"])
        .arg(policy)
        .args(["--calls", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    let decisions: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(decisions.len(), lines.len());
    decisions
}

/// `POST /api/v1/decisions`; a request for approval it made is withdrawn.
#[track_caller]
fn decide(preloop: &Preloop, line: &str) -> Value {
    let bearer = format!("Bearer {}", preloop.agent_key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let path = "/api/v1/decisions";
    let answer =
        crate::support::wire::send(&preloop.address, "POST", path, &headers, line.as_bytes());
    assert_eq!(answer.status, 200, "{line}: {answer:?}");
    let decision = answer.json();
    assert_eq!(
        decision["approval"].is_object(),
        decision["action"] == "require_approval",
        "{line}"
    );
    if let Some(id) = decision["approval"]["id"].as_str() {
        preloop.decline(id, "only compared");
    }
    decision
}

/// `tools/call` through the firewall; the decision is read from the trail, held calls are declined.
#[track_caller]
fn call(preloop: &Preloop, session: &Session, tool: &str, args: &str) -> Value {
    let before = preloop.trail().len();
    let message = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{args}}}}}"#
    );
    let mut stream = session.post_and_watch(&message);
    let record = crate::support::wait::until("the decision is in the trail", || {
        preloop
            .trail()
            .into_iter()
            .skip(before)
            .find(|record| record["kind"] == "decision" && record["enforcement_point"] == "mcp")
    });
    if record["decision"]["action"] == "require_approval" {
        let approval = preloop.pending();
        preloop.decline(approval["id"].as_str().unwrap(), "only compared");
    }
    assert!(stream.read_until("\"result\""), "{}", stream.text());
    record["decision"].clone()
}
