//! `preloop policy test`.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::support::{Place, Ran};

const POLICY: &str = "\
version: \"1.0\"
metadata: {name: shop}
tools:
  - name: refund
    conditions:
      - {name: big, expression: amount > 50, action: deny, message: too much}
";

const TESTS: &str = "\
tests:
  - {name: small, tool: refund, args: {amount: 50}, expect: allow}
  - name: big
    tool: refund
    expect: {action: deny, rule: big}
    cases:
      - {args: {amount: 51}}
      - {args: {amount: 50}}
  - {name: later, tool: refund, skip: \"not <yet>\", expect: deny}
";

/// A place with the policy of a shop and tests beside it.
fn shop(tests: &str) -> Place {
    let place = Place::new();
    place.write("shop.yaml", POLICY);
    place.write("shop_test.yaml", tests);
    place
}

/// Runs `policy test`.
fn test(place: &Place, arguments: &[&str]) -> Ran {
    place.run_inside(&[&["policy", "test"], arguments].concat())
}

#[test]
fn a_failed_case_is_shown_with_its_call_and_each_difference() {
    let ran = test(&shop(TESTS), &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (6, ""));
    assert_eq!(
        ran.stdout,
        "\
shop_test.yaml: 2 passed, 1 failed, 1 skipped
  failed  big / case 2  shop_test.yaml:8:9
    call              refund {\"amount\":50}
    action            expected deny, found allow
    rule              expected big, found no rule
  skipped later: not <yet>  shop_test.yaml:9:5
`--verbose` shows the rules of each failed case with the values that they saw
"
    );
}

#[test]
fn verbose_names_every_case_and_shows_the_values_that_rules_saw() {
    let ran = test(&shop(TESTS), &["--verbose"]);
    assert!(ran.stdout.contains("  passed  small  shop_test.yaml:2:5\n"), "{}", ran.stdout);
    let trace = ran.stdout.split("big / case 2").nth(1).expect("the failed case");
    for part in ["tools[0].conditions[0]", "amount > 50", "= 50", "did not match"] {
        assert!(trace.contains(part), "{part} in {trace}");
    }
}

#[test]
fn with_json_everything_is_in_the_result() {
    let ran = test(&shop(TESTS), &["shop.yaml", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (6, ""));
    let outcome = ran.json();
    assert_eq!(
        (&outcome["passed"], &outcome["failed"], &outcome["skipped"], &outcome["broken"]),
        (&json!(2), &json!(1), &json!(1), &json!(0))
    );
    let file = &outcome["files"][0];
    assert_eq!((&file["file"], &file["policy"]), (&json!("shop_test.yaml"), &json!("shop.yaml")));
    let failed = &file["cases"][2];
    assert_eq!((&failed["title"], &failed["line"]), (&json!("big / case 2"), &json!(8)));
    assert_eq!(
        failed["mismatches"],
        json!([
            {"field": "action", "expected": "deny", "found": "allow"},
            {"field": "rule", "expected": "big", "found": "no rule"},
        ])
    );
    assert_eq!(failed["decision"]["trace"][1]["value"], 50);
    assert_eq!(file["cases"][3]["skip"], "not <yet>");
}

#[test]
fn filters_choose_cases_and_a_slip_in_one_is_no_success() {
    let place = shop(TESTS);
    let ran = test(&place, &["--filter", "SMALL", "--filter", "case 1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "shop_test.yaml: 2 passed\n"));
    let ran = test(&place, &["--filter", "smal", "--filter", "shop_test"]);
    assert_eq!(ran.code, 6);
    let ran = test(&place, &["--filter", "smlal"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error: no case has `smlal` in its title"), "{}", ran.stderr);
}

#[test]
fn build_servers_get_their_form() {
    let place = shop(TESTS);
    place.write("other_test.yaml", "tests: [{nam: x}]");
    let ran = test(&place, &["--junit", "results.xml"]);
    assert_eq!(ran.code, 3);
    let script = "
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(*[root.get(name) for name in ('tests', 'failures', 'errors', 'skipped')])
for case in root.iter('testcase'):
    found = [(child.tag, child.get('message')) for child in case]
    print(case.get('classname'), '|', case.get('name'), '|', case.get('line'), '|', *found)
";
    let path = place.path("results.xml");
    let output = Command::new("python3").args(["-c", script]).arg(path).output().expect("python");
    assert_eq!(
        String::from_utf8(output.stdout).expect("text"),
        "\
5 1 1 1
other_test.yaml | the file can be run | None | ('error', 'the tests cannot be read')
shop_test.yaml | small | 2 |
shop_test.yaml | big / case 1 | 7 |
shop_test.yaml | big / case 2 | 8 | ('failure', 'action: expected deny, found allow')
shop_test.yaml | later | 9 | ('skipped', 'not <yet>')
"
    );
}

#[test]
fn a_broken_file_is_told_and_the_rest_runs() {
    let place = shop(TESTS);
    place.write("a_test.yaml", "tests:\n  - {name: x, tol: y, expect: allow}\n");
    place.write("b_test.yaml", "policy: none.yaml\ntests: [{name: x, tool: y, expect: allow}]\n");
    place.write("c_test.yaml", "tests: [{name: x, tool: y, expect: allow}]\n");
    place.write("bad.yaml", "version: '1.0'\nmetadata: {nam: x}\n");
    place.write("bad_test.yaml", "tests: [{name: x, tool: y, expect: allow}]\n");
    let ran = test(&place, &[]);
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("shop_test.yaml: 2 passed, 1 failed, 1 skipped\n"), "{ran:?}");
    assert!(ran.stdout.contains("5 files: 2 passed, 1 failed, 1 skipped, 4 files cannot be run\n"));
    for part in [
        "a_test.yaml:2:15: error: unknown key `tol` in a test",
        "help: did you mean `tool`?",
        "b_test.yaml: error: cannot read `none.yaml`: ",
        "c_test.yaml: error: the file does not say which policy it tests",
        "bad.yaml:2:12: error: unknown key `nam` in the metadata",
        "bad_test.yaml: error: the policy `bad.yaml` is not valid",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
}

#[test]
fn tests_of_a_folder_name_it_and_any_policy_can_be_put_in_its_place() {
    let place = Place::new();
    fs::create_dir(place.path("policy")).expect("a folder");
    place.write("policy/base.yaml", "version: \"1.0\"\nmetadata: {name: shop}\n");
    let (_, refunds) = POLICY.split_once("{name: shop}\n").expect("tools");
    place.write("policy/refunds.yaml", refunds);
    let tests = "policy: .\ntests: [{name: t, tool: refund, args: {amount: 51}, expect: deny}]\n";
    place.write("policy/refunds_test.yaml", tests);
    let ran = test(&place, &["policy"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "policy/refunds_test.yaml: 1 passed\n"));
    place.write("candidate.yaml", POLICY.replace("> 50", "> 60"));
    assert_eq!(test(&place, &["policy", "--policy", "candidate.yaml"]).code, 6);
    let ran = test(&place, &["policy", "--policy", "none.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: cannot read `none.yaml`"), "{}", ran.stderr);
}

#[test]
fn where_there_are_no_tests_that_is_said() {
    let place = Place::new();
    place.write("shop.yaml", POLICY);
    let ran = test(&place, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: no tests in `.`\n"), "{}", ran.stderr);
    let ran = test(&place, &["shop.yaml"]);
    assert!(ran.stderr.contains("there are no tests beside `shop.yaml`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("they stand in `shop_test.yaml`"), "{}", ran.stderr);
    let ran = test(&place, &["none_test.yaml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("cannot read `none_test.yaml`"), "{}", ran.stderr);
}

#[test]
fn tests_in_every_format_run_for_their_policy() {
    let place = shop(TESTS);
    let json = json!({"tests": [{"name": "more", "tool": "refund", "args": {"amount": 90}, "expect": "deny"}]});
    place.write("shop_test.json", json.to_string());
    let ran = test(&place, &["shop.yaml"]);
    assert!(ran.stdout.contains("shop_test.yaml: 2 passed, 1 failed, 1 skipped"), "{ran:?}");
    assert!(ran.stdout.contains("shop_test.json: 1 passed"), "{ran:?}");
}

#[test]
fn pipes_and_links_that_lead_back_are_told_and_not_followed() {
    let place = shop(TESTS);
    let made = Command::new("mkfifo").arg(place.path("pipe_test.yaml")).status();
    assert!(made.expect("mkfifo runs").success());
    let ran = test(&place, &["."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("pipe_test.yaml`: this is neither a file nor a folder"), "{ran:?}");
    fs::remove_file(place.path("pipe_test.yaml")).expect("no pipe");
    std::os::unix::fs::symlink(".", place.path("again")).expect("a link");
    let ran = test(&place, &["."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("again`: the link leads back to `"), "{ran:?}");
}

#[test]
fn a_tool_that_the_policy_does_not_know_is_doubted() {
    let ran = test(&shop("tests: [{name: t, tool: refnd, expect: allow}]"), &[]);
    assert_eq!(ran.code, 0);
    let warning = "    warning           no entry of the policy is for the tool `refnd`; did you mean `refund`?\n";
    assert!(ran.stdout.contains(warning), "{}", ran.stdout);
}

/// A log of decisions with a line that is half written and one that is no call.
fn log(place: &Place) -> String {
    let decision = |action: &str, rule: &serde_json::Value| {
        json!({
            "action": action, "reason": if rule.is_null() { "no_rule_matched" } else { "rule_matched" },
            "message": "", "rule": rule, "approval_workflow": null,
            "policy": {"name": "shop", "digest": "sha256:0"}, "errors": []
        })
    };
    let big = json!({"path": "tools[0].conditions[0]", "name": "big", "description": null, "expression": null});
    let line = |amount: i64, decision: serde_json::Value| {
        json!({"tool": "refund", "args": {"amount": amount}, "at": "2026-01-15T12:00:00Z", "decision": decision})
            .to_string()
    };
    let lines = [
        line(5, decision("allow", &json!(null))),
        line(5, decision("allow", &json!(null))),
        line(500, decision("deny", &big)),
        "{\"tool\": \"refund\", \"args\": {\"amo".to_owned(),
        String::new(),
        json!({"args": {}}).to_string(),
        json!({"tool": "refund", "args": {"amount": 51}}).to_string(),
    ];
    place.write("decisions.jsonl", lines.join("\n"))
}

#[test]
fn recorded_decisions_become_a_test_file_that_passes() {
    let place = Place::new();
    place.write("shop.yaml", POLICY);
    log(&place);
    fs::create_dir(place.path("tests")).expect("a folder");
    let record = ["--record", "decisions.jsonl", "--policy", "shop.yaml"];
    let ran = test(&place, &[&record[..], &["--output", "tests/recorded_test.yaml"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "bad lines are told: {}", ran.stderr);
    for part in [
        "decisions.jsonl:4: error: ",
        "decisions.jsonl:6: error: a call needs `tool`",
        "3 cases in tests/recorded_test.yaml from 6 lines of decisions.jsonl",
        "1 more are like them",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    let text = fs::read_to_string(place.path("tests/recorded_test.yaml")).expect("the tests");
    assert!(text.starts_with("# yaml-language-server: $schema=https://"), "{text}");
    assert!(text.contains("\npolicy: \"../shop.yaml\"\n"), "{text}");
    let ran = test(&place, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "tests/recorded_test.yaml: 3 passed\n"));
    let again = test(&place, &[&record[..], &["--output", "tests/recorded_test.yaml"]].concat());
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("`tests/recorded_test.yaml` is there already"), "{again:?}");
}

#[test]
fn recorded_tests_go_to_standard_output_or_into_the_result() {
    let place = Place::new();
    log(&place);
    let ran = test(&place, &["--record", "decisions.jsonl"]);
    assert!(ran.stdout.contains("      - name: deny by big\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("  1 left out: its decision is not recorded"), "{}", ran.stderr);
    let json = test(&place, &["--record", "decisions.jsonl", "--format", "json"]);
    assert_eq!(json.stderr, "");
    let result = json.json();
    assert_eq!(result["tests"], ran.stdout);
    assert_eq!((&result["cases"], &result["bad_lines"][0]["line"]), (&json!(2), &json!(4)));
    place.write("empty.jsonl", "");
    let ran = test(&place, &["--record", "empty.jsonl"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error: no case was found in `empty.jsonl`"), "{}", ran.stderr);
}
