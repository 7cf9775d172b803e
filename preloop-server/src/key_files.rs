//! `owner.key` and `agent.key` in the data folder, readable by nobody but the user that runs the server.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use preloop_api::Role;

use crate::data_dir;
use crate::service::{OWNER, ServiceError, Services, new_key, prefix};

/// Name and identity of the first agent.
const AGENT: &str = "agent";
/// Shortest key that may be set from outside, so that it cannot be guessed.
const KEY_CHARS_MIN: usize = 32;

/// The keys of this data folder.
#[derive(Clone, Debug)]
pub(crate) struct KeyFiles {
    pub(crate) owner_path: PathBuf,
    pub(crate) agent_key: String,
}

/// Makes sure that both files hold keys that are good, and that a key set from outside is the owner's.
pub(crate) async fn prepare(
    services: &Services,
    data_dir: &Path,
    bootstrap: Option<&str>,
) -> Result<KeyFiles, String> {
    let owner_path = data_dir.join("owner.key");
    let agent_path = data_dir.join("agent.key");
    if let Some(key) = bootstrap {
        if !key.starts_with(prefix(Role::Owner)) || key.chars().count() < KEY_CHARS_MIN {
            return Err(format!(
                "`PRELOOP_BOOTSTRAP_KEY` must start with `{}` and have at least {KEY_CHARS_MIN} characters",
                prefix(Role::Owner)
            ));
        }
        if services.key_role(key).is_none() {
            services.key_replace(OWNER, Role::Owner, key).await.map_err(|e| e.to_string())?;
        }
        write(&owner_path, key)?;
    } else {
        ensure(services, &owner_path, OWNER, Role::Owner).await?;
    }
    let agent_key = ensure(services, &agent_path, AGENT, Role::Agent).await?;
    Ok(KeyFiles { owner_path, agent_key })
}

/// The key in the file where it is good, else a new one: whoever may write the data folder owns the account anyway.
async fn ensure(
    services: &Services,
    path: &Path,
    name: &str,
    role: Role,
) -> Result<String, String> {
    if let Some(key) = read(path)?
        && services.key_role(&key).is_some_and(|it| (it == Role::Agent) == (role == Role::Agent))
    {
        return Ok(key);
    }
    let words = |error: ServiceError| error.to_string();
    let key = new_key(role).map_err(words)?;
    if !services.is_shared() {
        services.key_replace(name, role, &key).await.map_err(words)?;
    } else if services.key_add(name, role, &key).await.map_err(words)?.is_none() {
        // The good key of that name may be another server's, whose folder this is not.
        let name = format!("{name}-{}", services.replica_suffix());
        services.key_replace(&name, role, &key).await.map_err(words)?;
    }
    write(path, &key)?;
    Ok(key)
}

fn read(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
    }
}

/// Replaces the file in one step, so that no reader sees half a key.
fn write(path: &Path, key: &str) -> Result<(), String> {
    data_dir::replace_private(path, format!("{key}\n").as_bytes())
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}
