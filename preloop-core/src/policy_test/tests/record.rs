//! Tests written from recorded decisions.

use super::*;

fn recorded(policy: &CompiledPolicy, calls: &[serde_json::Value]) -> Vec<CallRecord> {
    let decided = |call: &serde_json::Value| {
        let mut record = CallRecord::from_value(call.clone()).unwrap();
        let now = record.now.or(record.at);
        record.decision = Some(policy.evaluate(&Call { now, ..record.call() }).into_owned());
        record
    };
    calls.iter().map(decided).collect()
}

fn noon(amount: i64) -> serde_json::Value {
    json!({"tool": "refund", "args": {"amount": amount}, "now": "2026-01-15T12:00:00Z"})
}

#[test]
fn recorded_decisions_become_tests_that_pass() {
    let policy = policy();
    let calls = [
        noon(1),
        noon(1),
        noon(60),
        json!({"tool": "refund", "args": {"amount": "much"}, "now": "2026-01-15T12:00:00Z",
            "principal": {"id": "u1", "roles": ["a: b"]}, "justification": "it's \"so\"\n"}),
        json!({"tool": "refund", "args": {"amount": 2}, "at": "2026-01-15T01:00:00Z",
            "context": {"on": true, "yes": null, "2": [1.5, {"": "\u{7f}\u{2028}"}]}, "is_new": true,
            "session": {"id": "s", "calls": [{"tool": "t", "args": {"x": ""}, "action": "deny"}]}}),
        json!({"tool": "no: such, tool", "source": "mcp", "server": "b", "args": {"#": "- x", "~": "1e3"}}),
    ];
    let mut records = recorded(&policy, &calls);
    let mut recorder = Recorder::new(None, 10);
    let noted: Vec<Noted> = records.iter().map(|record| recorder.note(record)).collect();
    let (case, enough) = (Noted::Case, Noted::Enough);
    assert_eq!(noted, [case, enough, case, case, case, case]);
    let text = recorder.to_yaml(Some("../shop.yaml"), "decisions.jsonl");
    let tests = TestFile::parse(&text).unwrap_or_else(|report| panic!("{text}{report:#?}"));
    assert_eq!(tests.policy.as_deref(), Some("../shop.yaml"));
    assert_eq!(tests.cases.len(), 5);
    for case in &tests.cases {
        assert_eq!(run(case, &policy).status, Status::Passed, "{case} in {text}");
    }
    // Every call is written as it was.
    for record in &mut records {
        (record.now, record.at, record.decision) = (record.now.or(record.at), None, None);
        let same = |case: &&Case| case.record == *record;
        assert!(tests.cases.iter().any(|case| same(&case)), "{record:?} in {text}");
    }
}

#[test]
fn recorded_tests_are_grouped_by_tool_and_outcome() {
    let policy = policy();
    let mut recorder = Recorder::new(None, 2);
    for record in recorded(&policy, &[noon(60), noon(70), noon(80), noon(1)]) {
        recorder.note(&record);
    }
    assert_eq!(recorder.count(), 3);
    let expected = "\
description: \"What was decided in the log, written by `preloop policy test --record`\"

groups:
  - name: refund
    tool: refund
    tests:
      - name: allow no rule matched
        expect: {action: allow, reason: no_rule_matched}
        cases:
          - {args: {amount: 1}, now: \"2026-01-15T12:00:00Z\"}
      - name: require_approval by big
        expect: {action: require_approval, reason: rule_matched, rule: big}
        cases:
          - {args: {amount: 60}, now: \"2026-01-15T12:00:00Z\"}
          - {args: {amount: 70}, now: \"2026-01-15T12:00:00Z\"}
";
    let text = recorder.to_yaml(None, "the log");
    let (schema, text) = text.split_once('\n').unwrap();
    assert_eq!(schema, format!("# yaml-language-server: $schema={TEST_SCHEMA_ADDRESS}"));
    assert_eq!(text, expected);
}

#[test]
fn what_no_test_could_repeat_is_left_out() {
    let policy = policy();
    let mut recorder = Recorder::new(None, 10);
    let mut left_out =
        |call: serde_json::Value| match recorder.note(&CallRecord::from_value(call).unwrap()) {
            Noted::LeftOut(why) => why,
            noted => panic!("{noted:?}"),
        };
    assert!(left_out(noon(1)).contains("no policy is given"));
    assert!(left_out(json!({"tool": " x "})).contains("no name"));
    let mut masked = recorded(&policy, &[noon(60)]).remove(0);
    masked.args = json!({"amount": "[redacted]"});
    let line = serde_json::to_value(&masked).unwrap();
    assert_eq!(left_out(line.clone()), "its arguments are masked");
    let mut granted = line;
    granted["decision"]["reason"] = json!("granted");
    assert!(left_out(granted).contains("something else than the policy"));

    // With the policy at hand, a mask that changes nothing does no harm, and it decides what was not recorded.
    let mut recorder = Recorder::new(Some(&policy), 10);
    let mut unread = recorded(&policy, &[noon(60)]).remove(0);
    unread.args = json!({"amount": 60, "token": "[redacted]"});
    assert_eq!(recorder.note(&unread), Noted::Case);
    assert_eq!(recorder.note(&CallRecord::from_value(noon(1)).unwrap()), Noted::Case);
    assert_eq!(recorder.note(&masked), Noted::LeftOut("its arguments are masked"));
}

/// What a recorder writes of the calls, and what it says of each of them.
fn written(calls: &[serde_json::Value], cases_max: usize) -> (TestFile, Vec<Noted>) {
    let policy = policy();
    let mut recorder = Recorder::new(Some(&policy), cases_max);
    let note = |call: &serde_json::Value| {
        recorder.note(&CallRecord::from_value(call.clone()).unwrap_or_else(|e| panic!("{e:?}")))
    };
    let noted = calls.iter().map(note).collect();
    let text = recorder.to_yaml(None, "the log");
    (TestFile::parse(&text).unwrap_or_else(|report| panic!("{text:.2000}{report:#?}")), noted)
}

#[test]
fn a_recorded_call_that_no_test_file_holds_spoils_no_other() {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    let calls = [
        noon(1),
        json!({"tool": "t", "args": {"deep": deep}}),
        json!({"tool": "t", "principal": {"id": "p", "roles": ["two\nlines"]}}),
        json!({"tool": "t", "principal": {"id": "p", "teams": [""]}}),
        json!({"tool": "t", "source": " x "}),
        json!({"tool": "t", "session": {"calls": [{"tool": "x", "action": "thrown"}]}}),
        json!({"tool": "t", "session": {"id": "s", "calls": [{"tool": "x"}]}, "principal": {"id": "q"}}),
    ];
    let (file, noted) = written(&calls, 10);
    let is_left_out =
        |noted: &Noted| matches!(noted, Noted::LeftOut(why) if why.contains("cannot hold"));
    let left_out: Vec<bool> = noted.iter().map(is_left_out).collect();
    assert_eq!(left_out, [false, true, true, true, true, true, false], "{noted:?}");
    assert_eq!(file.cases.len(), 2);
}

#[test]
fn recorded_tests_that_would_be_called_alike_are_told_apart() {
    let long = "x".repeat(300);
    let decided = |rule: String| {
        let rule = json!({"path": "tools[0].conditions[0]", "name": rule, "description": null, "expression": "x"});
        json!({"tool": "refund", "args": {}, "decision": {
            "action": "deny", "reason": "rule_matched", "message": "", "rule": rule,
            "approval_workflow": null, "policy": {"name": "p", "digest": "d"}, "errors": []}})
    };
    let calls = [
        json!({"tool": "a of b"}),
        json!({"tool": "a", "source": "b"}),
        json!({"tool": "a", "server": "b"}),
        decided(format!("{long}1")),
        decided(format!("{long}2")),
    ];
    assert_eq!(written(&calls, 10).0.cases.len(), 5);
}

#[test]
fn a_recorded_file_is_never_larger_than_is_read() {
    let text = "x".repeat(100_000);
    let call = |n: usize| json!({"tool": "t", "args": {"text": text, "n": n}});
    let calls: Vec<serde_json::Value> = (0..12).map(call).collect();
    let (file, noted) = written(&calls, 100);
    assert!((5..12).contains(&file.cases.len()));
    assert_eq!(noted[11], Noted::LeftOut("the test file is as large as one may be"));

    // Nobody of whom no call was taken is a fixture.
    let policy = policy();
    let mut recorder = Recorder::new(Some(&policy), 1);
    for id in ["first", "second"] {
        let call = json!({"tool": "t", "principal": {"id": id}});
        recorder.note(&CallRecord::from_value(call).unwrap());
    }
    let text = recorder.to_yaml(None, "the log");
    assert!(text.contains("first") && !text.contains("second"), "{text}");
}
