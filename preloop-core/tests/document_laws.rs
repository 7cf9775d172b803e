//! Laws of documents, by random cases: printing and reading give the same document back, and the
//! digest does not depend on how a document is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use preloop_core::canonical::{export, policy_to_yaml, to_json, to_yaml};
use preloop_core::decision::Action;
use preloop_core::document::{
    AiFallback, ApprovalType, ApprovalWorkflow, Approver, AuthConfig, AuthType, ChannelKind,
    Condition, ConditionType, Defaults, Escalation, Examples, Justification, McpServer, Metadata,
    NotificationChannel, OnTimeout, PolicyDocument, Secret, StepUp, Tool, Transport,
};
use preloop_core::parse::parse_value;
use preloop_core::{canonical_value, json, parse, policy_digest};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

/// Text with everything in it that YAML and JSON have opinions about.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "no",
            "1.0",
            "~",
            "null",
            "0x1F",
            "on",
            "a: b",
            "# c",
            "- d",
            "|",
            "x\ny",
            " x\n  y\n",
            "\n",
            "x\n\n\ny",
            "tab\tbed",
            "x \ny",
            "\u{0}",
            "\u{85}\u{2028}\u{feff}",
            "{a}",
            "[b]",
            "*c",
            "&d",
            "!e",
            "'",
            "\"",
            "\\",
            "%f",
            "@g",
            "`h",
            "...",
            "--- x",
            "x # y",
            "x: y",
            "ends:",
            "é😀",
            "",
            "first\n---\nsecond",
            "a\r\nb",
            "\u{7f}",
            "<<",
            "=",
            "1e3",
            "0o7",
            "007",
            "+1",
            "-",
            "?",
            "key ? x",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,30}",
        "[ -~\n]{0,60}",
        any::<String>(),
    ]
}

/// Text that may be a name: no blanks around it, no control characters in it.
fn name() -> impl Strategy<Value = String> {
    text().prop_map(|text| {
        let kept: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
        let kept = kept.trim();
        if kept.is_empty() { "name".to_owned() } else { kept.to_owned() }
    })
}

fn written() -> impl Strategy<Value = Secret> {
    prop_oneof![
        text()
            .prop_map(|text| if text.trim().is_empty() { "s".to_owned() } else { text })
            .prop_map(Secret::Written),
        Just(Secret::Written("${VARIABLE}".to_owned())),
        Just(Secret::Redacted),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<u64>().prop_map(Number::from),
        any::<i64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((text(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn arguments() -> impl Strategy<Value = Map<String, Value>> {
    vec((text(), value()), 0..3).prop_map(|members| members.into_iter().collect())
}

fn action() -> impl Strategy<Value = Action> {
    select(vec![Action::Allow, Action::Deny, Action::RequireApproval])
}

fn approvers() -> impl Strategy<Value = Vec<Approver>> {
    let approver = prop_oneof![
        name().prop_map(Approver::User),
        name().prop_map(Approver::Team),
        name().prop_map(Approver::Role),
    ];
    vec(approver, 0..3)
}

fn secrets() -> impl Strategy<Value = BTreeMap<String, Secret>> {
    vec((text(), written()), 0..3).prop_map(|pairs| pairs.into_iter().collect())
}

prop_compose! {
    fn condition()(
        (name, expression) in (of(name()), of(text())),
        action in of(action()),
        condition_type in of(select(vec![ConditionType::Simple, ConditionType::Cel])),
        (description, message) in (of(text()), of(text())),
        approval_workflow in of(name()),
        enabled in of(any::<bool>()),
        examples in of((vec(arguments(), 0..3), vec(arguments(), 0..2))),
    ) -> Condition {
        let expression = expression.filter(|text| !text.trim().is_empty());
        let examples = examples.map(|(matching, not_match)| Examples { matching, not_match });
        Condition { name, expression, action, condition_type, description, message, approval_workflow, enabled, examples }
    }
}

prop_compose! {
    fn tool()(
        name in name(),
        source in of(select(vec!["builtin", "mcp", "Server"])),
        enabled in of(any::<bool>()),
        approval_workflow in of(name()),
        justification in of(select(vec![Justification::Required, Justification::Optional])),
        evidence_required in vec(name(), 0..3),
        conditions in vec(condition(), 0..4),
        description in of(text()),
    ) -> Tool {
        let source = source.map(str::to_owned);
        Tool { name, source, enabled, approval_workflow, justification, evidence_required, conditions, description }
    }
}

prop_compose! {
    fn channel()(
        channel in select(vec![
            ChannelKind::Email, ChannelKind::Slack, ChannelKind::Mattermost, ChannelKind::Webhook, ChannelKind::WebPush,
        ]),
        url in of(written()),
        headers in secrets(),
        secret in of(written()),
        to in vec(name(), 0..3),
    ) -> NotificationChannel {
        NotificationChannel { channel, url, headers, secret, to }
    }
}

prop_compose! {
    fn workflow()(
        name in name(),
        (description, ai_guidelines) in (of(text()), of(text())),
        (timeout_seconds, required_approvals) in (of(1_u64..=2_592_000), of(1_u32..=100)),
        on_timeout in of(select(vec![OnTimeout::Deny, OnTimeout::Escalate])),
        step_up in of(select(vec![StepUp::None, StepUp::Passkey, StepUp::MatchCode])),
        approvers in approvers(),
        (approval_type, ai_model) in (of(select(vec![ApprovalType::Standard, ApprovalType::AiDriven])), of(name())),
        ai_confidence_threshold in of(0.0..=1.0),
        ai_fallback_behavior in of(select(vec![AiFallback::Escalate, AiFallback::Deny, AiFallback::Approve])),
        escalation_workflow in of(name()),
        escalation in of((of(any::<bool>()), approvers(), of(1_u64..=2_592_000))),
        (async_approval, require_reason, allow_self_approval) in (of(any::<bool>()), of(any::<bool>()), of(any::<bool>())),
        notifications in vec(channel(), 0..3),
    ) -> ApprovalWorkflow {
        let escalation = escalation.map(|(enabled, escalate_to, escalation_delay)| {
            Escalation { enabled, escalate_to, escalation_delay }
        });
        ApprovalWorkflow {
            description, timeout_seconds, on_timeout, step_up, required_approvals, approvers, approval_type, ai_model,
            ai_guidelines, ai_confidence_threshold, ai_fallback_behavior, escalation_workflow, escalation,
            async_approval, require_reason, allow_self_approval, notifications,
            ..ApprovalWorkflow::named(name)
        }
    }
}

prop_compose! {
    fn server()(
        name in name(),
        (url, command, cwd) in (of(name()), of(name()), of(name())),
        transport in of(select(vec![Transport::StreamableHttp, Transport::Sse, Transport::Stdio])),
        args in vec(text(), 0..3),
        env in secrets(),
        auth_type in of(select(vec![AuthType::None, AuthType::Bearer, AuthType::ApiKey, AuthType::Oauth])),
        auth_config in of((of(written()), of(written()), of(name()), of(name()), of(name()), of(written()), vec(name(), 0..2))),
        tool_prefix in of(name()),
        (enabled, validate_arguments) in (of(any::<bool>()), of(any::<bool>())),
    ) -> McpServer {
        let auth_config = auth_config.map(|(token, api_key, header, token_url, client_id, client_secret, scopes)| {
            AuthConfig { token, api_key, header, token_url, client_id, client_secret, scopes }
        });
        McpServer {
            name, url, transport, command, args, env, cwd, auth_type, auth_config, tool_prefix, enabled, validate_arguments,
        }
    }
}

prop_compose! {
    fn document()(
        (name, description, author) in (name(), of(text()), of(text())),
        tags in vec(name(), 0..4),
        created_at in of(select(vec!["2026-01-31T12:00:00Z", "2026-01-31", "2026-01-31 12:00:00"])),
        mcp_servers in vec(server(), 0..3),
        approval_workflows in vec(workflow(), 0..3),
        tools in vec(tool(), 0..4),
        defaults in of((of(action()), of(any::<bool>()), of(name()), of(any::<bool>()))),
    ) -> PolicyDocument {
        let defaults = defaults.map(|(unknown_tools, is_new, default_approval_workflow, inherit_from_parent)| Defaults {
            unknown_tools,
            require_approval_for_new_tools: is_new,
            default_approval_workflow,
            inherit_from_parent,
        });
        let created_at = created_at.map(str::to_owned);
        PolicyDocument {
            version: "1.0".to_owned(),
            metadata: Metadata { name, description, author, tags, created_at },
            mcp_servers,
            approval_workflows,
            tools,
            defaults,
        }
    }
}

/// The document written out in one line of JSON, every mapping's keys turned around and every key
/// that has one under its older spelling.
fn respelled(value: &Value) -> String {
    let spell = |key: &str| match key {
        "approval_workflows" => "approval_policies".to_owned(),
        "conditions" => "rules".to_owned(),
        "timeout_seconds" => "timeout".to_owned(),
        "required_approvals" => "quorum".to_owned(),
        _ => key.to_owned(),
    };
    match value {
        // Arguments of examples keep their names.
        Value::Object(members)
            if members.contains_key("match") || members.contains_key("not_match") =>
        {
            value.to_string()
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .rev()
                .map(|(key, value)| format!("{}: {}", Value::String(spell(key)), respelled(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(respelled).collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back(document in document()) {
        let yaml = to_yaml(&document, Some("policy.schema.json"));
        prop_assert_eq!(parse(&yaml), Ok(document.clone()), "{}", yaml);
        let json = to_json(&document);
        prop_assert_eq!(parse(&json), Ok(document.clone()), "{}", json);
        let exported = export(document.clone());
        prop_assert_eq!(parse(&to_yaml(&exported, None)), Ok(exported.clone()));
        prop_assert_eq!(policy_digest(&exported), policy_digest(&document));
    }

    #[test]
    fn the_digest_does_not_depend_on_spelling(document in document()) {
        // An empty key of `env` or `headers` that is spelled like a field would be respelled too.
        prop_assume!(!format!("{document:?}").contains("timeout_seconds\":"));
        let text = respelled(&serde_json::to_value(&document).unwrap());
        prop_assert_eq!(parse(&text), Ok(document.clone()), "{}", text);
        prop_assert_eq!(policy_digest(&parse(&text).unwrap()), policy_digest(&document));
    }

    /// The digest is made without a value in between.
    #[test]
    fn the_digest_is_that_of_the_canonical_value(document in document()) {
        let value = serde_json::to_value(export(document.clone())).unwrap();
        let mut wanted = "sha256:".to_owned();
        for byte in Sha256::digest(canonical_value(&value).as_bytes()) {
            write!(wanted, "{byte:02x}").unwrap();
        }
        prop_assert_eq!(policy_digest(&document), wanted);
    }

    #[test]
    fn canonical_json_is_one_text_for_one_value(value in value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let canonical = json::canonicalize(&text).unwrap();
        prop_assert_eq!(&canonical_value(&json::parse(&text).unwrap()), &canonical);
        prop_assert_eq!(&json::canonicalize(&canonical).unwrap(), &canonical);
        prop_assert_eq!(&json::parse(&text).unwrap(), &value);
    }

    #[test]
    fn any_text_gets_an_answer(text in prop_oneof![any::<String>(), "[-?:,\\[\\]{}#&*!|>'\"%@` \t\na-c0-9.~]{0,80}"]) {
        let report = preloop_core::validate(&text);
        prop_assert_eq!(report.is_valid, report.errors.is_empty());
        // Where both are sure that it is JSON, they agree on what it says.
        if let Ok(theirs) = serde_json::from_str::<Value>(&text) {
            match json::parse(&text) {
                Ok(ours) => prop_assert_eq!(ours, theirs),
                Err(error) => prop_assert_eq!(error.kind(), json::JsonErrorKind::DuplicateKey),
            }
        } else {
            prop_assert!(json::parse(&text).is_err());
        }
    }
}

fn policy_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
        select(vec![1e300, 1e-300, -0.0, 5e-324, 200.0]).prop_map(Value::from),
        text().prop_map(Value::from),
        select(vec![
            "yes",
            "012",
            "1_000",
            "0b1",
            "1:30",
            "<<",
            "=",
            "2026-01-01",
            "!!str x",
            "? a",
            "a\u{7f}b",
            "\u{9}"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((text(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| {
                // Arguments of examples are no part of the policy's own fields.
                let value = if key == "examples" { value.clone() } else { without_nulls(value) };
                (key.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into()
        }
        scalar => scalar.clone(),
    }
}

/// Every mapping of the text has its keys in order.
fn is_sorted(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(is_sorted),
        Value::Object(members) => members.keys().is_sorted() && members.values().all(is_sorted),
        _ => true,
    }
}

proptest! {
    #[test]
    fn any_policy_comes_back_from_sorted_yaml(policy in policy_value()) {
        let policy = Value::Object(Map::from_iter([("p".to_owned(), policy), ("a".to_owned(), Value::Null)]));
        let text = policy_to_yaml(&policy).unwrap();
        prop_assert!(!text.contains('\0'), "{text:?}");
        let read = parse_value(&text);
        let read = read.unwrap_or_else(|report| panic!("{report:#?}\n{text}"));
        prop_assert_eq!(&read, &without_nulls(&policy), "{}", text);
        prop_assert_eq!(policy_to_yaml(&read).unwrap(), text, "the same values are the same text");
        prop_assert!(is_sorted(&read));
    }

    #[test]
    fn a_document_comes_back_from_sorted_yaml(document in document()) {
        let text = policy_to_yaml(&serde_json::to_value(&document).unwrap()).unwrap();
        prop_assert_eq!(parse(&text).unwrap(), document, "{}", text);
    }
}

#[test]
fn what_nests_too_deep_is_refused_in_sorted_yaml() {
    let mut deep = Value::Null;
    for _ in 0..100_000 {
        deep = Value::Array(vec![deep]);
    }
    assert!(policy_to_yaml(&deep).is_err());
    // Dropping it one level at a time spares the stack.
    while let Value::Array(mut items) = deep {
        deep = items.pop().unwrap();
    }
}
