//! Random expressions: nothing panics, and the ways to evaluate one agree.

use proptest::prelude::*;
use serde_json::json;

use crate::cel::{
    ArgPath, ArgumentSource, Environment, FUEL_DEFAULT, Fuel, Input, Lookup, Tri, Value, compile,
};

/// Arguments that do not say that they are one JSON object, so that nothing takes the short way.
#[derive(Debug)]
struct Hidden<'a>(&'a serde_json::Value);

impl ArgumentSource for Hidden<'_> {
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        self.0.lookup(path)
    }
}

const LEAVES: [&str; 34] = [
    "args.records",
    "args.big",
    "has(args.map.k)",
    "args.n",
    "args.d",
    "args.s",
    "args.list",
    "args.map",
    "args.nope",
    "args.map.k",
    "args.nil",
    "args.t",
    "1",
    "2u",
    "0.5",
    "'a'",
    "'abc'",
    "true",
    "false",
    "null",
    "[]",
    "[1, 2]",
    "{'k': 1}",
    "x",
    "b'a'",
    "duration('1h')",
    "timestamp('2024-01-01T00:00:00Z')",
    "tool.name",
    "0",
    "args",
    "-1",
    "9223372036854775807",
    "args.?nope",
    "ip('10.0.0.1')",
];

const SIGNS: [&str; 14] =
    ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"];

const METHODS: [&str; 35] = [
    "endsWith('c')",
    "matches('^abc')",
    "size() == 3",
    "size() > 1",
    "exists(x, x in ['a', 'b'] || x.contains('a'))",
    "all(x, x.k == 1 && x.k != 'a')",
    "filter(x, x.k > 0.5).size() == 1",
    "exists(x, has(x.k) ? x.k < 2 : x == 'a')",
    "size()",
    "contains('a')",
    "startsWith('a')",
    "matches('a+')",
    "exists(x, x == 1)",
    "all(x, x > 0)",
    "map(x, x)",
    "filter(x, x != 2)",
    "exists_one(x, x == 1)",
    "reverse()",
    "split('b')",
    "join(',')",
    "substring(1)",
    "orValue(1)",
    "transformList(x, y, y)",
    "transformMap(x, y, y)",
    "sort()",
    "distinct()",
    "lowerAscii()",
    "hasValue()",
    "k",
    "?k",
    "format([1])",
    "getFullYear()",
    "first()",
    "flatten()",
    "indexOf('b')",
];

/// What two sub-expressions are put into.
const PAIRS: [fn(&str, &str) -> String; 6] = [
    |left, right| format!("{left}[{right}]"),
    |left, right| format!("[{left}, {right}]"),
    |left, right| format!("{{{left}: {right}}}"),
    |left, right| format!("[{left}].all(x, {right})"),
    |left, right| format!("cel.bind(x, {left}, {right})"),
    |left, right| format!("({left} ? {right} : {left})"),
];

/// What one sub-expression is put into.
const WRAPPERS: [fn(&str) -> String; 4] = [
    |inner| format!("!{inner}"),
    |inner| format!("string({inner})"),
    |inner| format!("int({inner})"),
    |inner| format!("math.abs({inner})"),
];

/// Expressions that are mostly well formed.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(LEAVES.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(5, 48, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (pair.clone(), prop::sample::select(SIGNS.to_vec()))
                .prop_map(|((left, right), sign)| format!("({left} {sign} {right})")),
            (inner.clone(), prop::sample::select(METHODS.to_vec()))
                .prop_map(|(left, method)| format!("{left}.{method}")),
            (pair, prop::sample::select(PAIRS.to_vec()))
                .prop_map(|((left, right), make)| make(&left, &right)),
            (inner, prop::sample::select(WRAPPERS.to_vec())).prop_map(|(inner, make)| make(&inner)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_ways_to_evaluate_agree(source in expression()) {
        let args = json!({
            "n": 7, "d": 7.5, "s": "abcabc", "list": [3, 1, 2, "a"], "map": {"k": 1, "l": [1]},
            "nil": null, "t": true, "records": [{"k": 1}, {"k": 0.5}], "big": u64::MAX,
        });
        let hidden = Hidden(&args);
        let input = Input::new(&args);
        for environment in [Environment::policy().any_result(), Environment::policy().any_result().unchecked()] {
            let Ok(program) = compile(&source, &environment) else { continue };
            let mut fuel = Fuel::default();
            let tri = program.test(&input, &mut fuel);
            let mut again = Fuel::default();
            prop_assert_eq!(program.test(&input, &mut again), tri);
            prop_assert_eq!(fuel.used(), again.used());
            // Short way or long, with much fuel or little: the same answer for the same fuel.
            for limit in [0, 1, 2, 3, 5, 8, 12, 20, FUEL_DEFAULT] {
                let (mut short, mut long) = (Fuel::new(limit), Fuel::new(limit));
                let answer = program.test(&input, &mut short);
                prop_assert_eq!(answer, program.test(&Input::new(&hidden), &mut long), "{}", limit);
                prop_assert_eq!(short.used(), long.used(), "{}", limit);
                prop_assert_eq!(short.is_spent(), long.is_spent(), "{}", limit);
            }
            match program.evaluate(&input, FUEL_DEFAULT) {
                Ok(Value::Bool(true)) => prop_assert_eq!(tri, Tri::True),
                Ok(Value::Bool(false)) => prop_assert_eq!(tri, Tri::False),
                Ok(_) | Err(_) => prop_assert_eq!(tri, Tri::Error),
            }
            prop_assert_eq!(program.failure(&input, FUEL_DEFAULT).is_some(), tri == Tri::Error);
            if let Some(constant) = program.constant() {
                prop_assert_eq!(tri, if constant { Tri::True } else { Tri::False });
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(source in "[ -~]{0,60}|\\PC{0,30}|['\"b]'?(\\\\?\\PC){0,6}'?") {
        let environment = Environment::policy();
        if let Err(problems) = compile(&source, &environment) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.span.start <= problem.span.end);
                // Places are between characters, whatever the character.
                let found = source.get(problem.span.start as usize..problem.span.end as usize);
                prop_assert!(found.is_some(), "{:?}", problem);
            }
        }
    }
}
