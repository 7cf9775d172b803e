//! Installs what the browser of the tests needs: npm packages from their lock file, and Debian's Chromium.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::target_folder;
use crate::program;

const PACKAGE: &str = include_str!("package.json");
const PACKAGE_LOCK: &str = include_str!("package-lock.json");
const DRIVER: &str = include_str!("driver.mjs");

/// Where the installed parts are.
#[derive(Debug)]
pub(super) struct Parts {
    /// The folder with the driver and its packages.
    pub(super) folder: PathBuf,
    /// The browser.
    pub(super) chromium: PathBuf,
}

/// The installed parts, installing them first where that was not done yet.
pub(super) fn install() -> Result<Parts, String> {
    let folder = target_folder()?.join("browser");
    let at = |error: std::io::Error| format!("`{}`: {error}", folder.display());
    fs::create_dir_all(folder.join("shots")).map_err(at)?;
    // Several test processes may get here at once: the first installs, the others wait for it.
    let lock = File::create(folder.join("lock")).map_err(at)?;
    lock.lock().map_err(at)?;
    let chromium = chromium()?;
    let stamp = folder.join("installed");
    let wanted = [PACKAGE, PACKAGE_LOCK, DRIVER].concat();
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        let files = [
            ("package.json", PACKAGE),
            ("package-lock.json", PACKAGE_LOCK),
            ("driver.mjs", DRIVER),
        ];
        for (name, text) in files {
            fs::write(folder.join(name), text).map_err(at)?;
        }
        npm(&folder)?;
        fs::write(&stamp, wanted).map_err(at)?;
    }
    Ok(Parts { folder, chromium })
}

fn npm(folder: &Path) -> Result<(), String> {
    let words = "tests of pages need Node.js 20 or newer with npm";
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let output = Command::new("npm").args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("{words} ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{words}; npm ci: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The browser, which is installed where it is missing.
fn chromium() -> Result<PathBuf, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    program::install(
        "chromium",
        "tests of pages need Chromium: install Debian's package `chromium`",
    )?;
    find().ok_or_else(|| "the package `chromium` brought no browser".to_owned())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .filter(|program| program.is_file());
    found.next()
}
