//! Arguments by path: which are read, and that every source gives the same answers.

use crate::cel::{
    Environment, FUEL_DEFAULT, Fuel, Input, JsonText, PathTable, Program, Tri, compile,
};

fn program(expression: &str) -> Program {
    compile(expression, &Environment::policy())
        .unwrap_or_else(|problems| panic!("{expression}: {problems:?}"))
}

#[test]
fn the_paths_that_are_read_are_known() {
    for (expression, expected) in [
        ("args.a.b == 1 && has(args.c)", vec!["args.a.b", "args.c"]),
        ("args['x-y'].z == args.`x-y`.z", vec!["args['x-y'].z"]),
        ("args.list[0].name == 'a'", vec!["args.list"]),
        ("args.list.exists(x, x.a == args.n)", vec!["args.list", "args.n"]),
        ("size(args) == 0", vec!["args"]),
        ("args.?a.b.orValue(1) == 1", vec!["args.a.b"]),
        ("tool.name == 'a'", vec![]),
    ] {
        let program = program(expression);
        let paths: Vec<String> = program.arg_paths().map(ToString::to_string).collect();
        assert_eq!(paths, expected, "{expression}");
    }
}

#[test]
fn programs_of_one_table_share_slots() {
    let mut table = PathTable::default();
    let mut programs = ["args.a == 1 && args.b == 2", "args.b == 2", "args.c.d == 3"].map(program);
    for program in &mut programs {
        program.share_paths(&mut table);
    }
    let shown: Vec<String> = table.paths().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["args.a", "args.b", "args.c.d"]);
    let text = r#"{"c": {"d": 3}, "a": 1, "b": 2}"#;
    let pulled = JsonText::pull(text, table.paths()).unwrap();
    for program in &programs {
        assert_eq!(program.test(&Input::new(&pulled), &mut Fuel::default()), Tri::True);
    }
}

#[test]
fn every_source_gives_the_same_answer() {
    let documents = [
        r#"{"a": {"b": 1}, "s": "x", "l": [1, 2.0, "\u0041"], "n": 30.0}"#,
        r#"{"a": 1, "s": "esc\"aped", "l": {"b": []}, "n": 9223372036854775808}"#,
        r#"{"a": {"b": {"c": true}}, "s": null, "n": 1e300}"#,
        r#"{"a": {"b": null}, "l": null}"#,
        r#"{"a": null, "s": {"a": {"b": 1}}}"#,
        r#"{"a": [], "l": [], "n": -0.0}"#,
        "{}",
        "[1]",
        "null",
    ];
    let expressions = [
        "args.a.b == 1",
        "args.a.b.c",
        "has(args.a.b)",
        "has(args.a.b.c)",
        "args.a == {'b': 1}",
        "args.s == 'x'",
        "args.s.contains('\"')",
        "args.l.exists(x, x == 'A')",
        "args.n == 30",
        "args.n > 9223372036854775807",
        "args.?a.?b.hasValue()",
        "size(args) == 4",
        "args.l == [] || args.n == 0",
        "args.a.b.c || args.a == 1",
        "type(args.n) == int",
    ];
    for document in documents {
        let value: serde_json::Value = serde_json::from_str(document).unwrap();
        for expression in expressions {
            let mut program = program(expression);
            let mut table = PathTable::default();
            program.share_paths(&mut table);
            let pulled = JsonText::pull(document, table.paths()).unwrap();
            let (by_value, by_text) = (Input::new(&value), Input::new(&pulled));
            let (mut fuel, mut other_fuel) = (Fuel::default(), Fuel::default());
            assert_eq!(
                program.test(&by_value, &mut fuel),
                program.test(&by_text, &mut other_fuel),
                "{expression} on {document}"
            );
            assert_eq!(fuel.used(), other_fuel.used(), "{expression} on {document}");
            assert_eq!(
                program.failure(&by_value, FUEL_DEFAULT),
                program.failure(&by_text, FUEL_DEFAULT),
                "{expression} on {document}"
            );
            if let Some(object) = value.as_object() {
                let by_map = Input::new(object);
                assert_eq!(
                    program.failure(&by_value, FUEL_DEFAULT),
                    program.failure(&by_map, FUEL_DEFAULT)
                );
            }
        }
    }
}

#[test]
fn malformed_text_is_no_source() {
    let mut table = PathTable::default();
    program("args.a == 1").share_paths(&mut table);
    for text in [
        "",
        "{",
        "{\"a\": 1,}",
        "{\"a\": 1} x",
        "{\"a\": 01}",
        "{\"b\": tru}",
        "{\"b\": 1, \"b\": 1}",
    ] {
        assert!(JsonText::pull(text, table.paths()).is_err(), "{text}");
    }
}

#[test]
fn a_lone_search_is_told_apart() {
    let lone = program("args.command.contains('rm')");
    let (path, text) = lone.contains_literal().unwrap();
    assert_eq!((path.to_string().as_str(), text), ("args.command", "rm"));
    assert!(program("args.command.matches('rm.*')").contains_literal().is_some());
    assert!(program("!args.command.contains('rm')").contains_literal().is_none());
}
