//! What is replayed, what is not, and what is said of both.

use super::*;
use crate::{CallRecord, ValidPolicy};

fn policy(tools: &str) -> CompiledPolicy {
    let text = format!("version: '1.0'\nmetadata: {{name: p}}\ntools: [{tools}]\n");
    CompiledPolicy::compile(ValidPolicy::parse(&text).unwrap())
}

const PAY: &str = "{name: pay, conditions: [{name: big, expression: args.amount > 100, action: deny}, \
     {name: keyed, expression: args.api_key == 'x', action: require_approval}]}";

fn replayed(tools: &str, lines: &[&str]) -> ReplayReport {
    let policy = policy(tools);
    let mut replay = Replay::new(&policy);
    for (number, line) in (1..).zip(lines) {
        replay.line("log", number, line.as_bytes());
    }
    replay.finish()
}

#[test]
fn what_the_same_policy_decided_is_the_same() {
    let policy = policy(PAY);
    let mut replay = Replay::new(&policy);
    for (number, amount) in [0, 100, 101, 1000].into_iter().enumerate() {
        let line = format!(r#"{{"tool": "pay", "args": {{"amount": {amount}, "api_key": "x"}}}}"#);
        let mut record = CallRecord::parse(&line).unwrap();
        record.decision = Some(policy.evaluate(&record.call()).into_owned());
        let line = serde_json::to_vec(&record).unwrap();
        replay.line("log", number as u64 + 1, &line);
    }
    let report = replay.finish();
    assert_eq!((report.replayed, report.same, report.changed, report.bad), (4, 4, 0, 0));
}

#[test]
fn changes_are_grouped_by_rule() {
    let allowed = |amount: u32| {
        format!(
            r#"{{"tool": "pay", "args": {{"amount": {amount}, "api_key": "y"}}, "decision": {{"action": "allow", "reason": "rule_matched", "rule": {{"path": "tools[0].conditions[0]", "name": "small"}}}}}}"#
        )
    };
    let lines = [allowed(500), allowed(50), allowed(501)];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = replayed(PAY, &lines);
    assert_eq!((report.same, report.changed, report.tightened), (1, 2, 2));
    let [group] = report.groups.as_slice() else { panic!("{:?}", report.groups) };
    assert_eq!((group.count, group.verdict), (2, Verdict::Tightened));
    assert_eq!(
        (group.before.rule.as_deref(), group.after.rule.as_deref()),
        (Some("small"), Some("big"))
    );
    assert_eq!(group.samples.iter().map(|sample| sample.line).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn a_record_that_names_no_workflow_is_not_held_against_one() {
    let asked = |workflow: &str| {
        format!(
            r#"{{"tool": "pay", "args": {{"amount": 1, "api_key": "x"}}, "decision": {{"action": "require_approval", "reason": "rule_matched"{workflow}}}}}"#
        )
    };
    for (workflow, changed) in [
        ("", 0),
        (r#", "approval_workflow": null"#, 0),
        (r#", "approval_workflow": "default""#, 0),
        (r#", "approval_workflow": "other""#, 1),
    ] {
        assert_eq!(replayed(PAY, &[&asked(workflow)]).changed, changed, "{workflow}");
    }
}

#[test]
fn a_masked_argument_counts_only_where_a_rule_would_read_it() {
    let line = |amount: u32| {
        format!(
            r#"{{"tool": "pay", "args": {{"amount": {amount}, "api_key": "[redacted]"}}, "decision": {{"action": "deny", "reason": "rule_matched"}}}}"#
        )
    };
    let (denied, asked) = (line(500), line(5));
    let report = replayed(PAY, &[&denied, &asked]);
    assert_eq!((report.replayed, report.same, report.not_replayable), (1, 1, 1));
    assert_eq!(
        report.unreplayed[0].reason,
        "`args.api_key` is masked, and the rule `keyed` reads it"
    );
}

#[test]
fn decisions_beside_rules_and_times_that_are_missing_are_not_guessed() {
    let night = "{name: pay, conditions: [{expression: now.getHours() > 5, action: deny}]}";
    let line = |at: &str, reason: &str| {
        format!(r#"{{"tool": "pay"{at}, "decision": {{"action": "allow", "reason": "{reason}"}}}}"#)
    };
    let lines = [
        line("", "no_rule_matched"),
        line(r#", "at": "2026-01-05T03:00:00Z""#, "no_rule_matched"),
        line("", "granted"),
        r#"{"tool": "pay"}"#.to_owned(),
    ];
    let report = replayed(night, &lines.each_ref().map(String::as_str));
    assert_eq!((report.same, report.not_replayable), (1, 3));
    let reasons: Vec<_> = report.unreplayed.iter().map(|each| each.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "an approval decided, not a rule",
            "no decision is recorded with the call",
            "the line has no time, and the rule `tools[0].conditions[0]` reads `now`",
        ]
    );
}

#[test]
fn bad_lines_are_told_and_stop_nothing() {
    let good = r#"{"tool": "pay", "args": {"amount": 1, "api_key": ""}, "decision": {"action": "allow", "reason": "no_rule_matched"}}"#;
    let report = replayed(
        PAY,
        &[
            r#"{"tool": "pay", "args": {"amou"#,
            "[]",
            r#"{"tool": "pay", "decision": {"action": "maybe", "reason": "granted"}}"#,
            r#"{"tool": "pay", "decision": {"action": "deny", "reason": "bored"}}"#,
            "",
            good,
        ],
    );
    assert_eq!((report.lines, report.bad, report.same), (5, 4, 1));
    let told: Vec<_> = report.bad_lines.iter().map(|bad| bad.line).collect();
    assert_eq!(told, [1, 2, 3, 4]);
    assert_eq!(report.bad_lines[3].message, "`decision.reason` is none that is known: `bored`");
}

#[test]
fn lines_of_the_audit_trail_are_read() {
    let line = |kind: &str| {
        format!(
            r#"{{"id": "1", "seq": 4, "at": "2026-01-05T03:00:00Z", "kind": "{kind}", "principal": null, "tool": "pay", "server": "bank", "source": "mcp", "arguments": {{"amount": 500}}, "decision": {{"action": "allow", "reason": "no_rule_matched"}}, "hash": "x"}}"#
        )
    };
    let (decision, vote) = (line("decision"), line("vote"));
    let report = replayed(PAY, &[&decision, &vote]);
    assert_eq!((report.changed, report.others), (1, 1));
    let context = "{name: pay, conditions: [{expression: context.env == 'prod', action: deny}]}";
    let report = replayed(context, &[&decision]);
    assert_eq!(report.not_replayable, 1);
    let asks = "{name: pay, justification: required}";
    assert_eq!(replayed(asks, &[&decision]).not_replayable, 1);
    let waits = "{name: pay, evidence_required: [look]}";
    assert_eq!(replayed(waits, &[&decision]).not_replayable, 1);
}
