//! Laws of the walk over rules: what is shared between rules never changes an answer.

#![expect(clippy::unwrap_used, reason = "a policy that does not compile ends the test")]

use preloop_core::{Action, Call, CompiledPolicy, Reason, ValidPolicy};
use proptest::prelude::*;
use serde_json::{Value, json};

fn policy(rules: &[Value]) -> CompiledPolicy {
    let document = json!({
        "version": "1.0",
        "metadata": {"name": "laws"},
        "tools": [{"name": "t", "conditions": rules}]
    });
    CompiledPolicy::compile(ValidPolicy::parse(&document.to_string()).unwrap())
}

const ACTIONS: [Action; 3] = [Action::Allow, Action::RequireApproval, Action::Deny];

/// How a condition asks whether an argument contains letters: a pattern of letters only spells them.
const LANGUAGES: [(&str, &str); 3] =
    [("contains", "simple"), ("contains", "cel"), ("matches", "cel")];

/// The same question in each language, by turns.
fn rule(needle: &str, action: usize, field: usize) -> Value {
    rule_in(needle.len() % LANGUAGES.len(), needle, action, field)
}

fn rule_in(language: usize, needle: &str, action: usize, field: usize) -> Value {
    let field = ["a", "b"].get(field).unwrap();
    let action = ACTIONS.get(action).unwrap();
    let (function, language) = LANGUAGES.get(language).unwrap();
    let expression = format!("args.{field}.{function}('{needle}')");
    json!({"expression": expression, "condition_type": language, "action": action})
}

/// Answer and the number of the rule that decided, rule by rule.
fn one_by_one(rules: &[(String, usize, usize)], a: &str, b: &str) -> (Action, Option<usize>) {
    let found = rules
        .iter()
        .position(|(needle, _, field)| [a, b].get(*field).unwrap().contains(needle.as_str()));
    let action = found.map(|number| *ACTIONS.get(rules.get(number).unwrap().1).unwrap());
    (action.unwrap_or(Action::Allow), found)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Many rules that look for text share one pass; short needles over two letters overlap in every way.
    #[test]
    fn searching_for_many_texts_at_once_changes_nothing(
        rules in proptest::collection::vec(("[xy]{0,4}", 0_usize..3, 0_usize..2), 1..40),
        a in "[xyz]{0,12}",
        b in "[xyz]{0,12}",
    ) {
        let written: Vec<Value> =
            rules.iter().map(|(needle, action, field)| rule(needle, *action, *field)).collect();
        let args = json!({"a": a, "b": b});
        let policy = policy(&written);
        let decision = policy.evaluate(&Call::new("t", &args));
        let (action, number) = one_by_one(&rules, &a, &b);
        prop_assert_eq!(decision.action, action);
        let path = number.map(|number| format!("tools[0].conditions[{number}]"));
        prop_assert_eq!(decision.rule.as_ref().map(|rule| rule.path.clone()), path);
    }

    /// What stands after the rule that matches changes nothing.
    #[test]
    fn rules_after_the_match_change_nothing(
        rules in proptest::collection::vec(("[xy]{1,3}", 0_usize..3, 0_usize..2), 1..12),
        a in "[xyz]{0,8}",
        b in "[xyz]{0,8}",
    ) {
        let written: Vec<Value> =
            rules.iter().map(|(needle, action, field)| rule(needle, *action, *field)).collect();
        let args = json!({"a": a, "b": b});
        let call = Call::new("t", &args);
        if let (_, Some(number)) = one_by_one(&rules, &a, &b) {
            let all = policy(&written);
            let cut = policy(written.get(..=number).unwrap());
            let (all, cut) = (all.evaluate(&call), cut.evaluate(&call));
            prop_assert_eq!((all.action, &all.rule), (cut.action, &cut.rule));
        }
    }

    /// A deny rule that cannot be checked never leads to allow, whatever the arguments are.
    #[test]
    fn a_failing_deny_rule_never_allows(
        kind in 0_usize..6,
        many in 1_usize..12,
        language in 0..LANGUAGES.len(),
    ) {
        let values = [json!(null), json!(7), json!({}), json!([["x"]]), json!(true), json!(["xx"])];
        let args = json!({"a": values.get(kind).unwrap()});
        let rules: Vec<Value> = (0..many).map(|_| rule_in(language, "x", 2, 0)).collect();
        let policy = policy(&rules);
        let decision = policy.evaluate(&Call::new("t", &args));
        prop_assert_eq!((decision.action, decision.reason), (Action::Deny, Reason::ConditionError));
        prop_assert_eq!(decision.errors.len(), 1);
    }
}

/// A shared search spends what each of its rules would spend alone, so it runs dry where they do.
#[test]
fn a_shared_search_has_the_budget_of_one_rule() {
    let args = json!({"a": "y".repeat(160)});
    for language in 0..LANGUAGES.len() {
        for fuel in 0..20 {
            let decided = |many: usize| {
                let rules: Vec<Value> = (0..many).map(|_| rule_in(language, "x", 0, 0)).collect();
                let policy = policy(&rules).with_fuel(fuel);
                let decision = policy.evaluate(&Call::new("t", &args)).into_owned();
                (
                    decision.action,
                    decision.reason,
                    decision.errors.first().map(|error| error.kind.clone()),
                )
            };
            let alone = decided(1);
            assert_eq!(alone.1 == Reason::ConditionError, fuel < 13, "{fuel}");
            assert_eq!(decided(20), alone, "{language} {fuel}");
        }
    }
}
