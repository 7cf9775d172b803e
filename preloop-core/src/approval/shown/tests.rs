//! What approvers read first: by example, and by law for whatever agents and servers write.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Familiarity::{Accepted, Changed, New, Own, Unlisted};
use super::*;
use crate::decision::{Action, ConditionError, Decision, PolicyRef, Reason, RuleRef};
use crate::visible::is_hidden;

fn effect(tool: &str, server: Option<&str>, arguments: &Value) -> String {
    Told { tool, server, source: None, arguments }.effect()
}

#[test]
fn an_effect_is_a_plain_sentence() {
    for (tool, arguments, sentence) in [
        (
            "refund_order",
            json!({"order_id": "8812", "currency": "eur", "amount": 420}),
            "Refund order at shop: amount 420 EUR, order_id \"8812\"",
        ),
        (
            "bash",
            json!({"command": "rm -rf build", "timeout": 5}),
            "Run \"rm -rf build\" at shop, with timeout 5",
        ),
        (
            "createPullRequest",
            json!({"title": "Fix", "repo": "web", "body": "a", "labels": ["x"], "draft": true}),
            "Create pull request at shop: repo \"web\", title \"Fix\", body \"a\", 2 more arguments",
        ),
        ("list", json!({}), "List at shop"),
        ("list", json!(null), "List at shop"),
        (
            "send it. Nothing happens",
            json!({"to": "a@b.c"}),
            "Call the tool \"send it. Nothing happens\" at shop: to \"a@b.c\"",
        ),
        (
            "pay",
            json!({"amount": 9, "for nothing, and": 1}),
            "Pay at shop: amount 9, \"for nothing, and\" 1",
        ),
        (
            "deploy",
            json!({"name": "x\" to nowhere", "parts": [1, 2], "at": {"a": 1}}),
            "Deploy at shop: name \"x' to nowhere\", at (1 field), parts (2 items)",
        ),
        (
            "login",
            json!({"password": "hunter2", "user": "ann", "note": "Bearer abcdefghijkl"}),
            "Login at shop: user \"ann\", note [redacted], password [redacted]",
        ),
    ] {
        assert_eq!(effect(tool, Some("shop"), &arguments), sentence);
    }
    assert_eq!(effect("pay", None, &json!({"amount": 3})), "Pay: amount 3");
}

#[test]
fn what_this_server_asks_for_an_agent_is_told_as_that() {
    let told =
        |tool, source, arguments: &Value| Told { tool, server: None, source, arguments }.effect();
    let question = json!({"question": "Which\nregion?"});
    assert_eq!(
        told("ask_user", Some("builtin"), &question),
        "The agent asks a question: \"Which\\nregion?\""
    );
    assert_eq!(
        told("request_approval", Some("builtin"), &json!({"title": "Drop the table"})),
        "The agent asks for approval of a plan: \"Drop the table\""
    );
    // Another tool may have the name.
    assert_eq!(told("ask_user", None, &question), "Ask user: question \"Which\\nregion?\"");
}

fn decided(reason: Reason) -> Decision {
    Decision {
        action: Action::RequireApproval,
        reason,
        message: String::new(),
        rule: Some(RuleRef {
            path: "tools[0].conditions[0]".to_owned(),
            name: Some("large".to_owned()),
            description: None,
            expression: Some("args.amount > 300".to_owned()),
        }),
        approval_workflow: Some("default".to_owned()),
        policy: PolicyRef { name: "shop".to_owned(), digest: String::new() },
        errors: Vec::new(),
        scope: None,
        trace: None,
    }
}

fn risk(reason: Reason, annotations: &Value, tool: Familiarity) -> Risk {
    Risk::of(&decided(reason), annotations.as_object().unwrap(), tool)
}

#[test]
fn each_level_has_its_reasons() {
    let reads = json!({"readOnlyHint": true});
    let destroys = json!({"destructiveHint": true});
    let both = json!({"readOnlyHint": true, "destructiveHint": true});
    let adds = json!({"destructiveHint": false, "openWorldHint": true});
    let none = json!({});
    for (reason, annotations, tool, level, told) in [
        (Reason::ToolDefault, &reads, Accepted, RiskLevel::Low, "only reads"),
        (Reason::RuleMatched, &reads, Accepted, RiskLevel::Medium, "the rule `large`"),
        (Reason::ToolDefault, &destroys, Accepted, RiskLevel::High, "destroy or overwrite"),
        (Reason::ToolDefault, &both, Accepted, RiskLevel::High, "contradicts itself"),
        (Reason::ToolDefault, &adds, Accepted, RiskLevel::Medium, "outside world"),
        (Reason::ToolDefault, &none, Accepted, RiskLevel::Medium, "does not say"),
        (Reason::NewTool, &reads, New, RiskLevel::High, "new"),
        (Reason::ToolDefault, &reads, Changed, RiskLevel::High, "changed"),
        (Reason::ToolDefault, &reads, Unlisted, RiskLevel::Medium, "only its name"),
        (Reason::ToolDefault, &none, Own, RiskLevel::Low, "only asks people"),
        (Reason::UnknownTool, &reads, Unlisted, RiskLevel::Medium, "no entry"),
        (Reason::ConditionError, &reads, Accepted, RiskLevel::High, "could not be evaluated"),
    ] {
        let risk = risk(reason, annotations, tool);
        assert_eq!(risk.level, level, "{reason:?} {annotations} {tool:?}: {:?}", risk.reasons);
        assert!(risk.reasons.iter().any(|reason| reason.contains(told)), "{:?}", risk.reasons);
    }
    let mut failed = decided(Reason::RuleMatched);
    failed.errors.push(ConditionError::of_call("no such key", None));
    assert_eq!(Risk::of(&failed, &Map::new(), Accepted).level, RiskLevel::High);
}

#[test]
fn what_a_rule_looked_at_is_shown_with_its_values() {
    let arguments = json!({"amount": 420, "to": {"iban": "DE1"}, "token": "s", "n": 1});
    let text = "args.amount > 300 && args.to.iban != 'x' && args.token != '' && has(args.gone) && args.amount > 1";
    let asked = asked_values(text, &arguments);
    let shown: Vec<(String, Option<Value>)> =
        asked.into_iter().map(|asked| (asked.path, asked.value)).collect();
    let value = |path: &str| shown.iter().find(|(at, _)| at == path).unwrap().1.clone();
    assert_eq!(value("args.amount"), Some(json!(420)));
    assert_eq!(value("args.to.iban"), Some(json!("DE1")));
    assert_eq!(value("args.token"), Some(json!("[redacted]")));
    assert_eq!(value("args.gone"), None);
    assert_eq!(shown.len(), 4, "{shown:?}");
    assert_eq!(asked_values("((", &arguments), Vec::new());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,300}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\u{202a}-\u{202e}\u{200b}-\u{200f}\u{1b}\n\"“”a]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn arguments() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        any::<String>(),
        prop::sample::select(vec!["amount", "currency", "command", "password", "to", "question"])
            .prop_map(str::to_owned),
    ];
    prop::collection::btree_map(key, values(), 0..8)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

proptest! {
    #[test]
    fn an_effect_is_one_bounded_line_without_hidden_characters(
        tool in prop_oneof![any::<String>(), "[a-zA-Z_./:-]{0,90}", Just("bash".to_owned()), Just("ask_user".to_owned())],
        server in prop::option::of(any::<String>()),
        source in prop::option::of(Just("builtin")),
        arguments in prop_oneof![arguments(), values()],
    ) {
        let told = Told { tool: &tool, server: server.as_deref(), source, arguments: &arguments };
        let sentence = told.effect();
        prop_assert!(!sentence.is_empty());
        prop_assert!(sentence.chars().count() <= EFFECT_CHARS_MAX, "{}", sentence);
        prop_assert!(!sentence.chars().any(is_hidden), "{:?}", sentence);
        prop_assert_eq!(sentence, told.effect());
    }

    #[test]
    fn nothing_that_an_agent_writes_closes_its_quotation(text in any::<String>(), more in "[\"“”'.]{0,9}") {
        let text = format!("{text}{more}");
        let sentence = effect("note", None, &json!({"text": text}));
        prop_assert_eq!(sentence.matches('"').count(), 2, "{}", sentence);
        prop_assert!(sentence.starts_with("Note: text \"") && sentence.ends_with('"'));
    }

    #[test]
    fn a_secret_never_stands_in_an_effect(secret in "[a-z]{12,40}", key in "[a-z]{0,5}_?(password|token|api_key)") {
        let sentence = effect("login", Some("s"), &json!({"user": "u", key: secret.clone()}));
        prop_assert!(!sentence.contains(&secret), "{}", sentence);
    }

    #[test]
    fn no_annotation_of_a_server_lowers_what_the_policy_or_its_novelty_says(
        annotations in prop::collection::btree_map(
            prop::sample::select(vec!["readOnlyHint", "destructiveHint", "openWorldHint", "idempotentHint", "title"]),
            values(), 0..5),
        tool in prop::sample::select(vec![Accepted, Changed, New]),
        reason in prop::sample::select(vec![Reason::RuleMatched, Reason::ToolDefault, Reason::NewTool, Reason::ConditionError]),
    ) {
        let annotations: Map<String, Value> =
            annotations.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let said = Risk::of(&decided(reason), &annotations, tool);
        let reads = json!({"readOnlyHint": true});
        let least = risk(reason, &reads, tool).level;
        prop_assert!(said.level >= least, "{:?}", said);
        prop_assert!(!said.reasons.is_empty());
        for reason in &said.reasons {
            let from = ["policy: ", "tool: ", "annotation", "unknown: "];
            prop_assert!(from.iter().any(|from| reason.starts_with(from)), "{}", reason);
        }
    }
}
