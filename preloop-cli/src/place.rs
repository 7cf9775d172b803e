//! Where Preloop keeps its data on this machine, and the keys in it.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// File of the key that may do everything.
pub(crate) const OWNER_KEY_FILE: &str = "owner.key";
/// File of the key that agents get.
pub(crate) const AGENT_KEY_FILE: &str = "agent.key";

/// The data directory as given, else `$XDG_DATA_HOME/preloop`, else `~/.local/share/preloop`.
pub(crate) fn data_dir(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(dir) = given {
        return Ok(dir);
    }
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")))
        .map(|base| base.join("preloop"))
        .ok_or_else(|| {
            Failure::new("no_data_dir", "there is no home directory to keep data in")
                .help("name a directory with `--data-dir` or `PRELOOP_DATA_DIR`")
        })
}

/// The key in a key file; none where there is no such file.
pub(crate) fn key_in(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|key| !key.is_empty())),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Failure::new(
            "unreadable_key",
            format!("cannot read the key in `{}`: {cause}", file.display()),
        )
        .help("give a key with `--token` or `PRELOOP_TOKEN`")),
    }
}
