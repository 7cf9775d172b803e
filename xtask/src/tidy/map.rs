//! Rules about the documents: links that lead somewhere, and a code map that is the tree.

use std::collections::BTreeSet;

use crate::tree::{File, Finding};

const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Every relative link of a page leads to a file or folder of the tree.
pub(super) fn links(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.has_extension("md")) {
        if file.path.starts_with("conformance/") {
            continue;
        }
        for (number, line) in file.lines() {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let target = link.split('#').next().unwrap_or_default();
                if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                if !exists(files, &join(folder, target)) {
                    let message = format!("links to `{target}`, which is not there");
                    findings.push(Finding::line(&file.path, number, message));
                }
            }
        }
    }
    findings
}

/// The code map names every room of the tree, and everything it names is there.
pub(super) fn code_map(files: &[File]) -> Vec<Finding> {
    let Some(page) = files.iter().find(|file| file.path == ARCHITECTURE) else {
        return vec![Finding::file(ARCHITECTURE, "is missing")];
    };
    let rooms = rooms(files);
    let mut named = BTreeSet::new();
    let mut findings = Vec::new();
    for (number, line) in page.lines() {
        // Odd pieces between backticks are the code spans.
        for span in line.split('`').skip(1).step_by(2) {
            let path = span.trim_end_matches('/');
            let Some(room) = rooms
                .iter()
                .find(|room| path == room.as_str() || path.starts_with(&format!("{room}/")))
            else {
                continue;
            };
            named.insert(room.clone());
            if !path.contains(['{', '*', ' ', '<']) && !exists(files, path) {
                let message = format!("names `{span}`, which is not there");
                findings.push(Finding::line(ARCHITECTURE, number, message));
            }
        }
    }
    for room in rooms.difference(&named) {
        let message = format!("does not name the room `{room}/`");
        findings.push(Finding::file(ARCHITECTURE, message));
    }
    findings
}

/// The folders at the root, without the hidden ones.
fn rooms(files: &[File]) -> BTreeSet<String> {
    files
        .iter()
        .filter_map(|file| file.path.split_once('/'))
        .map(|(room, _)| room.to_owned())
        .filter(|room| !room.starts_with('.'))
        .collect()
}

/// Whether a path is a file of the tree, or a folder with files.
fn exists(files: &[File], path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let folder = format!("{path}/");
    path.is_empty() || files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

/// `target` as seen from `folder`, with `.` and `..` resolved.
fn join(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}
