//! Inputs that made other engines abort, run out of memory or run for ever; each is compiled and evaluated here.

use std::hint::black_box;

use preloop_core::cel::{Environment, Fuel, Input, compile};
use serde_json::{Value, json};

use crate::keep;
use crate::measure::{Case, Limit, PRELOOP};

const LIMIT: Limit = Limit::Nanoseconds(5_000_000.0);

/// An expression for each kind of harm, with its name.
pub fn expressions() -> Vec<(&'static str, String)> {
    let nested = |depth: usize| {
        let digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
        let mut text = "0".to_owned();
        for level in 0..depth {
            text = format!("{digits}.map(x{level}, {text})");
        }
        format!("size({text}) > 0")
    };
    vec![
        ("10,000 parentheses", format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000))),
        ("10,000 brackets", "[".repeat(10_000)),
        ("10,000 maps", "{'a':".repeat(10_000)),
        ("100,000 negations", format!("{}true", "!".repeat(100_000))),
        ("9,000 negations", format!("{}true", "!".repeat(9_000))),
        ("100,000 minus signs", format!("{}1 == 1", "-".repeat(100_000))),
        ("a sum of 4,900 terms", format!("{}1 > 0", "1+".repeat(4_900))),
        ("a chain of 2,400 calls", format!("args.x{}", ".f()".repeat(2_400))),
        ("a path of 4,900 fields", format!("args{}", ".b".repeat(4_900))),
        ("3,000 indices", format!("args.a{}", "[0]".repeat(3_000))),
        ("1,300 conditionals", format!("{}true", "true?1:".repeat(1_300))),
        ("2,400 conjunctions", format!("{}true", "true&&".repeat(1_600))),
        ("a list of 4,900 numbers", format!("size([{}1]) > 0", "1,".repeat(4_900))),
        ("a megabyte of name", "a".repeat(1_000_000)),
        ("ten megabytes of text", format!("'{}' == ''", "a".repeat(10_000_000))),
        ("ten megabytes of blanks", format!("{}true", " ".repeat(10_000_000))),
        ("maps nested six deep", nested(6)),
        ("maps nested eight deep", nested(8)),
        ("a million pairs", "args.xs.exists(x, args.xs.exists(y, x + y < 0))".to_owned()),
        (
            "a billion triples",
            "args.xs.exists(x, args.xs.exists(y, args.xs.exists(z, x + y + z < 0)))".to_owned(),
        ),
        ("text doubled 28 times", format!("size(['aaaaaaaa']{}) > 0", ".map(x, x + x)".repeat(28))),
        (
            "text made tenfold 8 times",
            format!("size('a'{}) > 0", ".replace('a', 'aaaaaaaaaa')".repeat(8)),
        ),
        ("a range of a billion", "size(lists.range(1000000000)) > 0".to_owned()),
        ("a pattern that backtracks", "args.text.matches('(a+)+$')".to_owned()),
        ("a pattern of a million copies", "args.text.matches('(a{1000}){1000}')".to_owned()),
        ("a pattern of many ways", "args.text.matches('(a|b)*a(a|b){300}c')".to_owned()),
        ("a pattern of a thousand classes", "args.text.matches('\\\\w{1000}')".to_owned()),
        (
            "a pattern of twenty letters of any alphabet",
            "args.text.matches('\\\\p{L}{20}')".to_owned(),
        ),
        (
            "a pattern that asks everything for its other cases",
            "args.text.matches('(?i)[b-\\\\x{10ffff}]')".to_owned(),
        ),
        (
            "a pattern of 2,000 groups",
            format!("args.text.matches('{}a{}')", "(".repeat(2_000), ")".repeat(2_000)),
        ),
        (
            "a pattern from the arguments, a thousand times",
            "args.xs.exists(x, args.text.matches(args.pattern + string(x)))".to_owned(),
        ),
        (
            "twenty large patterns from the arguments",
            "args.patterns.exists(p, args.text.matches(p))".to_owned(),
        ),
        ("the least number, negated", "-(-9223372036854775807 - 1) < 0".to_owned()),
        ("the least number by minus one", "(-9223372036854775807 - 1) / -1 == 0".to_owned()),
        ("a year beyond the calendar", "timestamp('99999-01-01T00:00:00Z') > now".to_owned()),
        ("lone surrogates", "'\\ud800' == ''".to_owned()),
    ]
}

/// Arguments with what the expressions look for.
pub fn arguments() -> Value {
    let numbers: Vec<u32> = (0..1000).collect();
    let large = [r"\w{600}", "(abcdefgh){1000}", r"(?i)\p{L}{20}", "[^a]{690}", r"(?i)\p{Any}"];
    let patterns: Vec<&str> = large.into_iter().cycle().take(20).collect();
    let text = "a".repeat(50_000) + "b";
    json!({"xs": numbers, "text": text, "pattern": "(a|b)+\\d{20}", "patterns": patterns, "x": 1})
}

/// The table of hostile inputs.
pub fn cases() -> Vec<Case> {
    let args = keep(arguments());
    let case = |(name, source): (&'static str, String)| {
        let mut case = Case::new(name, LIMIT);
        let environment = Environment::policy();
        case.add(PRELOOP, move || {
            let program = compile(black_box(&source), &environment).ok()?;
            Some(program.test(&Input::new(black_box(args)), &mut Fuel::default()))
        });
        case
    };
    expressions().into_iter().map(case).collect()
}
