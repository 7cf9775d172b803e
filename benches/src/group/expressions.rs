//! The four expressions that engines of this field are compared by, against closures written by hand.

use std::hint::black_box;

use memchr::memmem::Finder;
use regex::Regex;
use serde_json::{Value, json};

use crate::keep;
use crate::measure::{Case, FLOOR, Limit};
use crate::peer::preloop;
#[cfg(feature = "peers")]
use crate::peer::{cel, cel_interpreter};

/// `args.command.contains('rm')`
pub const A: &str = "args.command.contains('rm')";
/// Two searches in one text.
pub const B: &str = "args.command.contains('deploy') && args.command.contains('production')";
/// A comparison, a membership and a macro over a list.
pub const C: &str = "args.amount > 500 && args.currency in ['USD', 'EUR'] \
                     && args.items.exists(i, i.price > 100)";
/// A pattern and a prefix.
pub const D: &str = "args.path.matches('^/etc/.*') || args.path.startsWith('/root')";

/// An expression raced against a closure that does the same for this one expression.
pub fn case(
    name: &str,
    source: &str,
    args: Value,
    limit: Limit,
    by_hand: impl Fn(&Value) -> bool + 'static,
) -> Case {
    let args = keep(args);
    let expected = by_hand(args);
    let mut case = Case::new(format!("{name} {source}").trim(), limit);
    case.add(FLOOR, move || by_hand(black_box(args)));
    preloop::expression(&mut case, source, args, expected);
    #[cfg(feature = "peers")]
    {
        cel::expression(&mut case, source, args, expected);
        cel_interpreter::expression(&mut case, source, args, expected);
    }
    case
}

/// A text argument, as a closure written by hand would get it.
pub fn text<'a>(args: &'a Value, key: &str) -> Option<&'a str> {
    args.get(key).and_then(Value::as_str)
}

/// A number argument.
pub fn number(args: &Value, key: &str) -> Option<f64> {
    args.get(key).and_then(Value::as_f64)
}

/// Arguments under which (a) holds.
pub fn args_a() -> Value {
    json!({"command": "sudo rm -rf /var/lib/data", "timeout": 30})
}

/// Arguments under which (b) holds.
pub fn args_b() -> Value {
    json!({"command": "please deploy this to production now", "timeout": 30})
}

/// Arguments under which (c) holds.
pub fn args_c() -> Value {
    json!({
        "amount": 750,
        "currency": "EUR",
        "items": [
            {"name": "cable", "price": 10},
            {"name": "mouse", "price": 20},
            {"name": "screen", "price": 150}
        ],
        "note": "hello"
    })
}

/// Arguments under which (d) holds.
pub fn args_d() -> Value {
    json!({"path": "/etc/passwd", "mode": "r"})
}

/// (c) by hand.
pub fn c_by_hand(args: &Value) -> bool {
    let is_dear = |item: &Value| number(item, "price").is_some_and(|price| price > 100.0);
    number(args, "amount").is_some_and(|amount| amount > 500.0)
        && text(args, "currency").is_some_and(|found| ["USD", "EUR"].contains(&found))
        && args.get("items").and_then(Value::as_array).is_some_and(|all| all.iter().any(is_dear))
}

/// The table of the four expressions.
pub fn cases() -> Vec<Case> {
    let two = Limit::Ratio(2.0);
    let found = |finder: &Finder<'_>, args: &Value, key: &str| {
        text(args, key).is_some_and(|text| finder.find(text.as_bytes()).is_some())
    };
    let rm = Finder::new("rm");
    let (deploy, production) = (Finder::new("deploy"), Finder::new("production"));
    let etc = Regex::new("^/etc/.*").unwrap_or_else(|error| panic!("{error}"));
    vec![
        case("(a)", A, args_a(), two, move |args| found(&rm, args, "command")),
        case("(b)", B, args_b(), two, move |args| {
            found(&deploy, args, "command") && found(&production, args, "command")
        }),
        case("(c)", C, args_c(), Limit::Ratio(3.0), c_by_hand),
        case("(d)", D, args_d(), two, move |args| {
            text(args, "path").is_some_and(|path| etc.is_match(path))
                || text(args, "path").is_some_and(|path| path.starts_with("/root"))
        }),
    ]
}
