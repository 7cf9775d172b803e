//! The keys that seal secrets: from the environment, or in a file that is made when it is first
//! needed. The first key seals, all of them open.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::key::{KeyError, SecretKey};
use crate::data_dir;
use crate::store::{SecretSlot, StoredSecret};

/// The file in the data folder.
pub(crate) const KEY_FILE: &str = "secret.key";
const VARIABLE: &str = "PRELOOP_SECRET_KEY";
/// More are a mistake, and every start would read them.
const KEYS_MAX: usize = 16;
const HOW_TO_MAKE: &str = "make one with `openssl rand -base64 32`";

/// The keys of one server.
#[derive(Debug)]
pub(crate) struct SecretKeys {
    keys: ArcSwap<Vec<SecretKey>>,
    file: PathBuf,
    /// How many of the keys, from the first, the environment gave.
    given: usize,
    /// Other servers may use the database: a key in a file of this one would be of no use to them.
    is_shared: bool,
    /// One change of the file at a time.
    change: Mutex<()>,
}

/// How the keys are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    /// The operator put a new key before the old ones; secrets move to it.
    Given,
    /// A new key was put before the old ones in the file, which are dropped afterwards.
    File,
}

impl SecretKeys {
    /// Reads the keys that are there; none is made yet.
    ///
    /// # Errors
    /// Where a key cannot be used, or others can read the file.
    pub(crate) fn open(
        given: Option<&str>,
        data_dir: &std::path::Path,
        is_shared: bool,
    ) -> Result<Self, String> {
        let file = data_dir.join(KEY_FILE);
        let mut keys = match given.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => read(text.split(','), VARIABLE)?,
            None => Vec::new(),
        };
        let given = keys.len();
        // The keys of the file go on opening what they sealed when the environment takes over.
        for key in in_file(&file)? {
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(key);
            }
        }
        Ok(Self {
            keys: ArcSwap::from_pointee(keys),
            file,
            given,
            is_shared,
            change: Mutex::default(),
        })
    }

    /// Sees to it that there is a key to seal with.
    ///
    /// # Errors
    /// Where there is none and none can be made here.
    pub(super) fn prepare(&self) -> Result<(), String> {
        if !self.keys.load().is_empty() {
            return Ok(());
        }
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.keys.load().is_empty() {
            return Ok(());
        }
        self.check_alone()?;
        let key = SecretKey::fresh().map_err(|error| format!("a key {error}"))?;
        self.write(std::slice::from_ref(&key))?;
        tracing::info!(file = %self.file.display(), key = key.id(), "made the key for secrets");
        self.keys.store(Arc::new(vec![key]));
        Ok(())
    }

    /// The secret sealed with the first key: the key's id and the sealed text.
    pub(super) fn seal(&self, slot: &SecretSlot, secret: &str) -> Result<(String, String), String> {
        let keys = self.keys.load();
        let key = keys.first().ok_or_else(|| "there is no key to seal secrets with".to_owned())?;
        let sealed = key.seal(slot, secret).map_err(|error: KeyError| error.to_string())?;
        Ok((key.id().to_owned(), sealed))
    }

    /// The secret of a row.
    ///
    /// # Errors
    /// Why it cannot be opened and what to do.
    pub(super) fn open_secret(&self, secret: &StoredSecret) -> Result<Zeroizing<String>, String> {
        let keys = self.keys.load();
        let place = format!("`{}` of `{}`", secret.slot.field, secret.slot.name);
        let Some(key) = keys.iter().find(|key| key.id() == secret.key_id) else {
            return Err(format!(
                "the stored {place} is sealed with the key `{}`, which this server does not have: \
                 add that key to {VARIABLE}, or set the credential anew",
                secret.key_id
            ));
        };
        key.open(&secret.slot, &secret.sealed).ok_or_else(|| {
            format!("the stored {place} was changed in the database: set the credential anew")
        })
    }

    /// The key that seals now.
    pub(super) fn sealing_key_id(&self) -> Option<String> {
        self.keys.load().first().map(|key| key.id().to_owned())
    }

    /// Whether the server has the key of that id.
    pub(super) fn has(&self, key_id: &str) -> bool {
        self.keys.load().iter().any(|key| key.id() == key_id)
    }

    /// Puts a new key before the others, where the keys are this server's to make. The others stay
    /// until [`Self::retire`].
    pub(super) fn begin_rotation(&self) -> Result<Rotation, String> {
        if self.given > 0 {
            return Ok(Rotation::Given);
        }
        self.check_alone()?;
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = vec![SecretKey::fresh().map_err(|error| format!("a key {error}"))?];
        keys.extend(in_file(&self.file)?);
        self.write(&keys)?;
        self.keys.store(Arc::new(keys));
        Ok(Rotation::File)
    }

    /// Drops the keys of the file that seal nothing any more.
    pub(super) fn retire(&self) -> Result<(), String> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = in_file(&self.file)?;
        keys.truncate(1);
        self.write(&keys)?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    fn check_alone(&self) -> Result<(), String> {
        if !self.is_shared {
            return Ok(());
        }
        Err(format!(
            "{VARIABLE} is not set: several servers may use a PostgreSQL database, and each must \
             have the key; {HOW_TO_MAKE} and give it to all of them"
        ))
    }

    fn write(&self, keys: &[SecretKey]) -> Result<(), String> {
        let mut text = Zeroizing::new(String::new());
        for key in keys {
            text.push_str(&key.text());
            text.push('\n');
        }
        data_dir::replace_private(&self.file, text.as_bytes())
            .map_err(|error| format!("cannot write `{}`: {error}", self.file.display()))
    }
}

/// The keys of the file; none where there is no file.
fn in_file(file: &std::path::Path) -> Result<Vec<SecretKey>, String> {
    let name = file.display().to_string();
    let unreadable = |error: io::Error| format!("cannot read `{name}`: {error}");
    let mut opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if opened.metadata().map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
            return Err(format!(
                "other users of this machine can read `{name}`, which opens every stored secret: \
                 close it with `chmod 600`, then replace the key with `preloop secrets rotate`"
            ));
        }
    }
    let mut text = Zeroizing::new(String::new());
    io::Read::read_to_string(&mut opened, &mut text).map_err(unreadable)?;
    read(text.lines().filter(|line| !line.trim().is_empty()), &name)
}

fn read<'t>(texts: impl Iterator<Item = &'t str>, origin: &str) -> Result<Vec<SecretKey>, String> {
    let mut keys: Vec<SecretKey> = Vec::new();
    for (index, text) in texts.enumerate() {
        let number = index.saturating_add(1);
        if number > KEYS_MAX {
            return Err(format!("there are more than {KEYS_MAX} keys in `{origin}`"));
        }
        let key = SecretKey::parse(text).map_err(|error| {
            format!("key {number} of `{origin}` {error}: a key is 32 bytes in base64 or hex; {HOW_TO_MAKE}")
        })?;
        if keys.iter().all(|known| known.id() != key.id()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: &str) -> String {
        byte.repeat(32)
    }

    #[test]
    fn the_file_is_made_when_needed_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SecretKeys::open(None, folder.path(), false).unwrap();
        let file = folder.path().join(KEY_FILE);
        assert!(!file.exists() && keys.sealing_key_id().is_none());
        keys.prepare().unwrap();
        let id = keys.sealing_key_id().unwrap();
        keys.prepare().unwrap();
        assert_eq!(keys.sealing_key_id().unwrap(), id);
        assert_eq!(
            SecretKeys::open(None, folder.path(), false).unwrap().sealing_key_id(),
            Some(id)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode =
                |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            mode(0o640).unwrap();
            let error = SecretKeys::open(None, folder.path(), false).unwrap_err();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn the_first_given_key_seals_and_those_of_the_file_still_open() {
        let folder = tempfile::tempdir().unwrap();
        let of_file = SecretKeys::open(None, folder.path(), false).unwrap();
        of_file.prepare().unwrap();
        let given = format!("{}, {}", key("0a"), key("0b"));
        let keys = SecretKeys::open(Some(&given), folder.path(), true).unwrap();
        let first = SecretKey::parse(&key("0a")).unwrap();
        assert_eq!(keys.sealing_key_id().as_deref(), Some(first.id()));
        assert!(keys.has(&of_file.sealing_key_id().unwrap()));
        assert!(keys.has(SecretKey::parse(&key("0b")).unwrap().id()));
        assert_eq!(keys.begin_rotation(), Ok(Rotation::Given));
    }

    #[test]
    fn a_bad_key_is_named_by_its_number_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let given = format!("{},hunter2hunter2", key("0a"));
        let error = SecretKeys::open(Some(&given), folder.path(), false).unwrap_err();
        assert!(error.starts_with("key 2 of `PRELOOP_SECRET_KEY`"), "{error}");
        assert!(error.contains("openssl rand") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn servers_that_share_a_database_need_a_given_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SecretKeys::open(None, folder.path(), true).unwrap();
        for error in [keys.prepare().unwrap_err(), keys.begin_rotation().unwrap_err()] {
            assert!(error.contains("PRELOOP_SECRET_KEY is not set"), "{error}");
        }
        assert!(!folder.path().join(KEY_FILE).exists());
    }
}
