//! What is counted, and where it is said to stand.

#![expect(clippy::disallowed_methods, reason = "the calls of the conformance suite are files")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::call::CallRecord;
use crate::parse::parse_value;
use crate::validate::ValidPolicy;

fn covered(text: &str, calls: &[Value]) -> CoverageReport {
    let valid = ValidPolicy::parse(text).unwrap_or_else(|report| panic!("{report:#?}"));
    let document = valid.document().clone();
    let policy = CompiledPolicy::compile(valid);
    let mut coverage = Coverage::new(&policy, &document);
    for call in calls {
        coverage.record(&CallRecord::from_value(call.clone()).unwrap().call());
    }
    coverage.report()
}

const POLICY: &str = "version: '1.0'
metadata: {name: x}
tools:
  - name: pay
    justification: required
    conditions:
      - name: big
        expression: args.amount > 500 || args.urgent
        action: deny
      - expression: 'args.to.endsWith(''@a'')'
        enabled: false
      - expression: |
          args.to == 'x'
            && args.amount > 5
  - name: off
    enabled: false
  - name: free
  - name: all
    conditions:
      - action: allow
defaults:
  unknown_tools: deny
  require_approval_for_new_tools: true
";

#[test]
fn nothing_is_covered_by_no_calls() {
    let report = covered(POLICY, &[]);
    let share = |seen, all| Share { seen, all };
    assert_eq!(report.tally.rules, share(0, 3));
    assert_eq!(report.tally.branches, share(0, 12));
    // Not justified, no rule matched; disabled; the default of `free`; unknown and new tools.
    assert_eq!(report.tally.outcomes, share(0, 6));
    assert_eq!(report.tally.total, share(0, 19));
    assert_eq!(report.tally.total.percent(), "0 %");
    let places: Vec<(u32, u32, u32, u32)> = report.tools[0]
        .rules
        .iter()
        .flat_map(|rule| &rule.parts)
        .map(|part| &part.place)
        .map(|place| (place.line, place.column, place.end_line, place.end_column))
        .collect();
    assert_eq!(
        places,
        [
            (8, 21, 8, 53),
            (8, 21, 8, 38),
            (8, 42, 8, 53),
            (13, 11, 14, 31),
            (13, 11, 13, 25),
            (14, 16, 14, 31),
        ]
    );
}

#[test]
fn calls_are_counted_where_they_come_by() {
    let why = "because";
    let report = covered(
        POLICY,
        &[
            json!({"tool": "pay", "args": {"amount": 900}, "justification": why}),
            json!({"tool": "pay", "args": {"amount": 9, "urgent": false, "to": "x"}, "justification": why}),
            json!({"tool": "pay", "args": {"amount": 9, "urgent": false, "to": "y"}, "justification": why}),
            json!({"tool": "pay", "args": {"amount": 9}, "justification": why}),
            json!({"tool": "pay", "args": {"amount": 9}}),
            json!({"tool": "off"}),
            json!({"tool": "free"}),
            json!({"tool": "all"}),
            json!({"tool": "other", "is_new": true}),
            json!({"tool": "free", "is_new": true}),
        ],
    );
    let pay = &report.tools[0];
    let counts: Vec<_> = pay
        .rules
        .iter()
        .map(|rule| (rule.enabled, rule.reached, rule.matched, rule.not_matched, rule.failed))
        .collect();
    assert_eq!(counts, [(true, 4, 1, 2, 1), (false, 0, 0, 0, 0), (true, 2, 1, 1, 0)]);
    let parts: Vec<_> = pay.rules[0]
        .parts
        .iter()
        .map(|part| (part.expression.as_str(), part.held, part.did_not_hold, part.failed))
        .collect();
    assert_eq!(
        parts,
        [
            ("args.amount > 500 || args.urgent", 1, 2, 1),
            ("args.amount > 500", 1, 3, 0),
            ("args.urgent", 0, 2, 1),
        ]
    );
    let outcomes: Vec<(Outcome, u64)> = report
        .tools
        .iter()
        .flat_map(|tool| &tool.outcomes)
        .chain(&report.defaults)
        .map(|outcome| (outcome.outcome, outcome.calls))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Outcome::JustificationRequired, 1),
            (Outcome::NoRuleMatched, 1),
            (Outcome::ToolDisabled, 1),
            (Outcome::ToolDefault, 2),
            (Outcome::UnknownTool, 1),
            (Outcome::NewTool, 1),
        ]
    );
    assert_eq!(report.tally.total, Share { seen: 17, all: 19 });
    assert_eq!(report.tally.total.percent(), "89.4 %");
    assert_eq!(report.tally.rules, Share { seen: 3, all: 3 });
}

#[test]
fn a_share_is_whole_only_when_all_was_seen() {
    assert_eq!(Share { seen: 9_999, all: 10_000 }.percent(), "99.9 %");
    assert_eq!(Share { seen: 7, all: 7 }.percent(), "100 %");
    assert_eq!(Share { seen: 0, all: 0 }.percent(), "100 %");
}

/// Calls for which each part of the expression is looked at.
#[test]
fn every_part_that_is_listed_is_seen() {
    for (expression, args) in [
        ("args.a > 1 && args.b < 2 && args.c", json!({"a": 5, "b": 1, "c": true})),
        ("args.a > 1 && args.a < 9 && args.a != 4", json!({"a": 5})),
        ("args.a == 'x' || args.a == 'y' || args.a == 'z'", json!({"a": "q"})),
        ("!(args.a && !args.b) || has(args.c)", json!({"a": true, "b": false})),
        ("args.a ? args.b == 1 : false", json!({"a": true, "b": 1})),
        (
            "args.a.contains('x') && args.a.matches('x+') && args.a.endsWith('x')",
            json!({"a": "xx"}),
        ),
        ("args.a.startsWith(args.b) && args.a in ['ab', 'b']", json!({"a": "ab", "b": "a"})),
        ("args.l.all(x, x > 1 || x == 0) && args.l.exists_one(x, x == 0)", json!({"l": [0, 5]})),
        (
            "args.l.filter(x, x > 1 && x < 9).size() > 1 && args.m.a == 1",
            json!({"l": [5, 6], "m": {"a": 1}}),
        ),
        ("args.l.map(x, x > 1, x * 2) == [4] && size(args.l) == 1", json!({"l": [2]})),
        ("cel.bind(n, args.a + 1, n > 1 && n < 5)", json!({"a": 1})),
        ("args.l.exists(i, x, i == 0 && x == 'a')", json!({"l": ["a"]})),
        ("args.?a.orValue(3) == 3 && args.?b.hasValue()", json!({"b": 1})),
        ("true && args.a && (false || args.b)", json!({"a": true, "b": true})),
        ("args['a'] == 1 && 'b' in args && args.exists(k, k == 'b')", json!({"a": 1, "b": 1})),
        (
            "tool.name == 't' && args.r.exists(r, r == 'x') == true && session.calls.size() == 0",
            json!({"r": ["x"]}),
        ),
        ("dyn(args.a) && (dyn(args.b) == 1)", json!({"a": true, "b": 1})),
        ("(args.a == 1) == (args.b == 2)", json!({"a": 1, "b": 2})),
    ] {
        let policy = json!({
            "version": "1.0", "metadata": {"name": "x"},
            "tools": [{"name": "t", "conditions": [{"expression": expression}]}],
        });
        let report = covered(&policy.to_string(), &[json!({"tool": "t", "args": args})]);
        let parts = &report.tools[0].rules[0].parts;
        assert!(parts.len() > 1, "{expression}");
        for part in parts {
            let seen = part.held + part.did_not_hold + part.failed;
            assert!(seen > 0, "{expression}: `{}` is never seen", part.expression);
        }
    }
}

#[test]
fn long_lists_are_followed_to_their_end() {
    let policy = "version: '1.0'\nmetadata: {name: x}\ntools: [{name: t, conditions: [{expression: \
                  \"args.l.all(x, x > 1) && args.b\"}]}]\n";
    let call = json!({"tool": "t", "args": {"l": vec![2; 5_000], "b": true}});
    let report = covered(policy, &[call]);
    let seen: Vec<u64> = report.tools[0].rules[0].parts.iter().map(|part| part.held).collect();
    assert_eq!(seen, [1, 1, 1, 1]);
}

/// The calls of the conformance suite go where evaluation says they went.
#[test]
fn coverage_agrees_with_the_decision() {
    let mut compared = 0;
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/decisions")) {
        let value = parse_value(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let Some(policy) = value.get("policy") else { continue };
        for case in value["cases"].as_array().unwrap() {
            let (None, Some(call)) = (case.get("schema"), case.get("call")) else { continue };
            let Ok(record) = CallRecord::from_value(call.clone()) else { continue };
            let report = covered(&policy.to_string(), std::slice::from_ref(call));
            let valid = ValidPolicy::parse(&policy.to_string()).unwrap();
            let policy = CompiledPolicy::compile(valid);
            let decision = policy.evaluate(&record.call());
            let rules = || report.tools.iter().flat_map(|tool| &tool.rules);
            compared += 1;
            match (decision.reason, &decision.rule) {
                (Reason::RuleMatched, Some(rule)) => {
                    let found = rules().find(|seen| seen.path == rule.path);
                    assert_eq!(
                        found.map(|seen| seen.matched),
                        Some(1),
                        "{}: {case}",
                        file.display()
                    );
                }
                (Reason::ConditionError, Some(rule)) => {
                    let found = rules().find(|seen| seen.path == rule.path);
                    assert_eq!(
                        found.map(|seen| seen.failed),
                        Some(1),
                        "{}: {case}",
                        file.display()
                    );
                }
                (Reason::UnknownTool, _) => assert_eq!(report.defaults[0].calls, 1),
                _ => assert!(rules().all(|rule| rule.matched == 0) || decision.rule.is_none()),
            }
            // Where the whole of a condition was true, its rule matched, and the other way about.
            for rule in rules().filter(|rule| !rule.parts.is_empty()) {
                assert_eq!(rule.parts[0].held, rule.matched, "{}: {case}", file.display());
                assert_eq!(rule.parts[0].failed, rule.failed, "{}: {case}", file.display());
            }
        }
    }
    assert!(compared > 100, "only {compared} cases");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found
}

#[test]
fn calls_before_what_must_come_first_are_counted() {
    let policy = "version: '1.0'\nmetadata: {name: x}\ntools:\n  - name: pay\n    evidence_required: [look]\n";
    let after = json!({"tool": "pay", "session": {"calls": [{"tool": "look", "action": "allow"}]}});
    let report = covered(policy, &[json!({"tool": "pay"}), after.clone(), after]);
    let outcomes: Vec<(Outcome, u64, u32)> = report.tools[0]
        .outcomes
        .iter()
        .map(|outcome| (outcome.outcome, outcome.calls, outcome.place.as_ref().unwrap().line))
        .collect();
    assert_eq!(outcomes, [(Outcome::EvidenceMissing, 1, 5), (Outcome::ToolDefault, 2, 4)]);
}
