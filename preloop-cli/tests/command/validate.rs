//! `preloop policy validate`.

use serde_json::json;

use crate::support::{Place, preloop};

const BROKEN: &str = "\
version: \"1.0\"
metadata:
  name: broken
tools:
  - name: bash
    approval_workflow: nonexistent
  - name: refund
    conditions:
      - expression: args.amount >
        acton: deny
";

#[test]
fn every_error_is_said_with_its_place_and_the_exit_code_is_three() {
    let place = Place::new();
    let file = place.write("policy.yaml", BROKEN);
    let ran = place.run(&["policy", "validate", &file]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.contains(&format!(
            "{file}:6:24: error: Tool 'bash' references unknown approval workflow 'nonexistent' ["
        )),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains(&format!("{file}:10:9: error: unknown key `acton`")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("help: did you mean `action`?"), "{}", ran.stderr);
    let expression = format!("{file}:9:34: error: the expression ends where a value is expected");
    assert!(ran.stderr.contains(&expression), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn with_json_the_report_is_on_standard_output() {
    let place = Place::new();
    let file = place.write("policy.yaml", BROKEN);
    let ran = place.run(&["policy", "validate", &file, "--format", "json"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.stderr, "");
    let report = ran.json();
    assert_eq!(report["is_valid"], false);
    let error = &report["errors"][0];
    assert_eq!(error["path"], "tools[0].approval_workflow");
    assert_eq!((&error["line"], &error["column"]), (&json!(6), &json!(24)));
    for member in ["message", "code", "help"] {
        assert!(error[member].is_string(), "{error}");
    }
    assert_eq!(report["warnings"], json!([]));
}

#[test]
fn several_documents_are_checked_and_one_broken_is_enough() {
    let place = Place::new();
    let good = place.write("good.yaml", "version: \"1.0\"\nmetadata: {name: good}\n");
    let bad = place.write("bad.json", "{\"version\": \"1.0\"}");
    let ran = place.run(&["policy", "validate", &good, &bad]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.stdout, format!("{good}: valid\n"));
    assert!(ran.stderr.contains(&format!("{bad}: invalid, 1 error")), "{}", ran.stderr);
    let both = place.run(&["--format", "json", "policy", "validate", &good, &bad]).json();
    assert_eq!(both["is_valid"], false);
    assert_eq!(both["files"][0]["is_valid"], true);
    assert_eq!(both["files"][1]["file"], bad);
}

#[test]
fn a_program_that_a_local_file_starts_is_no_surprise() {
    let place = Place::new();
    let text = "version: '1.0'\nmetadata: {name: p}\nmcp_servers: [{name: s, transport: stdio, command: npx}]\n";
    let file = place.write("policy.yaml", text);
    let ran = place.run(&["policy", "validate", &file]);
    assert_eq!((ran.code, ran.stdout), (0, format!("{file}: valid\n")));
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_document_is_read_from_standard_input() {
    let ran = Place::new().run_with_input(&["policy", "validate", "-"], b"");
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.starts_with("<stdin>"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the document is empty"), "{}", ran.stderr);
}

#[test]
fn a_document_that_is_too_large_is_refused() {
    let text = format!("# {}\n", "x".repeat(2 * 1024 * 1024));
    let ran = Place::new().run_with_input(&["policy", "validate", "-"], text.as_bytes());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
}

#[test]
fn a_file_that_is_not_there_is_a_failure() {
    let ran = preloop(&["policy", "validate", "nowhere.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: cannot read `nowhere.yaml`: "), "{}", ran.stderr);
    let ran = preloop(&["policy", "validate", "nowhere.yaml", "--format=json"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.json()["error"]["code"], "unreadable_file");
}

#[test]
fn wrong_usage_is_said_in_the_format_asked_for() {
    let ran = preloop(&["policy", "validate"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout, "");
    let ran = preloop(&["policy", "validte", "--format", "json"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.json()["error"]["code"], "usage");
    let ran = preloop(&["policy", "validate", "--format", "json"]);
    let message = ran.json()["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("<POLICY>"), "what is missing is named: {message}");
}

const FLAT: &str = "\
name: refunds
denied_actions: [drop_table]
require_approval: true
approval_actions: [issue_refund]
approval_threshold_usd: 200
";

#[test]
fn flat_policies_are_taken_wherever_a_policy_is() {
    let place = Place::new();
    let flat = place.write("flat.yaml", FLAT);
    let ran = place.run(&["policy", "validate", &flat]);
    assert_eq!((ran.code, ran.stdout), (0, format!("{flat}: valid\n")));
    assert_eq!(place.run(&["policy", "lint", &flat]).code, 0);
    let decide = |tool: &str, arguments: &str| {
        place.run(&["policy", "eval", &flat, "--tool", tool, "--args", arguments]).code
    };
    assert_eq!(decide("issue_refund", r#"{"amount_usd": 100}"#), 0);
    assert_eq!(decide("issue_refund", r#"{"amount_usd": 201}"#), 5);
    assert_eq!(decide("drop_table", "{}"), 4);
    let other = place.write("other.yaml", FLAT.replace("200", "500"));
    let ran = place.run(&["policy", "diff", &flat, &other, "--fail-on", "loosened"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.stdout.starts_with("loosened: "), "{ran:?}");
}

#[test]
fn what_is_wrong_with_a_flat_policy_is_told_in_its_place() {
    let place = Place::new();
    let flat = place.write("flat.yaml", FLAT.replace("denied_actions", "denied_action"));
    let ran = place.run(&["policy", "validate", &flat]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains(&format!("{flat}:2:1: error: ")), "{ran:?}");
    assert!(ran.stderr.contains("help: did you mean `denied_actions`?"), "{ran:?}");
    let both = format!("allowed_actions: [drop_table, issue_refund]\n{FLAT}");
    let both = place.write("both.yaml", both);
    let ran = place.run(&["policy", "validate", &both, "--format", "json"]);
    let report = ran.json();
    assert_eq!((ran.code, &report["is_valid"]), (0, &json!(true)));
    assert_eq!(report["warnings"][0]["line"], 1, "{report}");
    let mixed = place.write("mixed.yaml", format!("version: \"1.0\"\n{FLAT}"));
    assert_eq!(place.run(&["policy", "validate", &mixed]).code, 3);
}
