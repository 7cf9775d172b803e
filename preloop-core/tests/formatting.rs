//! Laws of the formatter, on every real document and on random ways of writing one.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the runner reads documents from files, and one that cannot be read ends it"
)]

use std::cell::Cell;
use std::fs;
use std::path::Path;

use preloop_core::canonical::{to_json, to_yaml};
use preloop_core::format::SCHEMA_ADDRESS;
use preloop_core::{format, parse};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

/// Every document that can be read, by name.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut documents = Vec::new();
    for folder in [
        "conformance/documents",
        "conformance/documents/problems",
        "conformance/documents/upstream",
        "examples",
    ] {
        let mut files: Vec<_> =
            fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            if parse(&text).is_ok() {
                documents.push((file.display().to_string(), text));
            }
        }
    }
    documents
}

/// Comments as a reader of lines sees them: good for documents without `#` in their texts. A carriage return alone
/// ends a line of YAML, too.
fn comment_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> =
        text.split(['\n', '\r']).map(str::trim).filter(|line| line.starts_with('#')).collect();
    lines.sort_unstable();
    lines
}

fn check(name: &str, text: &str) -> Result<String, TestCaseError> {
    let formatted = format(text)
        .map_err(|report| TestCaseError::fail(format!("{name}: {report:?}\n{text}")))?;
    prop_assert_eq!(parse(&formatted), parse(text), "{}\n{}", name, formatted);
    prop_assert_eq!(format(&formatted), Ok(formatted.clone()), "{}", name);
    Ok(formatted)
}

#[test]
fn every_real_document_is_formatted_and_stays_so() {
    let documents = documents();
    assert!(documents.len() > 40, "{}", documents.len());
    for (name, text) in documents {
        let formatted = check(&name, &text).unwrap();
        if !text.starts_with('{') {
            let added = format!("# yaml-language-server: $schema={SCHEMA_ADDRESS}");
            let mut wanted = comment_lines(&text);
            if !text.contains("yaml-language-server:") {
                wanted.push(&added);
                wanted.sort_unstable();
            }
            assert!(wanted.iter().all(|line| comment_lines(&formatted).contains(line)), "{name}");
        }
    }
}

#[test]
fn what_is_exported_is_in_the_style_but_for_its_line() {
    for (name, text) in documents() {
        let document = parse(&text).unwrap();
        let yaml = to_yaml(&document, Some(SCHEMA_ADDRESS));
        assert_eq!(format(&yaml).unwrap(), yaml, "{name}");
        let json = to_json(&document);
        assert_eq!(format(&json).unwrap(), json, "{name}");
    }
}

/// A change of a line that leaves most documents readable.
#[derive(Clone, Debug)]
enum Edit {
    Insert(String),
    Append(&'static str),
    Indent(usize),
    Swap,
    Repeat,
    Remove,
}

fn edit() -> impl Strategy<Value = Edit> {
    let comment = (0_usize..9, "[ -~é]{0,12}")
        .prop_map(|(indent, text)| Edit::Insert(format!("{}#{text}", " ".repeat(indent))));
    let line = select(vec![
        "",
        "   ",
        "- # dash",
        "  - name: more",
        "    - &a {name: b}",
        "  extra: [",
        "---",
        "...",
        "    description: |",
        "    description: >+",
        "      text",
        "    message: 'a",
        "    name: *a",
        "%YAML 1.2",
        "    enabled: # c",
        "tools: &t",
        "? name",
        "  conditions: [{action: deny}, # c",
        "    {name: z}]",
        "\t# tab",
    ])
    .prop_map(|line| Edit::Insert(line.to_owned()));
    prop_oneof![
        4 => comment,
        3 => line,
        3 => select(vec!["  # behind", " # c", "\t# t", "  ", " #", "\r"]).prop_map(Edit::Append),
        1 => (1_usize..4).prop_map(Edit::Indent),
        1 => Just(Edit::Swap),
        1 => Just(Edit::Repeat),
        1 => Just(Edit::Remove),
    ]
}

fn apply(text: &str, edits: &[(Index, Edit)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (at, edit) in edits {
        if lines.is_empty() {
            break;
        }
        let at = at.index(lines.len());
        match edit {
            Edit::Insert(line) => lines.insert(at, line.clone()),
            Edit::Append(text) => lines[at].push_str(text),
            Edit::Indent(by) => lines[at].insert_str(0, &" ".repeat(*by)),
            Edit::Swap if at > 0 => lines.swap(at, at - 1),
            Edit::Swap => {}
            Edit::Repeat => lines.insert(at, lines[at].clone()),
            Edit::Remove => {
                lines.remove(at);
            }
        }
    }
    lines.join("\n")
}

/// Whatever is done to a document: where it can still be read it is formatted, or refused in so many
/// words; nothing is ever changed.
#[test]
fn edited_documents_keep_their_meaning() {
    let documents = documents();
    let (formatted, refused) = (Cell::new(0), Cell::new(0));
    let config = Config { cases: 5000, failure_persistence: None, ..Config::default() };
    let edits = vec((any::<Index>(), edit()), 1..6);
    let law = |(which, edits): (Index, Vec<(Index, Edit)>)| {
        let (name, text) = &documents[which.index(documents.len())];
        let edited = apply(text, &edits);
        let Ok(document) = parse(&edited) else { return Ok(()) };
        let Ok(once) = format(&edited) else {
            refused.set(refused.get() + 1);
            return Ok(());
        };
        formatted.set(formatted.get() + 1);
        for comment in comment_lines(&edited) {
            prop_assert!(once.contains(comment), "{name}: {comment}\n{edited}");
        }
        prop_assert_eq!(parse(&once), Ok(document), "{}\n{}", name, edited);
        prop_assert_eq!(format(&once), Ok(once.clone()), "{}\n{}", name, edited);
        Ok(())
    };
    TestRunner::new(config).run(&(any::<Index>(), edits), law).unwrap();
    let (formatted, refused) = (formatted.get(), refused.get());
    assert!(
        formatted > 1000 && refused * 100 < formatted,
        "{formatted} formatted, {refused} refused"
    );
}
