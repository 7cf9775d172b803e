//! Tests of the strict reader and of canonical text.

use serde_json::Value;

use super::{JsonErrorKind, canonicalize, check, parse};
use crate::canonical::canonical_value;
use crate::limits::NESTING_MAX;

#[track_caller]
fn refused(text: &(impl AsRef<[u8]> + ?Sized), wanted: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), wanted);
    // One grammar behind every front end.
    assert_eq!(canonicalize(text).unwrap_err().to_string(), wanted);
    assert_eq!(check(text).unwrap_err().to_string(), wanted);
}

#[test]
fn reads_what_serde_json_reads() {
    for text in [
        "null",
        " true ",
        "-1",
        "0",
        "30.0",
        "1e2",
        "-0",
        "-0.0",
        "18446744073709551615",
        "-9223372036854775808",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.1",
        "1E-7",
        "\"\"",
        r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
        "\"\u{7f}\u{2028}é😀\"",
        "[]",
        "{}",
        "[[], {}, [{\"a\": [1]}]]",
        "{\"\": {\"a\": null}, \"b\": [1, \"x\"]}",
    ] {
        let theirs: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text).unwrap(), theirs, "{text}");
    }
}

#[test]
fn refuses_duplicate_keys_at_any_depth() {
    refused(r#"{"a": 1, "a": 1}"#, "duplicate key `a` at line 1 column 10");
    refused(r#"[{"x": {"a": 1, "\u0061": 2}}]"#, "duplicate key `a` at line 1 column 17");
    let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\": {n}")).collect();
    let text = format!("{{{}, \"k7\": 0}}", many.join(", "));
    assert_eq!(parse(&text).unwrap_err().message(), "duplicate key `k7`");
    let text = format!("{{{}}}", many.join(", "));
    assert_eq!(parse(&text).unwrap().as_object().unwrap().len(), 40);
}

#[test]
fn refuses_what_is_not_json() {
    refused("", "the text is empty at line 1 column 1");
    refused(" \n", "the text is empty at line 2 column 1");
    refused("[1,\n 2,]", "a value is wanted, found `]` at line 2 column 4");
    refused("{\"a\": 1,}", "a key in double quotes is wanted, found `}` at line 1 column 9");
    refused("[1 2]", "`,` or the end is missing before a number at line 1 column 4");
    refused("{\"a\" 1}", "`:` is missing after a key at line 1 column 6");
    refused("{a: 1}", "unexpected `a` at line 1 column 2");
    refused("{'a': 1}", "text is written in double quotes, found `'` at line 1 column 2");
    refused("[1}", "`]` is missing before `}` at line 1 column 3");
    refused("{\"a\": 1]", "`}` is missing before `]` at line 1 column 8");
    refused("[1", "the text ends before `]` at line 1 column 3");
    refused("{\"a\"", "the text ends before `}` at line 1 column 5");
    refused("1 2", "a number stands after the value at line 1 column 3");
    refused("{} {}", "`{` stands after the value at line 1 column 4");
    refused("// x\n1", "JSON has no comments, found `/` at line 1 column 1");
    refused("NaN", "unexpected `NaN` at line 1 column 1");
    refused("True", "unexpected `True` at line 1 column 1");
    refused("]", "a value is wanted, found `]` at line 1 column 1");
    refused("{,}", "a key in double quotes is wanted, found `,` at line 1 column 2");
}

#[test]
fn refuses_bad_numbers() {
    refused("01", "a number does not begin with `0` at line 1 column 1");
    refused("-", "a number needs a digit after `-` at line 1 column 1");
    refused("1.", "a number needs a digit after `.` at line 1 column 1");
    refused("1e+", "a number needs a digit in its exponent at line 1 column 1");
    refused("+1", "unexpected `+` at line 1 column 1");
    refused(".5", "unexpected `.5` at line 1 column 1");
    refused("[1e999]", "the number is too large for a double at line 1 column 2");
    refused("1x", "unexpected `x` at line 1 column 2");
}

#[test]
fn refuses_bad_text() {
    refused("\"a", "text has no closing `\"` at line 1 column 1");
    refused("\"a\nb\"", "U+000A inside text has to be escaped at line 1 column 3");
    refused("\"a\0\"", "U+0000 inside text has to be escaped at line 1 column 3");
    refused("1\0", "unexpected U+0000 at line 1 column 2");
    refused(r#""\x41""#, "unknown escape `\\x` at line 1 column 2");
    refused(r#""\u12g4""#, "unknown escape `\\u` at line 1 column 2");
    refused(r#""\u+123""#, "unknown escape `\\u` at line 1 column 2");
    for lone in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800\ud800""#] {
        let error = parse(lone).unwrap_err();
        assert!(error.message().starts_with("a surrogate"), "{lone}: {error}");
    }
    refused("\u{feff}1", "a byte order mark stands before the value at line 1 column 1");
    refused(&b"[\"\xff\"]"[..], "the text is not UTF-8 at line 1 column 3");
    refused("é", "unexpected `é` at line 1 column 1");
}

#[test]
fn columns_count_characters() {
    let error = parse("[\"é😀\",\r\n x]").unwrap_err();
    assert_eq!((error.place().line, error.place().column), (2, 2));
    let error = parse("[\"é😀\", x]").unwrap_err();
    assert_eq!((error.place().line, error.place().column, error.offset()), (1, 8, 11));
}

#[test]
fn nesting_has_a_limit_and_the_stack_is_not_part_of_it() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(NESTING_MAX)).is_ok());
    let error = parse(&nested(NESTING_MAX + 1)).unwrap_err();
    assert_eq!(error.kind(), JsonErrorKind::NestingTooDeep);
    assert_eq!(error.offset(), NESTING_MAX);
    // A tree that other code built may be deeper; writing it takes no stack either.
    let deep = (0..100_000).fold(Value::from(1), |value, _| Value::Array(vec![value]));
    let text = canonical_value(&deep);
    assert_eq!(text.len(), 200_001);
    // Its drop would recurse.
    std::mem::forget(deep);
}

#[test]
fn canonical_numbers() {
    for (text, wanted) in [
        ("30", "30"),
        ("30.0", "30"),
        ("3e1", "30"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("0e5", "0"),
        ("1e21", "1000000000000000000000"),
        ("1e23", "99999999999999991611392"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551616", "18446744073709551616"),
        ("-123456789012345678901234567890", "-123456789012345678901234567890"),
        // RFC 8785, appendix B, those with a fraction.
        ("5e-324", "5e-324"),
        ("-5e-324", "-5e-324"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("1.2345e-9", "1.2345e-9"),
        ("9.999999999999997e-7", "9.999999999999997e-7"),
        ("333333333.3333332", "333333333.3333332"),
        ("333333333.33333343", "333333333.33333343"),
        ("-0.0000033333333333333333", "-0.0000033333333333333333"),
        ("4.50", "4.5"),
        ("2e-3", "0.002"),
        ("0.1", "0.1"),
    ] {
        assert_eq!(canonicalize(text).unwrap(), wanted, "{text}");
    }
    assert!(canonicalize("1e999").is_err());
    let digits = "9".repeat(2_000);
    assert_eq!(canonicalize(&digits).unwrap(), digits);
}

#[test]
fn canonical_order_and_text() {
    // RFC 8785, section 3.2.3: by UTF-16 code units, so that a surrogate pair comes before U+FB33.
    let text = "{\"\\u20ac\": 1, \"\\r\": 2, \"\\ufb33\": 3, \"1\": 4, \"\\ud83d\\ude00\": 5, \"\\u0080\": 6, \"\\u00f6\": 7}";
    let wanted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}";
    assert_eq!(canonicalize(text).unwrap(), wanted);
    assert_eq!(
        canonicalize(r#" { "b" : [ true , null , { } ] , "a" : { "d" : 1 , "c" : [ ] } } "#)
            .unwrap(),
        r#"{"a":{"c":[],"d":1},"b":[true,null,{}]}"#
    );
    assert_eq!(
        canonicalize(r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/""#).unwrap(),
        "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""
    );
}

#[test]
fn canonical_text_and_value_agree() {
    for text in [
        r#"{"z": 1, "a": {"y": [1.5, -0.0, 1e300], "x": "\u0001"}, "é": false, "😀": null}"#,
        "[]",
        "{}",
        "[[[]], {\"a\": {}}]",
        "\"x\"",
        "[1, 2.0, 3e0, 18446744073709551615, -9223372036854775808, 0.1]",
    ] {
        let canonical = canonicalize(text).unwrap();
        assert_eq!(canonical_value(&parse(text).unwrap()), canonical, "{text}");
        assert_eq!(canonicalize(&canonical).unwrap(), canonical, "canonical text stays as it is");
    }
}
