//! Cargo run on the workspace from inside a chore or a test: formatting and lints.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file is formatted as rustfmt.toml says.
pub(crate) const FORMAT: &[&str] = &["fmt", "--all", "--check"];

/// Every target is free of warnings.
pub(crate) const CLIPPY: &[&str] =
    &["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"];

/// The engine's documentation reads like a guide: each link leads somewhere.
pub(crate) const GUIDE: &[&str] =
    &["rustdoc", "-p", "preloop-core", "--lib", "--locked", "--quiet", "--", "-D", "warnings"];

/// The folder that cargo builds into.
pub(crate) fn target_folder(root: &Path) -> Result<PathBuf, String> {
    let printed =
        output(root, &["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])?;
    let metadata: serde_json::Value = serde_json::from_slice(&printed)
        .map_err(|error| format!("cargo metadata printed no JSON: {error}"))?;
    let folder = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    folder.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target folder".to_owned())
}

/// Runs cargo at `root`; what it printed, when it fails.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    output(root, arguments).map(drop)
}

/// Tests the npm package with the native module that is published.
pub(crate) fn test_npm_package(root: &Path) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--locked", "--package", "preloop-node"]);
    command.env("PRELOOP_PROFILE", "bindings");
    printed(command, root).map(drop)
}

/// Runs cargo at `root` for what it prints.
fn output(root: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments);
    printed(command, root)
}

fn printed(mut command: Command, root: &Path) -> Result<Vec<u8>, String> {
    command.current_dir(root);
    // What an outer cargo says about this package would make the inner one build things anew.
    for (name, _) in std::env::vars() {
        let is_about_package = name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name.starts_with("CARGO_BIN_")
            || name == "CARGO_CRATE_NAME";
        if is_about_package {
            command.env_remove(name);
        }
    }
    let output =
        command.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let printed = [output.stdout, output.stderr].concat();
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    Err(format!("cargo {} failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&printed)))
}
