//! Tests of reading documents: places through quotes and blocks, YAML's corners, hostile input.

use super::{Places, parse, parse_value, read};
use crate::diagnostic::{Code, Findings, Place, Report};
use crate::limits::{DOCUMENT_BYTES_MAX, TOOLS_MAX};

const HEAD: &str = "version: \"1.0\"\nmetadata: {name: p}\n";

fn places(text: &str) -> Places {
    let mut findings = Findings::default();
    let outcome = read(text.as_bytes(), &mut findings);
    let report = findings.into_report();
    assert!(report.is_valid, "{report:?}");
    outcome.unwrap().1
}

fn errors(text: &(impl AsRef<[u8]> + ?Sized)) -> Report {
    parse(text).unwrap_err()
}

/// Asserts that `needle` of the first rule's expression is placed where it stands in the text.
#[track_caller]
fn check_place(expression: &str, needle: &str) {
    let text = format!("{HEAD}tools:\n  - name: t\n    rules:\n      - expression: {expression}\n");
    let document = parse(&text).unwrap();
    let value = document.tools[0].conditions[0].expression.clone().unwrap();
    let offset = value.find(needle).unwrap();
    let place =
        places(&text).expression_place("tools[0].conditions[0].expression", offset).unwrap();
    let line = text.lines().nth(place.line as usize - 1).unwrap();
    let found: String = line.chars().skip(place.column as usize - 1).collect();
    let wanted = needle.split('\n').next().unwrap();
    assert!(found.starts_with(wanted), "{place:?} is {found:?}, wanted {wanted:?}\n{text}");
}

#[test]
fn offsets_map_through_every_style() {
    check_place("args.a == 1 && args.b", "args.b");
    check_place("args.é == 1 && args.b", "args.b");
    check_place("args.a == 1\n          && args.b == 2\n          && args.c", "args.c");
    check_place("'args.a == \"x\" && args.b'", "args.b");
    check_place("'args.a == ''x'' && args.b'", "args.b");
    check_place("'args.a == ''x''\n          && args.b'", "args.b");
    check_place("\"args.a == 'x' && args.b\"", "args.b");
    check_place(r#""args.a == \"\u00e9\x41\\\" && args.b""#, "args.b");
    check_place("\"args.a ==\\\n          \\ 'x'\\t && args.b\"", "args.b");
    check_place("\"args.a == 'x'\n\n          && args.b\"", "args.b");
    check_place("|\n          args.a == 1\n            && args.b\n          && args.c", "args.c");
    check_place(
        "|\n          args.a == 1\n            && args.b\n          && args.c",
        "&& args.b",
    );
    check_place("|2-\n          args.a == 1\n\n          && args.b", "args.b");
    check_place("| # a comment\n\n\n          args.a == 1\n          && args.b", "args.b");
    check_place(">\n          args.a == 1\n          && args.b\n\n          && args.c", "args.c");
    check_place(">-\n          args.a == 1\n            && args.b\n          && args.c", "args.b");
    check_place("&x !!str args.a == 1 && args.b", "args.b");
    check_place("&x 'args.a == 1 && args.b'", "args.b");
    check_place("&x |\n          args.a == 1\n          && args.b", "args.b");
    check_place("\r\n          args.a == 1\r\n          && args.b", "args.b");
}

#[test]
fn offsets_map_through_json_escapes() {
    let text = "{\"version\": \"1.0\", \"metadata\": {\"name\": \"p\"}, \"tools\": [{\"name\": \"t\", \"rules\":\n\
                [{\"expression\": \"args.\\u0061 == '\\ud83d\\ude00\\n' && args.b\"}]}]}";
    let value = parse(text).unwrap().tools[0].conditions[0].expression.clone().unwrap();
    let offset = value.find("args.b").unwrap();
    let place = places(text).expression_place("tools[0].conditions[0].expression", offset);
    let column = text.lines().nth(1).unwrap().find("args.b").unwrap() + 1;
    assert_eq!(place, Some(Place { line: 2, column: u32::try_from(column).unwrap() }));
}

#[test]
fn places_are_found_under_every_spelling() {
    let text = format!(
        "{HEAD}approval_policies:\n  - name: w\n    channel_configs:\n      slack: {{webhook_url: x}}\n\
         tools:\n- name: &n t\n  approval_policy: w\n- name: *n\n  source: mcp\n"
    );
    let places = places(&text);
    let at = |line, column| Some(Place { line, column });
    assert_eq!(places.value_place("approval_workflows[0].name"), at(4, 11));
    assert_eq!(places.value_place("approval_workflows[0].notifications[0].url"), at(6, 28));
    assert_eq!(places.value_place("tools[0].approval_workflow"), at(9, 20));
    assert_eq!(places.key_place("tools[0].approval_workflow"), at(9, 3));
    assert_eq!(places.value_place("tools[0].name"), at(8, 12));
    assert_eq!(places.value_place("tools[1].name"), at(8, 12), "an alias is placed at its anchor");
    assert_eq!(places.value_place("tools[7].name"), None);
    assert_eq!(places.nearest_place("tools[0].source"), Place { line: 8, column: 3 });
    assert_eq!(places.key_place("tools"), at(7, 1));
}

#[test]
fn a_byte_order_mark_before_yaml_changes_nothing() {
    let plain = format!("{HEAD}tools: [{{name: 'é'}}, {{name: x, y: z}}]\n");
    let marked = format!("\u{feff}{plain}");
    assert_eq!(errors(&plain), errors(&marked));
    let windows = plain.replace('\n', "\r\n");
    assert_eq!(errors(&plain).errors, errors(&windows).errors);
}

#[test]
fn yaml_is_version_1_2() {
    let value =
        parse_value("a: yes\nb: 0o17\nc: 1:30\nd: [on, off, ~, Null]\ne: 1_000\nf: 2026-01-01\n");
    let wanted = serde_json::json!({
        "a": "yes", "b": 15, "c": "1:30", "d": ["on", "off", null, null], "e": "1_000", "f": "2026-01-01"
    });
    assert_eq!(value.unwrap(), wanted);
    let value = parse_value("--- !!str 1.0\n");
    assert_eq!(value.unwrap(), serde_json::json!("1.0"));
    let value = parse_value("a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]\n");
    let x = serde_json::json!({"b": [1, 2]});
    assert_eq!(value.unwrap(), serde_json::json!({"a": x, "c": x, "d": [x, x]}));
}

#[test]
fn optional_values_may_be_null_and_lists_empty() {
    let text = format!(
        "{HEAD}mcp_servers:\napproval_workflows: []\ndefaults:\ntools:\n  - name: t\n    description:\n    \
         conditions:\n    approval_workflow: null\n    source: ~\n    justification: null\n"
    );
    let document = parse(&text).unwrap();
    assert_eq!(document.tools[0], crate::document::Tool::named("t"));
    assert_eq!(document.defaults, None);
}

#[test]
fn limits_are_checked_before_the_work() {
    let long = " ".repeat(DOCUMENT_BYTES_MAX + 1);
    assert_eq!(errors(&long).errors[0].code, Code::DocumentTooLarge);
    let tools = "\n- name: t".repeat(TOOLS_MAX + 1);
    let report = errors(&format!("{HEAD}tools:{tools}\n"));
    assert_eq!(report.errors[0].code, Code::TooManyItems);
    let rules = "{},".repeat(1_001);
    let report = errors(&format!("{HEAD}tools: [{{name: t, conditions: [{rules}]}}]\n"));
    assert_eq!(report.errors[0].code, Code::TooManyItems);
    let expression = "x".repeat(10_001);
    let report =
        errors(&format!("{HEAD}tools: [{{name: t, rules: [{{expression: {expression}}}]}}]\n"));
    assert_eq!((report.errors.len(), report.errors[0].code), (1, Code::TooLong));
}

/// Pieces one after another.
fn numbered(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect::<Vec<_>>().concat()
}

/// Hostile texts end in an answer, on a small stack.
#[test]
fn hostile_texts_end() {
    let repeated = |piece: &str| piece.repeat(300_000 / piece.len());
    let texts = [
        repeated("["),
        repeated("{"),
        repeated("{\"a\":"),
        format!("a: {}", repeated("[")),
        format!("a: {}", repeated("{a: ")),
        repeated("- "),
        repeated("? "),
        repeated("a: "),
        repeated("- - - - a\n"),
        repeated("&a "),
        repeated("*a "),
        repeated("!a "),
        repeated("\""),
        repeated("'"),
        repeated("|\n"),
        repeated("%YAML 1.2\n"),
        repeated("---\n"),
        repeated("# c\n"),
        repeated("\\"),
        repeated("\"\\u0061\","),
        format!("[{}]", repeated("1,")),
        format!("a: [{}]", repeated("1,")),
        format!("a:\n{}", repeated(" - &a [1]\n")),
        format!("a: {}", repeated("x \n ")),
        format!("a: \"{}", repeated("\\\n")),
        format!("a: >\n{}", repeated("  x\n\n")),
        numbered(20_000, |n| format!("k{n}: 1\n")),
        numbered(20_000, |n| format!("k{n}: &k{n} 1\n")),
        format!("{{{}", numbered(20_000, |n| format!("\"k{n}\": 1,"))),
        // Each line deeper than the one before.
        numbered(1_200, |n| format!("{}a:\n", " ".repeat(n))),
    ];
    let run = move || {
        for text in texts {
            let report = errors(&text);
            let most = crate::limits::DIAGNOSTICS_MAX + 1;
            assert!((1..=most).contains(&report.errors.len()), "{text:.20}");
        }
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(run).unwrap().join().unwrap();
}
