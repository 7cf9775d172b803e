//! `preloop approvals`: a held call is listed, shown, and answered by the right people only.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Place, Server, preloop};
use crate::watch::Watching;

const DOCUMENT: &str = "\
version: \"1.0\"
metadata: {name: money}
approval_workflows:
  - name: careful
    require_reason: true
tools:
  - name: pay
    conditions: [{action: require_approval, name: money asks, message: A person looks at payments.}]
  - name: sign
    approval_workflow: careful
";

fn held(server: &Server, call: &Value) -> String {
    let decision = server.decide(call);
    assert_eq!(decision["action"], "require_approval", "{decision}");
    decision["approval"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_held_call_is_listed_shown_and_approved_once() {
    let server = Server::start(DOCUMENT);
    let call = json!({
        "tool": "pay",
        "args": { "to": "Ada\u{1b}[2J\u{202e}", "amount": 70, "api_key": "s3cret" },
        "justification": "invoice 7",
    });
    let id = held(&server, &call);
    let listed = server.json(&["approvals", "list", "--status", "pending"]);
    assert_eq!(listed["items"][0]["id"], id.as_str());
    let shown = server.run(&["approvals", "show", &id]);
    assert_eq!(shown.code, 0, "{shown:?}");
    for part in [
        "pay",
        "Pay: amount 70, to \"Ada",
        "medium: policy:",
        "anyone with the right to vote",
        "/approval/",
        "amount = 70",
        "invoice 7",
        "A person looks at payments.",
        "pending",
    ] {
        assert!(shown.stdout.contains(part), "{part} in {}", shown.stdout);
    }
    for hidden in ["s3cret", "\u{1b}", "\u{202e}"] {
        assert!(!shown.stdout.contains(hidden), "{hidden:?} in {}", shown.stdout);
    }
    let ran = server.run(&["approvals", "approve", &id, "--yes"]);
    assert_eq!((ran.code, ran.stdout), (0, format!("approved {id}\n")));
    let again = server.run(&["approvals", "decline", &id, "--yes", "--format", "json"]);
    assert_eq!(again.code, 1);
    assert_eq!(again.json()["error"]["status"], 409);
    let mut approved = call.clone();
    approved["approval_id"] = json!(id);
    assert_eq!(server.decide(&approved)["action"], "allow");
    let settled = server.json(&["approvals", "show", &id]);
    assert_eq!(settled["state"], "approved");
    assert!(settled["used_at"].is_string());
}

#[test]
fn a_vote_needs_a_terminal_or_a_clear_yes() {
    let server = Server::start(DOCUMENT);
    let id = held(&server, &json!({ "tool": "pay", "args": { "amount": 1 } }));
    let ran = server.run(&["approvals", "approve", &id]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("a vote is asked for on a terminal"), "{}", ran.stderr);
    assert_eq!(server.json(&["approvals", "show", &id])["state"], "pending");
}

#[test]
fn a_vote_is_asked_for_on_a_terminal() {
    let server = Server::start(DOCUMENT);
    let id = held(&server, &json!({ "tool": "pay", "args": { "amount": 4 } }));
    for answer in ["", "n", "yess"] {
        let mut terminal = server.terminal(&["approvals", "approve", &id]);
        let shown = terminal.reads("approve this call? [y/N] ");
        assert!(shown.contains("amount = 4"), "{shown}");
        terminal.types(answer);
        let (code, shown) = terminal.ends();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("no vote was cast"), "{shown}");
    }
    assert_eq!(server.json(&["approvals", "show", &id])["state"], "pending");
    let mut terminal = server.terminal(&["approvals", "approve", &id]);
    terminal.reads("[y/N] ");
    terminal.types("y");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(server.json(&["approvals", "show", &id])["state"], "approved");
}

#[test]
fn a_declined_call_says_why() {
    let server = Server::start(DOCUMENT);
    let call = json!({ "tool": "pay", "args": { "amount": 2 } });
    let id = held(&server, &call);
    let ran = server.run(&["approvals", "decline", &id, "--yes", "--reason", "not this one"]);
    assert_eq!((ran.code, ran.stdout), (0, format!("declined {id}\n")));
    let settled = server.json(&["approvals", "show", &id]);
    assert_eq!(settled["votes"][0]["reason"], "not this one");
}

#[test]
fn a_workflow_that_wants_reasons_gets_them() {
    let server = Server::start(DOCUMENT);
    let id = held(&server, &json!({ "tool": "sign", "args": {} }));
    let ran = server.run(&["approvals", "approve", &id, "--yes"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("reason"), "{}", ran.stderr);
    let ran = server.run(&["approvals", "approve", &id, "--yes", "--reason", "read it"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn an_agents_key_cannot_approve() {
    let server = Server::start(DOCUMENT);
    let id = held(&server, &json!({ "tool": "pay", "args": { "amount": 3 } }));
    let (url, key) = (server.text("url"), server.text("agent_key"));
    let ran = preloop(&[
        "approvals",
        "approve",
        &id,
        "--yes",
        "--url",
        &url,
        "--token",
        &key,
        "--format",
        "json",
    ]);
    assert_eq!(ran.code, 1);
    let error = &ran.json()["error"];
    assert_eq!((&error["status"], &error["code"]), (&json!(403), &json!("agent_cannot_approve")));
    assert_eq!(server.json(&["approvals", "show", &id])["state"], "pending");
}

#[test]
fn requests_are_watched_as_they_come_and_change() {
    let server = Server::start(DOCUMENT);
    let first = held(&server, &json!({ "tool": "pay", "args": { "amount": 1 } }));
    let mut watching = server
        .command(&["approvals", "watch", "--tool", "pay", "--format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(watching.stdout.take().expect("stdout")).lines();
    let mut next = || {
        let line = lines.next().expect("a line").expect("text");
        let approval: Value = serde_json::from_str(&line).expect("an object");
        let text = |member: &str| approval[member].as_str().expect("text").to_owned();
        (text("id"), text("state"))
    };
    assert_eq!(next(), (first.clone(), "pending".to_owned()), "what waits is told first");
    // Of another tool, so that nobody is told.
    held(&server, &json!({ "tool": "sign", "args": {} }));
    let second = held(&server, &json!({ "tool": "pay", "args": { "amount": 2 } }));
    assert_eq!(next(), (second.clone(), "pending".to_owned()));
    assert_eq!(server.run(&["approvals", "decline", &second, "--yes"]).code, 0);
    assert_eq!(next(), (second, "declined".to_owned()));
    assert_eq!(server.run(&["approvals", "approve", &first, "--yes"]).code, 0);
    assert_eq!(next(), (first, "approved".to_owned()));
    watching.kill().expect("it is stopped");
    watching.wait().expect("it ends");
}

#[test]
fn watching_goes_on_when_the_server_is_started_anew() {
    let place = Place::new();
    let (policy, data_dir) = (place.write("policy.yaml", DOCUMENT), place.path("data"));
    let address = format!("127.0.0.1:{}", lasting_port());
    let serve = |place: &Place| {
        let mut command = place.command(&["serve", "--format", "json", "--log", "warn"]);
        command.args(["--policy", &policy, "--listen", &address, "--data-dir"]).arg(&data_dir);
        command
    };
    let command = serve(&place);
    let mut server = Server::spawn(place, command);
    let first = held(&server, &json!({ "tool": "pay", "args": { "amount": 1 } }));
    let watching = Watching::of(server.command(&["approvals", "watch"]));
    watching.hears(&first);
    server.kill();
    watching.hears("no server answers");
    server.start_again(serve(&server.place));
    let second = held(&server, &json!({ "tool": "pay", "args": { "amount": 2 } }));
    watching.hears(&second);
    assert_eq!(server.run(&["approvals", "decline", &first, "--yes"]).code, 0);
    watching.hears("declined");
}

/// A free port that stays free between two servers: below those that the system gives to whoever wants any.
fn lasting_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).expect("small");
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..32_000).find(is_free).expect("a free port")
}

#[test]
fn requests_are_decided_by_their_numbers_while_they_are_watched() {
    let server = Server::start(DOCUMENT);
    let first = held(&server, &json!({ "tool": "pay", "args": { "amount": 1 } }));
    let second = held(&server, &json!({ "tool": "pay", "args": { "amount": 2 } }));
    let mut terminal = server.terminal(&["approvals", "watch"]);
    terminal.reads("a NUMBER approves");
    terminal.reads(&second);
    terminal.types("a 9");
    terminal.reads("no request has the number 9");
    terminal.types("a 1");
    let shown = terminal.reads("approve this call? [y/N] ");
    assert!(shown.contains("amount = 1"), "{shown}");
    terminal.types("n");
    terminal.reads("no vote was cast");
    assert_eq!(server.json(&["approvals", "show", &first])["state"], "pending");
    terminal.types("a 1");
    terminal.reads("approve this call? [y/N] ");
    terminal.types("y");
    terminal.reads("approved");
    assert_eq!(server.json(&["approvals", "show", &first])["state"], "approved");
    terminal.types("d 2 not this one");
    terminal.reads("decline this call? [y/N] ");
    terminal.types("y");
    terminal.reads("declined");
    let settled = server.json(&["approvals", "show", &second]);
    assert_eq!(settled["votes"][0]["reason"], "not this one");
    terminal.types("q");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(0), "{shown}");
}
