//! Every case of `conformance/decisions` through the command line and over HTTP; core runs the same files itself.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::agreement::evaluate_lines;
use crate::support::preloop::{Preloop, policy};
use crate::support::wire;

/// One case: where it stands, the call as the JSON text that a surface is given, and what it must get.
struct Case {
    name: String,
    line: String,
    expect: Value,
}

/// The cases of one file under one policy.
struct Group {
    policy: String,
    cases: Vec<Case>,
}

#[test]
fn every_decision_case_through_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut different = Vec::new();
    for (number, group) in groups().into_iter().enumerate() {
        let file = folder.path().join(format!("policy-{number}.json"));
        std::fs::write(&file, &group.policy).unwrap();
        let lines: Vec<String> = group.cases.iter().map(|case| case.line.clone()).collect();
        for (case, decision) in group.cases.iter().zip(evaluate_lines(&file, &lines)) {
            different.extend(difference(case, &decision));
        }
    }
    assert!(different.is_empty(), "{} cases differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn every_decision_case_over_http() {
    let preloop = Preloop::start(&policy(vec![], json!([]), json!({})));
    let bearer = format!("Bearer {}", preloop.owner_key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let before = preloop.trail().len();
    let mut different = Vec::new();
    for group in groups() {
        let text = Value::String(group.policy).to_string();
        for case in group.cases {
            // Spliced, so that numbers keep every digit.
            let body = format!(r#"{{"policy":{text},"call":{}}}"#, case.line);
            let path = "/api/v1/policies/evaluate";
            let answer = wire::send(&preloop.address, "POST", path, &headers, body.as_bytes());
            if answer.status == 200 {
                different.extend(difference(&case, &answer.json()));
            } else {
                different.push(format!("{}: {} {}", case.name, answer.status, answer.body));
            }
        }
    }
    assert!(different.is_empty(), "{} cases differ:\n{}", different.len(), different.join("\n"));
    assert_eq!(preloop.trail().len(), before, "`evaluate` records nothing");
}

/// What differs from the expected decision, if anything does.
fn difference(case: &Case, decision: &Value) -> Option<String> {
    let rule = &decision["rule"];
    let differs = case.expect.as_object()?.iter().find(|(key, wanted)| match key.as_str() {
        "rule" => rule["path"] != **wanted && rule["name"] != **wanted,
        "errors" => errors(decision) != **wanted,
        key => decision[key] != **wanted,
    });
    let unexpected = case.expect.get("errors").is_none() && errors(decision) != json!([]);
    let key = differs.map(|(key, _)| key.as_str()).or(unexpected.then_some("errors"))?;
    Some(format!(
        "{}: `{key}`\n  call     {}\n  expected {}\n  decided  {decision}",
        case.name, case.line, case.expect
    ))
}

/// Rule and kind of each condition error.
fn errors(decision: &Value) -> Value {
    let errors = decision["errors"].as_array().into_iter().flatten();
    errors.map(|error| json!({"rule": error["rule"], "kind": error["kind"]})).collect()
}

fn groups() -> Vec<Group> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/decisions");
    let mut groups: Vec<Group> = files_below(&root).iter().map(|file| group(&root, file)).collect();
    groups.retain(|group| !group.cases.is_empty());
    let cases: usize = groups.iter().map(|group| group.cases.len()).sum();
    assert!(cases >= 150, "only {cases} cases were found in {}", root.display());
    groups
}

fn group(root: &Path, file: &Path) -> Group {
    let name = file.strip_prefix(root).unwrap().display().to_string();
    let document =
        preloop_core::parse::parse_value(&std::fs::read_to_string(file).unwrap()).unwrap();
    let policy = match document["policy_file"].as_str() {
        Some(path) => std::fs::read_to_string(root.join(path)).unwrap(),
        None => document["policy"].to_string(),
    };
    let cases = document["cases"].as_array().unwrap();
    // Neither surface can be told a tool's schema.
    let told = cases.iter().filter(|case| case.get("schema").is_none());
    let cases = told
        .map(|case| Case {
            name: format!("{name}: {}", case["name"].as_str().unwrap_or_default()),
            line: line(case),
            expect: case["expect"].clone(),
        })
        .collect();
    Group { policy, cases }
}

/// The call as text, raw parts spliced in as they are written.
fn line(case: &Value) -> String {
    if let Some(line) = case["call_json"].as_str() {
        return line.trim().replace('\n', " ");
    }
    let mut call: Map<String, Value> = case["call"].as_object().cloned().unwrap_or_default();
    let raw = call.remove("args_json");
    let line = Value::Object(call).to_string();
    match raw.as_ref().and_then(Value::as_str) {
        Some(raw) => format!(r#"{{"args":{},{}"#, raw.trim(), line.trim_start_matches('{')),
        None => line,
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}
