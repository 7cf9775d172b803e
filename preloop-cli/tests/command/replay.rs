//! `preloop policy replay`: changes by rule, what cannot be replayed, lines that cannot be read.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Place, preloop};

const QUICKSTART: &str = "examples/quickstart.yaml";

fn line(amount: u32, action: &str) -> String {
    let args = json!({ "order": "A-1", "amount": amount });
    let decision = json!({ "action": action, "reason": "rule_matched", "approval_workflow": "default",
        "rule": { "path": "tools[3].conditions[9]", "name": "old rule" } });
    json!({ "tool": "refund", "args": args, "decision": decision }).to_string()
}

#[test]
fn changes_are_told_by_rule_with_their_lines() {
    let place = Place::new();
    let mut log = String::new();
    for (amount, action) in [(20, "allow"), (900, "allow"), (901, "allow"), (700, "deny")] {
        writeln!(log, "{}", line(amount, action)).expect("text");
    }
    let log = place.write("decisions.jsonl", log);
    let arguments = ["policy", "replay", "--log", &log, "--policy", QUICKSTART];
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.stdout.starts_with("2 decisions would be decided otherwise\n"), "{}", ran.stdout);
    let told =
        "2  tightened: allow by old rule (tools[3].conditions[9]), workflow default -> deny by ";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    assert!(ran.stdout.contains("decisions.jsonl:2 "), "{}", ran.stdout);
    // No terminal, so no bar.
    assert_eq!(ran.stderr, "");
    let mut json = arguments.to_vec();
    json.extend(["--format", "json"]);
    let report = place.run(&json).json();
    assert_eq!((&report["same"], &report["changed"]), (&json!(2), &json!(2)));
    assert_eq!(report["groups"][0]["samples"][1]["line"], 3);
}

#[test]
fn what_a_policy_decided_it_decides_again() {
    let place = Place::new();
    let calls: Vec<String> = [20, 150, 900]
        .map(|amount| json!({ "tool": "refund", "args": { "order": "A-1", "amount": amount } }))
        .map(|call| call.to_string())
        .to_vec();
    let calls_file = place.write("calls.jsonl", calls.join("\n"));
    let decided = place.run(&["policy", "eval", QUICKSTART, "--calls", &calls_file]);
    let log: Vec<String> = calls
        .iter()
        .zip(decided.stdout.lines())
        .map(|(call, decision)| {
            let call = call.strip_suffix('}').expect("an object");
            format!("{call},\"decision\":{decision}}}")
        })
        .collect();
    let log = log.join("\n");
    let arguments = ["policy", "replay", "--log", "-", "--policy", QUICKSTART];
    let ran = place.run_with_input(&arguments, log.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.starts_with("nothing would be decided otherwise\n"), "{}", ran.stdout);
}

#[test]
fn bad_lines_stop_nothing_and_are_told_by_file_and_line() {
    let place = Place::new();
    let good = line(20, "allow");
    let log = place.write("log.jsonl", format!("{good}\n{{\"tool\": \"ref\nnonsense\n\n{good}\n"));
    let ran = place.run(&["policy", "replay", "--log", &log, "--policy", QUICKSTART]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("2 lines cannot be read"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("log.jsonl:2: ") && ran.stdout.contains("log.jsonl:3: "),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("replayed       2 decisions"), "{}", ran.stdout);
}

#[test]
fn masked_arguments_that_a_rule_reads_are_not_guessed() {
    let place = Place::new();
    let policy = place.write(
        "policy.yaml",
        "version: '1.0'\nmetadata: {name: p}\ntools:\n  - name: login\n    conditions:\n      - {name: weak, expression: args.password == 'hunter2', action: deny}\n",
    );
    let log = r#"{"tool": "login", "args": {"user": "ann", "password": "[redacted]"}, "decision": {"action": "allow", "reason": "no_rule_matched"}}"#;
    let log = place.write("log.jsonl", log);
    let ran = place.run(&["policy", "replay", "--log", &log, "--policy", &policy]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout.contains("1  `args.password` is masked, and the rule `weak` reads it"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_cannot_be_opened_is_told() {
    let ran = preloop(&["policy", "replay", "--log", "no-such.jsonl", "--policy", QUICKSTART]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("no-such.jsonl"), "{ran:?}");
    let ran = preloop(&["policy", "replay", "--log", "-", "--policy", "-"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_compressed_log_is_told_as_that() {
    let place = Place::new();
    let log = place.write("calls.jsonl.gz", [0x1f, 0x8b, 8, 0, 0, 0]);
    let ran = place.run(&["policy", "replay", "--log", &log, "--policy", QUICKSTART]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let expected = format!(
        "error: `{log}` is compressed with gzip\n\
         help: decompress it, or read it through a pipe: `gzip -dc {log} | preloop ...` with `-` as its name\n"
    );
    assert_eq!(ran.stderr, expected);
    let ran = place.run_with_input(&["policy", "eval", QUICKSTART, "--calls", "-"], &[0x1f, 0x8b]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("error: `<stdin>` is compressed with gzip\n"), "{ran:?}");
    assert!(ran.stderr.contains("help: decompress it first, such as by `gzip -dc`\n"), "{ran:?}");
}
