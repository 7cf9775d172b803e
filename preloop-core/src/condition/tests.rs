//! What is simple and what is not, what it answers, and what is said about texts of other languages.

use serde_json::{Value, json};

use super::*;

fn compiled(text: &str) -> Condition {
    compile(text, None, &Environment::policy())
        .unwrap_or_else(|problems| panic!("`{text}`: {problems:?}"))
}

#[test]
fn which_texts_are_simple() {
    let simple = [
        "true",
        "FALSE",
        " True\n",
        "args.a == 1",
        "a==1",
        "args.a.b != 'x'",
        "amount > 300",
        "args.a <= -1.5e3",
        "args.a.contains('x')",
        "a.matches('^x')",
        "tool.name == 'x'",
        "principal.roles.contains('admin')",
        "context.a.b == null",
        "session.id == 's'",
        "justification.contains('x')",
        "tool.annotations.readOnlyHint == true",
        "package == 'x'",
        "args.a == r'\\d'",
        "args.a == 5u",
        "args.contains == 1",
        "args\n.a\n==\n1",
    ];
    for text in simple {
        assert_eq!(compiled(text).condition_type(), ConditionType::Simple, "{text}");
    }
    let cel = [
        "1 == args.a",
        "args.a == args.b",
        "(args.a == 1)",
        "(args.a) == 1",
        "args.a == (1)",
        "args.a == 1 // one",
        "args['a'] == 1",
        "args.a[0] == 1",
        "args.a in [1]",
        "!args.a",
        "args.a == 1 && args.b == 2",
        "args.a == b'x'",
        "size(args.a) == 1",
        "args.?a == optional.of(1)",
        "args.a.contains(args.b)",
        "args.a.contains(('x'))",
        "args.a.size() == 1",
        "args.a",
        "args.a == -(1)",
        "now < timestamp('2026-01-01T00:00:00Z')",
        "'x' in principal.roles",
        "args.a == [1]",
        "args.`a-b` == 1",
        "args.a ? true : false",
        "has(args.a)",
    ];
    for text in cel {
        assert_eq!(compiled(text).condition_type(), ConditionType::Cel, "{text}");
    }
}

#[test]
fn a_reserved_word_is_a_bare_name_and_begins_no_path() {
    assert_eq!(compiled("if == 1").condition_type(), ConditionType::Simple);
    assert_eq!(compiled("var.contains('x')").condition_type(), ConditionType::Simple);
    for text in ["if.a == 1", "package.name.contains('x')"] {
        assert!(compile(text, None, &Environment::policy()).is_err(), "{text}");
    }
}

#[test]
fn tests_that_can_never_be_made_are_refused() {
    for text in [
        "principal.roles.startsWith('x')",
        "principal.teams.matches('x')",
        "principal.roles.contains(5)",
        "tool.name.contains(5)",
        "justification.contains(null)",
        "tool.is_new.contains('x')",
    ] {
        assert!(compile(text, None, &Environment::policy()).is_err(), "{text}");
    }
}

#[test]
fn the_type_can_be_said() {
    let environment = Environment::policy();
    let cel = compile("args.a == 1", Some(ConditionType::Cel), &environment).unwrap();
    assert_eq!(cel.condition_type(), ConditionType::Cel);
    let problems =
        compile("args.a == 1 && args.b", Some(ConditionType::Simple), &environment).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "this is no `simple` condition");
    assert!(compile("TRUE", Some(ConditionType::Cel), &environment).is_err());
}

#[test]
fn what_is_no_simple_condition_is_told_before_what_its_names_are() {
    let told_as = |text: &str, kind| -> Vec<String> {
        let problems = compile(text, kind, &Environment::policy()).unwrap_err();
        problems.into_iter().map(|problem| problem.message).collect()
    };
    let told = |text| told_as(text, Some(ConditionType::Simple));
    let not_simple = "this is no `simple` condition";
    assert_eq!(told("a == b"), [not_simple, "unknown variable `a`", "unknown variable `b`"]);
    assert_eq!(told("!a"), [not_simple, "unknown variable `a`"]);
    assert_eq!(told("args.a == args.b"), [not_simple]);
    // What is wrong in both languages is told as it stands.
    assert_eq!(told("a = b"), ["`=` is no operator of this language"]);
    assert_eq!(told("a == "), told_as("a == ", None));
}

#[track_caller]
fn problem(text: &str, span: &str, message: &str, help: &str) {
    let problems = compile(text, None, &Environment::policy()).unwrap_err();
    let problem = &problems[0];
    let told = (problem.span.text(text), problem.message.as_str(), problem.help.as_deref());
    assert_eq!(told, (span, message, Some(help)), "{text}");
}

#[test]
fn operators_of_other_languages_are_told() {
    for (text, word, help) in [
        ("args.a > 5 and args.b < 3", "and", "write `&&` for and"),
        ("a > 5 OR b < 3", "OR", "write `||` for or"),
        ("not args.a", "not", "write `!` for not"),
        ("args.a <> 5", "<>", "write `!=` for not equal"),
        ("args.a = 5", "=", "write `==` to compare"),
        ("args.a === 5", "===", "write `==` to compare"),
        ("args.a !== 5", "!==", "write `!=` for not equal"),
        ("args.a == 'x' & args.b == 'y'", "&", "write `&&` for and"),
        ("args.a == 'x' | args.b == 'y'", "|", "write `||` for or"),
        ("args.a =~ 'x'", "=~", "write `args.field.matches('pattern')`"),
        ("args.a is null", "is", "write `==` to compare"),
        ("args.a == None", "None", "write `null`"),
        ("args.a IN ['x']", "IN", "write `in` in lower case"),
    ] {
        problem(text, word, &format!("`{word}` is no operator of this language"), help);
    }
    let help = "write `args.field in ['a', 'b']` with brackets";
    problem("args.a in ('x', 'y')", "in (", "`in (` is no operator of this language", help);
    problem("args.a in(\u{fffd}", "in(", "`in (` is no operator of this language", help);
    let help = "write `!(args.field in ['a', 'b'])`";
    problem("args.a not in ['x']", "not in", "`not in` is no operator of this language", help);
    problem("args.a not\tin ['x']", "not\tin", "`not in` is no operator of this language", help);
}

#[test]
fn words_inside_of_text_and_behind_dots_are_fine() {
    for text in
        ["args.a == 'this and that'", "args.and == 1 && args.or == 2", "args.a == \"x = y\""]
    {
        compiled(text);
    }
}

#[test]
fn what_can_never_work_is_told() {
    let text = "args.a > null";
    problem(
        text,
        "null",
        "`null` has no order, so `>` never holds",
        "compare with `==` or `!=`, or with a number or text",
    );
    problem(
        "args.a.startsWith(5)",
        "5",
        "`startsWith` looks for text, and this is none",
        "put the text between quotes",
    );
    let problems = compile("args.a.matches('(')", None, &Environment::policy()).unwrap_err();
    assert_eq!(
        (problems[0].kind, problems[0].span.text("args.a.matches('(')")),
        (ProblemKind::InvalidLiteral, "'('")
    );
    for text in
        ["tool.nme == 'x'", "tool == 'x'", "principal.name > 5", "args == 1", "unknown.a == 1"]
    {
        assert!(compile(text, None, &Environment::policy()).is_err(), "{text}");
    }
}

#[track_caller]
fn fails(text: &str, action: Action, args: &Value, kind: &str, message: &str, part: &str) {
    let condition = compiled(text);
    let input = Input::new(args);
    assert_eq!(condition.test(action, &input, &mut Fuel::default()), Tri::Error);
    let failure = condition.failure(action, &input, 100_000).unwrap();
    let told = (failure.kind.as_str(), failure.message.as_str(), failure.span.text(text));
    assert_eq!(told, (kind, message, part));
}

#[test]
fn failures_say_what_was_met() {
    let (allow, deny) = (Action::Allow, Action::Deny);
    fails("a > 1", allow, &json!({}), "no_such_key", "no such key `args.a`", "a");
    fails(
        "args.a.b.contains('x')",
        deny,
        &json!({"a": {}}),
        "no_such_key",
        "no such key `args.a.b`",
        "args.a.b",
    );
    fails(
        "args.a.b == 1",
        deny,
        &json!({"a": "t"}),
        "wrong_type",
        "`args.a` is not an object, so it has no fields",
        "args.a.b",
    );
    fails(
        "args.a == 1",
        deny,
        &json!({"a": []}),
        "wrong_type",
        "`args.a` is a list, one value is needed",
        "args.a == 1",
    );
    fails(
        "args.a > 1",
        deny,
        &json!({"a": "x"}),
        "wrong_type",
        "`args.a` is no number, so it has no order here",
        "args.a > 1",
    );
    fails(
        "args.a > 1",
        deny,
        &json!({"a": true}),
        "wrong_type",
        "`args.a` is a boolean, a number is needed",
        "args.a > 1",
    );
    fails(
        "args.a > 'x'",
        deny,
        &json!({"a": true}),
        "wrong_type",
        "`args.a` is a boolean, text is needed",
        "args.a > 'x'",
    );
}

#[test]
fn failing_text_tests_say_what_was_met() {
    let deny = Action::Deny;
    fails(
        "args.a.endsWith('x')",
        deny,
        &json!({"a": null}),
        "wrong_type",
        "`args.a` is null, text is needed",
        "args.a.endsWith('x')",
    );
    fails(
        "args.a.contains('x')",
        deny,
        &json!({"a": ["xy"]}),
        "wrong_type",
        "`args.a` is a list; an element contains the text, and none is the text",
        "args.a.contains('x')",
    );
    let long = "y".repeat(2_000_000);
    fails(
        "args.a.contains('x')",
        deny,
        &json!({"a": long}),
        "budget",
        "the condition's budget ran out",
        "args.a.contains('x')",
    );
}

#[test]
fn the_trace_shows_the_field_and_the_whole() {
    let text = "args.a > 1";
    let args = json!({"a": 5});
    let steps = compiled(text).trace(Action::Deny, &Input::new(&args), 100_000);
    let told: Vec<_> =
        steps.iter().map(|step| (step.span.text(text), step.outcome.clone().unwrap())).collect();
    assert_eq!(told, [("args.a", json!(5)), (text, json!(true))]);
}

#[test]
fn the_budget_is_spent_the_same_way_each_time() {
    let args = json!({"a": "x".repeat(1600)});
    let condition = compiled("args.a.contains('y')");
    let spent = || {
        let mut fuel = Fuel::default();
        assert_eq!(condition.test(Action::Deny, &Input::new(&args), &mut fuel), Tri::False);
        fuel.used()
    };
    assert_eq!((spent(), spent()), (103, 103));
}
