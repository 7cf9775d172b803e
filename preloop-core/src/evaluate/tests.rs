//! Explanations, places and values of failures, the arguments that rules read.

use serde_json::{Value, json};

use super::*;
use crate::cel::{PathTable, Slot, Slots};
use crate::decision::TraceItem;
use crate::validate::ValidPolicy;

fn policy(text: &str) -> CompiledPolicy {
    CompiledPolicy::compile(ValidPolicy::parse(text).unwrap())
}

const PAY: &str = r#"version: "1.0"
metadata: {name: pay}
tools:
  - name: pay
    conditions:
      - expression: "true"
        action: allow
        enabled: false
      - name: token
        expression: >-
          args.token == 'abc' &&
          args.n > 1
        action: allow
      - expression: |
          has(args.amount) &&
            args.amount.startsWith('x')
        action: deny
        name: amount
      - action: deny
"#;

fn told(item: &TraceItem) -> (&str, &str, Option<&str>, Option<Value>) {
    (&item.rule, &item.kind, item.expression.as_deref(), item.value.clone())
}

#[test]
fn an_explanation_has_every_rule_and_masks_secrets() {
    let args = json!({"token": "hunter2", "amount": "y"});
    let decision = policy(PAY).explain(&Call::new("pay", &args));
    let trace = decision.trace.unwrap();
    let (zero, one) = ("tools[0].conditions[0]", "tools[0].conditions[1]");
    assert_eq!(told(&trace[0]), (zero, "skipped", Some("true"), None));
    assert_eq!((trace[1].rule.as_str(), trace[1].kind.as_str()), (one, "not_matched"));
    let token = trace.iter().find(|item| item.expression.as_deref() == Some("args.token")).unwrap();
    assert_eq!(told(token), (one, "value", Some("args.token"), Some(json!("[redacted]"))));
    assert!(!serde_json::to_string(&trace).unwrap().contains("hunter2"));
    let last = trace.iter().rfind(|item| item.rule == "tools[0].conditions[3]").unwrap();
    assert_eq!((last.kind.as_str(), last.message.as_str()), ("matched", "matched: deny"));
}

#[test]
fn what_stands_after_the_match_is_skipped() {
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
        {"expression": "args.n == 1", "action": "deny"}, {"expression": "args.n == 2"}]}]}"#;
    let args = json!({"n": 1});
    let trace = policy(text).explain(&Call::new("t", &args)).trace.unwrap();
    let kinds: Vec<(&str, &str)> =
        trace.iter().map(|item| (item.rule.as_str(), item.kind.as_str())).collect();
    let (first, second) = ("tools[0].conditions[0]", "tools[0].conditions[1]");
    assert_eq!(
        kinds,
        [(first, "matched"), (first, "value"), (first, "value"), (second, "skipped")]
    );
}

#[test]
fn a_failure_has_its_place_in_the_document_and_the_value_met() {
    let args = json!({"token": "x", "amount": 7});
    let decision = policy(PAY).evaluate(&Call::new("pay", &args)).into_owned();
    assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::ConditionError));
    let error = &decision.errors[0];
    assert_eq!(error.rule, "tools[0].conditions[2]");
    assert_eq!(error.kind, "wrong_type");
    // Through the block scalar: the second line of the expression.
    assert_eq!((error.line, error.column), (Some(16), Some(13)));
    assert_eq!(error.expression.as_deref(), Some("args.amount"));
    assert_eq!(error.value, Some(json!(7)));
}

#[test]
fn a_failure_does_not_show_a_secret() {
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
        {"expression": "args.password > 5", "action": "deny"}]}]}"#;
    let args = json!({"password": "hunter2"});
    let decision = policy(text).evaluate(&Call::new("t", &args)).into_owned();
    assert_eq!(decision.errors[0].value, Some(json!("[redacted]")));
    assert!(!serde_json::to_string(&decision).unwrap().contains("hunter2"));
}

#[test]
fn a_failures_words_do_not_quote_a_secret() {
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
        {"expression": "timestamp(args.api_key) < now", "action": "deny"}]}]}"#;
    let args = json!({"api_key": "hunter2"});
    let call = Call::new("t", &args);
    let policy = policy(text);
    let decision = policy.evaluate(&call).into_owned();
    assert_eq!(decision.errors[0].kind, "invalid_argument");
    assert!(!serde_json::to_string(&decision).unwrap().contains("hunter2"));
    assert!(!serde_json::to_string(&policy.explain(&call)).unwrap().contains("hunter2"));
}

#[test]
fn what_variables_make_of_a_secret_is_not_shown() {
    let args = json!({"password": "Hunter2secret", "pin": 4711, "note": "AKIAIOSFODNN7EXAMPLE", "x": {}, "list": [7, 8], "headers": [{"name": "Authorization", "value": "Zq-78-Xy"}]});
    for expression in [
        "cel.bind(p, args.password, int(p.lowerAscii()) > 2)",
        "cel.bind(p, args.password, timestamp(p.upperAscii()) < now)",
        "cel.bind(p, args.password.reverse(), p == 'a' || int(p) > 2)",
        "args.password.split('').map(x, x).join('') == 'a'",
        "args.?password.optMap(p, p.reverse()).orValue('') == 'a'",
        "cel.bind(p, args.pin, p + 1 > 3)",
        "args.x[args.password.lowerAscii()] == 1",
        "args.exists(k, args[k] == args.pin && args[k] + 1 > 5)",
        "int(args.note.lowerAscii()) == 1",
        "int(args.note.reverse()) == 1",
        "args.note.split('').size() == 1",
        "args.headers[0].value.replace('-', '') == 'x'",
    ] {
        let text = json!({"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
            {"expression": expression, "action": "deny"}]}]});
        let policy = policy(&text.to_string());
        let explained = policy.explain(&Call::new("t", &args));
        for told in [explained, policy.evaluate(&Call::new("t", &args)).into_owned()] {
            let values: Vec<String> = told
                .trace
                .iter()
                .flatten()
                .filter_map(|item| item.value.as_ref())
                .chain(told.errors.iter().filter_map(|error| error.value.as_ref()))
                .map(ToString::to_string)
                .collect();
            let said: Vec<&str> = told
                .trace
                .iter()
                .flatten()
                .map(|item| item.message.as_str())
                .chain(told.errors.iter().map(|error| error.message.as_str()))
                .chain([told.message.as_str()])
                .collect();
            let all = format!("{} {}", values.join(" "), said.join(" ")).to_lowercase();
            for secret in
                ["hunter2", "2retnuh", "4711", "4712", "akiaiosf", "elpmaxe", "zq78xy", "\"h\""]
            {
                assert!(!all.contains(secret), "{expression}: {all}");
            }
        }
    }
    // What the call itself has under other names is shown.
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
        {"expression": "args.list.exists(i, i == 8)", "action": "deny"}]}]}"#;
    let trace = policy(text).explain(&Call::new("t", &args)).trace.unwrap();
    let of = |text: &str| trace.iter().find(|item| item.expression.as_deref() == Some(text));
    assert_eq!(of("i").and_then(|item| item.value.clone()), Some(json!(7)), "{trace:?}");
}

#[test]
fn deep_arguments_fit_a_small_stack() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let args: Value =
        serde_json::from_str(&format!(r#"{{"a": {deep}, "token": {deep}}}"#)).unwrap();
    let schema = json!({"$ref": "#/$defs/v", "$defs": {"v": {
        "anyOf": [{"type": "object"}, {"type": "array"}],
        "items": {"$ref": "#/$defs/v"}, "additionalProperties": {"$ref": "#/$defs/v"}}}});
    let schema = crate::schema::ToolSchema::compile(&schema).unwrap();
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
        {"expression": "args.a == args.token"}]}]}"#;
    let policy = policy(text);
    let unchecked = {
        let (policy, args) = (policy, args.clone());
        move || policy.explain(&Call::new("t", &args)).action
    };
    assert_eq!(on_small_stack(unchecked), Action::RequireApproval);
    let checked = move || schema.check(&args).map_err(|violation| violation.path.len());
    assert_eq!(on_small_stack(checked), Ok(()));
}

fn on_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap()
}

#[test]
fn the_arguments_that_rules_read_are_known() {
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [
        {"name": "t", "conditions": [{"expression": "args.a.b == 1"}, {"expression": "args.c > args.a.b"}]},
        {"name": "u", "conditions": [{"expression": "args.c == 1", "action": "deny"}]},
        {"name": "t", "source": "mcp", "conditions": [{"expression": "args.d == 1"}]}]}"#;
    let policy = policy(text);
    let paths = |tool: &str, source: &str| -> Vec<String> {
        policy.arg_paths(tool, source).iter().map(ToString::to_string).collect()
    };
    assert_eq!(paths("t", "builtin"), ["args.a.b", "args.c"]);
    assert_eq!(paths("t", "mcp"), ["args.d"]);
    assert_eq!(paths("t", ""), ["args.a.b", "args.c", "args.d"]);
    assert_eq!(paths("u", ""), ["args.c"]);
    assert_eq!(paths("other", ""), [] as [&str; 0]);
    assert_eq!(policy.slots(), 3);
    // Slots filled by their numbers give the answer that the arguments give.
    let slot = policy.arg_paths("u", "").first().map(|path| path.slot() as usize).unwrap();
    let mut slots: Vec<Slot<_>> = (0..policy.slots()).map(|_| Slot::Missing(0)).collect();
    slots[slot] = Slot::Int(1);
    let slots = Slots::new(slots);
    assert_eq!(policy.evaluate(&Call::new("u", &slots)).action, Action::Deny);
}

#[test]
fn a_path_has_one_slot() {
    let mut table = PathTable::default();
    let (a, b) = (ArgPath::new(["a"], 0), ArgPath::new(["a", "b"], 0));
    assert_eq!([table.slot(&a), table.slot(&b), table.slot(&a)], [0, 1, 0]);
    assert_eq!(table.paths().len(), 2);
}

#[test]
fn the_budget_can_be_set() {
    let text = r#"{"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": [
        {"expression": "args.l.all(x, x < 10)", "action": "deny"}]}]}"#;
    let args = json!({"l": vec![1; 1000]});
    let call = Call::new("t", &args);
    assert_eq!(policy(text).evaluate(&call).reason, Reason::RuleMatched);
    let decision = policy(text).with_fuel(100).evaluate(&call).into_owned();
    assert_eq!(
        (decision.reason, decision.errors[0].kind.as_str()),
        (Reason::ConditionError, "budget")
    );
}

#[test]
fn errors_are_short_however_long_the_arguments() {
    let rules: Vec<Value> = (0..50)
        .map(|number| json!({"expression": format!("args.a.contains('zz{number}')")}))
        .collect();
    let document = json!({
        "version": "1.0",
        "metadata": {"name": "long"},
        "tools": [{"name": "t", "conditions": rules}]
    });
    let policy = policy(&document.to_string());
    let args = json!({"a": "x".repeat(2_000_000)});
    let decision = policy.explain(&Call::new("t", &args));
    assert_eq!(decision.errors.len(), 50);
    assert!(serde_json::to_string(&decision).unwrap().len() < 200_000);
}

#[test]
fn secrets_stay_masked_under_other_names() {
    let args = json!({"password": "hunter2-x", "k": "password", "a": "b"});
    for expression in [
        "cel.bind(p, args.password, p + 'x' == 'y')",
        "args[args.k] == 'x'",
        "args.map(k, args[k]) == []",
        "args.exists(k, v, v == 'x')",
        "{'a': 1}[args.password] == 1",
        "args[args.password] == 1",
        "args.password.split('-').exists(w, w == 'x')",
    ] {
        let document = json!({
            "version": "1.0",
            "metadata": {"name": "secrets"},
            "tools": [{"name": "t", "conditions": [{"expression": expression, "action": "deny"}]}]
        });
        let policy = policy(&document.to_string());
        let decision = policy.explain(&Call::new("t", &args));
        let told = serde_json::to_string(&decision).unwrap();
        assert!(!told.contains("hunter2"), "{expression}: {told}");
    }
}
