//! The language through its front door.

mod checks;
mod cost;
mod hostile;
mod inquiry;
mod paths;
mod readings;
mod soup;

use serde_json::json;

use crate::cel::{Environment, Fuel, Input, Tri, compile};

fn test(expression: &str, args: &serde_json::Value) -> Tri {
    let program = compile(expression, &Environment::policy())
        .unwrap_or_else(|problems| panic!("{expression}: {problems:?}"));
    program.test(&Input::new(args), &mut Fuel::default())
}

#[test]
fn usual_conditions_are_answered() {
    let args = json!({
        "command": "rm -rf /", "amount": 750, "ratio": 750.5, "currency": "EUR", "path": "/etc/passwd",
        "items": [{"price": 10}, {"price": 250.5}], "flag": true, "nothing": null,
    });
    for (expression, expected) in [
        ("args.command.contains('rm')", Tri::True),
        ("args.command.contains('deploy') && args.command.contains('production')", Tri::False),
        (
            "args.amount > 500 && args.currency in ['USD','EUR'] && args.items.exists(i, i.price > 100)",
            Tri::True,
        ),
        ("args.path.matches('^/etc/.*') || args.path.startsWith('/root')", Tri::True),
        ("args.amount + 1 == 751", Tri::True),
        ("args.ratio + 1 == 751.5", Tri::True),
        ("args.missing == 1", Tri::Error),
        ("args.missing == 1 || args.flag", Tri::True),
        ("has(args.missing)", Tri::False),
        ("has(args.missing.deep)", Tri::Error),
        ("args.?missing.deep.orValue('x') == 'x'", Tri::True),
        ("args.nothing == null", Tri::True),
        ("size(args.items) == 2 && args.items.all(i, i.price > 0)", Tri::True),
        ("args.items.map(i, i.price)[1] > 250", Tri::True),
        ("tool.name == '' && principal.roles == [] && session.calls.size() == 0", Tri::True),
        ("args == args", Tri::True),
        ("args['command'].startsWith('rm')", Tri::True),
        ("cel.bind(x, args.amount, x * 2 == 1500)", Tri::True),
        ("args.flag ? args.amount == 750 : false", Tri::True),
        // Whole or not, a price is a number: also by way of a macro's variable.
        ("args.items.all(i, math.ceil(i.price) >= 10.0)", Tri::True),
        ("args.items.map(i, i.price).exists(p, math.floor(p) == 10.0)", Tri::True),
        ("cel.bind(x, args.amount, math.round(x) == 750.0)", Tri::True),
        ("args.?amount.optMap(x, math.trunc(x)).orValue(0.0) == 750.0", Tri::True),
    ] {
        assert_eq!(test(expression, &args), expected, "{expression}");
    }
}

#[test]
fn constant_patterns_are_built_once() {
    let args = json!({"id": "id:42"});
    for (expression, most) in [
        (r"regex.extract(args.id, r'id:(\d+)').orValue('') == '42'", 50),
        (r"regex.replace(args.id, r'\d+', '7') == 'id:7'", 50),
        (r"args.id.matches(r'^id:\d{1,63}\b')", 50),
        // What is only known during evaluation is built then, and paid for.
        (r"args.id.matches(args.id)", u64::MAX),
    ] {
        let program = compile(expression, &Environment::policy()).unwrap();
        let mut fuel = Fuel::default();
        assert_eq!(program.test(&Input::new(&args), &mut fuel), Tri::True, "{expression}");
        assert!(fuel.used() <= most, "{expression} used {}", fuel.used());
        assert_eq!(fuel.used() > 2_000, most == u64::MAX, "{expression} used {}", fuel.used());
    }
}
