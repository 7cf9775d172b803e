//! Expressions and arguments that mean harm, on a stack of 256 KiB: an answer or a failure within the budget.

use serde_json::{Value as Json, json};

use crate::cel::{
    Environment, FUEL_DEFAULT, FailureKind, Fuel, Input, ProblemKind, Tri, Value, compile,
};

/// Runs on a small stack; a stack overflow would end the whole test run.
fn on_small_stack(body: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(body).unwrap().join().unwrap();
}

/// Whether it holds, or how it fails; the fast and the slow path must agree, to the unit of fuel.
fn outcome(expression: &str, args: &Json) -> Result<bool, FailureKind> {
    let program = compile(expression, &Environment::policy())
        .unwrap_or_else(|problems| panic!("{expression:.100}: {problems:?}"));
    let input = Input::new(args);
    let mut fuel = Fuel::default();
    let tri = program.test(&input, &mut fuel);
    assert!(fuel.used() <= FUEL_DEFAULT);
    let failure = program.failure(&input, FUEL_DEFAULT).map(|failure| failure.kind);
    assert_eq!(fuel.is_spent(), failure == Some(FailureKind::Budget), "{expression:.100}");
    match (tri, failure) {
        (Tri::True, None) => Ok(true),
        (Tri::False, None) => Ok(false),
        (Tri::Error, Some(kind)) => Err(kind),
        other => panic!("{expression:.100}: {other:?}"),
    }
}

fn refused(expression: &str) -> ProblemKind {
    let problems = compile(expression, &Environment::policy()).expect_err(expression);
    assert!(problems.iter().all(|problem| problem.message.len() < 400), "{problems:?}");
    problems[0].kind
}

fn numbers(count: i64) -> Json {
    json!({"xs": (0..count).collect::<Vec<_>>(), "s": "a".repeat(50_000), "t": "aaaaaaaa"})
}

#[test]
fn nesting_is_refused_before_it_is_read() {
    on_small_stack(|| {
        for open in ["(", "[", "{'a':", "!", "-", "f(", "a[", "true?1:", "[1].map(x,", "has("] {
            for count in [66, 1_000] {
                assert!(
                    matches!(refused(&open.repeat(count)), ProblemKind::TooLarge),
                    "{open} {count}"
                );
            }
            assert_eq!(refused(&open.repeat(100_000)), ProblemKind::TooLarge, "{open}");
        }
        for (start, link) in [("args.x", ".f()"), ("args.x", "[0]"), ("true", "==true")] {
            let long = format!("{start}{}", link.repeat(1_000));
            assert_eq!(refused(&long), ProblemKind::TooLarge, "{link}");
        }
        for long in
            [format!("'{}'", "x".repeat(10_000_000)), "x".repeat(1_000_000), " ".repeat(10_000_000)]
        {
            assert_eq!(refused(&long), ProblemKind::TooLarge);
        }
    });
}

#[test]
fn the_deepest_nesting_allowed_is_evaluated() {
    on_small_stack(|| {
        let args = json!({"n": 1, "t": true, "list": [0]});
        let wrap = |open: &str, inner: &str, close: &str, levels: usize| {
            format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
        };
        for (expression, expected) in [
            (wrap("!", "args.t", "", 60), Ok(true)),
            (wrap("(", "args.t", ")", 60), Ok(true)),
            (wrap("(args.n+", "args.n", ")", 30) + " == 31", Ok(true)),
            (wrap("(args.t && (false || ", "args.t", "))", 15), Ok(true)),
            (wrap("args.list[", "0", "]", 30) + " == 0", Ok(true)),
            (wrap("[args.t].map(x, ", "args.t", ")", 30) + " != []", Ok(true)),
            (wrap("[args.t].all(x, ", "args.t", ")", 30), Ok(true)),
            (wrap("cel.bind(x, args.t, ", "x", ")", 30), Ok(true)),
            (wrap("args.t ? args.t : ", "false", "", 30), Ok(true)),
        ] {
            assert_eq!(outcome(&expression, &args), expected, "{expression}");
        }
    });
}

#[test]
fn long_chains_are_walked_in_loops() {
    on_small_stack(|| {
        let args = json!({"n": 1, "t": true, "b": {}});
        for (start, link, end, expected) in [
            ("args.n", "+1", " == 2001", Ok(true)),
            ("args.n", "*1", " == 1", Ok(true)),
            ("args.t", "&&true", "", Ok(true)),
            ("args.t", "&&args.t", "", Ok(true)),
            ("!args.t", "||true", "", Ok(true)),
            ("args.b", ".b", " == 1", Err(FailureKind::NoSuchKey)),
            ("args.b", "['b']", " == 1", Err(FailureKind::NoSuchKey)),
        ] {
            let count = if link.len() > 4 { 1_000 } else { 2_000 };
            let long = format!("{start}{}{end}", link.repeat(count));
            if link == "['b']" {
                assert_eq!(refused(&long), ProblemKind::TooLarge);
                continue;
            }
            assert_eq!(outcome(&long, &args), expected, "{link}");
        }
        let list = format!("args.n in [{}]", "7,".repeat(4_000) + "1");
        assert_eq!(outcome(&list, &args), Ok(true));
    });
}

#[test]
fn loops_and_growth_run_into_the_budget() {
    on_small_stack(|| {
        let nested = |depth: usize| {
            let open = "[0,1,2,3,4,5,6,7,8,9].map(x, ".repeat(depth);
            format!("size({open}args.xs{}) == 10", ")".repeat(depth))
        };
        for depth in [6, 7, 8] {
            assert_eq!(outcome(&nested(depth), &numbers(3)), Err(FailureKind::Budget), "{depth}");
        }
        let thousand = numbers(1_000);
        let exists = "args.xs.exists(x, args.xs.exists(y, args.xs.exists(z, x + y + z < 0)))";
        for expression in [
            exists.to_owned(),
            format!("{exists} || args.xs[1] == 1"),
            format!("{exists} && args.xs[1] == 0"),
            format!("args.xs.exists(w, {exists} || args.xs[1] == 1)"),
            format!("args.xs.all(w, {exists} && args.xs[1] == 0)"),
            format!("[{exists}].size() == 1 || args.xs[1] == 1"),
            format!("({exists} ? true : true) || args.xs[1] == 1"),
            "args.xs.exists(x, args.xs.exists(y, x + y < 0))".to_owned(),
            "args.xs.all(x, args.s.contains('b') || args.xs[1] == 1)".to_owned(),
            "args.xs.map(x, args.s).size() == 0 || args.xs.all(x, args.s + args.s != 'b')"
                .to_owned(),
            "args.xs.all(x, args.xs == args.xs.map(y, y))".to_owned(),
            "args.xs.exists(x, 'a'.matches(string(x) + '(a|b)+'))".to_owned(),
        ] {
            assert_eq!(outcome(&expression, &thousand), Err(FailureKind::Budget), "{expression}");
        }
        let doubled = |count: usize| {
            format!("args.t{}.size() > 0", ".replace('a', 'aaaaaaaaaa')".repeat(count))
        };
        for expression in [
            doubled(8),
            format!("cel.bind(a, args.s + args.s, {} == a)", ["a + a"; 12].join(" + ")),
            "lists.range(1000000000 + args.xs[0]).size() == 1".to_owned(),
            "lists.range(10000 + args.xs[0]).map(x, lists.range(10000)).size() == 1".to_owned(),
            "args.xs.distinct().size() == 1000".to_owned(),
            "'%s'.format([args.xs.map(x, args.s)]) == ''".to_owned(),
        ] {
            let result = outcome(&expression, &thousand);
            let bounded = [Err(FailureKind::TooLarge), Err(FailureKind::Budget)];
            assert!(bounded.contains(&result), "{expression:.100}: {result:?}");
        }
    });
}

#[test]
fn patterns_stay_linear_and_small() {
    on_small_stack(|| {
        let args = numbers(1);
        assert_eq!(outcome("args.s.matches('(a+)+$')", &args), Ok(true));
        assert_eq!(outcome("args.s.matches('(a|aa)+b')", &args), Ok(false));
        // Three hundred ways at once: no text of this length is followed along all of them.
        let many = json!({"s": "ab".repeat(25_000), "p": "(a|b)*a(a|b){300}c"});
        for expression in ["args.s.matches('(a|b)*a(a|b){300}c')", "args.s.matches(args.p)"] {
            assert_eq!(outcome(expression, &many), Err(FailureKind::Budget), "{expression}");
        }
        // Each search looks for a `z` up to the end, and the next one begins right behind this one's `a`.
        let long = json!({"s": "a".repeat(20_000)});
        for expression in [
            "regex.replace(args.s, 'a.*z|a', 'b') == ''",
            "regex.extractAll(args.s, 'a.*z|a') == []",
        ] {
            assert_eq!(outcome(expression, &long), Err(FailureKind::Budget), "{expression}");
        }
        assert_eq!(outcome("regex.replace(args.s, 'a', 'b').size() == 20000", &long), Ok(true));
        for pattern in ["(a{1000}){1000}", "(", "[z-a]", r"\\p{nope}"] {
            let expression = format!("args.s.matches('{pattern}')");
            assert_eq!(refused(&expression), ProblemKind::InvalidLiteral, "{pattern}");
        }
        let parentheses = format!("args.s.matches('{}{}')", "(".repeat(4_000), ")".repeat(4_000));
        assert_eq!(refused(&parentheses), ProblemKind::InvalidLiteral);
        let args = json!({"s": "a", "p": "(".repeat(10_000) + &")".repeat(10_000)});
        assert_eq!(outcome("args.s.matches(args.p)", &args), Err(FailureKind::InvalidArgument));
    });
}

/// The budget bounds the time, since each pattern is paid for by what building it takes, before it is built.
#[test]
fn patterns_out_of_arguments_are_paid_by_their_size() {
    on_small_stack(|| {
        let any = "args.patterns.exists(p, args.s.matches(p))";
        for pattern in [
            r"(?i)\p{L}{20}",
            r"\p{L}{20}",
            r"(?i)[\x00-\x{10ffff}]",
            r"(?i)(\p{Any}\p{Any}){0}",
            r"(?i)[^\W_]",
            r"\w{600}",
            "[^a]{690}",
            "(.*a){690}",
            "(abcdefgh){1000}",
            "(x{100}|y{100}|z{100}){100}",
            "[ab]*a[ab]{12}c",
            "password.{0,100}=",
            "(a|b)*a(a|b){300}c",
        ] {
            let args = json!({"s": "-", "patterns": vec![pattern; 20]});
            assert_eq!(outcome(any, &args), Err(FailureKind::Budget), "{pattern}");
        }
        let long = json!({"s": "-", "patterns": ["x".repeat(9_900), "x".repeat(9_900)]});
        assert_eq!(outcome(any, &long), Err(FailureKind::Budget));
        let usual = r"^[a-z0-9._-]+@[a-z0-9-]+\.[a-z]{2,}$";
        let args = json!({"s": "-", "patterns": vec![usual; 20]});
        assert_eq!(outcome(any, &args), Ok(false));
    });
}

#[test]
fn arithmetic_never_wraps() {
    on_small_stack(|| {
        let args = json!({"max": i64::MAX, "min": i64::MIN, "big": u64::MAX, "one": 1, "zero": 0, "minus": -1});
        for (expression, kind) in [
            ("args.max + args.one > 0", FailureKind::Overflow),
            ("args.min - args.one > 0", FailureKind::Overflow),
            ("args.min / args.minus > 0", FailureKind::Overflow),
            ("args.min % args.minus > 0", FailureKind::Overflow),
            ("-args.min > 0", FailureKind::Overflow),
            ("args.max * args.max > 0", FailureKind::Overflow),
            ("args.big + args.one > 0", FailureKind::Overflow),
            ("args.one / args.zero > 0", FailureKind::DivideByZero),
            ("args.one % args.zero > 0", FailureKind::DivideByZero),
            ("int(1e300 + double(args.zero)) > 0", FailureKind::OutOfRange),
            ("int(double('NaN') + double(args.zero)) > 0", FailureKind::OutOfRange),
            ("uint(args.minus) > 0u", FailureKind::OutOfRange),
            ("int(args.big) > 0", FailureKind::OutOfRange),
            ("timestamp(args.max) > timestamp(0)", FailureKind::OutOfRange),
            (
                "timestamp('9999-12-31T23:59:59Z') + duration(string(args.one) + 's') > timestamp(0)",
                FailureKind::OutOfRange,
            ),
            ("{args.one: 1, args.one: 2}.size() == 2", FailureKind::DuplicateKey),
            ("{args.one / 2.0: 1}.size() == 1", FailureKind::WrongType),
            ("[args.one][args.max] == 1", FailureKind::OutOfRange),
            ("'abc'.substring(args.min) == ''", FailureKind::OutOfRange),
        ] {
            let result = outcome(expression, &args);
            let fine = result == Err(kind)
                || (kind == FailureKind::OutOfRange && result == Err(FailureKind::Overflow));
            assert!(fine, "{expression}: {result:?}");
        }
        assert_eq!(outcome("args.big > args.max && args.big - args.max > 0", &args), Ok(true));
    });
}

#[test]
fn text_that_is_no_expression_is_refused() {
    on_small_stack(|| {
        for text in [
            "",
            " ",
            "\u{feff}true",
            "true\0",
            "😀",
            "args.😀",
            "'\\ud800'",
            "'\\U00110000'",
            "b'\\u0041'",
            "\"\\x\"",
            "0x",
            "1e",
            "1.2.3",
            "9999999999999999999",
            "args.`a",
            "args.``",
            "a\u{2028}b",
            "args.x ==",
            "== 1",
            "args..x",
            "args.x[",
            "{1:}",
            "{:1}",
            "f(,)",
            "[,]",
            "x ? y",
            "x : y",
            "M{a: 1}",
            "has(1)",
            "[1].all(1, true)",
            "[1].exists(x)",
            "'a' 'b'",
        ] {
            assert!(compile(text, &Environment::policy()).is_err(), "{text}");
        }
    });
}

#[test]
fn deep_arguments_are_compared_no_deeper_than_allowed() {
    on_small_stack(|| {
        let mut deep = json!(1);
        for _ in 0..2_000 {
            deep = Json::Array(vec![deep]);
        }
        let args = Json::Object([("a".to_owned(), deep)].into_iter().collect());
        // Dropping a value this deep is serde_json's recursion, not ours, so it is left alone.
        let args = Box::leak(Box::new(args));
        assert_eq!(outcome("args.a == args.a", args), Err(FailureKind::TooLarge));
        assert_eq!(outcome("args.a in [args.a]", args), Err(FailureKind::TooLarge));
        assert_eq!(outcome("'%s'.format([args.a]) == ''", args), Err(FailureKind::TooLarge));
        let program = compile("args.a.size() == 1", &Environment::policy()).unwrap();
        assert!(!program.trace(&Input::new(args), FUEL_DEFAULT).is_empty());
        let whole = compile("args.a", &Environment::policy().any_result()).unwrap();
        let failure = whole.evaluate(&Input::new(args), FUEL_DEFAULT).unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge);
    });
}

#[test]
fn not_a_number_is_never_equal_and_never_sorted() {
    let args = json!({"zero": 0});
    let nan = "(0.0 / double(args.zero))";
    assert_eq!(
        outcome(&format!("{nan} == {nan} || {nan} < 1.0 || {nan} >= 1.0"), &args),
        Ok(false)
    );
    assert_eq!(
        outcome(&format!("[1.0, {nan}, 2.0].sort().size() == 3"), &args),
        Err(FailureKind::WrongType)
    );
    let program = compile("args.zero", &Environment::policy().any_result()).unwrap();
    let value = program.evaluate(&Input::new(&args), FUEL_DEFAULT).unwrap();
    assert!(matches!(value, Value::Int(0)));
}
