//! A row of questions comes to what the rules come to one by one: the same decision, the same errors, the same words.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::call::{Call, Principal};
use crate::cel::{ArgPath, ArgumentSource, Lookup};
use crate::compile::CompiledPolicy;
use crate::decision::Action;
use crate::limits::FUEL_DEFAULT;
use crate::validate::ValidPolicy;

/// Arguments that are handed out one by one, as bindings do.
#[derive(Debug)]
struct OneByOne(Value);

impl ArgumentSource for OneByOne {
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        self.0.lookup(path)
    }
}

fn question() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec!["args.a", "args.b", "args.c.d", "args.a.x"]);
    (path, 0..16_u8).prop_map(|(path, kind)| match kind {
        0 => format!("{path}.contains('ab')"),
        1 => format!("{path}.startsWith('a')"),
        2 => format!("{path}.endsWith('b')"),
        3 => format!("{path} == 'ab'"),
        4 => format!("{path} != 'a'"),
        5 => format!("{path} in ['a', 'ab', 'b']"),
        6 => format!("{path} > 1"),
        7 => format!("{path} <= 1"),
        8 => format!("size({path}) <= 2"),
        9 => format!("{path}.matches('a+b|ba')"),
        10 => format!("{path} == null"),
        11 => format!("{path} == 1"),
        12 => format!("{path} > 1.5"),
        13 => format!("{path} < 'b'"),
        14 => format!("{path}.startsWith('{}')", "a".repeat(60)),
        _ => format!("has({path})"),
    })
}

fn condition() -> impl Strategy<Value = String> {
    let questions = question().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" && ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" || ")),
            inner.clone().prop_map(|part| format!("!({part})")),
            inner.prop_map(|part| format!("({part})")),
        ]
    });
    let others = prop::sample::select(vec![
        "args.c.exists(x, x == 'ab')",
        "args.a + 'b' == 'ab'",
        "principal.id == 'ci'",
        "principal.id == 'ci' && args.a == 'ab'",
        "true",
        "false",
        "args.c.x[0] == 'a'",
    ]);
    prop_oneof![3 => question(), 4 => questions, 1 => others.prop_map(str::to_owned)]
}

fn rule() -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec!["allow", "deny", "require_approval"]);
    (prop::option::weighted(0.95, condition()), any::<bool>(), action).prop_map(
        |(expression, is_cel, action)| {
            let mut rule = json!({"action": action});
            if let Some(expression) = expression {
                rule["expression"] = expression.into();
                if is_cel {
                    rule["condition_type"] = "cel".into();
                }
            }
            rule
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => "[ab]{0,3}".prop_map(Value::from),
        1 => (16_000..24_000_usize).prop_map(|length| Value::from("ba".repeat(length / 2))),
        2 => (0..3).prop_map(Value::from),
        1 => Just(json!(1.5)),
        1 => Just(json!(["a", "ab"])),
        1 => Just(json!({"d": "ab", "x": "a"})),
        1 => Just(json!({"d": 2, "x": null})),
        1 => Just(Value::Null),
    ]
}

fn arguments() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c"]);
    prop::collection::hash_map(key, value(), 0..4)
        .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn fuel() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(FUEL_DEFAULT), 1 => 0..50_u64, 2 => 1_000..4_500_u64]
}

fn policy(rules: &[Value]) -> CompiledPolicy {
    let document = json!({
        "version": "1.0",
        "metadata": {"name": "rows"},
        "tools": [{"name": "t", "conditions": rules}],
    });
    CompiledPolicy::compile(ValidPolicy::parse(&document.to_string()).unwrap())
}

proptest! {
    #[test]
    fn it_decides_and_explains_as_the_rules_do_one_by_one(
        rules in prop::collection::vec(rule(), 1..6),
        calls in prop::collection::vec(arguments(), 1..4),
        fuel in fuel(),
    ) {
        let rows = policy(&rules).with_fuel(fuel);
        let others = policy(&rules).with_fuel(fuel).one_by_one();
        let ci = Principal { id: "ci".to_owned(), ..Principal::default() };
        for args in calls {
            let asked = OneByOne(args.clone());
            for source in [&args as &dyn ArgumentSource, &asked] {
                let call = Call { principal: Some(&ci), ..Call::new("t", source) };
                prop_assert_eq!(rows.evaluate(&call), others.evaluate(&call));
                prop_assert_eq!(rows.explain(&call), others.explain(&call));
            }
        }
    }
}

fn decides(policy: &CompiledPolicy, args: &Value) -> (Action, Option<String>) {
    let decision = policy.evaluate(&Call::new("t", args));
    (decision.action, decision.rule.as_ref().map(|rule| rule.path.clone()))
}

#[test]
fn rules_that_ask_are_a_row_with_those_between_them_that_do_more() {
    let policy = policy(&[
        json!({"expression": "args.a == 'x' && args.n > 1", "action": "allow"}),
        json!({"expression": "args.xs.exists(x, x == args.a)", "action": "require_approval"}),
        json!({"expression": "args.a.contains('rm') || has(args.b)", "action": "deny"}),
        json!({"expression": "n > 5", "action": "deny"}),
    ]);
    for (args, action, rule) in [
        (json!({"a": "x", "n": 2, "xs": []}), Action::Allow, Some(0)),
        (json!({"a": "x", "n": 1, "xs": ["x"]}), Action::RequireApproval, Some(1)),
        (json!({"a": "rm x", "n": 1, "xs": ["x"]}), Action::Deny, Some(2)),
        (json!({"a": "y", "n": 1, "xs": [], "b": null}), Action::Deny, Some(2)),
        (json!({"a": "y", "n": 6, "xs": []}), Action::Deny, Some(3)),
        (json!({"a": "y", "n": 5, "xs": []}), Action::Allow, None),
    ] {
        let path = rule.map(|number| format!("tools[0].conditions[{number}]"));
        assert_eq!(decides(&policy, &args), (action, path), "{args}");
    }
    let row = policy.entries[0].row(policy.fuel).unwrap();
    assert_eq!(row.steps.len(), 6);
    assert_eq!(row.steps.iter().filter(|step| step.asked.is_none()).count(), 1);
}

#[test]
fn a_budget_that_texts_use_up_is_kept() {
    for expression in
        ["a.contains('x')", "size(args.a) < 2", "args.a.matches('x|z') || args.a == 'z'"]
    {
        let rules = [json!({"expression": expression, "action": "deny"})];
        let (rows, others) = (policy(&rules).with_fuel(2_200), policy(&rules).with_fuel(2_200));
        let others = others.one_by_one();
        let longest = rows.entries[0].row(rows.fuel).unwrap().length_max;
        let actions = [0, 1, 15, 16, 100, 20_000].map(|more| {
            let args = json!({"a": "y".repeat(longest + more)});
            let call = Call::new("t", &args);
            assert_eq!(rows.evaluate(&call), others.evaluate(&call), "{expression} {more}");
            rows.evaluate(&call).action
        });
        assert_eq!((actions[0], actions[5]), (Action::Allow, Action::Deny), "{expression}");
    }
}

#[test]
fn another_budget_makes_another_row() {
    let rules = [json!({"expression": "a.contains('x')", "action": "deny"})];
    let policy = policy(&rules).with_fuel(2_000);
    assert!(policy.entries[0].row(policy.fuel).is_some());
    // So small a budget is looked after by the rules.
    let poorer = policy.with_fuel(50);
    assert!(poorer.entries[0].row(poorer.fuel).is_none());
}

#[test]
fn rules_that_are_exchanged_have_no_row() {
    let rules = [json!({"expression": "a.contains('x')", "action": "deny"})];
    let policy = policy(&rules).one_by_one();
    assert!(policy.entries[0].row(policy.fuel).is_none());
}
