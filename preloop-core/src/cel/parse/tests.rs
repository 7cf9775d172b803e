//! What is read, and what is refused in which words.

use super::parse;

fn problem(source: &str) -> String {
    match parse(source) {
        Ok(_) => panic!("{source} was read"),
        Err(problem) => match problem.help {
            Some(help) => format!("{} ({help})", problem.message),
            None => problem.message,
        },
    }
}

#[test]
fn mistakes_are_told_with_what_to_write_instead() {
    for (source, expected) in [
        ("", "the expression is empty (write `true` for a rule that always matches)"),
        ("a = b", "unexpected `=` (write `==` to compare)"),
        ("a <> b", "unexpected `<>` (write `!=` for not equal)"),
        ("a and b", "unexpected `and`, expected an operator or the end (write `&&` for and)"),
        ("a OR b", "unexpected `OR`, expected an operator or the end (write `||` for or)"),
        ("a & b", "unexpected `&` (write `&&` for and)"),
        ("'abc", "text without a closing quote"),
        ("1x", "malformed number `1x` (text goes between quotes)"),
        ("f(1", "the expression ends where `)` is expected"),
        (
            "9223372036854775808",
            "the number `9223372036854775808` is out of range (write `9223372036854775808u`: without the `u` numbers end at 9223372036854775807)",
        ),
        ("-9223372036854775809", "the number `9223372036854775809` is out of range"),
        ("99999999999999999999", "the number `99999999999999999999` is out of range"),
        (
            "\u{430}rgs.x",
            "unexpected `\u{430}` (`\u{430}` is U+0430 and only looks like `a`: write `a`)",
        ),
        (
            "args.x == \u{201c}a\u{201d}",
            "unexpected `\u{201c}` (`\u{201c}` is U+201C and only looks like `\"`: write `\"`)",
        ),
        (
            "args.x\u{200b} == 1",
            "unexpected `\u{200b}` (there is a U+200B in it, which cannot be seen: remove it)",
        ),
        ("args.é", "unexpected `é`"),
        (
            r"'\q'",
            r"unknown escape sequence `\q` (write `\\` for a backslash, or put an `r` before the opening quote)",
        ),
        (
            r"'\ud83d'",
            r"`\u` is followed by no character (write `\u` with four hexadecimal digits or `\U` with eight; half of a surrogate pair is none)",
        ),
        ("has(a)", "`has` takes a field, as in `has(args.path)`"),
        (
            "[1].map(x)",
            "`map` takes a variable, an optional condition and a result, as in `list.map(item, item.name)`",
        ),
        ("let", "`let` is a reserved word (pick another name)"),
    ] {
        assert_eq!(problem(source), expected, "{source}");
    }
}

#[test]
fn nesting_is_counted_and_chains_are_not() {
    let deep = |open: &str, inner: &str, close: &str, levels: usize| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    for (open, inner, close) in
        [("(", "1", ")"), ("[", "1", "]"), ("!", "true", ""), ("f(", "1", ")"), ("{'a':", "1", "}")]
    {
        assert!(parse(&deep(open, inner, close, 60)).is_ok(), "{open}");
        assert!(problem(&deep(open, inner, close, 66)).contains("nests deeper"), "{open}");
    }
    for (start, link) in
        [("1", "+1"), ("true", "&&true"), ("true", "||true"), ("a", ".b"), ("4", "*4")]
    {
        assert!(parse(&format!("{start}{}", link.repeat(1_500))).is_ok(), "{link}");
    }
    for (start, link) in [("a", "[0]"), ("a", ".f()"), ("1", "==1"), ("true?1:", "true?1:")] {
        let end = if link.ends_with(':') { "1" } else { "" };
        let long = format!("{start}{}{end}", link.repeat(500));
        assert!(problem(&long).contains("nests deeper"), "{link}");
    }
}

#[test]
fn sixty_four_levels_are_taken_and_no_more() {
    for (before, after) in [("!", ""), ("(", ")"), ("-", ""), ("[", "]")] {
        let nested = |levels: usize| format!("{}a{}", before.repeat(levels), after.repeat(levels));
        assert!(parse(&nested(64)).is_ok(), "{before}");
        let problem = parse(&nested(65)).unwrap_err();
        assert_eq!(problem.message, "the expression nests deeper than 64 levels", "{before}");
    }
    assert!(parse(&format!("a{}", "[0]".repeat(64))).is_ok());
    assert!(parse(&format!("a{}", "[0]".repeat(65))).is_err());
}
