//! What `preloop login` leaves on this machine: for each server a key, or tokens that are refreshed silently.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use preloop_api::{SecretText, Timestamp, TokenAnswer, TokenRequest};
use preloop_client::{Client, ClientError};
use preloop_server::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::remote;

/// How long before its end a token is refreshed.
const MARGIN: Duration = Duration::from_mins(1);

/// Every sign-in of this machine, by the address of the server.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SignIns {
    servers: BTreeMap<String, SignIn>,
}

/// One sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SignIn {
    token: SecretText,
    /// With tokens: the next pair, and when the access token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<Refresh>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Refresh {
    token: SecretText,
    ends_at: Timestamp,
}

impl SignIns {
    /// Those that the file holds.
    pub(crate) fn read() -> Result<Self, Failure> {
        let Some(path) = path() else { return Ok(Self::default()) };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|cause| {
                Failure::new(
                    "unreadable_sign_in",
                    format!("cannot read `{}`: {cause}", path.display()),
                )
                .help("delete the file and sign in again with `preloop login`")
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(unusable(&path, &cause)),
        }
    }

    /// Keeps a key for a server.
    pub(crate) fn keep_key(&mut self, url: &str, key: &str) {
        let token = SecretText::from(key.to_owned());
        self.servers.insert(url.to_owned(), SignIn { token, refresh: None });
    }

    /// Keeps tokens for a server.
    pub(crate) fn keep_tokens(&mut self, url: &str, answer: TokenAnswer) {
        let ends_at = SystemClock.now().saturating_add(Duration::from_secs(answer.expires_in));
        let refresh = Some(Refresh { token: answer.refresh_token, ends_at });
        self.servers.insert(url.to_owned(), SignIn { token: answer.access_token, refresh });
    }

    /// Forgets a server; false where there was nothing.
    pub(crate) fn forget(&mut self, url: &str) -> bool {
        self.servers.remove(url).is_some()
    }

    /// The token to act with at a server, refreshed where it is about to end.
    pub(crate) fn token(&mut self, client: &Client) -> Result<Option<String>, Failure> {
        let Some(sign_in) = self.servers.get(client.url()).cloned() else { return Ok(None) };
        let now = SystemClock.now().saturating_add(MARGIN);
        let Some(refresh) = sign_in.refresh.filter(|refresh| refresh.ends_at <= now) else {
            return Ok(Some(sign_in.token.into_text()));
        };
        let request = TokenRequest::RefreshToken { refresh_token: refresh.token };
        let answer = remote::block_on(async { Ok(client.token(&request).await) })?;
        match answer {
            Ok(answer) => {
                let token = answer.access_token.reveal().to_owned();
                self.keep_tokens(client.url(), answer);
                self.write()?;
                Ok(Some(token))
            }
            Err(ClientError::Refused(problem)) if problem.status == 401 => Err(Failure::new(
                "signed_out",
                format!("the sign-in at `{}` has ended", client.url()),
            )
            .help("sign in again with `preloop login`")),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the file in one step; nobody else may read it.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let Some(path) = path() else {
            return Err(Failure::new(
                "no_config_dir",
                "there is no home directory to keep a sign-in in",
            )
            .help("set `XDG_CONFIG_HOME`"));
        };
        let write = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let temporary = path.with_extension("json.new");
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::OpenOptionsExt as _;
                options.mode(0o600);
            }
            let mut file = options.open(&temporary)?;
            file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|cause| unusable(&path, &cause))
    }
}

/// `$XDG_CONFIG_HOME/preloop/sign-in.json`, else under `~/.config`.
fn path() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(base.join("preloop").join("sign-in.json"))
}

fn unusable(path: &std::path::Path, cause: &io::Error) -> Failure {
    Failure::new("unusable_sign_in", format!("cannot use `{}`: {cause}", path.display()))
        .help("give a key with `--token` or `PRELOOP_TOKEN`")
}
