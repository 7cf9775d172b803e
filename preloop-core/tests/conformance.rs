//! Runs every case of `conformance/decisions` through the engine; the other surfaces run the same files.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the runner reads the cases from files, and a case that cannot be read ends it"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use preloop_core::call::CallRecord;
use preloop_core::compile::CompiledPolicy;
use preloop_core::decision::Decision;
use preloop_core::json;
use preloop_core::schema::ToolSchema;
use preloop_core::validate::ValidPolicy;
use serde_json::{Map, Value};

/// Fewer cases than this mean that files were lost.
const CASES_MIN: usize = 150;

#[test]
fn every_case_gets_its_decision() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/decisions");
    let files = files_below(&root);
    assert!(!files.is_empty(), "there are no cases in {}", root.display());
    let (mut cases, mut failures, mut table) = (0, Vec::new(), String::new());
    for file in &files {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let outcome = run(&root, file, &name);
        writeln!(
            table,
            "{:>4} of {:>4}  {name}",
            outcome.cases - outcome.failures.len(),
            outcome.cases
        )
        .unwrap();
        cases += outcome.cases;
        failures.extend(outcome.failures);
    }
    println!("{table}{:>4} of {cases:>4}  in all", cases - failures.len());
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= CASES_MIN, "only {cases} cases are left of at least {CASES_MIN}");
}

struct Outcome {
    cases: usize,
    failures: Vec<String>,
}

fn run(root: &Path, file: &Path, name: &str) -> Outcome {
    let mut document = object(read(file), name);
    only(&document, &["policy", "policy_file", "cases"], name);
    let policy = compiled(&policy_text(&mut document, root, name), name);
    let cases = document.remove("cases").and_then(|cases| cases.as_array().cloned());
    let cases = cases.unwrap_or_else(|| panic!("{name}: `cases` is no list"));
    assert!(!cases.is_empty(), "{name}: there are no cases");
    let mut names = Vec::new();
    let mut failures = Vec::new();
    for case in &cases {
        let mut case = object(case.clone(), name);
        let title = text(case.remove("name").as_ref(), name, "name");
        let name = format!("{name}: {title}");
        assert!(!names.contains(&title), "{name}: the name stands twice");
        names.push(title);
        failures.extend(difference(&policy, case, &name).map(|told| format!("{name}: {told}")));
    }
    Outcome { cases: cases.len(), failures }
}

/// What differs from the expected decision, if anything does.
fn difference(policy: &CompiledPolicy, mut case: Map<String, Value>, name: &str) -> Option<String> {
    only(&case, &["call", "call_json", "schema", "expect"], name);
    let schema = case.remove("schema").map(|schema| ToolSchema::compile(&schema).unwrap());
    let expect = object(case.remove("expect").unwrap_or_default(), name);
    let record = record(case, name);
    let mut call = record.call();
    call.schema = schema.as_ref();
    let decision = policy.evaluate(&call).into_owned();
    let explained = policy.explain(&call);
    assert!(explained.trace.as_ref().is_some_and(|trace| !trace.is_empty()), "{name}: no trace");
    assert_eq!(
        Decision { trace: None, ..explained },
        decision,
        "{name}: explain decides otherwise"
    );
    let differs = compare(&expect, &decision, name);
    differs.map(|key| {
        format!(
            "`{key}` is not as expected\n  expected {}\n  decided  {}",
            Value::Object(expect),
            shown(&decision)
        )
    })
}

fn compare(expect: &Map<String, Value>, decision: &Decision, name: &str) -> Option<&'static str> {
    let keys = &["action", "reason", "rule", "approval_workflow", "message", "errors"];
    only(expect, keys, name);
    let wire = serde_json::to_value(decision).unwrap();
    for key in ["action", "reason"] {
        assert!(expect.contains_key(key), "{name}: `expect` lacks `{key}`");
    }
    for key in ["action", "reason", "message", "approval_workflow"] {
        if expect.get(key).is_some_and(|wanted| wire.get(key) != Some(wanted)) {
            return Some(key);
        }
    }
    if let Some(wanted) = expect.get("rule") {
        let rule = decision.rule.as_ref();
        let is_found = rule.is_some_and(|rule| {
            wanted == rule.path.as_str() || rule.name.as_deref().is_some_and(|name| wanted == name)
        });
        if !is_found {
            return Some("rule");
        }
    }
    let errors: Vec<Value> = decision
        .errors
        .iter()
        .map(|error| serde_json::json!({"rule": error.rule, "kind": error.kind}))
        .collect();
    let wanted = expect.get("errors").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    (wanted != Value::Array(errors)).then_some("errors")
}

fn shown(decision: &Decision) -> String {
    serde_json::to_string(decision).unwrap()
}

fn record(mut case: Map<String, Value>, name: &str) -> CallRecord {
    if let Some(line) = case.remove("call_json") {
        assert!(!case.contains_key("call"), "{name}: `call` stands beside `call_json`");
        let line = text(Some(&line), name, "call_json");
        return CallRecord::parse(&line).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let mut call = object(case.remove("call").unwrap_or_default(), name);
    if let Some(args) = call.remove("args_json") {
        assert!(!call.contains_key("args"), "{name}: `args` stands beside `args_json`");
        let args = json::parse(&text(Some(&args), name, "args_json")).unwrap();
        call.insert("args".to_owned(), args);
    }
    CallRecord::from_value(Value::Object(call)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn policy_text(document: &mut Map<String, Value>, root: &Path, name: &str) -> String {
    match (document.remove("policy"), document.remove("policy_file")) {
        (Some(policy), None) => policy.to_string(),
        (None, Some(file)) => {
            std::fs::read_to_string(root.join(text(Some(&file), name, "policy_file"))).unwrap()
        }
        _ => panic!("{name}: one of `policy` and `policy_file` is needed"),
    }
}

fn compiled(policy: &str, name: &str) -> CompiledPolicy {
    let valid = ValidPolicy::parse(policy).unwrap_or_else(|report| panic!("{name}: {report:#?}"));
    CompiledPolicy::compile(valid)
}

fn read(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    preloop_core::parse::parse_value(&text)
        .unwrap_or_else(|report| panic!("{}: {report:#?}", file.display()))
}

fn only(map: &Map<String, Value>, known: &[&str], name: &str) {
    if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
        panic!("{name}: unknown key `{key}`; known are {known:?}");
    }
}

fn object(value: Value, name: &str) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{name}: an object is needed, not {other}"),
    }
}

fn text(value: Option<&Value>, name: &str, key: &str) -> String {
    let text = value.and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("{name}: `{key}` must be text")).to_owned()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let below = files_below(&path);
            assert!(!below.is_empty(), "there are no cases in {}", path.display());
            files.extend(below);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        } else {
            assert_eq!(path.file_name().unwrap(), "README.md", "what is {}?", path.display());
        }
    }
    files.sort();
    files
}
