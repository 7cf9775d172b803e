//! Which files hold the tests that were asked for.

use std::io;
use std::path::{Path, PathBuf};

use preloop_files::{folder_entries, is_test_file};

use super::super::source;
use crate::failure::Failure;

/// Deepest nesting of folders; links that lead back to where they are end here.
const FOLDERS_DEEP_MAX: usize = 32;

/// The test files that paths stand for, in order, each once.
pub(super) fn test_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, 0, &mut files)?;
        } else if is_test_file(path) || !path.exists() {
            // What does not exist is told when it is read.
            files.push(path.clone());
        } else {
            let beside = tests_beside(path).ok_or_else(|| no_tests_beside(path))?;
            files.push(beside);
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    if files.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Failure::new("no_tests", format!("no tests in {}", names.join(", ")))
            .help("tests of `policy.yaml` stand in `policy_test.yaml` beside it"));
    }
    Ok(files)
}

fn no_tests_beside(policy: &Path) -> Failure {
    let stem = policy.file_stem().unwrap_or_default().to_string_lossy();
    Failure::new("no_tests", format!("there are no tests beside `{}`", policy.display()))
        .help(format!("they stand in `{stem}_test.yaml`"))
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |cause: &io::Error| source::unreadable(folder, cause);
    if depth > FOLDERS_DEEP_MAX {
        let message = format!("folders are nested deeper than {FOLDERS_DEEP_MAX}");
        return Err(unreadable(&io::Error::other(message)));
    }
    for path in folder_entries(folder).map_err(|cause| unreadable(&cause))? {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "testdata" && name != "node_modules" {
                collect(&path, depth + 1, files)?;
            }
        } else if is_test_file(&path) {
            files.push(path.strip_prefix("./").map_or_else(|_| path.clone(), Path::to_owned));
        }
    }
    Ok(())
}

/// The file with the tests of a policy.
fn tests_beside(policy: &Path) -> Option<PathBuf> {
    let stem = policy.file_stem()?.to_string_lossy();
    with_any_ending(policy, &format!("{stem}_test"))
}

/// The policy that a test file stands beside.
pub(super) fn policy_beside(tests: &Path) -> Option<PathBuf> {
    let stem = tests.file_stem()?.to_string_lossy();
    with_any_ending(tests, stem.strip_suffix("_test")?)
}

fn with_any_ending(beside: &Path, stem: &str) -> Option<PathBuf> {
    let named = |ending: &&str| beside.with_file_name(format!("{stem}.{ending}"));
    ["yaml", "yml", "json"].iter().map(named).find(|path| path.is_file())
}
