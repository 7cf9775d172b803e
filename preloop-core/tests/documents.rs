//! The documents of `conformance/documents`, each with what `expected.yaml` says about it.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the runner reads documents from files, and one that cannot be read ends it"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use preloop_core::canonical::{export, to_json, to_yaml};
use preloop_core::diagnostic::Code;
use preloop_core::parse::parse_value;
use preloop_core::{Diagnostic, ValidPolicy, parse, policy_digest, validate};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/documents")
}

/// The documents of a folder, by name.
fn documents(folder: &Path) -> BTreeSet<String> {
    let is_document = |name: &String| name != "expected.yaml" && name != "README.md";
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(is_document)
        .collect()
}

/// One problem as `expected.yaml` writes it: `code path line:column: message`, the path left out
/// for the whole document, the place left out where there is none.
fn shown(diagnostic: &Diagnostic) -> String {
    let mut words = vec![diagnostic.code.as_str().to_owned()];
    if !diagnostic.path.is_empty() {
        words.push(diagnostic.path.clone());
    }
    if let (Some(line), Some(column)) = (diagnostic.line, diagnostic.column) {
        words.push(format!("{line}:{column}"));
    }
    format!("{}: {}", words.join(" "), diagnostic.message)
}

fn list(value: &Value, key: &str) -> Vec<String> {
    let items = value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Compares every document of a folder with its line in `expected.yaml`.
fn check(folder: &Path) -> usize {
    let expected = parse_value(&fs::read(folder.join("expected.yaml")).unwrap()).unwrap();
    let expected = expected.as_object().unwrap();
    let documents = documents(folder);
    let listed: BTreeSet<String> = expected.keys().cloned().collect();
    assert_eq!(documents, listed, "each document has an entry and each entry a document");
    let mut wrong = Vec::new();
    for (name, wanted) in expected {
        let report = validate(&fs::read(folder.join(name)).unwrap());
        let errors: Vec<String> = report.errors.iter().map(shown).collect();
        let warnings: Vec<String> = report.warnings.iter().map(shown).collect();
        assert_eq!(report.is_valid, errors.is_empty(), "{name}");
        if errors != list(wanted, "errors") || warnings != list(wanted, "warnings") {
            wrong.push(format!("{name}:\n  errors {errors:#?}\n  warnings {warnings:#?}"));
        }
        for diagnostic in report.errors.iter().chain(&report.warnings) {
            wording(name, diagnostic);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    documents.len()
}

/// Lower case, no full stop, one line; only the messages that the format fixes begin with a capital.
fn wording(name: &str, diagnostic: &Diagnostic) {
    let message = &diagnostic.message;
    let is_fixed = message.contains(" unknown approval workflow '")
        || message.contains(" unknown MCP server '");
    let begins_low =
        !message.starts_with(|c: char| c.is_uppercase()) || message.starts_with("JSON ");
    assert!(is_fixed || begins_low, "{name}: {message}");
    assert!(!message.ends_with('.') && !message.contains('\n'), "{name}: {message}");
    assert!(!message.is_empty());
}

#[test]
fn real_documents_load_or_fail_as_they_should() {
    assert_eq!(check(&folder()), 15);
}

#[test]
fn problems_are_found_named_and_placed() {
    let folder = folder().join("problems");
    assert!(check(&folder) >= 100);
    let expected = parse_value(&fs::read(folder.join("expected.yaml")).unwrap()).unwrap();
    for (name, wanted) in expected.as_object().unwrap() {
        let is_single = name != "many-problems.yaml";
        let has_errors = !list(wanted, "errors").is_empty();
        assert_eq!(has_errors, !name.starts_with("warning-"), "{name}");
        assert!(!is_single || list(wanted, "errors").len() <= 1, "{name} has one problem");
    }
    assert!(list(&expected["many-problems.yaml"], "errors").len() >= 20);
}

/// What older generations take and misread is an error or a warning here, or holds.
#[test]
fn nothing_is_misread_as_it_was() {
    let folder = folder().join("upstream");
    assert!(check(&folder) >= 45);
    for name in documents(&folder) {
        let text = fs::read(folder.join(&name)).unwrap();
        let report = validate(&text);
        let has_problem = !report.errors.is_empty() || !report.warnings.is_empty();
        assert_eq!(has_problem, !name.starts_with("honoured-"), "{name}: {report:?}");
        let Ok(document) = parse(&text) else { continue };
        let canonical = to_json(&document);
        if name.starts_with("honoured-") {
            for said in leaves(&parse_value(&text).unwrap()) {
                assert!(canonical.contains(&said), "{name}: `{said}` is dropped\n{canonical}");
            }
        }
    }
}

/// Every text, number and flag of a value.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        Value::Object(members) => members.values().flat_map(leaves).collect(),
        leaf => vec![leaf.to_string()],
    }
}

#[test]
fn valid_documents_survive_their_canonical_forms() {
    let mut seen = 0;
    for name in documents(&folder()) {
        let text = fs::read(folder().join(&name)).unwrap();
        let Ok(policy) = ValidPolicy::parse(&text) else { continue };
        let document = policy.document();
        let yaml = to_yaml(document, Some("policy.schema.json"));
        let json = to_json(document);
        assert_eq!(parse(&yaml).as_ref(), Ok(document), "{name}\n{yaml}");
        assert_eq!(parse(&json).as_ref(), Ok(document), "{name}\n{json}");
        let exported = export(document.clone());
        assert_eq!(policy_digest(&exported), policy.digest(), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 11);
}

/// The manual's page of codes.
fn manual() -> String {
    let mut page = String::from(
        "# Problems of a policy document\n\n\
         Each problem that `preloop policy validate` and the API report carries one of these codes.\n\
         Codes are stable: tools may rely on them, while messages may be worded better.\n\
         An error keeps the document from being used; a warning does not.\n\n\
         This part is generated from `preloop-core/src/diagnostic/code.rs`.\n",
    );
    for (title, is_error) in [("Errors", true), ("Warnings", false)] {
        write!(page, "\n## {title}\n\n| code | meaning |\n|---|---|\n").unwrap();
        for code in Code::ALL.iter().filter(|code| code.is_error() == is_error) {
            writeln!(page, "| `{code}` | {} |", code.about()).unwrap();
        }
    }
    page
}

#[test]
fn the_published_schema_of_test_files_is_the_engines() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy-test.schema.json");
    let text = serde_json::to_string_pretty(&preloop_core::policy_test::schema()).unwrap() + "\n";
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == text, "{} is stale: run this test with PRELOOP_GENERATE=1", path.display());
}

#[test]
fn the_manual_lists_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ERRORS.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    // What follows is held by the crate of the HTTP API.
    let rest = page.find("\n# Problems of the HTTP API").map_or("", |at| page.split_at(at).1);
    let wanted = manual() + rest;
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == wanted, "docs/ERRORS.md is stale: run this test with PRELOOP_GENERATE=1");
}

/// Every code is met by some document, so that none is a word without a check behind it.
#[test]
fn every_code_is_met_by_a_document() {
    let mut met: BTreeSet<Code> = BTreeSet::new();
    let problems = folder().join("problems");
    for name in documents(&problems) {
        let report = validate(&fs::read(problems.join(name)).unwrap());
        met.extend(report.errors.iter().chain(&report.warnings).map(|d| d.code));
    }
    // Only the formatter reports the first, and the lint the others; they have tests of their own.
    met.extend([Code::NotFormattable, Code::ShadowedRule, Code::EvadableText]);
    met.extend([Code::TooWideText, Code::UnusedWorkflow]);
    // Flat policies and their compilation report these.
    met.extend([Code::UnknownDialect, Code::MixedDialects, Code::ModelNotConfigured]);
    met.extend([Code::IgnoredKey, Code::Contradiction]);
    // Changes of a document report these.
    met.extend([Code::NotInDocument, Code::AmbiguousAddress]);
    // Servers report these when they apply a document.
    met.extend([Code::NoApprover, Code::UnknownApprover, Code::UndialledServer]);
    // These need a text of more than a megabyte, of many tools, of a thousand problems,
    // several files, or a file of tests.
    met.extend([Code::DocumentTooLarge, Code::TooManyItems, Code::TooManyProblems]);
    met.extend([Code::ConflictingFiles, Code::UnknownFixture]);
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !met.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
