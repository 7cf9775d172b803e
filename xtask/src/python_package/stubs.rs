//! The stubs of the Python module: what maturin makes of the Rust source, and the two things that it cannot know.

use std::fs;
use std::path::{Path, PathBuf};

use super::at;

/// Where the stubs are kept.
pub(super) const PLACE: &str = "preloop-py/python/preloop_engine/_native.pyi";

/// The type of `__bool__` in Rust, where the protocol asks for a truth value; in Python it never gives one.
const TRUTH: &str = "    def __bool__(self, /) -> bool:\n";
const NO_TRUTH: &str = "    def __bool__(self, /) -> NoReturn:\n";
const TYPING: &str = "from typing import Any, Final, final\n";
const TYPING_AND_NO_RETURN: &str = "from typing import Any, Final, NoReturn, final\n";

/// The stubs as they are kept: without the methods of benchmarks, which the module of a release has not, and with a
/// decision that has no truth value.
pub(super) fn finished(made: &str) -> Result<String, String> {
    if !made.contains(TRUTH) || !made.contains(TYPING) {
        return Err(
            "the stubs have another form than before: see xtask/src/python_package/stubs.rs"
                .to_owned(),
        );
    }
    let mut kept = String::new();
    let mut is_left_out = false;
    for line in made.lines() {
        let is_inside = line.is_empty() || line.starts_with("        ");
        if line.starts_with("    def _") && !line.starts_with("    def __") {
            is_left_out = true;
        } else if !is_inside || line.is_empty() {
            is_left_out = false;
        }
        if !is_left_out {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Ok(kept.replace(TRUTH, NO_TRUTH).replace(TYPING, TYPING_AND_NO_RETURN))
}

/// The one file that maturin writes, wherever below the folder.
pub(super) fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| at(&folder, &error))? {
            let path = entry.map_err(|error| at(&folder, &error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "pyi") {
                return Ok(path);
            }
        }
    }
    Err(format!("maturin left no stubs in `{}`", folder.display()))
}
