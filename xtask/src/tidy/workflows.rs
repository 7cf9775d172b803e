//! Rules about the workflows, which run elsewhere and seldom: what they name is what there is.

use std::collections::BTreeSet;

use crate::tree::{File, Finding};

/// Where the platforms of the npm package are built, and where they are named.
const BUILT: (&str, &str) = (".github/workflows/node.yml", "- {platform: ");
const NAMED: (&str, &str) = ("preloop-node/scripts/platforms.mjs", "'");

/// Each action is named by a commit: a tag is whatever its owner says today.
pub(super) fn pinned(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| is_workflow(file)) {
        for (number, line) in file.lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let name = action.split_whitespace().next().unwrap_or_default();
            let commit = name.split_once('@').map_or("", |(_, commit)| commit);
            let is_commit = commit.len() == 40 && commit.bytes().all(|c| c.is_ascii_hexdigit());
            if !is_commit && !name.starts_with("./") {
                let message = format!("`{name}` is not pinned: name a commit, its tag behind it");
                findings.push(Finding::line(&file.path, number, message));
            }
        }
    }
    findings
}

/// Each platform that the npm package has a name for is built, and no other.
pub(super) fn platforms(files: &[File]) -> Vec<Finding> {
    let (built, named) = (listed(files, BUILT), listed(files, NAMED));
    let missing = named.difference(&built).map(|platform| (BUILT.0, platform));
    let unknown = built.difference(&named).map(|platform| (NAMED.0, platform));
    missing
        .chain(unknown)
        .map(|(path, platform)| Finding::file(path, format!("lacks the platform `{platform}`")))
        .collect()
}

/// What stands behind `mark` at the beginning of a file's lines.
fn listed<'f>(files: &'f [File], (path, mark): (&str, &str)) -> BTreeSet<&'f str> {
    let lines = files.iter().filter(|file| file.path == path).flat_map(|file| file.text.lines());
    let behind = lines.filter_map(|line| line.trim_start().strip_prefix(mark));
    behind.filter_map(|rest| rest.split([',', '\'']).next()).collect()
}

fn is_workflow(file: &File) -> bool {
    file.path.starts_with(".github/") || file.path == "action.yml"
}
