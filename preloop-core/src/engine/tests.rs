//! Engines that are swapped, bound and asked from many threads.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::*;
use crate::{Action, Reason};

fn text(name: &str, action: &str) -> String {
    format!(
        "version: '1.0'\nmetadata: {{name: {name}}}\ntools: [{{name: bash, conditions: [{{action: {action}}}]}}]\n"
    )
}

#[test]
fn the_same_answer_is_the_same_object() {
    let engine = Engine::from_yaml(&text("p", "deny")).unwrap();
    let (args, other) = (json!({"a": 1}), json!({"b": 2}));
    let decision = engine.decide("bash", &args);
    assert!(Arc::ptr_eq(&decision, &engine.decide("bash", &other)));
    assert!(Arc::ptr_eq(&engine.decide("x", &args), &engine.decide("y", &other)));
    assert_eq!(engine.decide("x", &args).reason, Reason::UnknownTool);
    let numbers = engine.live().decisions();
    match engine.live().decide(&Call::new("bash", &args)) {
        Ruling::Known(number, _) => assert!((number as usize) < numbers, "{number} of {numbers}"),
        Ruling::Made(_) => panic!("the usual decision was made anew"),
    }
}

#[test]
fn a_refused_document_changes_nothing_and_is_told() {
    let engine = Engine::from_yaml(&text("first", "deny")).unwrap();
    let report = engine.replace(&text("second", "explode")).unwrap_err();
    let status = engine.status();
    assert_eq!((status.policy.name.as_str(), status.replaced), ("first", 0));
    assert_eq!(status.refused, Some(report));
    engine.replace(&text("second", "allow")).unwrap();
    let status = engine.status();
    assert_eq!((status.policy.name.as_str(), status.replaced), ("second", 1));
    assert_eq!((status.tools, status.rules, status.refused), (1, 1, None));
    assert_eq!(engine.decide("bash", &json!({})).action, Action::Allow);
}

#[test]
fn time_is_the_bound_one_or_the_clocks() {
    let rules = "
version: '1.0'
metadata: {name: p}
tools:
  - name: t
    conditions: [{expression: now < timestamp('2000-01-01T00:00:00Z'), action: deny}]
";
    let args = json!({});
    // Without a clock nothing is known of the time, and a deny rule that cannot be checked denies.
    let engine = Engine::from_yaml(rules).unwrap();
    assert_eq!(engine.decide("t", &args).reason, Reason::ConditionError);
    let engine = Engine::with_clock(rules, || "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(engine.decide("t", &args).action, Action::Allow);
    let bound = engine.bind(json!({"now": "1999-01-01T00:00:00Z"})).unwrap();
    assert_eq!(bound.decide("t", &args).action, Action::Deny);
    assert_eq!(bound.explain(&Call::new("t", &args)).action, Action::Deny);
    assert_eq!(engine.bind(json!({})).unwrap().decide("t", &args).action, Action::Allow);
    let error = engine.bind(json!({"now": "yesterday"})).unwrap_err();
    assert_eq!(error.path, "now");
}

#[test]
fn arguments_that_nest_too_deep_for_a_rule_are_the_calls_fault() {
    let rules = "
version: '1.0'
metadata: {name: p}
tools:
  - {name: same, conditions: [{expression: args.a == args.b, action: deny}]}
  - {name: shown, conditions: [{expression: \"'%s'.format([args.a]) == ''\", action: deny}]}
  - {name: missing, conditions: [{expression: args.a.c == 1, action: deny}]}
";
    let engine = Engine::from_yaml(rules).unwrap();
    let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let args = json!({"a": nested(200), "b": nested(200)});
    for tool in ["same", "shown"] {
        let decision = engine.decide(tool, &args);
        assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::InvalidCall));
        assert_eq!(decision.errors[0].message, "the arguments nest deeper than 64 levels");
        assert_eq!(engine.explain(&Call::new(tool, &args)).reason, Reason::InvalidCall);
    }
    // What else goes wrong is the rule's, and as deep as text may nest everything is compared.
    assert_eq!(engine.decide("missing", &args).reason, Reason::ConditionError);
    let args = json!({"a": nested(63), "b": nested(63)});
    assert_eq!(engine.decide("same", &args).reason, Reason::RuleMatched);
}

#[test]
fn a_policy_is_swapped_whole_while_calls_are_decided() {
    let engine = Engine::from_yaml(&text("deny", "deny")).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let args = json!({"a": 1});
                while !is_over.load(Ordering::Relaxed) {
                    let decision = engine.decide("bash", &args);
                    assert_eq!(decision.policy.name, decision.action.as_str());
                }
            });
        }
        for turn in 0..200 {
            let action = if turn % 2 == 0 { "allow" } else { "deny" };
            engine.replace(&text(action, action)).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(engine.status().replaced, 200);
}

#[test]
fn what_is_no_call_is_denied() {
    let engine = Engine::from_yaml("version: '1.0'\nmetadata: {name: open}\n").unwrap();
    for args in [json!([]), json!(5), json!("x"), json!(null)] {
        let decision = engine.decide("bash", &args);
        assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::InvalidCall));
        assert_eq!(decision.errors[0].message, "the arguments are no object");
        assert_eq!(engine.explain(&Call::new("bash", &args)).reason, Reason::InvalidCall);
    }
    let args = json!({});
    assert_eq!(engine.decide("", &args).reason, Reason::InvalidCall);
    assert_eq!(engine.explain(&Call::new("", &args)).reason, Reason::InvalidCall);
    assert_eq!(engine.decide("bash", &args).action, Action::Allow);
}

#[test]
fn flat_policies_decide_as_everywhere_else() {
    let engine = Engine::from_yaml("name: flat\ndenied_actions: [drop]\n").unwrap();
    assert_eq!(engine.decide("drop", &json!({})).action, Action::Deny);
    engine.replace("name: flat\ndenied_actions: [burn]\n").unwrap();
    assert_eq!(engine.decide("drop", &json!({})).action, Action::Allow);
    let report = Engine::from_yaml("zz: 1").unwrap_err();
    assert_eq!(report.errors[0].code.as_str(), "unknown_dialect");
}
