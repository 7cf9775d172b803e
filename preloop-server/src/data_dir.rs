//! The data folder: private to the user that runs the server, and used by one server at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use preloop_core::Timestamp;
use uuid::Uuid;

use crate::ids::new_id;

/// Makes the data folder for nobody but the user that runs the server; one that is there already stays as it is.
pub(crate) fn make(data_dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        builder.mode(0o700);
        builder.create(data_dir)?;
        if fs::metadata(data_dir)?.permissions().mode() & 0o077 != 0 {
            tracing::warn!(
                folder = %data_dir.display(),
                "other users of this machine can look into the data folder; `chmod 700` closes it"
            );
        }
    }
    #[cfg(not(unix))]
    builder.create(data_dir)?;
    Ok(())
}

/// Makes the database file private before anything is written to it; SQLite gives the files beside it the same mode.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        options.mode(0o600);
        options.open(path)?.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    options.open(path)?;
    Ok(())
}

/// Replaces a file in one step by one that nobody else can read, and returns once it is on disk.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    // What a write that was cut off left behind may have any mode.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // The name must outlive a power cut as the content does.
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(path))?.sync_all()?;
    Ok(())
}

/// Takes the folder for this server; it is free again when the file is closed, also by the death of the process.
pub(crate) fn lock(data_dir: &Path) -> Result<File, String> {
    let path = data_dir.join("preloop.lock");
    let opened = make_private(&path).and_then(|()| File::open(&path));
    let file = opened.map_err(|error| format!("cannot use `{}`: {error}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "another server uses the data folder `{}`; stop it, or take another folder with `--data-dir`",
            data_dir.display()
        )),
        Err(TryLockError::Error(error)) => {
            Err(format!("cannot lock `{}`: {error}", path.display()))
        }
    }
}

/// The name of this server among those on a shared database: kept in the folder, so that the next start is the same server.
pub(crate) fn replica(data_dir: &Path, is_shared: bool, now: Timestamp) -> Result<String, String> {
    if !is_shared {
        return Ok("main".to_owned());
    }
    let path = data_dir.join("replica");
    let made = || -> io::Result<String> {
        if let Ok(name) = fs::read_to_string(&path)
            && name.trim().parse::<Uuid>().is_ok()
        {
            return Ok(name.trim().to_owned());
        }
        let name = new_id(now).to_string();
        let temporary = data_dir.join("replica.new");
        fs::write(&temporary, &name)?;
        File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, &path)?;
        Ok(name)
    };
    made().map_err(|error| format!("cannot use `{}`: {error}", path.display()))
}
