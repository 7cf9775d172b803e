//! `preloop policy eval --calls`: one decision a line, in order.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Place, Ran};

fn eval(lines: &[u8]) -> Ran {
    Place::new()
        .run_with_input(&["policy", "eval", "examples/quickstart.yaml", "--calls", "-"], lines)
}

#[test]
fn decisions_come_in_the_order_of_the_calls() {
    let amounts = [20, 180, 900, 20, 900];
    let mut lines = String::new();
    for amount in amounts {
        writeln!(lines, "{}", json!({ "tool": "refund", "args": { "amount": amount } })).unwrap();
    }
    let ran = eval(lines.trim_end().as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    let actions: Vec<Value> = ran.lines().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["allow", "require_approval", "deny", "allow", "deny"]);
}

#[test]
fn a_bad_line_gets_an_error_in_its_place() {
    let lines = b"{\"tool\": \"list_files\", \"args\": {}}\r\n\
        not json\n\
        \n\
        {\"tool\": \"x\", \"tool\": \"y\", \"args\": {}}\n\
        {\"args\": {}}\n\
        {\"tool\": \"x\", \"args\": {}, \"colour\": 1}\n\
        \xff\n\
        {\"tool\": {\"name\": \"refund\"}, \"args\": {\"amount\": 900}}\n";
    let ran = eval(lines);
    assert_eq!(ran.code, 1);
    let lines = ran.lines();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0]["action"], "allow");
    for (index, line) in lines.iter().enumerate().take(7).skip(1) {
        assert_eq!(line["error"]["line"], json!(index + 1), "{line}");
        assert!(line["error"]["message"].is_string(), "{line}");
        assert!(line.get("action").is_none());
    }
    assert_eq!(lines[5]["error"]["path"], "colour");
    assert_eq!(lines[7]["action"], "deny");
}

#[test]
fn an_overlong_line_is_refused_and_the_next_one_read() {
    let mut lines = vec![b'x'; 5 * 1024 * 1024];
    lines.extend(b"\n{\"tool\": \"list_files\", \"args\": {}}\n");
    let ran = eval(&lines);
    assert_eq!(ran.code, 1);
    let lines = ran.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["error"]["line"], 1);
    assert_eq!(lines[1]["action"], "allow");
}

#[test]
fn nothing_in_is_nothing_out() {
    let ran = eval(b"");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
}

#[test]
fn a_decision_comes_before_the_next_call_is_there() {
    let place = Place::new();
    let mut child = place
        .command(&["policy", "eval", "examples/quickstart.yaml", "--calls", "-", "--explain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("preloop starts");
    let mut stdin = child.stdin.take().expect("stdin");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    for tool in ["list_files", "delete_database"] {
        writeln!(stdin, "{}", json!({ "tool": tool, "args": {} })).expect("written");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let decision: Value = serde_json::from_str(&line).expect("a decision");
        assert!(decision["trace"].is_array());
    }
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_reader_that_has_enough_is_no_error_to_talk_about() {
    let place = Place::new();
    let line = format!("{}\n", json!({ "tool": "list_files", "args": {} }));
    let calls = place.write("calls.jsonl", line.repeat(20_000));
    let mut child = place
        .command(&["policy", "eval", "examples/quickstart.yaml", "--calls", &calls])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("preloop starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
