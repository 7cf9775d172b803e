//! Conditions that only ask things of arguments are asked in short: the answer and the price are those of the long ways.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cel::{Environment, Fuel, Input, Tri, compile};

fn question() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec!["args.a", "args.b", "args.c.d", "args.a.x"]);
    (path, 0..11_u8).prop_map(|(path, kind)| match kind {
        0 => format!("{path}.contains('ab')"),
        1 => format!("{path}.startsWith('a')"),
        2 => format!("{path}.endsWith('b')"),
        3 => format!("{path} == 'ab'"),
        4 => format!("{path} != 'a'"),
        5 => format!("{path} in ['a', 'ab', 'b']"),
        6 => format!("{path} > 1"),
        7 => format!("size({path}) <= 2"),
        8 => format!("{path}.matches('a+b')"),
        9 => format!("{path} == null"),
        _ => format!("has({path})"),
    })
}

fn condition() -> impl Strategy<Value = String> {
    question().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" && ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" || ")),
            inner.clone().prop_map(|part| format!("!({part})")),
            inner.prop_map(|part| format!("({part})")),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[ab]{0,3}".prop_map(Value::from),
        1 => "[ab]{40}".prop_map(Value::from),
        1 => (0..3).prop_map(Value::from),
        1 => Just(json!(["a", "ab"])),
        1 => Just(json!({"d": "ab", "x": "a"})),
        1 => Just(Value::Null),
    ]
}

fn arguments() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "b", "c"]);
    prop::collection::hash_map(key, value(), 0..4)
        .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

proptest! {
    #[test]
    fn it_answers_and_costs_what_the_long_ways_do(
        text in condition(),
        args in arguments(),
        limit in prop_oneof![Just(100_000_u64), 0..40_u64],
    ) {
        let short = compile(&text, &Environment::policy()).unwrap();
        let long = compile(&text, &Environment::policy()).unwrap().without_inquiry();
        prop_assert!(short.has_inquiry(), "{}", text);
        let input = Input::new(&args);
        let (mut left, mut others) = (Fuel::new(limit), Fuel::new(limit));
        prop_assert_eq!(short.test(&input, &mut left), long.test(&input, &mut others));
        prop_assert_eq!((left.used(), left.is_spent()), (others.used(), others.is_spent()));
    }
}

#[test]
fn what_does_more_than_ask_is_no_inquiry() {
    for text in ["args.xs.exists(x, x == 1)", "args.a + 1 == 2", "principal.id == 'a'", "args.a"] {
        assert!(!compile(text, &Environment::policy()).unwrap().has_inquiry(), "{text}");
    }
}

#[test]
fn a_question_behind_a_decided_one_is_not_asked() {
    let program =
        compile("args.a == 'x' || args.b > 1 && !has(args.c)", &Environment::policy()).unwrap();
    for (args, answer) in [
        (json!({"a": "x"}), Tri::True),
        (json!({"a": "y", "b": 0}), Tri::False),
        (json!({"a": "y", "b": 2}), Tri::True),
        (json!({"a": "y", "b": 2, "c": null}), Tri::False),
        (json!({"a": "y"}), Tri::Error),
    ] {
        assert_eq!(program.test(&Input::new(&args), &mut Fuel::default()), answer, "{args}");
    }
}
