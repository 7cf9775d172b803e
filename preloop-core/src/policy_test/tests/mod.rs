//! Reading of test files, and what a run says of each case.

mod record;

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
