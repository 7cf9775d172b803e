//! `preloop demo`, from the first line to the removed directory.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Place, preloop};

#[test]
fn an_agent_is_allowed_denied_held_and_then_approved() {
    let ran = preloop(&["demo", "--yes", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let played = ran.json();
    let steps = played["steps"].as_array().expect("steps");
    let actions: Vec<&Value> = steps.iter().map(|step| &step["decision"]["action"]).collect();
    assert_eq!(actions, ["allow", "deny", "require_approval"]);
    assert!(steps[0]["told"]["text"].as_str().expect("text").starts_with("Q3: "));
    assert_eq!(steps[1]["told"]["is_error"], true);
    assert!(steps[1]["told"]["text"].as_str().expect("text").contains("never delete databases"));
    assert_eq!(steps[2]["told"]["text"], "refunded 180.00 EUR for order A-1001 (made up)");
    let kinds: Vec<&str> = played["audit"]
        .as_array()
        .expect("records")
        .iter()
        .filter_map(|record| record["kind"].as_str())
        .collect();
    for kind in ["decision", "approval_requested", "vote", "approval_approved", "call_completed"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
}

#[test]
fn each_step_is_told_in_plain_words() {
    let ran = preloop(&["demo", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stderr, "");
    for part in [
        "read_file {\"path\":\"reports/q3.txt\"}",
        "allow",
        "Agents never delete databases.",
        "ask a person first",
        " approvals approve ",
        "refunded 180.00 EUR",
        "The audit trail",
        "The server is stopped and its files are removed.",
    ] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
}

#[test]
fn the_printed_line_approves_the_held_call_from_another_terminal() {
    let place = Place::new();
    let mut demo = place
        .command(&["demo"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let mut said = BufReader::new(demo.stdout.take().expect("stdout")).lines();
    let line = said
        .find_map(|line| {
            Some(line.expect("text")).filter(|line| line.contains(" approvals approve "))
        })
        .expect("the line that approves");
    let voted = std::process::Command::new("sh")
        .args(["-c", &format!("{} --yes", line.trim())])
        .env("HOME", place.path("."))
        .output()
        .expect("a shell");
    assert!(voted.status.success(), "{line}: {voted:?}");
    let rest: Vec<String> = said.map(|line| line.expect("text")).collect();
    assert!(rest.iter().any(|line| line.contains("refunded 180.00 EUR")), "{rest:?}");
    assert!(demo.wait().expect("it ends").success());
    let data_dir = line.split_whitespace().last().expect("the data directory");
    assert!(!std::path::Path::new(data_dir).exists(), "{data_dir} is removed");
}

#[test]
fn a_signal_ends_the_demo_and_removes_its_files() {
    let place = Place::new();
    std::fs::create_dir(place.path("tmp")).expect("a directory");
    let mut demo = place
        .command(&["demo"])
        .env("TMPDIR", place.path("tmp"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let mut said = BufReader::new(demo.stdout.take().expect("stdout")).lines();
    assert!(said.any(|line| line.expect("text").contains(" approvals approve ")));
    let told = std::process::Command::new("kill").arg(demo.id().to_string()).status();
    assert!(told.expect("kill runs").success());
    // The rest is read, so that the demo can say its last words.
    assert!(said.any(|line| line.expect("text").contains("files are removed")));
    assert!(demo.wait().expect("it ends").success());
    let left: Vec<_> = std::fs::read_dir(place.path("tmp")).expect("a directory").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_sample_tools_speak_mcp_on_their_own() {
    let lines = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-06-18" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "list_files" } }),
    ];
    let input = lines.map(|line| line.to_string()).join("\n");
    let ran = Place::new().run_with_input(&["demo-tools"], input.as_bytes());
    assert_eq!(ran.code, 0);
    let answers = ran.lines();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["result"]["protocolVersion"], "2025-06-18");
    let files = answers[1]["result"]["content"][0]["text"].as_str().expect("text");
    assert!(files.contains("reports/q3.txt"), "{files}");
}
