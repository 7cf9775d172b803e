//! What is known of the cost beforehand holds when an expression runs.

use serde_json::json;

use crate::cel::function::Function;
use crate::cel::{Environment, FUEL_DEFAULT, Fuel, Input, compile};

#[test]
fn the_cost_is_bounded_where_it_does_not_grow_with_the_arguments() {
    let args = json!({"n": 7, "s": "x".repeat(4_000), "xs": [1, 2, 3]});
    for (expression, most) in [
        ("args.n > 3", Some(10)),
        ("args.s == 'abc' && args.s.startsWith('/etc') || has(args.n)", Some(20)),
        ("[1, 2, 3].exists(x, x == args.n)", Some(60)),
        ("[1, 2, 3].all(x, [4, 5].exists(y, x + y > args.n))", Some(300)),
        ("now.getHours('Europe/Paris') < 8", Some(10)),
        ("args.s.contains('abc')", None),
        ("args.s == args.n", None),
        ("args.n + args.n == 2", None),
        ("args.xs.exists(x, x == 1)", None),
        ("[args.s].exists(x, dyn(x) == args.s)", None),
        ("session.calls == []", None),
        ("uint(args.n) == 7u", None),
    ] {
        let program = compile(expression, &Environment::policy()).unwrap();
        let bound = program.cost_bound();
        assert_eq!(bound.is_some(), most.is_some(), "{expression}");
        assert!(bound <= most, "{expression}: {bound:?}");
        let mut fuel = Fuel::new(FUEL_DEFAULT);
        let _ = program.test(&Input::new(&args), &mut fuel);
        assert!(bound.is_none_or(|bound| fuel.used() <= bound), "{expression}: {}", fuel.used());
    }
}

#[test]
fn a_format_that_fails_is_paid_for() {
    let args = json!({"t": true, "s": "x".repeat(400)});
    let input = Input::new(&args);
    for expression in [
        "'a%sb%d'.format([args.s]) == '' || args.t",
        "'%s'.format([{args.s: type}]) == '' || args.t",
        "'%s%d'.format([{args.s: args.s}, 'x']) == '' || args.t",
    ] {
        let program = compile(expression, &Environment::policy()).unwrap();
        let mut fuel = Fuel::new(FUEL_DEFAULT);
        let answer = program.test(&input, &mut fuel);
        assert!(fuel.used() > 400 / 16, "{expression}: {}", fuel.used());
        let mut exact = Fuel::new(fuel.used());
        assert_eq!((program.test(&input, &mut exact), exact.left()), (answer, 0), "{expression}");
        let mut less = Fuel::new(fuel.used() - 1);
        let _ = program.test(&input, &mut less);
        assert!(less.is_spent(), "{expression}");
    }
}

#[test]
fn what_is_no_text_is_told_at_the_price_of_the_text() {
    let environment = Environment::policy().unchecked();
    let program = compile("'2026-02-29T00:00:00Z'.endsWith(null)", &environment).unwrap();
    let mut fuel = Fuel::new(FUEL_DEFAULT);
    let args = json!({});
    let _ = program.test(&Input::new(&args), &mut fuel);
    assert!(program.cost_bound().is_none_or(|bound| fuel.used() <= bound), "{}", fuel.used());
}

#[test]
fn no_function_costs_more_than_is_known_of_it_whatever_it_is_called_with() {
    const OPERANDS: [&str; 20] = [
        "null",
        "true",
        "-3",
        "3u",
        "-1.5",
        "'2024-02-29T00:00:00+14:00'",
        "b'a quarter of a hundred bytes'",
        "['Europe/Paris, or Rome', 'ab']",
        "[[1, 2, 3, 4], [5.5]]",
        "{'a key of some length': 1}",
        "now",
        "duration('1h30m')",
        "ip('2001:0db8:0000:0000:0000:0000:0000:0001')",
        "cidr('2001:0db8:0000:0000:0000:0000:0000:0000/32')",
        "optional.of('a text of some length')",
        "type(args.text)",
        "args.text",
        "args.list",
        "args.object",
        "args.number",
    ];
    let long = "x".repeat(400);
    let args = json!({"text": long, "list": [long, long], "object": {"key": long}, "number": 2.5});
    let now = "2026-01-31T12:00:00Z".parse().ok();
    let input = Input { now, ..Input::new(&args) };
    let environment = Environment::policy().unchecked();
    let mut bounded = 0;
    for name in Function::NAMES {
        let of_one = OPERANDS.iter().map(|only| (only, None));
        let of_two = OPERANDS.iter().flat_map(|a| OPERANDS.iter().map(move |b| (a, Some(b))));
        for (first, second) in of_one.chain(of_two) {
            let rest = second.copied().unwrap_or_default();
            let is_method = Function::named(name).unwrap().overloads().iter().any(|it| it.method);
            let expression = match (is_method, second) {
                (true, _) => format!("({first}).{name}({rest})"),
                (false, None) => format!("{name}({first})"),
                (false, Some(_)) => format!("{name}({first}, {rest})"),
            };
            let Ok(program) = compile(&expression, &environment) else { continue };
            let Some(bound) = program.cost_bound() else { continue };
            bounded += 1;
            let mut fuel = Fuel::new(FUEL_DEFAULT);
            let _ = program.test(&input, &mut fuel);
            assert!(fuel.used() <= bound, "{expression}: {} and not {bound}", fuel.used());
        }
    }
    assert!(bounded > 2_000, "{bounded}");
}
