//! The page on Rust: its program is the example, and does what the page says with the page's policy.

#![expect(clippy::unwrap_used, reason = "a page without its blocks ends the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use preloop_core::Engine;
use preloop_core::diagnostic::Code;
use preloop_files::{FileError, FromFile};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rust.md");
    fs::read_to_string(path).unwrap()
}

/// The first block of the page in this language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// Cargo builds examples beside the tests of a package.
fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap();
    built.join("examples").join(format!("agent{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn the_program_of_the_page_is_the_example() {
    let example = include_str!("../examples/agent.rs");
    let (_, program) = example.split_once("\n\n").unwrap();
    assert_eq!(program, block(&page(), "rust"));
}

#[test]
fn it_prints_what_the_page_says() {
    let page = page();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.yaml"), block(&page, "yaml")).unwrap();
    let ran = Command::new(example()).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8(ran.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), block(&page, "text"));
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    let error = Engine::from_file(&path).unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("cannot read `{}`: ", path.display())),
        "{error}"
    );

    fs::write(&path, "version: '1.0'\nmetadata: {name: p}\ntolls: []\n").unwrap();
    let error = Engine::from_file(&path).unwrap_err();
    let expected = format!(
        "`{}`: the policy document is not valid:\n  3:1: tolls: unknown key `tolls` in the document (did you mean `tools`?)",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    let FileError::NotValid { report, .. } = error else { panic!("{error}") };
    assert_eq!(report.errors[0].code, Code::UnknownKey);
}

#[test]
fn an_engine_from_a_file_knows_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    let text = "version: '1.0'\nmetadata: {name: p}\ntools: [{name: t, conditions: [{expression: now < timestamp('2025-01-01T00:00:00Z'), action: allow}, {action: deny}]}]\n";
    fs::write(&path, text).unwrap();
    let decision = Engine::from_file(&path).unwrap().decide("t", &serde_json::json!({}));
    assert_eq!(decision.rule.as_ref().unwrap().path, "tools[0].conditions[1]", "{decision:?}");
    assert!(decision.errors.is_empty(), "{decision:?}");
}
