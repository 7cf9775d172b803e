//! Which files hold the tests that were asked for.

use std::path::{Path, PathBuf};

use preloop_files::{Descent, folder_entries, is_test_file, refuse_pipe};

use super::super::source;
use crate::failure::Failure;

/// Deepest nesting of folders.
const FOLDERS_DEEP_MAX: usize = 32;

/// The test files that paths stand for, in order, each once.
pub(super) fn test_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut Descent::new(FOLDERS_DEEP_MAX), &mut files)?;
        } else if is_test_file(path) || !path.exists() {
            // What does not exist is told when it is read.
            files.push(path.clone());
        } else {
            let beside = tests_beside(path);
            if beside.is_empty() {
                return Err(no_tests_beside(path));
            }
            files.extend(beside);
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

fn collect(folder: &Path, descent: &mut Descent, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    descent.enter(folder).map_err(|cause| source::unreadable(folder, &cause))?;
    for path in folder_entries(folder).map_err(|cause| source::unreadable(folder, &cause))? {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "testdata" && name != "node_modules" {
                collect(&path, descent, files)?;
            }
        } else if is_test_file(&path) {
            refuse_pipe(&path).map_err(|cause| source::unreadable(&path, &cause))?;
            files.push(path.strip_prefix("./").map_or_else(|_| path.clone(), Path::to_owned));
        }
    }
    descent.leave();
    Ok(())
}

/// The files with the tests of a policy: one, unless somebody wrote in several formats.
fn tests_beside(policy: &Path) -> Vec<PathBuf> {
    let stem = policy.file_stem().unwrap_or_default().to_string_lossy();
    with_any_ending(policy, &format!("{stem}_test")).collect()
}

/// The policy that a test file stands beside.
pub(super) fn policy_beside(tests: &Path) -> Option<PathBuf> {
    let stem = tests.file_stem()?.to_string_lossy();
    with_any_ending(tests, stem.strip_suffix("_test")?).next()
}

fn with_any_ending(beside: &Path, stem: &str) -> impl Iterator<Item = PathBuf> {
    let named = move |ending| beside.with_file_name(format!("{stem}.{ending}"));
    ["yaml", "yml", "json"].into_iter().map(named).filter(|path| path.is_file())
}
