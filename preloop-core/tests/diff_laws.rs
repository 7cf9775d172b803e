//! Laws of comparing policies, by random policies with a random change, held against every call of a small world.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is not as expected ends the test"
)]

use preloop_core::diff::{Verdict, diff};
use preloop_core::{Action, Call, CompiledPolicy, ValidPolicy};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

/// One rule: its condition and its action.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    condition: String,
    action: &'static str,
    is_on: bool,
}

fn action() -> impl Strategy<Value = &'static str> {
    select(vec!["allow", "deny", "require_approval"])
}

fn part() -> impl Strategy<Value = String> {
    let field = || select(vec!["a", "b"]);
    let text = || select(vec!["x", "y", "xy", "yx", "xx", ""]);
    let sign = || select(vec!["==", "!=", "<", "<=", ">", ">="]);
    prop_oneof![
        (field(), sign(), 0..8_i32).prop_map(|(field, sign, n)| format!("args.{field} {sign} {n}")),
        (sign(), 0..12_i32).prop_map(|(sign, n)| format!("args.a + args.b {sign} {n}")),
        (0..5_i32, 0..12_i32).prop_map(|(by, n)| format!("args.a * {by} - args.b > {n}")),
        (1..4_i32, 0..3_i32).prop_map(|(by, n)| format!("args.b % {by} == {n}")),
        sign().prop_map(|sign| format!("args.a {sign} args.b")),
        (text(), select(vec!["contains", "startsWith", "endsWith"]))
            .prop_map(|(text, function)| format!("args.s.{function}('{text}')")),
        select(vec!["^x+$", "^(x|xy)$", "y.?$", "x{2,}", "[^x]", "^.x"])
            .prop_map(|pattern| format!("args.s.matches('{pattern}')")),
        prop::collection::vec(text(), 1..4).prop_map(|texts| format!("args.s in {texts:?}")),
        (0..4_i32).prop_map(|n| format!("size(args.s) > {n}")),
        select(vec!["a", "b", "s"]).prop_map(|field| format!("has(args.{field})")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let negated = (part(), any::<bool>())
        .prop_map(|(part, is_not)| if is_not { format!("!({part})") } else { part });
    (prop::collection::vec(negated, 1..4), any::<bool>())
        .prop_map(|(parts, is_all)| parts.join(if is_all { " && " } else { " || " }))
}

fn rule() -> impl Strategy<Value = Rule> {
    (condition(), action()).prop_map(|(condition, action)| Rule { condition, action, is_on: true })
}

/// Rules and the same rules with one thing changed.
fn changed() -> impl Strategy<Value = (Vec<Rule>, Vec<Rule>)> {
    let rules = prop::collection::vec(rule(), 1..4);
    (rules, any::<prop::sample::Index>(), 0..6, rule()).prop_map(|(rules, at, change, other)| {
        let mut after = rules.clone();
        let at = at.index(after.len());
        match change {
            0 => after[at].action = other.action,
            1 => after[at].condition = other.condition,
            2 => after[at].is_on = false,
            3 => after.insert(at, other),
            4 => {
                after.remove(at);
            }
            _ => after.reverse(),
        }
        (rules, after)
    })
}

fn policy(rules: &[Rule]) -> ValidPolicy {
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| json!({"expression": rule.condition, "action": rule.action, "enabled": rule.is_on}))
        .collect();
    let document = json!({"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": rules}]});
    ValidPolicy::parse(&document.to_string())
        .unwrap_or_else(|report| panic!("{document}: {report:?}"))
}

/// Every call of a small world.
fn world() -> Vec<Value> {
    let numbers = || {
        let some = (-2..14).map(|number| Some(json!(number)));
        some.chain([None])
    };
    let texts =
        ["", "x", "y", "z", "xx", "xy", "yx", "yy", "xxx", "xyx", "zx", "xz", "yxy", "xxxx"];
    let mut world = Vec::new();
    for a in numbers() {
        for b in numbers() {
            for s in texts.iter().map(|text| Some(json!(text))).chain([None]) {
                let mut args = Map::new();
                for (name, value) in [("a", &a), ("b", &b), ("s", &s)] {
                    if let Some(value) = value {
                        args.insert(name.to_owned(), value.clone());
                    }
                }
                world.push(Value::Object(args));
            }
        }
    }
    world
}

/// What a change does in the small world.
fn tried(before: &CompiledPolicy, after: &CompiledPolicy, world: &[Value]) -> [Option<Value>; 2] {
    let mut found = [None, None];
    for args in world {
        let call = Call::new("t", args);
        let (one, other): (Action, Action) =
            (before.evaluate(&call).action, after.evaluate(&call).action);
        if other < one {
            found[0].get_or_insert(args.clone());
        } else if other > one {
            found[1].get_or_insert(args.clone());
        }
    }
    found
}

#[test]
fn what_a_small_world_shows_is_found() {
    let world = world();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..60 {
        let (before, after): (Vec<Rule>, Vec<Rule>) =
            changed().new_tree(&mut runner).expect("policies").current();
        let report = diff(&policy(&before), &policy(&after));
        let [one, other] =
            [&before, &after].map(|rules| CompiledPolicy::compile(policy(rules.as_slice())));
        for example in &report.examples {
            let call = example.call.call();
            assert_eq!(one.evaluate(&call).action, example.before.action);
            assert_eq!(other.evaluate(&call).action, example.after.action);
        }
        let [looser, stricter] = tried(&one, &other, &world);
        let told = [Verdict::Loosened, Verdict::Tightened]
            .map(|verdict| report.verdict == verdict || report.verdict == Verdict::Both);
        for (found, told) in [(looser, told[0]), (stricter, told[1])] {
            if let Some(args) = found {
                assert!(told, "{before:#?}\n{after:#?}\n{:?} misses {args}", report.verdict);
            }
        }
        assert_eq!(report.changed, before != after);
    }
}

#[test]
fn a_policy_and_itself_do_not_differ() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..100 {
        let (rules, _): (Vec<Rule>, Vec<Rule>) =
            changed().new_tree(&mut runner).expect("policies").current();
        let report = diff(&policy(&rules), &policy(&rules));
        assert_eq!((report.verdict, report.changed), (Verdict::SameMeaning, false));
        assert!(report.changes.is_empty() && report.examples.is_empty());
    }
}
