//! Rules about text: headers, blanks, leftovers, and names that only one machine knows.

use crate::tree::{File, Finding};

/// Extensions that people write and read here.
const WRITTEN: &[&str] = &["rs", "toml", "md", "yaml", "yml", "py", "mjs", "sql", "sh"];

/// Marks of work put off. Each is split so that this file does not find itself.
const CRUMBS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// What must not be in Rust source. Split like the crumbs.
const BANNED_IN_RUST: &[(&str, &str)] = &[
    (concat!("#[", "ignore"), "a test that does not run is not a test: make it run or remove it"),
    (concat!("#[", "should_panic"), "assert on the error instead of on a panic"),
    (concat!("#[", "allow("), "use `#[expect(lint, reason = \"...\")]`"),
    (concat!("#![", "allow("), "use `#![expect(lint, reason = \"...\")]`"),
];

/// Paths and hosts that only exist where somebody built this.
const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/home/", "runner"),
    concat!("/opt/", "wheels"),
    concat!("bash_", "jobs"),
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg"),
    concat!("files.", "pythonhosted"),
    concat!("pypi.", "org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
];

/// Every Rust file opens with a sentence on its place.
pub(super) fn headers(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.has_extension("rs") && !file.text.starts_with("//! "))
        .map(|file| Finding::file(&file.path, "opens without a `//!` sentence on its place"))
        .collect()
}

/// No blanks at the end of a line, and one newline at the end of a file.
pub(super) fn blanks(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| is_written(file)) {
        for (number, line) in file.lines() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(Finding::line(&file.path, number, "blanks at the end of the line"));
            }
        }
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            findings.push(Finding::file(&file.path, "must end with exactly one newline"));
        }
    }
    findings
}

/// Nothing is put off in a comment, and no lint or test is switched off in silence.
pub(super) fn crumbs(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| is_written(file)) {
        for (number, line) in file.lines() {
            if let Some(crumb) = CRUMBS.iter().find(|crumb| line.contains(**crumb)) {
                let message = format!("`{crumb}`: do it now or write an issue");
                findings.push(Finding::line(&file.path, number, message));
            }
            if file.has_extension("rs") {
                findings.extend(
                    BANNED_IN_RUST
                        .iter()
                        .filter(|(text, _)| line.trim_start().starts_with(text))
                        .map(|(_, message)| Finding::line(&file.path, number, *message)),
                );
            }
        }
    }
    findings
}

/// No tracked file names a path or a registry host of the machine it was made on.
pub(super) fn places_of_one_machine(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in file.lines() {
            if let Some(place) = PLACES.iter().find(|place| line.contains(**place)) {
                let message = format!("names `{place}`, which only one machine knows");
                findings.push(Finding::line(&file.path, number, message));
            }
        }
    }
    findings
}

/// Whether people write this file; copied data (the conformance corpora) is left as it came.
fn is_written(file: &File) -> bool {
    !file.path.starts_with("conformance/") && WRITTEN.iter().any(|end| file.has_extension(end))
}
