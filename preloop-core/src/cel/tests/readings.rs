//! What is left out of arguments by [`Reading`] is never looked at: with and without it every answer is the same.

use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use crate::cel::{Environment, Fuel, Input, Program, Reading, Tri, compile};

/// The value without what is not looked at, as a binding would carry it.
fn pruned(value: &Json, reading: &Reading) -> Json {
    match value {
        _ if reading.all => value.clone(),
        Json::Array(items) => {
            let first = reading.first.map_or(items.len(), |first| first as usize);
            let kept = if reading.count { items.len() } else { first.min(items.len()) };
            let item = |item: &Json| {
                reading.items.as_ref().map_or(Json::Null, |reading| pruned(item, reading))
            };
            items.iter().take(kept).map(item).collect()
        }
        Json::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                let mut wanted = reading.entries.as_deref().cloned();
                if let Some(field) = reading.fields.get(&**key) {
                    wanted.get_or_insert_default().merge(field.clone());
                }
                if wanted.is_none() && reading.count {
                    wanted = Some(Reading::default());
                }
                if let Some(wanted) = wanted {
                    kept.insert(key.clone(), pruned(value, &wanted));
                }
            }
            Json::Object(kept)
        }
        _ if reading.value => value.clone(),
        _ => Json::Null,
    }
}

/// The arguments with nothing but what the program looks at.
fn pruned_args(program: &Program, args: &Json) -> Json {
    let mut whole = Reading::default();
    for (path, reading) in program.readings() {
        let keys: Vec<&str> = path.keys().collect();
        let reading = keys.iter().rev().fold(reading, |below, key| Reading {
            fields: [(Box::from(*key), below)].into(),
            ..Reading::default()
        });
        whole.merge(reading);
    }
    pruned(args, &whole)
}

fn answer(program: &Program, args: &Json) -> (Tri, Option<crate::cel::FailureKind>) {
    let input = Input::new(args);
    let answer = program.test(&input, &mut Fuel::default());
    (answer, program.failure(&input, 100_000).map(|failure| failure.kind))
}

const EXPRESSIONS: &[&str] = &[
    "has(args.a)",
    "has(args.a.b) && args.a.b == args.b",
    "size(args.a) > 1",
    "size(args.a) == size(args.b.c)",
    "args.a.exists(x, x.b == 1)",
    "args.a.all(x, has(x.b) && x.b.c != 'a')",
    "args.a.exists_one(x, x == 'a')",
    "args.a.exists(k, v, v.b == 1 || k == 'b')",
    "args.a.all(i, v, size(v) < 2)",
    "args.a[0].b == 'a'",
    "args.a[1] == args.b[0]",
    "args.a[0] == 1 || args.a[2] == 1",
    "args.a[args.b] == 1",
    "args.a['b'].c == 1",
    "'b' in args.a",
    "1 in args.a",
    "args.a in args.b",
    "args.a == args.b",
    "args.a != 'a'",
    "args.a < 5",
    "args.a == [1, 'a']",
    "args.a == {'b': 1}",
    "args.a.filter(x, x.b == 1).size() > 0",
    "args.a.filter(x, x.b == 1).exists(x, x.c == 1)",
    "args.a.filter(x, x.b == 1) == args.b",
    "args.a.map(x, x.b) == [1]",
    "args.a.map(x, x.c == 1, x.b).size() == 1",
    "args.a.exists(x, args.b.exists(y, y.c == x.b))",
    "args.a.exists(x, x.b.exists(y, y.c == x.c && y == args.b))",
    "args.a.exists(x, x.exists(y, y == x.size()))",
    "cel.bind(x, args.a, x.b == 1 || x.c == 1)",
    "args.?a.b.orValue('c') == 'a'",
    "args.a.?b.optMap(x, x.c == 1).orValue(false)",
    "args.a + args.b == [1, 2]",
    "(has(args.a.b) ? args.a : args.b).exists(x, x == 'a')",
    "args.a.sortBy(x, x.b).size() > 1",
    "args.a.transformMap(k, v, v.b)[0] == 1",
    "type(args.a) == list || string(args.b) == 'a'",
    "size(args) == 2 && args.exists(k, k == 'a')",
    "args[args.a].b == 1",
    "args.a.b.c.exists(x, x in ['a', 'b'])",
    "args.a.contains('a') || args.b.startsWith('b')",
];

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (0..3_i64).prop_map(Json::from),
        "[a-c]{1,2}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn answers_need_no_more_than_what_is_read(a in any_json(), b in any_json()) {
        let args = serde_json::json!({"a": a, "b": b, "z": [1, 2, 3]});
        for expression in EXPRESSIONS {
            let program = compile(expression, &Environment::policy()).unwrap();
            let less = pruned_args(&program, &args);
            prop_assert_eq!(answer(&program, &args), answer(&program, &less), "{} of {} as {}", expression, args, less);
        }
    }
}

#[test]
fn what_is_not_looked_at_is_left_out() {
    let args = serde_json::json!({
        "items": [{"price": 1, "text": "x"}, {"price": 2, "text": "y"}],
        "other": {"deep": [1, 2, 3]},
    });
    let left = |expression: &str| {
        let program = compile(expression, &Environment::policy()).unwrap();
        pruned_args(&program, &args).to_string()
    };
    assert_eq!(left("has(args.items)"), r#"{"items":[null,null]}"#);
    assert_eq!(left("args.items.exists(i, i.price > 1)"), r#"{"items":[{"price":1},{"price":2}]}"#);
    assert_eq!(left("args.items[0].price > 1"), r#"{"items":[{"price":1}]}"#);
    assert_eq!(left("'deep' in args.other"), r#"{"other":{"deep":[null,null,null]}}"#);
    assert_eq!(left("args.other.exists(k, k == 'x')"), r#"{"other":{"deep":[null,null,null]}}"#);
}
