//! Finds the programs of PostgreSQL, and installs packages of Debian where something is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts one folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with `initdb` and `postgres`.
pub(crate) fn folder() -> Result<PathBuf, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let words = "tests need PostgreSQL: install Debian's package `postgresql`, or set DATABASE_URL";
    install("postgresql", words)?;
    find().ok_or_else(|| format!("the package `postgresql` brought no `initdb` below `{DEBIAN}`"))
}

/// The client: beside the server where that is here, else wherever it is found.
pub(crate) fn psql() -> PathBuf {
    find().map_or_else(|| PathBuf::from("psql"), |folder| folder.join("psql"))
}

fn find() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin")).filter(|path| is_whole(path)).collect();
    folders.sort();
    folders.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|path| is_whole(path))
    })
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())
}

/// Installs a package; the words say what it is for where that fails.
pub(crate) fn install(package: &str, words: &str) -> Result<(), String> {
    let install = format!("apt-get install -y --no-install-recommends {package}");
    for line in ["apt-get update", &install] {
        let line = format!("DEBIAN_FRONTEND=noninteractive {line}");
        let line = if is_root() { line } else { format!("sudo -n env {line}") };
        let done = Command::new("sh").args(["-c", &line]).output();
        let output = done.map_err(|error| format!("{words} ({error})"))?;
        if !output.status.success() {
            return Err(format!("{words}; {line}: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    Ok(())
}

/// Whether this process is the superuser, as whom PostgreSQL refuses to run.
pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
