//! What is wrong with an expression is told before it runs, in words and with its place.

use serde_json::json;

use crate::cel::lower::MACROS;
use crate::cel::{Environment, FUEL_DEFAULT, Input, compile};

fn told(expression: &str, environment: &Environment) -> Vec<String> {
    match compile(expression, environment) {
        Ok(program) => program
            .warnings()
            .iter()
            .map(|problem| {
                format!("warning: {} at {}", problem.message, problem.span.text(expression))
            })
            .collect(),
        Err(problems) => problems
            .iter()
            .map(|problem| {
                let help =
                    problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{}: {}{help}", problem.span.text(expression), problem.message)
            })
            .collect(),
    }
}

fn told_of_policy(expression: &str) -> Vec<String> {
    told(expression, &Environment::policy())
}

/// That a policy's expression has this one problem; where what is expected ends with `: `, whatever follows.
#[track_caller]
fn assert_told(expression: &str, expected: &str) {
    let found = told_of_policy(expression);
    let fine = if expected.ends_with(": ") {
        found.len() == 1 && found[0].starts_with(expected) && found[0].len() > expected.len()
    } else {
        found == [expected]
    };
    assert!(fine, "{expression}: {found:?}");
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    for (expression, expected) in [
        ("arg.x == 1", "arg: unknown variable `arg` (did you mean `args`?)"),
        (
            "amount > 3",
            "amount: unknown variable `amount` (arguments are written `args.amount`; the variables are args, tool, principal, session, context, now, justification)",
        ),
        ("principal.role == 'a'", "role: unknown field `role` (did you mean `roles`?)"),
        ("session.calls[0].tol == 'a'", "tol: unknown field `tol` (did you mean `tool`?)"),
        (
            "args.a.containz('x')",
            "containz: unknown function `containz` (did you mean `contains`?)",
        ),
        ("args.a.ceil() > 1.0", "ceil: unknown function `ceil` (did you mean `math.ceil`?)"),
        ("len(args.a) > 3", "len: unknown function `len` (did you mean `size`?)"),
        (
            "args.a.toLowerCase() == 'x'",
            "toLowerCase: unknown function `toLowerCase` (did you mean `lowerAscii`?)",
        ),
        ("args.a == True", "True: unknown variable `True` (did you mean `true`?)"),
        ("args.a == None", "None: unknown variable `None` (did you mean `null`?)"),
        ("args.a.contains()", "contains: `contains` takes 1 argument, not 0"),
        ("args.a.substring(1, 2, 3) == ''", "substring: `substring` takes 1 or 2 arguments, not 3"),
        (
            "contains(args.a, 'x')",
            "contains: `contains` is called on a value (write `value.contains(…)`)",
        ),
        ("args.a.int() == 1", "int: `int` is not called on a value (write `int(value)`)"),
        ("1 + 'a' == 2", "1 + 'a': `+` does not work on int and string"),
        ("1 + 1.5 == 2.5", "1 + 1.5: `+` does not work on int and double"),
        ("tool.name > 3", "tool.name > 3: `>` does not work on string and int"),
        ("tool.name == 3", "tool.name == 3: `==` does not work on string and int"),
        ("3 in principal.roles", "3 in principal.roles: int can never be in list(string)"),
        ("!tool.name", "tool.name: `!` needs true or false, this is of type string"),
        ("args.a && 'x'", "'x': `&&` needs true or false, this is of type string"),
        (
            "args.a.size()",
            "args.a.size(): a condition must be true or false, this is of type int (compare it with something, as in `… == 'value'` or `… > 10`)",
        ),
        ("args.a.has('x')", "has: unknown function `has` (write `has(args.field)`)"),
        (
            "sortBy(args.a)",
            "sortBy: unknown function `sortBy` (it is called on a value, with a variable and a key, as in `list.sortBy(item, item.name)`)",
        ),
        (
            "tool.name.exists(x, x == 'a')",
            "tool.name: only lists and maps have elements, this is of type string",
        ),
        (
            "principal.roles['a'] == 'b'",
            "'a': `a` is asked of a value of type list(string), which has no fields",
        ),
    ] {
        assert_told(expression, expected);
    }
}

#[test]
fn every_macro_that_is_called_as_a_function_is_told_by_an_example_that_can_be_written() {
    for name in MACROS.into_iter().filter(|name| *name != "has") {
        let told = told_of_policy(&format!("{name}(args.a)"));
        let example = told[0].rsplit("as in `").next().and_then(|rest| rest.strip_suffix("`)"));
        let example = format!("args.{}", example.unwrap_or_else(|| panic!("{told:?}")));
        let problems = compile(&example, &Environment::policy().any_result()).err();
        assert!(problems.is_none(), "{name}: {example}: {problems:?}");
        // Macros of several names have one example.
        let is_of_family = example.contains(&format!(".{name}(")) || example.contains(".exists(");
        assert!(is_of_family, "{name}: {example}");
    }
}

#[test]
fn arithmetic_is_never_true_or_false() {
    let told = "a condition must be true or false, this computes a value (compare it with something, as in `… == 'value'` or `… > 10`)";
    for expression in [
        "args.a + 1",
        "args.a + args.b",
        "args.a - args.b * args.c",
        "-args.a",
        "args.c ? args.a + 1 : -args.b",
        "cel.bind(a, args.a, a % a)",
    ] {
        assert_told(expression, &format!("{expression}: {told}"));
    }
    for (expression, expected) in [
        (
            "args.c || args.a + args.b",
            "args.a + args.b: `||` needs true or false, this computes a value",
        ),
        ("!(args.a / 2)", "args.a / 2: `!` needs true or false, this computes a value"),
        (
            "-args.a ? args.b : args.c",
            "-args.a: the condition before `?` needs true or false, this computes a value",
        ),
        ("args.l.all(x, x + x)", "x + x: this macro needs a condition, this computes a value"),
    ] {
        assert_told(expression, expected);
    }
    for expression in ["args.a + 1 > 2", "args.c ? args.a : args.b + 1", "(args.l + args.m)[0]"] {
        assert_eq!(told_of_policy(expression), Vec::<String>::new(), "{expression}");
    }
}

#[test]
fn mistakes_in_constants_are_found_before_anything_runs() {
    for (expression, expected) in [
        ("now > timestamp('2024-13-01T00:00:00Z')", "timestamp('2024-13-01T00:00:00Z'): "),
        ("duration('1 hour') > duration('1s')", "duration('1 hour'): "),
        ("ip(args.a) in [ip('1.2.3')]", "ip('1.2.3'): "),
        ("cidr('10.0.0.0/33').containsIP(args.a)", "cidr('10.0.0.0/33'): "),
        (
            "'\\é' == args.a",
            r"\é: unknown escape sequence `\é` (write `\\` for a backslash, or put an `r` before the opening quote)",
        ),
        ("args.a.matches('(')", "matches('(': "),
        ("regex.replace(args.a, '[', '') == ''", "'[': "),
        (
            "'%q'.format([args.a]) == 'x'",
            "'%q': could not parse formatting clause: unrecognized formatting clause \"q\"",
        ),
        (
            "now.getHours('Mars/Olympus') > 8",
            "'Mars/Olympus': `Mars/Olympus` is not a time zone: use a name such as `Europe/Paris` or an offset such as `+02:00`",
        ),
    ] {
        assert_told(expression, expected);
    }
}

#[test]
fn several_mistakes_are_told_at_once_but_not_without_end() {
    let two = told("arg.x == 1 && tool.nmae == 'a'", &Environment::policy());
    assert_eq!(two.len(), 2, "{two:?}");
    let names: Vec<String> = (0..40).map(|number| format!("unknown{number} == 1")).collect();
    assert_eq!(told(&names.join(" || "), &Environment::policy()).len(), 10);
}

#[test]
fn a_schema_gives_the_arguments_types() {
    let schema = json!({
        "type": "object",
        "properties": {
            "command": {"type": "string"}, "amount": {"type": "number"}, "count": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "user": {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": false},
            "any": {"type": ["string", "null"]},
        },
    });
    let environment = Environment::policy().with_args_schema(&schema);
    for (expression, expected) in [
        ("args.command.contains('rm') && args.amount + 1 > 2.5 && args.count / 2 == 1", vec![]),
        ("args.any == 'x' || args.any == null || args.command == null", vec![]),
        ("args.comand == 'x'", vec!["warning: the tool's schema does not name `comand` at comand"]),
        ("args.user.nam == 'x'", vec!["nam: unknown field `nam` (did you mean `name`?)"]),
        ("args.amount > '5'", vec!["args.amount > '5': `>` does not work on number and string"]),
        ("args.command + 1 == 'x'", vec!["args.command + 1: `+` does not work on string and int"]),
        ("1 in args.tags", vec!["1 in args.tags: int can never be in list(string)"]),
        ("args.tags.exists(t, t > 1)", vec!["t > 1: `>` does not work on string and int"]),
        ("args.user.exists(k, k == 'name') && size(args.user) == 1", vec![]),
        ("math.ceil(args.count) == 2.0 && math.abs(args.amount) > 1", vec![]),
    ] {
        assert_eq!(told(expression, &environment), expected, "{expression}");
    }
    let closed = Environment::policy().with_args_schema(&json!({
        "type": "object", "properties": {"path": {"type": "string"}}, "additionalProperties": false,
    }));
    assert_eq!(
        told("args.paht == ''", &closed),
        ["paht: unknown field `paht` (did you mean `path`?)"]
    );
}

#[test]
fn what_is_always_or_never_true_is_known() {
    for (expression, expected) in [
        ("true", Some(true)),
        ("1 + 1 == 3", Some(false)),
        ("args.x == 1 || true", Some(true)),
        ("'a' in ['a', 'b'] && 'abc'.startsWith('a')", Some(true)),
        (
            "[1, 2].all(x, x > 0) && timestamp('2024-01-01T00:00:00Z').getFullYear() == 2024",
            Some(true),
        ),
        ("args.x == 1", None),
        ("1 / 0 == 1", None),
        ("args.x == args.x", None),
    ] {
        let program = compile(expression, &Environment::policy()).unwrap();
        assert_eq!(program.constant(), expected, "{expression}");
    }
}

#[test]
fn what_is_odd_is_told_though_it_runs() {
    for (expression, expected) in [
        (
            "1 / 0 == 1",
            vec!["warning: `1 / 0` fails whenever it is evaluated: division by zero at 1 / 0"],
        ),
        (
            "args.a == 1 || [1][3] + 1 == 2",
            vec![
                "warning: `[1][3]` fails whenever it is evaluated: index `3` is out of range at [1][3]",
            ],
        ),
        ("args == null", vec!["warning: `args` is never null at args"]),
        ("null != session.calls", vec!["warning: `session.calls` is never null at session.calls"]),
        (
            "justification == null && args.a == null",
            vec!["warning: `justification` is never null at justification"],
        ),
        ("context.a == null && tool.annotations.b != null && has(args.a)", vec![]),
        (
            "now.getHours('Europe/Paris') > 8 && now.getMinutes('-09:30') > 8 && now.getDate(args.zone) == 1",
            vec![],
        ),
    ] {
        assert_eq!(told(expression, &Environment::policy()), expected, "{expression}");
    }
}

#[test]
fn failures_name_the_sub_expression_and_the_path() {
    let args = json!({"a": {"b": 1}, "list": [1], "s": "x", "n": 5});
    for (expression, span, message, path) in [
        (
            "args.n > 1 && args.amount > 3",
            "args.amount",
            "no such key `args.amount`",
            Some("args.amount"),
        ),
        ("args.a.c.d == 1", "args.a.c.d", "no such key `args.a.c`", Some("args.a.c")),
        (
            "args.s.x == 1",
            "args.s.x",
            "`args.s` is not an object, so it has no fields",
            Some("args.s"),
        ),
        ("args.n.contains('x')", "args.n", "text is needed, this is of type int", None),
        ("args.list[3] == 1", "args.list[3]", "index `3` is out of range", None),
        ("args.n + args.s == 1", "args.n + args.s", "`+` does not work on int and string", None),
        ("args.n / 0 == 1", "args.n / 0", "division by zero", None),
        ("args.n", "args.n", "true or false is needed, this is of type int", None),
        ("now > timestamp(0)", "now", "`now` is not known", Some("now")),
        (
            "args.list.exists(i, i.price > 1)",
            "i.price",
            "`price` is asked of a value of type int, which has no fields",
            None,
        ),
    ] {
        let program = compile(expression, &Environment::policy()).unwrap();
        let failure = program.failure(&Input::new(&args), FUEL_DEFAULT).unwrap();
        assert_eq!(failure.span.text(expression), span, "{expression}");
        assert!(failure.message.starts_with(message), "{expression}: {}", failure.message);
        assert_eq!(failure.path.as_deref(), path, "{expression}");
    }
}

#[test]
fn a_trace_tells_what_was_looked_at() {
    let expression = "args.n > 3 && (args.s == 'y' || args.nope == 1)";
    let program = compile(expression, &Environment::policy()).unwrap();
    let args = json!({"n": 5, "s": "x"});
    let shown: Vec<String> = program
        .trace(&Input::new(&args), FUEL_DEFAULT)
        .iter()
        .map(|step| match &step.outcome {
            Ok(value) => format!("{} = {value}", step.span.text(expression)),
            Err(kind) => format!("{} fails: {}", step.span.text(expression), kind.as_str()),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "args.n = 5",
            "args.n > 3 = true",
            "args.s = \"x\"",
            "args.s == 'y' = false",
            "args.nope fails: no_such_key",
            "args.nope == 1 fails: no_such_key",
            "args.s == 'y' || args.nope == 1 fails: no_such_key",
            "args.n > 3 && (args.s == 'y' || args.nope == 1) fails: no_such_key",
        ]
    );
}
