//! The repository as the checks see it: its root, and every file that git tracks or would add.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One file of the tree, read as text.
pub(crate) struct File {
    /// Path from the root, with forward slashes.
    pub(crate) path: String,
    /// Its text; empty where it is not UTF-8.
    pub(crate) text: String,
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `path`, or `path:line`.
    pub(crate) place: String,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Every tracked or addable file under `root`.
pub(crate) fn files(root: &Path) -> Result<Vec<File>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git could not be started: {error}"))?;
    if !listed.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim()));
    }
    let mut files = Vec::new();
    for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        // A tracked file that is gone from disk is on its way out.
        if let Ok(bytes) = std::fs::read(root.join(path)) {
            let text = String::from_utf8(bytes).unwrap_or_default();
            files.push(File { path: path.to_owned(), text });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

// === impl File ===

impl File {
    /// Whether the path ends with `.extension`.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Whether the whole file is tests: a test target, or the tests of a module beside it.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    /// Lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index.saturating_add(1), line))
    }

    /// The part before the inline test module, which every rule about shipped code looks at.
    pub(crate) fn shipped(&self) -> &str {
        if self.is_test() {
            return "";
        }
        self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}

// === impl Finding ===

impl Finding {
    /// A finding about a whole file.
    pub(crate) fn file(path: &str, message: impl Into<String>) -> Self {
        Self { place: path.to_owned(), message: message.into() }
    }

    /// A finding about one line.
    pub(crate) fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { place: format!("{path}:{line}"), message: message.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
