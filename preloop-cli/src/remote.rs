//! How commands reach a server: address, key, and errors that say what to do.

use std::future::Future;
use std::path::PathBuf;

use clap::Args;
use preloop_api::{Page, Problem};
use preloop_client::{Client, ClientError};
use serde_json::json;

use crate::failure::Failure;
use crate::place;
use crate::sign_in::SignIns;

/// Address of a server that was started without `--listen`.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8000";

/// What to do where a server does not know the key.
pub(crate) const UNKNOWN_KEY: &str =
    "the key is not one of this server's: check `--token`, `PRELOOP_TOKEN` and `--data-dir`";

/// Options of every command that talks to a server.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// Address of the server
    #[arg(long, env = "PRELOOP_URL", default_value = DEFAULT_URL, help_heading = "Server")]
    url: String,

    /// Key to act with [default: what `preloop login` left, else the owner key in the data directory]
    #[arg(long, env = "PRELOOP_TOKEN", hide_env_values = true, help_heading = "Server")]
    token: Option<String>,

    /// Data directory of a server on this machine, where the owner key is
    #[arg(long, env = "PRELOOP_DATA_DIR", value_name = "DIR", help_heading = "Server")]
    data_dir: Option<PathBuf>,
}

impl Remote {
    /// A client with the given key, else with the sign-in at that server, else with the owner key of this machine.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let client = self.stranger()?;
        let token = match self.given_token() {
            Some(token) => token.to_owned(),
            None => self.own_token(&client)?,
        };
        Ok(client.with_token(&token)?)
    }

    /// A client that acts as nobody, and the key to call tools with: the given one, else the agent key of this machine,
    /// else what `client` would act with.
    pub(crate) fn agent(&self) -> Result<(Client, String), Failure> {
        let client = self.stranger()?;
        let token = match self.given_token() {
            Some(token) => token.to_owned(),
            None => match self.agent_key(&client)? {
                Some(key) => key,
                None => self.own_token(&client)?,
            },
        };
        Ok((client, token))
    }

    fn own_token(&self, client: &Client) -> Result<String, Failure> {
        match SignIns::read()?.token(client)? {
            Some(token) => Ok(token),
            None => self.owner_key(client),
        }
    }

    fn agent_key(&self, client: &Client) -> Result<Option<String>, Failure> {
        if !client.is_local() {
            return Ok(None);
        }
        place::key_in(&place::data_dir(self.data_dir.clone())?.join(place::AGENT_KEY_FILE))
    }

    /// A client that acts as nobody.
    pub(crate) fn stranger(&self) -> Result<Client, Failure> {
        Ok(Client::new(&self.url)?)
    }

    /// The key that was given.
    pub(crate) fn given_token(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.trim().is_empty())
    }

    fn owner_key(&self, client: &Client) -> Result<String, Failure> {
        if !client.is_local() {
            return Err(Failure::new(
                "no_token",
                format!("no key for `{}`: the owner key stays on this machine", client.url()),
            )
            .help("give a key of that server with `--token` or `PRELOOP_TOKEN`"));
        }
        let file = place::data_dir(self.data_dir.clone())?.join(place::OWNER_KEY_FILE);
        place::key_in(&file)?.ok_or_else(|| {
            Failure::new(
                "no_token",
                format!("no key to act with: `{}` is not there", file.display()),
            )
            .help(
                "start a server here with `preloop serve`, name its `--data-dir`, \
                 or give a key with `--token` or `PRELOOP_TOKEN`",
            )
        })
    }
}

/// Runs the asynchronous part of a command on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Failure::new("runtime", format!("cannot start: {cause}")))?
        .block_on(work)
}

/// What a client's error means to the person at the command line.
impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let failure = Self::new(error.code(), &error);
        match &error {
            ClientError::Unreachable { .. } => failure.help(
                "start one with `preloop serve`, or name another with `--url` or `PRELOOP_URL`",
            ),
            ClientError::Unexpected { .. } => {
                failure.help("is that a Preloop server? check `--url` and `PRELOOP_URL`")
            }
            ClientError::Refused(problem) => refused(failure, problem),
            _ => failure,
        }
    }
}

fn refused(failure: Failure, problem: &Problem) -> Failure {
    let mut failure = failure.detail("status", problem.status);
    if !problem.errors.is_empty() {
        failure = failure.detail("errors", json!(problem.errors));
    }
    match problem.status {
        401 => failure.help(UNKNOWN_KEY),
        403 if problem.code == "agent_cannot_approve" => {
            failure.help("use the owner key: leave `--token` and `PRELOOP_TOKEN` away")
        }
        _ => failure,
    }
}

/// Every item of a list, page by page.
pub(crate) async fn all<T>(
    mut page: impl AsyncFnMut(Option<String>) -> Result<Page<T>, ClientError>,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let next = page(cursor).await?;
        items.extend(next.items);
        cursor = next.next_cursor;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}
