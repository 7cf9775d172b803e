//! `preloop approvals approve` with more than a yes: calls that are remembered, answers, codes; and what `show` reveals.

use serde_json::{Value, json};

use crate::support::Server;

const DOCUMENT: &str = "\
version: \"1.0\"
metadata: {name: money}
approval_workflows:
  - {name: people, timeout_seconds: 600}
  - {name: coded, timeout_seconds: 600, step_up: match_code}
tools:
  - {name: pay, approval_workflow: people}
  - {name: wire, approval_workflow: coded}
  - {name: ask_user, source: builtin, approval_workflow: people}
";

fn pay(to: &str, amount: u32) -> Value {
    json!({ "tool": "pay", "args": { "to": to, "amount": amount } })
}

fn asked(server: &Server, call: &Value) -> String {
    let decision = server.decide(call);
    assert_eq!(decision["action"], "require_approval", "{decision}");
    decision["approval"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn calls_are_remembered_as_shown_and_asked_about_again_once_that_is_revoked() {
    let server = Server::start(DOCUMENT);
    let id = asked(&server, &pay("ann", 3));
    let mut terminal =
        server.terminal(&["approvals", "approve", &id, "--remember", "8h", "--any", "amount"]);
    let shown = terminal.reads("approve this call? [y/N] ");
    for part in ["for 8h, calls of `pay` by agent", "amount may be anything", "to = \"ann\""] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    terminal.types("y");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(server.decide(&pay("ann", 7))["reason"], "granted");
    asked(&server, &pay("bob", 3));

    let listed = server.json(&["approvals", "grants"]);
    let grant = listed["items"][0]["id"].as_str().expect("an id");
    assert_eq!(listed["items"][0]["approval_id"], id.as_str());
    let table = server.run(&["approvals", "grants"]).stdout;
    assert!(table.contains(grant) && table.contains("amount may be anything"), "{table}");
    let ran = server.run(&["approvals", "grants", "revoke", grant]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(server.run(&["approvals", "grants"]).stdout, "no calls are remembered\n");
    asked(&server, &pay("ann", 8));
    let again = server.run(&["approvals", "grants", "revoke", grant]);
    assert_eq!(again.code, 1, "{again:?}");
}

#[test]
fn what_cannot_be_remembered_votes_for_nothing() {
    let server = Server::start(DOCUMENT);
    let id = asked(&server, &pay("ann", 3));
    for (more, words) in [
        (&["--remember", "8"][..], "8h"),
        (&["--any", "to"], "--remember"),
        (&["--remember", "1h", "--any", "cc"], "no argument `cc`"),
        (&["--remember", "9d"], "604800"),
        (&["--remember", "session"], "no session"),
    ] {
        let ran = server.run(&[&["approvals", "approve", &id, "--yes"], more].concat());
        assert_ne!(ran.code, 0, "{more:?}");
        assert!(ran.stderr.contains(words), "{words} in {}", ran.stderr);
    }
    let masked = asked(&server, &json!({ "tool": "pay", "args": { "pin": "1", "to": "ann" } }));
    let wide = ["approvals", "approve", &masked, "--yes", "--remember", "1h", "--any", "to"];
    assert!(server.run(&wide).stderr.contains("masked"));
    assert_eq!(
        server.json(&["approvals", "list", "--status", "pending"])["items"][1]["votes"],
        json!([])
    );
    assert_eq!(server.run(&["approvals", "grants"]).stdout, "no calls are remembered\n");
}

#[test]
fn questions_are_answered_and_codes_are_typed() {
    let server = Server::start(DOCUMENT);
    let question = json!({
        "tool": "ask_user", "source": "builtin",
        "args": { "question": "Which colour?", "options": ["blue", "green"] },
    });
    let id = asked(&server, &question);
    let approve = ["approvals", "approve", &id, "--yes"];
    assert!(server.run(&approve).stderr.contains("answer"));
    let ran = server.run(&[&approve[..], &["--answer", "green"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(server.json(&["approvals", "show", &id])["votes"][0]["answer"], "green");

    let decision = server.decide(&json!({ "tool": "wire", "args": {} }));
    let approval = &decision["approval"];
    let (id, code) = (approval["id"].as_str().unwrap_or(""), approval["match_code"].as_str());
    let approve = ["approvals", "approve", id, "--yes"];
    assert!(server.run(&approve).stderr.contains("code"));
    let ran = server.run(&[&approve[..], &["--match-code", code.unwrap_or("")]].concat());
    assert_eq!((ran.code, ran.stdout), (0, format!("approved {id}\n")));
}

#[test]
fn whole_arguments_are_shown_to_who_asks_for_them() {
    let server = Server::start(DOCUMENT);
    let call = json!({ "tool": "pay", "args": { "to": "ann\u{1b}[2J", "api_key": "s3cret" } });
    let id = asked(&server, &call);
    let masked = server.run(&["approvals", "show", &id]).stdout;
    assert!(masked.contains("api_key = \"[redacted]\"") && !masked.contains("s3cret"), "{masked}");
    let whole = server.run(&["approvals", "show", &id, "--whole-arguments"]).stdout;
    assert!(whole.contains("api_key = \"s3cret\"") && !whole.contains('\u{1b}'), "{whole}");
    let kinds = server.json(&["audit", "list", "--kind", "arguments_revealed"]);
    assert_eq!(kinds["items"].as_array().map(Vec::len), Some(1), "{kinds}");
}
