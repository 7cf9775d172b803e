//! What the demo plays on: the real server with the quickstart policy in a throwaway data directory.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use preloop_client::Client;
use preloop_server::app::{self, Running};
use preloop_server::clock::SystemClock;
use preloop_server::config::{ChannelConfig, Config};
use tempfile::TempDir;

use crate::command::serve::{self, Address};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::place;

/// The document that people read under examples/.
const QUICKSTART: &str = include_str!("../../../../examples/quickstart.yaml");
/// How the document starts the sample tools where `preloop` is installed.
const INSTALLED_COMMAND: &str = "command: preloop\n";
const POLICY_FILE: &str = "quickstart.yaml";
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);
const UPSTREAM_TIMEOUT: Duration = Duration::from_mins(1);

/// A running server and where it keeps its things; the directory goes when the stage does.
#[derive(Debug)]
pub(crate) struct Stage {
    running: Running,
    directory: TempDir,
    /// How the server is reached.
    pub(crate) address: Address,
    /// A client that acts with the owner key, as the person at the other terminal does.
    pub(crate) owner: Client,
}

impl Stage {
    /// Starts the server; an exit code where it says itself why it does not start.
    pub(crate) async fn set(
        listen: SocketAddr,
        output: Output,
    ) -> Result<Result<Self, Exit>, Failure> {
        let directory = tempfile::Builder::new()
            .prefix("preloop-demo-")
            .tempdir()
            .map_err(|cause| no_directory(&cause))?;
        let policy = directory.path().join(POLICY_FILE);
        std::fs::write(&policy, document()?).map_err(|cause| no_directory(&cause))?;
        let data_dir = directory.path().join("data");
        let running = match app::serve(config(listen, policy, data_dir.clone())).await {
            Ok(running) => running,
            Err(error) => return serve::refused(error, output).map(Err),
        };
        let owner = owner(&running);
        let stage =
            |owner| Self { address: serve::address(&running, data_dir), owner, running, directory };
        owner.map(|owner| Ok(stage(owner)))
    }

    /// The policy file that the server watches.
    pub(crate) fn policy(&self) -> PathBuf {
        self.directory.path().join(POLICY_FILE)
    }

    /// Stops the server and removes everything.
    pub(crate) async fn clear(self) -> Result<(), Failure> {
        self.running.shutdown().await;
        self.directory.close().map_err(|cause| {
            Failure::new("demo_directory", format!("cannot remove the demo's files: {cause}"))
        })
    }
}

fn config(listen: SocketAddr, policy: PathBuf, data_dir: PathBuf) -> Config {
    Config {
        policy: Some(policy),
        policy_git: None,
        policy_bundle: None,
        listen,
        data_dir,
        database_url: None,
        insecure: false,
        allowed_hosts: Vec::new(),
        allowed_origins: Vec::new(),
        bootstrap_key: None,
        public_url: None,
        keep_alive: KEEP_ALIVE,
        progress_interval: PROGRESS_INTERVAL,
        upstream_timeout: UPSTREAM_TIMEOUT,
        env_allow: Vec::new(),
        stdio_allow: Vec::new(),
        allow_private_upstreams: false,
        secret_key: None,
        allow_registration: false,
        ai: None,
        trusted_proxies: Vec::new(),
        channels: ChannelConfig::default(),
        clock: Arc::new(SystemClock),
    }
}

/// The quickstart document with the path of this very program, which need not be installed.
fn document() -> Result<String, Failure> {
    let program = std::env::current_exe()
        .map_err(|cause| Failure::new("demo", format!("cannot find this program: {cause}")))?;
    let program = program.to_str().ok_or_else(|| {
        Failure::new("demo", format!("the path `{}` is no text", program.display()))
    })?;
    // A JSON text is a YAML text, with every character that has to be escaped.
    let quoted = serde_json::Value::from(program);
    Ok(QUICKSTART.replace(INSTALLED_COMMAND, &format!("command: {quoted}\n")))
}

fn owner(running: &Running) -> Result<Client, Failure> {
    let key = place::key_in(running.owner_key_path())?
        .ok_or_else(|| Failure::new("demo", "the server made no owner key"))?;
    let url = format!("http://{}", running.local_addr());
    Ok(Client::new(&url)?.with_token(&key)?)
}

fn no_directory(cause: &std::io::Error) -> Failure {
    Failure::new("demo_directory", format!("cannot make a directory for the demo: {cause}"))
        .help("point `TMPDIR` at a directory that can be written to")
}

#[cfg(test)]
mod tests {
    use super::{INSTALLED_COMMAND, QUICKSTART, document};

    #[test]
    fn only_the_command_of_the_sample_tools_differs_from_the_example() {
        assert_eq!(QUICKSTART.matches(INSTALLED_COMMAND).count(), 1);
        let document = document().expect("a document");
        let differing: Vec<&str> = document
            .lines()
            .zip(QUICKSTART.lines())
            .filter(|(played, written)| played != written)
            .map(|(played, _)| played.trim())
            .collect();
        assert!(matches!(differing.as_slice(), [line] if line.starts_with("command: \"/")));
    }
}
