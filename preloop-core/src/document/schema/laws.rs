//! The published schema is this one, it takes every valid document, and it refuses what it can see.

#![expect(
    clippy::disallowed_methods,
    reason = "the published schema and the documents it is held against are files"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::generate;
use crate::diagnostic::Code;
use crate::parse::parse_value;
use crate::validate;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_published_schema_is_up_to_date() {
    let path = root().join("docs/policy.schema.json");
    let text = serde_json::to_string_pretty(&generate()).unwrap() + "\n";
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "docs/policy.schema.json is stale: run this test with PRELOOP_GENERATE=1"
    );
}

/// What a reader of keys and types sees without knowing what the document means.
const SEEN: [Code; 6] = [
    Code::UnknownKey,
    Code::UnsupportedSection,
    Code::MissingField,
    Code::WrongType,
    Code::InvalidValue,
    Code::OutOfRange,
];

/// Problems of these kinds that the schema does not say: what one key asks of another, and dates.
const UNSEEN: [&str; 7] = [
    "bearer-without-token.yaml",
    "created-at-is-no-time.yaml",
    "oauth-without-client-id.yaml",
    "server-without-url.yaml",
    "stdio-with-address.yaml",
    "stdio-without-command.yaml",
    "webhook-without-url.yaml",
];

#[test]
fn every_valid_document_is_taken_and_what_a_schema_sees_is_refused() {
    let validator = jsonschema::draft7::new(&generate()).unwrap();
    let (mut taken, mut refused, mut unseen) = (0, 0, Vec::new());
    for folder in [
        "conformance/documents",
        "conformance/documents/problems",
        "conformance/documents/upstream",
        "examples",
    ] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir()
                || name.ends_with("_test.yaml")
                || name == "expected.yaml"
                || name == "README.md"
            {
                continue;
            }
            let text = fs::read(&path).unwrap();
            let Ok(value) = parse_value(&text) else { continue };
            let report = validate(&text);
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|e| format!("{}: {e}", e.instance_path()))
                .collect();
            if report.is_valid {
                assert!(errors.is_empty(), "{name}: {errors:#?}");
                taken += 1;
            }
            let is_seen = report.errors.iter().any(|error| SEEN.contains(&error.code));
            if is_seen && errors.is_empty() {
                unseen.push(name);
            } else if is_seen {
                refused += 1;
            }
        }
    }
    unseen.sort();
    assert_eq!(unseen, UNSEEN);
    assert!(taken > 30 && refused > 40, "{taken} taken, {refused} refused");
}

#[test]
fn every_key_is_described() {
    let schema = generate();
    let mut bare = Vec::new();
    let definitions = schema["definitions"].as_object().unwrap();
    for (name, definition) in definitions.iter().chain([(&"root".to_owned(), &schema)]) {
        let properties = definition["properties"].as_object().cloned().unwrap_or_default();
        let is_bare = |property: &Value| property["description"].as_str().is_none_or(str::is_empty);
        let keys = properties.iter().filter(|(_, property)| is_bare(property));
        bare.extend(keys.map(|(key, _)| format!("{name}.{key}")));
    }
    assert!(bare.is_empty(), "{bare:?}");
}
