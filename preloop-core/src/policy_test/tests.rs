//! Reading of test files, and what a run says of each case.

use serde_json::json;

use super::*;
use crate::compile::CompiledPolicy;
use crate::decision::{Action, Reason};
use crate::parse::Keyword as _;
use crate::validate::ValidPolicy;

const POLICY: &str = "
version: '1.0'
metadata: {name: shop}
approval_workflows: [{name: managers}]
tools:
  - name: refund
    conditions:
      - {name: night, expression: now.getHours() < 6, action: deny, message: the office is closed}
      - {name: big, expression: amount > 50, approval_workflow: managers}
      - {expression: \"'admin' in principal.roles\", condition_type: cel, action: allow}
";

const TESTS: &str = "\
policy: shop.yaml
description: what the shop allows
fixtures:
  principals:
    clerk: {id: u1, kind: user, name: Clerk, roles: [clerk], teams: [shop]}
  sessions:
    busy: {id: s1, calls: [{tool: refund, args: {amount: 5}, action: allow, at: '2026-01-15T09:00:00Z'}]}
  contexts:
    live: {environment: production, region: eu}
defaults: {tool: refund, now: '2026-01-15T12:00:00Z', principal: clerk, args: {order: A-1, amount: 5}}
tests:
  - name: small ones run
    expect: allow
  - name: by amount
    context: live
    session: busy
    expect: require_approval
    cases:
      - {args: {amount: 51}}
      - {name: huge, args: {amount: 5000}, context: {region: us}, expect: {rule: big, approval_workflow: managers}}
groups:
  - name: hours
    now: '2026-01-15T03:00:00Z'
    expect: {action: deny, reason: rule_matched, rule: night, message: the office is closed, message_contains: closed}
    tests:
      - {name: at night}
      - {name: not yet, skip: the hours change in March}
";

fn policy() -> CompiledPolicy {
    CompiledPolicy::compile(ValidPolicy::parse(POLICY).unwrap())
}

fn file(text: &str) -> TestFile {
    TestFile::parse(text).unwrap_or_else(|report| panic!("{report:#?}"))
}

/// Each error as `line:column path: message (help)`.
fn errors(text: &str) -> Vec<String> {
    let report = TestFile::parse(text).unwrap_err();
    let line = |error: &crate::Diagnostic| {
        let place = (error.line.unwrap_or(0), error.column.unwrap_or(0));
        let help = error.help.as_deref().unwrap_or_default();
        format!("{}:{} {}: {} ({help})", place.0, place.1, error.path, error.message)
    };
    report.errors.iter().map(line).collect()
}

#[test]
fn groups_tables_and_fixtures_are_written_into_each_case() {
    let file = file(TESTS);
    assert_eq!(file.policy.as_deref(), Some("shop.yaml"));
    let titles: Vec<String> = file.cases.iter().map(Case::title).collect();
    assert_eq!(
        titles,
        [
            "small ones run",
            "by amount / case 1",
            "by amount / huge",
            "hours / at night",
            "hours / not yet"
        ]
    );
    assert_eq!(
        serde_json::to_value(&file.cases[2].record).unwrap(),
        json!({
            "tool": "refund", "args": {"order": "A-1", "amount": 5000},
            "principal": {"id": "u1", "kind": "user", "name": "Clerk", "roles": ["clerk"], "teams": ["shop"]},
            "session": {"id": "s1", "calls": [
                {"tool": "refund", "source": "", "args": {"amount": 5}, "action": "allow", "at": "2026-01-15T09:00:00Z"}
            ]},
            "context": {"environment": "production", "region": "us"},
            "now": "2026-01-15T12:00:00Z"
        })
    );
    assert_eq!(file.cases[1].expectation.action, Some(Action::RequireApproval));
    assert_eq!(file.cases[2].expectation.action, None, "what a case expects stands alone");
    assert_eq!((file.cases[2].place.line, file.cases[2].place.column), (20, 9));
    assert_eq!(file.cases[4].skip.as_deref(), Some("the hours change in March"));
}

#[test]
fn cases_pass_fail_and_are_skipped() {
    let policy = policy();
    let results: Vec<CaseResult> =
        file(TESTS).cases.iter().map(|case| run(case, &policy)).collect();
    let statuses: Vec<Status> = results.iter().map(|result| result.status).collect();
    let passed = Status::Passed;
    assert_eq!(statuses, [passed, passed, passed, passed, Status::Skipped]);
    assert!(results.iter().all(|result| result.decision.is_none() && result.warning.is_none()));
}

#[test]
fn a_failure_says_each_difference_and_traces_the_rules() {
    let tests = "
tests:
  - name: wrong in every way
    tool: refund
    args: {amount: 60}
    now: '2026-01-15T12:00:00Z'
    expect:
      action: deny
      reason: condition_error
      rule: bgi
      message: m
      message_contains: xyz
      approval_workflow: w
";
    let result = run(&file(tests).cases[0], &policy());
    assert_eq!(result.status, Status::Failed);
    let found: Vec<(&str, &str, &str)> = result
        .mismatches
        .iter()
        .map(|m| (m.field, m.expected.as_str(), m.found.as_str()))
        .collect();
    let message = result.decision.as_ref().unwrap().message.as_str();
    assert_eq!(
        found,
        [
            ("action", "deny", "require_approval"),
            ("reason", "condition_error", "rule_matched"),
            ("rule", "bgi", "big"),
            ("message", "m", message),
            ("message_contains", "xyz", message),
            ("approval_workflow", "w", "managers"),
        ]
    );
    assert_eq!(
        result.mismatches[2].help.as_deref(),
        Some("the policy has no rule with the name `bgi`; did you mean `big`?")
    );
    let trace = result.decision.unwrap().trace.unwrap();
    assert!(
        trace.iter().any(|item| item.expression.as_deref() == Some("amount > 50")),
        "{trace:?}"
    );
}

#[test]
fn a_rule_is_expected_by_its_name_or_its_path() {
    let case = |rule: &str| {
        let tests = format!(
            "tests: [{{name: t, tool: refund, args: {{amount: 1}}, principal: {{roles: [admin]}},
             now: '2026-01-15T12:00:00Z', expect: {{rule: '{rule}'}}}}]"
        );
        run(&file(&tests).cases[0], &policy())
    };
    assert_eq!(case("tools[0].conditions[2]").status, Status::Passed);
    let other = case("tools[0].conditions[1]");
    assert_eq!(
        (other.mismatches[0].found.as_str(), &other.mismatches[0].help),
        ("tools[0].conditions[2]", &None)
    );
}

#[test]
fn a_tool_that_no_entry_is_for_is_doubtful() {
    let case = |expect: &str| {
        let tests = format!("tests: [{{name: t, tool: refnd, expect: {expect}}}]");
        run(&file(&tests).cases[0], &policy())
    };
    let result = case("allow");
    assert_eq!(result.status, Status::Passed);
    assert_eq!(
        result.warning.as_deref(),
        Some("no entry of the policy is for the tool `refnd`; did you mean `refund`?")
    );
    assert_eq!(case("{action: allow, reason: unknown_tool}").warning, None);
}

#[test]
fn time_is_only_what_the_test_says() {
    let tests =
        "tests: [{name: t, tool: refund, args: {amount: 1}, expect: {reason: condition_error}}]";
    assert_eq!(run(&file(tests).cases[0], &policy()).status, Status::Passed);
}

#[test]
fn every_problem_of_a_file_is_told_with_its_place() {
    let text = "\
polcy: x
fixtures: {principals: {alice: {rols: []}}, sessions: []}
tests:
  - name: a
    tol: refund
    principal: alcie
    context: none
    now: noon
    expect: denied
  - tool: x
    expect: {}
  - name: b
    cases: []
  - name: c
    tool: x
    cases:
      - {args: [1], expect: {reson: x}}
groups:
  - name: g
    description: nothing in it
";
    assert_eq!(
        errors(text),
        [
            "1:1 polcy: unknown key `polcy` in the test file (did you mean `policy`?)",
            "2:33 fixtures.principals.alice.rols: unknown key `rols` in a principal (did you mean `roles`?)",
            "2:55 fixtures.sessions: a mapping from names to fixtures is wanted, found a list (write `{name: value}`)",
            "5:5 tests[0].tol: unknown key `tol` in a test (did you mean `tool`?)",
            "6:16 tests[0].principal: a principal is wanted that `fixtures.principals` defines, found the text `alcie` (did you mean `alice`?)",
            "7:14 tests[0].context: a context is wanted that `fixtures.contexts` defines, found the text `none` (define it in `fixtures.contexts`, or write the context out)",
            "8:10 tests[0].now: an instant is wanted, found the text `noon` (write it with its offset, as in `2026-01-31T12:00:00Z`)",
            "9:13 tests[0].expect: one of `allow`, `deny`, `require_approval` is wanted, found the text `denied` ()",
            "10:5 tests[1].name: the test has no `name` (add `name`)",
            "11:13 tests[1].expect: nothing is expected (add `action`)",
            "12:5 tests[2].cases: the list of cases is empty (add a case)",
            "17:16 tests[3].cases[0].args: a mapping from names to values is wanted, found a list (write `{name: value}`)",
            "17:30 tests[3].cases[0].expect.reson: unknown key `reson` in the expectation (did you mean `reason`?)",
            "17:37 tests[3].cases[0].expect.reason: one of `rule_matched`, `tool_default`, `no_rule_matched`, `unknown_tool`, `new_tool`, `tool_disabled`, `justification_required`, `condition_error`, `invalid_call`, `evidence_missing`, `granted`, `halted`, `policy_unavailable`, `policy_stale` is wanted, found the text `x` ()",
            "19:5 groups[0].tests: the group has no `tests` (add `tests`)",
        ]
    );
}

#[test]
fn what_is_no_test_file_is_refused() {
    assert_eq!(errors(""), ["1:1 : the test file is empty (begin with `tests:`)"]);
    assert_eq!(errors("policy: x"), ["1:1 tests: the test file has no `tests` (add `tests`)"]);
    assert_eq!(errors("tests: []"), ["1:1 tests: the test file has no `tests` (add `tests`)"]);
    assert_eq!(
        errors("groups: [{name: g, tests: }]"),
        ["1:10 groups[0].tests: the group has no `tests` (add `tests`)"]
    );
    assert_eq!(
        errors("[]"),
        [
            "1:1 : the test file is a mapping, found a list (it has `policy`, `description`, `fixtures`, `defaults`, `groups`, `tests`)"
        ]
    );
    assert_eq!(
        errors("tests:\n- {name: a}\n- {name: b, tool: t}\n"),
        [
            "2:3 tests[0].tool: the test has no `tool` (add `tool`)",
            "2:3 tests[0].expect: the test has no `expect` (add `expect`)",
            "3:3 tests[1].expect: the test has no `expect` (add `expect`)",
        ]
    );
    assert_eq!(
        errors("tests:\n- {name: a, tool: t, expect: deny}\n- {name: a, tool: u, expect: deny}\n"),
        ["3:10 : another test is called `a` as well (it stands at 2:3; rename one)"]
    );
}

#[test]
fn reasons_are_read_as_they_are_written() {
    assert!(Reason::WORDS.iter().all(|(word, reason)| *word == reason.as_str()));
}

#[test]
fn json_is_read_as_well() {
    let text = r#"{"tests": [{"name": "t", "tool": "x", "args": {"n": 1}, "expect": "allow"}]}"#;
    assert_eq!(file(text).cases[0].record.args, json!({"n": 1}));
}

/// Recorded lines with the policy's own decisions.
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

#[test]
fn null_expects_that_there_is_none() {
    let text = "\
defaults: {tool: refund, now: '2026-01-15T12:00:00Z'}
tests:
  - {name: none, args: {amount: 1}, expect: {rule: null, approval_workflow: ~}}
  - {name: some, args: {amount: 60}, expect: {rule: null, approval_workflow: ~}}
";
    let (policy, file) = (policy(), file(text));
    assert_eq!(run(&file.cases[0], &policy).status, Status::Passed);
    let found = run(&file.cases[1], &policy).mismatches;
    let found: Vec<_> =
        found.iter().map(|m| (m.field, m.expected.as_str(), m.found.as_str())).collect();
    let expected = [("rule", "no rule", "big"), ("approval_workflow", "no workflow", "managers")];
    assert_eq!(found, expected);
}

#[test]
fn a_blank_reason_or_expectation_is_refused() {
    let text = "\
defaults: {tool: refund}
tests:
  - {name: a, skip: '', expect: deny}
  - {name: b, skip: , expect: deny}
  - {name: c, expect: {action: deny, message_contains: ' '}}
  - {name: d, expect: {rule: ''}}
";
    let about = "(write it, or remove the key)";
    assert_eq!(
        errors(text),
        [
            "3:21 tests[0].skip: `skip` says nothing (say why it is not run)".to_owned(),
            "4:19 tests[1].skip: `skip` says nothing (say why it is not run)".to_owned(),
            format!(
                "5:56 tests[2].expect.message_contains: `message_contains` says nothing {about}"
            ),
            format!("6:30 tests[3].expect.rule: `rule` says nothing {about}"),
        ]
    );
}

#[test]
fn the_schema_describes_every_field() {
    fn check(value: &serde_json::Value) {
        for (name, property) in value["properties"].as_object().into_iter().flatten() {
            assert_ne!(property["description"], "", "{name}");
        }
        match value {
            serde_json::Value::Object(members) => members.values().for_each(check),
            serde_json::Value::Array(items) => items.iter().for_each(check),
            _ => {}
        }
    }
    let schema = schema();
    check(&schema);
    assert_eq!(schema["properties"]["tests"]["items"]["properties"]["tool"]["type"], "string");
}
