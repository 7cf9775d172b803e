//! Changes that a reviewer must hear of, each found with a call that shows it.

use serde_json::json;

use super::*;
use crate::decision::Action;

fn policy(text: &str) -> ValidPolicy {
    let text = format!("version: '1.0'\nmetadata: {{name: p}}\n{text}");
    ValidPolicy::parse(&text).unwrap_or_else(|report| panic!("{text}\n{report:?}"))
}

/// Compares, and runs every example through both policies once more.
fn checked(before: &str, after: &str) -> PolicyDiff {
    let (one, other) = (policy(before), policy(after));
    let report = diff(&one, &other);
    let [one, other] = [one, other].map(CompiledPolicy::compile);
    for example in &report.examples {
        let call = example.call.call();
        assert_eq!(Answer::from(&*one.evaluate(&call)), example.before, "{before}\n{after}");
        assert_eq!(Answer::from(&*other.evaluate(&call)), example.after, "{before}\n{after}");
        let line = serde_json::to_string(&example.call).unwrap();
        assert_eq!(crate::CallRecord::parse(&line).unwrap(), example.call, "{line}");
    }
    report
}

fn rules(rules: &str) -> String {
    // A name that fits more than one tool, where the tool itself is asked about.
    let name = if rules.contains("tool.name") { "'*'" } else { "t" };
    format!("tools: [{{name: {name}, conditions: [{rules}]}}]\n")
}

/// One rule whose condition changes.
#[track_caller]
fn condition(action: &str, before: &str, after: &str) -> PolicyDiff {
    let rule = |text: &str| {
        let expression = serde_json::to_string(text).unwrap();
        rules(&format!("{{expression: {expression}, action: {action}}}"))
    };
    let report = checked(&rule(before), &rule(after));
    assert!(
        matches!(report.verdict, Verdict::Loosened | Verdict::Tightened | Verdict::Both),
        "{before}  ->  {after}: {:?}\n{:?}",
        report.verdict,
        report.searched
    );
    report
}

#[test]
fn a_policy_and_itself_do_not_differ() {
    let text = rules("{expression: 'args.a > 1', action: deny}, {action: require_approval}");
    let report = checked(&text, &text);
    assert_eq!((report.verdict, report.changed), (Verdict::SameMeaning, false));
    assert!(report.changes.is_empty() && report.examples.is_empty());
}

/// Conditions before and after, each with something else to change.
const CONDITIONS: &[(&str, &str)] = &[
    ("args.amount > 500", "args.amount > 1000"),
    ("args.tags == ['a', 'b']", "args.tags == ['a', 'c']"),
    ("args.tags.contains('admin')", "args.tags.contains('admins')"),
    ("principal.teams.contains('finance')", "principal.teams.contains('sales')"),
    ("args.date < '2026-01-01'", "args.date < '2026-06-01'"),
    ("args.headers.exists(k, k == 'Authorization')", "args.headers.exists(k, k == 'X-Key')"),
    (
        "args.items.map(i, i.price * i.count).exists(t, t > 1000)",
        "args.items.map(i, i.price * i.count).exists(t, t > 1200)",
    ),
    ("args.?limit.orValue(5) > 3", "args.?limit.orValue(5) > 4"),
    (
        "timestamp(args.end) - timestamp(args.start) > duration('24h')",
        "timestamp(args.end) - timestamp(args.start) > duration('48h')",
    ),
    ("args.command.split(' ')[0] == 'rm'", "args.command.split(' ')[0] == 'mv'"),
    ("size(args) > 3", "size(args) > 4"),
    ("tool.name.matches('^(delete|drop)_')", "tool.name.matches('^(delete|drop|purge)_')"),
    ("tool.server == 'github'", "tool.server == 'gitlab'"),
    (
        "args.f1 == 'a' && args.f2 == 'b' && args.f3 == 'c' && args.f4 > 1 && args.f5 > 2 && args.f6 < 3 && args.f7 == 'd' && args.f8 == 'e' && args.f9 == 'f' && args.f10 > 5",
        "args.f1 == 'a' && args.f2 == 'b' && args.f3 == 'c' && args.f4 > 1 && args.f5 > 2 && args.f6 < 3 && args.f7 == 'd' && args.f8 == 'e' && args.f9 == 'f' && args.f10 > 6",
    ),
    ("math.greatest(args.a, args.b) > 10", "math.greatest(args.a, args.b) > 11"),
    ("args.a.b.c.d == 'x' || args.a.b.e > 2", "args.a.b.c.d == 'x' || args.a.b.e > 3"),
    ("args.a / args.b > 5", "args.a / args.b > 6"),
    ("double(args.score) >= 0.75", "double(args.score) >= 0.8"),
    ("args.sql.upperAscii().contains('DROP TABLE')", "args.sql.contains('DROP TABLE')"),
    ("args.ids.exists_one(i, i == 7)", "args.ids.exists(i, i == 7)"),
    ("args.matrix[0][1] > 4", "args.matrix[0][1] > 5"),
    ("args.a > args.b + 10", "args.a > args.b + 12"),
    ("now.getMonth() == 11", "now.getMonth() in [10, 11]"),
    ("now.getFullYear() > 2026", "now.getFullYear() > 2027"),
    ("now.getMinutes() > 30", "now.getMinutes() > 45"),
    ("amount >= 500", "amount > 500"),
    ("args.amount > 2.5", "args.amount > 2.7"),
    ("args.a + args.b > 100", "args.a + args.b > 120"),
    ("args.a * 3 + 7 > 100", "args.a * 3 + 7 > 110"),
    ("args.price * args.count > 1000", "args.price * args.count > 1200"),
    ("args.a - args.b > 10", "args.a - args.b >= 10"),
    ("args.a % 7 == 3", "args.a % 7 == 4"),
    ("args.command.contains('rm')", "args.command.contains('rm -rf')"),
    ("args.command.matches('^rm -rf')", "args.command.matches('^rm -rf /')"),
    (
        r"args.url.matches('^https://[a-z]+\\.example\\.com/')",
        "args.url.matches('^https://[a-z]+.example.com/')",
    ),
    ("args.command.startsWith('git ')", "args.command.startsWith('git')"),
    ("args.country in ['US', 'DE']", "args.country in ['US', 'DE', 'FR']"),
    ("!(args.country in ['US'])", "!(args.country in ['US', 'DE'])"),
    ("has(args.force) && args.force", "has(args.force) && args.force && args.all"),
    ("has(args.a.b) && args.a.b > 3", "has(args.a.b) && args.a.b > 4"),
    ("size(args.command) > 100", "size(args.command) > 200"),
    ("size(args.to) > 10", "size(args.to) > 20"),
    ("args.to.exists(t, t.endsWith('@evil.com'))", "args.to.exists(t, t.endsWith('@evil.org'))"),
    ("args.items.exists(i, i.price > 100)", "args.items.exists(i, i.price > 200)"),
    (
        "args.items.exists(i, i.price > 100 && i.kind == 'gift')",
        "args.items.exists(i, i.price > 100)",
    ),
    ("args.items.all(i, i.qty < 5)", "args.items.all(i, i.qty < 6)"),
    ("args.items.filter(i, i.qty > 3).size() > 1", "args.items.filter(i, i.qty > 3).size() > 2"),
    ("'admin' in principal.roles", "'owner' in principal.roles"),
    ("principal.roles.exists(r, r == 'dev')", "principal.roles.exists(r, r in ['dev', 'ops'])"),
    ("principal.id == 'bot'", "principal.id.startsWith('bot')"),
    (
        "session.calls.exists(c, c.tool == 'read_secret')",
        "session.calls.exists(c, c.tool == 'read_secret' && c.action == 'allow')",
    ),
    ("session.calls.size() > 2", "session.calls.size() > 3"),
    ("context.env == 'prod'", "context.env in ['prod', 'staging']"),
    ("context.risk.score > 50", "context.risk.score > 60"),
    ("now.getHours() < 9", "now.getHours() < 8"),
    ("now.getHours('Asia/Kolkata') >= 18", "now.getHours('Asia/Kolkata') >= 19"),
    ("now.getDayOfWeek() == 0", "now.getDayOfWeek() in [0, 6]"),
    ("now > timestamp('2026-06-01T00:00:00Z')", "now > timestamp('2026-07-01T00:00:00Z')"),
    ("timestamp(args.at) < now - duration('1h')", "timestamp(args.at) < now - duration('2h')"),
    ("args.a == args.b", "args.a != args.b"),
    ("args.name.lowerAscii() == 'root'", "args.name == 'root'"),
    ("args.email.split('@')[1] == 'corp.com'", "args.email.split('@')[1] == 'corp.org'"),
    ("args.flag == true", "args.flag != false"),
    (
        "args.x == 'a' && args.y == 'b' && args.z > 4",
        "args.x == 'a' && args.y == 'b' && args.z > 5",
    ),
    ("args.n > 3 ? args.m > 10 : args.m > 20", "args.n > 3 ? args.m > 10 : args.m > 25"),
    ("args.amount > 500", "args.amount > 500.0 && true"),
    ("args.m['k'] == 1", "args.m['k'] == 2"),
    ("cidr('10.0.0.0/8').containsIP(args.ip)", "cidr('10.0.0.0/16').containsIP(args.ip)"),
    ("args.name.contains('x')", "!args.name.contains('x')"),
    ("tool.annotations.destructiveHint == true", "tool.annotations.destructiveHint != true"),
    ("justification.contains('ticket')", "justification.contains('TICKET-')"),
    (
        "args.tags.exists(t, t == 'a') && args.tags.exists(t, t == 'b')",
        "args.tags.exists(t, t == 'a')",
    ),
    ("string(args.id).startsWith('9')", "string(args.id).startsWith('8')"),
    ("type(args.x) == int", "type(args.x) == string"),
    (
        "args.path.startsWith('/etc') || args.path.startsWith('/var')",
        "args.path.startsWith('/etc')",
    ),
    ("args.rows.exists(r, r.exists(c, c > 9))", "args.rows.exists(r, r.exists(c, c > 10))"),
    ("args.n > 18446744073709551613u && true", "args.n > 18446744073709551614u && true"),
    ("size(args.text) > 5000", "size(args.text) > 6000"),
    ("args.text.indexOf('rm') > 3", "args.text.indexOf('rm') > 4"),
    ("args.text.split(',').size() > 4", "args.text.split(',').size() > 5"),
    ("args.words.filter(w, w == 'a').size() > 4", "args.words.filter(w, w == 'a').size() > 5"),
    ("args.map.exists(k, v, k == 'a' && v > 3)", "args.map.exists(k, v, k == 'a' && v > 4)"),
    ("args.words[3] == 'a'", "args.words[4] == 'a'"),
    ("args.words[size(args.words) - 1] == 'a'", "args.words[0] == 'a'"),
    ("base64.decode(args.text) == b'abc'", "base64.decode(args.text) == b'abd'"),
    ("cidr('2001:db8::/32').containsIP(args.ip)", "cidr('2001:db8::/33').containsIP(args.ip)"),
    ("session.calls.size() > 500", "session.calls.size() > 600"),
    (
        "session.calls.filter(c, c.tool == 'send').size() >= 3",
        "session.calls.filter(c, c.tool == 'send').size() >= 4",
    ),
    ("now.getHours('Europe/Berlin') < 8", "now.getHours('Africa/Lagos') < 8"),
    ("now.getHours('America/New_York') < 9", "now.getHours('-05:00') < 9"),
    ("now.getHours('Asia/Kolkata') < 8", "now.getHours('Asia/Kathmandu') < 8"),
    (
        "now.getDayOfWeek() == 3 && now.getHours() >= 17",
        "now.getDayOfWeek() == 3 && now.getHours() >= 18",
    ),
    (
        "now.getHours() == 17 && now.getMinutes() >= 45",
        "now.getHours() == 17 && now.getMinutes() >= 50",
    ),
    ("now.getMonth() == 11 && now.getDate() == 24", "now.getMonth() == 11 && now.getDate() == 25"),
];

#[test]
fn every_kind_of_condition_is_searched() {
    let mut missed = Vec::new();
    for (before, after) in CONDITIONS {
        for action in ["deny", "allow", "require_approval"] {
            let rule = |text: &str| {
                let expression = serde_json::to_string(text).unwrap();
                // After an allow rule that does not match something must be denied.
                let rest = if action == "allow" { ", {action: deny}" } else { "" };
                rules(&format!("{{expression: {expression}, action: {action}}}{rest}"))
            };
            let report = checked(&rule(before), &rule(after));
            if report.verdict <= Verdict::Unknown {
                missed.push(format!("{action}: {before}  ->  {after}  {:?}", report.searched));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_direction_is_told() {
    for (action, before, after, verdict) in [
        ("deny", "args.amount > 500", "args.amount > 1000", Verdict::Loosened),
        ("deny", "args.amount > 1000", "args.amount > 500", Verdict::Tightened),
        ("deny", "args.c.matches('^rm -rf')", "args.c.matches('^rm')", Verdict::Tightened),
        ("deny", "args.c in ['a', 'b']", "args.c in ['a', 'c']", Verdict::Both),
        ("require_approval", "args.a > 1 && args.b > 1", "args.a > 1 && true", Verdict::Tightened),
    ] {
        let report = condition(action, before, after);
        assert_eq!(report.verdict, verdict, "{before} -> {after}: {:#?}", report.examples);
    }
}

#[test]
fn what_goes_both_ways_is_not_told_as_one() {
    for (before, after) in [
        ("args.words[0] == 'a'", "args.words[1] == 'a'"),
        ("now.getDayOfWeek('Asia/Tokyo') == 0", "now.getDayOfWeek('UTC') == 0"),
        ("args.a * 3 + args.b * 5 > 100", "args.a * 3 + args.b * 4 > 100"),
        // As a number "9" is less, as a text more.
        ("args.n > 30", "args.n > \"30\""),
        ("args.n <= \"1500\"", "args.n <= 1500"),
    ] {
        let report = condition("deny", before, after);
        assert_eq!(report.verdict, Verdict::Both, "{before} -> {after}: {:#?}", report.examples);
    }
    let list = |from: u32| format!("args.c in {:?}", (from..from + 600).collect::<Vec<_>>());
    assert_eq!(condition("deny", &list(0), &list(1)).verdict, Verdict::Both);
    let texts = |from: u32| {
        let texts: Vec<String> = (from..from + 600).map(|number| format!("v{number}")).collect();
        format!("args.c in {texts:?}")
    };
    assert_eq!(condition("deny", &texts(0), &texts(1)).verdict, Verdict::Both);
}

#[test]
fn rules_that_are_switched_off_moved_or_changed_are_found() {
    let allow = "{expression: \"args.path.startsWith('/tmp/')\", action: allow}";
    let deny = "{name: no-scripts, expression: \"args.path.endsWith('.sh')\", action: deny}";
    let report = checked(&rules(&format!("{deny}, {allow}")), &rules(&format!("{allow}, {deny}")));
    assert_eq!(report.verdict, Verdict::Loosened);
    assert_eq!(report.examples[0].call.args, serde_json::json!({"path": "/tmp/.sh"}));
    let off = deny.replace("action", "enabled: false, action");
    let report = checked(&rules(deny), &rules(&off));
    assert_eq!(report.verdict, Verdict::Loosened);
    let asks = deny.replace("deny}", "require_approval}");
    let report = checked(&rules(deny), &rules(&asks));
    assert_eq!(report.verdict, Verdict::Loosened);
    let example = &report.examples[0];
    assert_eq!(
        (example.before.action, example.after.action),
        (Action::Deny, Action::RequireApproval)
    );
    let kinds: Vec<_> = report.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Changed]);
}

#[test]
fn entries_globs_sources_and_defaults_are_found() {
    for (before, after, verdict) in [
        ("tools: [{name: a, conditions: [{action: deny}]}]", "tools: []", Verdict::Loosened),
        ("tools: []", "defaults: {unknown_tools: deny}", Verdict::Tightened),
        (
            "tools: [{name: 'rm_*', conditions: [{action: deny}]}]",
            "tools: [{name: 'r*', conditions: [{action: deny}]}]",
            Verdict::Tightened,
        ),
        (
            "tools: [{name: 'rm_*', conditions: [{action: deny}]}]",
            "tools: [{name: 'rm_?', conditions: [{action: deny}]}]",
            Verdict::Loosened,
        ),
        (
            "tools: [{name: a, conditions: [{action: deny}]}]",
            "tools: [{name: a, source: agent, conditions: [{action: deny}]}]",
            Verdict::Loosened,
        ),
        ("tools: [{name: a, enabled: false}]", "tools: [{name: a}]", Verdict::Loosened),
        ("tools: [{name: a, justification: required}]", "tools: [{name: a}]", Verdict::Loosened),
        ("tools: [{name: a}]", "tools: [{name: a, justification: required}]", Verdict::Tightened),
        (
            "tools: [{name: a}]",
            "tools: [{name: a}]\ndefaults: {require_approval_for_new_tools: false}",
            Verdict::Loosened,
        ),
        (
            "defaults: {inherit_from_parent: false}",
            "defaults: {inherit_from_parent: true}",
            Verdict::Tightened,
        ),
        (
            "mcp_servers: []",
            "mcp_servers: [{name: s, url: 'https://s.example.com/mcp'}]",
            Verdict::Loosened,
        ),
        (
            "mcp_servers: [{name: s, url: 'https://s.example.com/mcp'}]",
            "mcp_servers: [{name: s, url: 'https://t.example.com/mcp'}]",
            Verdict::Unknown,
        ),
        (
            "tools: [{name: '*_read', conditions: [{action: deny}]}, {name: 'file_*'}]",
            "tools: [{name: 'file_*'}, {name: '*_read', conditions: [{action: deny}]}]",
            Verdict::Loosened,
        ),
    ] {
        let report = checked(before, after);
        assert_eq!(report.verdict, verdict, "{before}  ->  {after}\n{:#?}", report.examples);
        assert!(!report.changes.is_empty(), "{before}  ->  {after}");
    }
}

#[test]
fn calls_that_must_come_first_are_compared() {
    for (before, after, verdict) in [
        ("tools: [{name: a}]", "tools: [{name: a, evidence_required: [b]}]", Verdict::Tightened),
        (
            "tools: [{name: a, evidence_required: [b, c]}]",
            "tools: [{name: a, evidence_required: [c]}]",
            Verdict::Loosened,
        ),
        (
            "tools: [{name: a, evidence_required: [b]}]",
            "tools: [{name: a, evidence_required: [c]}]",
            Verdict::Both,
        ),
        (
            "tools: [{name: a, evidence_required: [b, c]}]",
            "tools: [{name: a, evidence_required: [c, b]}]",
            Verdict::SameMeaning,
        ),
        (
            "tools: [{name: a, evidence_required: [b], conditions: [{action: deny}]}]",
            "tools: [{name: a, conditions: [{action: deny}]}]",
            Verdict::SameMeaning,
        ),
        (
            "tools: [{name: a, evidence_required: [b, c], conditions: [{expression: 'args.x > 5', action: deny}]}]",
            "tools: [{name: a, evidence_required: [b, c], conditions: [{expression: 'args.x > 7', action: deny}]}]",
            Verdict::Loosened,
        ),
        (
            "tools: [{name: a, evidence_required: [b], conditions: [{expression: 'session.calls.exists(c, c.tool == \"d\")', action: deny}]}]",
            "tools: [{name: a, evidence_required: [b]}]",
            Verdict::Loosened,
        ),
    ] {
        let report = checked(before, after);
        assert_eq!(report.verdict, verdict, "{before}  ->  {after}\n{:#?}", report.examples);
        assert!(!report.changes.is_empty(), "{before}  ->  {after}");
    }
}

#[test]
fn workflows_that_are_easier_to_get_through_are_looser() {
    let document = |fields: &str| {
        format!(
            "approval_workflows: [{{name: w{fields}}}]\n\
             tools: [{{name: t, conditions: [{{expression: args.a > 1, approval_workflow: w}}]}}]\n"
        )
    };
    for (before, after, verdict) in [
        (", required_approvals: 2", "", Verdict::Loosened),
        (", approvers: [ann]", ", approvers: [ann, bob]", Verdict::Loosened),
        (", approvers: [ann, bob]", ", approvers: [ann]", Verdict::Tightened),
        (", approvers: [ann]", "", Verdict::Loosened),
        (", timeout_seconds: 60", ", timeout_seconds: 600", Verdict::Loosened),
        (", step_up: passkey", "", Verdict::Loosened),
        ("", ", on_timeout: escalate", Verdict::Loosened),
        (", require_reason: true", "", Verdict::Loosened),
        ("", ", allow_self_approval: true", Verdict::Loosened),
        (", required_approvals: 2", ", required_approvals: 3, approvers: []", Verdict::Tightened),
        (", required_approvals: 2", ", timeout_seconds: 5", Verdict::Both),
        (", description: a", ", description: b", Verdict::SameMeaning),
        ("", ", required_approvals: 1, timeout_seconds: 3600", Verdict::SameMeaning),
        (", approvers: [ann, bob]", ", approvers: [bob, ann]", Verdict::SameMeaning),
    ] {
        let report = checked(&document(before), &document(after));
        assert_eq!(report.verdict, verdict, "{before}  ->  {after}");
        assert_eq!(report.examples.is_empty(), verdict == Verdict::SameMeaning);
    }
}

#[test]
fn what_only_people_read_changes_no_meaning() {
    for (before, after) in [
        (
            "{expression: 'args.a > 1', action: deny}",
            "{expression: 'args.a  >  1', action: deny, message: no}",
        ),
        (
            "{expression: 'args.a > 1', action: deny}",
            "{expression: 'args.a > 1', action: deny}, {expression: 'args.b > 1', action: deny, enabled: false}",
        ),
        ("{action: deny}", "{action: deny, name: all}, {expression: 'args.a > 1', action: allow}"),
    ] {
        let report = checked(&rules(before), &rules(after));
        assert_eq!((report.verdict, report.changed), (Verdict::SameMeaning, true), "{after}");
        assert!(!report.changes.is_empty());
    }
    let report = checked(
        "tools: [{name: a, enabled: false}, {name: b}]",
        "tools: [{name: b}, {name: a, enabled: false}]",
    );
    assert_eq!(report.verdict, Verdict::SameMeaning);
    assert_eq!(report.changes[0].kind, ChangeKind::Moved);
}

/// Compares with the tools' schemas known; every example is a call that its tool takes.
fn with_schemas(before: &str, after: &str, listing: &serde_json::Value) -> PolicyDiff {
    let schemas = ToolSchemas::read(listing).unwrap();
    let options = Options { schemas: Some(&schemas), ..Options::default() };
    let report = diff_with(&policy(before), &policy(after), options);
    for example in &report.examples {
        if let Some(schema) = schemas.of(&example.call.tool.name) {
            schema.compiled.check(&example.call.args).unwrap();
        }
    }
    report
}

#[test]
fn examples_are_calls_that_the_tool_takes() {
    let refund = json!({"tools": [{"name": "t", "inputSchema": {
        "type": "object",
        "required": ["order", "amount"],
        "properties": {
            "order": {"type": "string", "minLength": 3},
            "amount": {"type": "integer", "minimum": 1, "maximum": 800},
            "env": {"enum": ["dev", "prod"]},
        },
    }}]});
    let deny = |condition: &str| rules(&format!("{{expression: {condition}, action: deny}}"));
    let report = with_schemas(&deny("args.amount > 500"), &deny("args.amount > 700"), &refund);
    assert_eq!(report.verdict, Verdict::Loosened);
    for example in &report.examples {
        assert_eq!(example.call.args["order"], "xxx");
        assert!(example.call.args["amount"].as_i64().is_some_and(|n| (501..=700).contains(&n)));
    }
    let report = with_schemas(&deny("args.amount > 900"), &deny("args.amount > 950"), &refund);
    assert_eq!(
        (report.verdict, report.examples.len()),
        (Verdict::Unknown, 0),
        "nobody can ask that"
    );
    let (one, other) = (deny("args.env == 'dev'"), deny("args.env != 'prod'"));
    let report = with_schemas(&one, &other, &refund);
    let envs: Vec<_> = report.examples.iter().map(|each| each.call.args.get("env")).collect();
    assert!(
        !envs.is_empty() && envs.iter().all(Option::is_none),
        "only where it is missing: {envs:?}"
    );
}

#[test]
fn tools_of_known_schemas_stand_for_globs() {
    let tools = json!({"delete_repository": {"type": "object"}});
    let glob = |action: &str| {
        format!("tools: [{{name: 'delete_*', conditions: [{{action: {action}}}]}}]\n")
    };
    let report = with_schemas(&glob("deny"), &glob("require_approval"), &tools);
    assert_eq!(report.examples[0].call.tool.name, "delete_repository");
}

#[test]
fn a_listing_that_cannot_be_read_is_told() {
    for (listing, wanted) in [
        (json!("x"), "a list of tools is"),
        (json!({"tools": [{"inputSchema": {}}]}), "tools[0]: a tool has no `name`"),
        (json!({"t": "text"}), "the input schema of `t` cannot be read"),
    ] {
        let error = ToolSchemas::read(&listing).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
}
