//! The cases of `conformance/decisions`, each in the parts that the API takes, as one JSON file.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// The file with every case.
pub(crate) fn written(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/decisions");
    let groups: Vec<Value> = files_below(&root).iter().map(|file| group(&root, file)).collect();
    let path = folder.join("conformance.json");
    fs::write(&path, Value::Array(groups).to_string()).unwrap();
    path
}

fn group(root: &Path, file: &Path) -> Value {
    let document = preloop_core::parse::parse_value(&fs::read_to_string(file).unwrap()).unwrap();
    let policy = match document["policy_file"].as_str() {
        Some(path) => fs::read_to_string(root.join(path)).unwrap(),
        None => document["policy"].to_string(),
    };
    let cases = document["cases"].as_array().unwrap();
    // The API is not told a tool's schema.
    let told = cases.iter().filter(|case| case.get("schema").is_none());
    json!({
        "name": file.strip_prefix(root).unwrap().display().to_string(),
        "policy": policy,
        "cases": told.map(case).collect::<Vec<Value>>(),
    })
}

/// The parts of a call as texts, so that numbers keep every digit.
fn case(case: &Value) -> Value {
    let mut call: Map<String, Value> = match case["call_json"].as_str() {
        Some(line) => preloop_core::json::parse(line).unwrap().as_object().cloned().unwrap(),
        None => case["call"].as_object().cloned().unwrap_or_default(),
    };
    let raw = call.remove("args_json");
    let args = match raw.as_ref().and_then(Value::as_str) {
        Some(raw) => raw.trim().to_owned(),
        None => call.remove("args").map_or_else(|| "{}".to_owned(), |args| args.to_string()),
    };
    let mut facts = Map::new();
    for name in ["principal", "session", "context", "now"] {
        facts.extend(call.remove(name).map(|value| (name.to_owned(), value)));
    }
    json!({
        "name": case["name"],
        "tool": tool(&mut call),
        "args": args,
        "facts": Value::Object(facts).to_string(),
        "justification": call.remove("justification").unwrap_or_default(),
        "expect": case["expect"],
    })
}

/// A name, or an object in the spelling of JavaScript; as text.
fn tool(call: &mut Map<String, Value>) -> String {
    let mut tool = match call.remove("tool") {
        Some(Value::Object(tool)) => tool,
        name => Map::from_iter([("name".to_owned(), name.unwrap_or_default())]),
    };
    for name in ["source", "server", "annotations", "is_new"] {
        tool.extend(call.remove(name).map(|value| (name.to_owned(), value)));
    }
    if let Some(is_new) = tool.remove("is_new") {
        tool.insert("isNew".to_owned(), is_new);
    }
    tool.retain(|_, value| !value.is_null());
    if tool.len() == 1 { tool["name"].to_string() } else { Value::Object(tool).to_string() }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
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
