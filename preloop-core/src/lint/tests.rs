//! What the lint finds, and what it leaves alone.

use std::fmt::Write as _;

use super::lint;
use crate::ValidPolicy;

/// The codes and paths found in a policy of one tool with these rules.
fn found(tool: &str, rules: &[(&str, &str)]) -> Vec<String> {
    let mut text = format!(
        "version: '1.0'\nmetadata: {{name: p}}\ntools:\n  - name: {tool}\n    conditions:\n"
    );
    for (action, expression) in rules {
        writeln!(text, "      - action: {action}").unwrap();
        if !expression.is_empty() {
            writeln!(text, "        expression: {}", serde_json::json!(expression)).unwrap();
        }
    }
    let policy = ValidPolicy::parse(&text).unwrap_or_else(|report| panic!("{report:?}"));
    let findings = lint(&policy);
    assert!(findings.iter().all(|finding| finding.line.is_some() && finding.help.is_some()));
    let short = |path: &str| path.trim_start_matches("tools[0].").to_owned();
    findings.iter().map(|finding| format!("{} {}", finding.code, short(&finding.path))).collect()
}

#[test]
fn text_of_commands_is_no_fence() {
    let wanted = ["evadable_text conditions[0].expression"];
    for expression in [
        "args.command.contains('rm')",
        "command.startsWith('rm ')",
        "args.input.cmd.matches('\\\\brm\\\\b') && args.force == true",
        "args.a == 1 || args.script.endsWith('rm')",
    ] {
        assert_eq!(found("bash", &[("deny", expression)]), wanted, "{expression}");
        let asks = [("deny", expression), ("require_approval", "")];
        assert_eq!(found("bash", &asks), [""; 0], "what is missed asks: {expression}");
    }
    assert_eq!(found("bash", &[("deny", "args.note.contains('rm')")]), [""; 0]);
    assert_eq!(
        found("bash", &[("deny", "args.command.contains('rm')"), ("allow", "true")]),
        wanted
    );
}

#[test]
fn allow_rules_say_what_they_mean() {
    let wanted = ["too_wide_text conditions[0].expression"];
    for expression in [
        "args.command.startsWith('git status')",
        "args.command.matches('git (status|log)')",
        "args.url.startsWith('https://corp.example.com')",
        "args.path.startsWith('/srv')",
        "args.branch.matches('feature')",
        "args.n == 1 || args.path.startsWith('/srv/')",
    ] {
        assert_eq!(found("t", &[("allow", expression), ("deny", "")]), wanted, "{expression}");
    }
    for expression in [
        "args.command == 'git status'",
        "args.command.matches('^git (status|log)$')",
        "args.url.startsWith('https://corp.example.com/')",
        "args.path.startsWith('/srv/') && !args.path.contains('..')",
        "args.branch.matches('^feature/[a-z]+$')",
        "args.title.contains('x')",
    ] {
        assert_eq!(found("t", &[("allow", expression), ("deny", "")]), [""; 0], "{expression}");
    }
}

#[test]
fn a_rule_inside_an_earlier_one_is_found() {
    let shadowed = |over: &str, under: &str| {
        let found =
            found("t", &[("require_approval", over), ("deny", under), ("deny", "args.z == 1")]);
        found == ["shadowed_rule conditions[1]"]
    };
    for (over, under) in [
        ("args.amount > 100", "args.amount > 500"),
        ("args.amount > 100", "args.amount >= 100.5"),
        ("args.amount <= 5", "amount < 5"),
        ("args.amount >= 5", "args.amount == 5"),
        ("args.a.startsWith('x')", "args.a.startsWith('xy')"),
        ("args.a.contains('y')", "args.a.startsWith('xyz')"),
        ("args.a.endsWith('c')", "args.a == 'abc'"),
        ("args.a == 1 || args.b == 2", "args.b == 2"),
        ("args.a == 1", "args.a == 1 && args.b == 2"),
        ("args.a  in [1, 2]", "args.a in [1,2] && args.b == 2"),
        ("args.a == 1 || args.b > 2", "args.b > 3 && args.c == 1 || args.a == 1"),
    ] {
        assert!(shadowed(over, under), "{over} | {under}");
    }
    for (over, under) in [
        ("args.amount > 500", "args.amount > 100"),
        ("args.amount > 100", "args.amount >= 100"),
        ("args.amount > 100", "args.total > 500"),
        ("args.a.startsWith('xy')", "args.a.startsWith('x')"),
        ("args.a.startsWith('y')", "args.a.contains('y')"),
        ("args.a.matches('y')", "args.a.matches('yy')"),
        ("args.a == 1 && args.b == 2", "args.b == 2"),
        ("args.a == 1", "args.a == 1 || args.b == 2"),
    ] {
        assert!(!shadowed(over, under), "{over} | {under}");
    }
}

#[test]
fn a_workflow_that_nobody_asks_is_found() {
    let text = "version: '1.0'\nmetadata: {name: p}\napproval_workflows: [{name: a}, {name: b}, {name: c, escalation_workflow: b}]\ntools: [{name: t, approval_workflow: c}]\n";
    let findings = lint(&ValidPolicy::parse(text).unwrap());
    let found: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(found, ["nothing names the approval workflow `a`"]);
    assert_eq!((findings[0].line, findings[0].column), (Some(3), Some(29)));
}
