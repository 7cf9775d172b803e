//! `preloop serve`: runs the server until it is told to stop.

mod channels;
mod connect;
mod fetch;
mod logging;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use preloop_server::app::{self, Running, StartError};
use preloop_server::clock::SystemClock;
use preloop_server::config::{AiConfig, AiKind, BundleConfig, Config, SecretKeyText};
use serde_json::json;

use self::channels::Channels;
pub(crate) use self::connect::Address;
use self::fetch::{Fetch, is_address};
pub(crate) use self::logging::Logging;
use crate::command::policy::{bundle_key, show_report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page, Style};
use crate::place;

/// Variable with the text of the owner key, for headless starts; never an argument, since those are
/// seen by everybody on the machine.
const BOOTSTRAP_KEY_VARIABLE: &str = "PRELOOP_BOOTSTRAP_KEY";

/// Variable with the keys that seal stored secrets, never an argument for the same reason.
const SECRET_KEY_VARIABLE: &str = "PRELOOP_SECRET_KEY";

/// Variable with the key that the model's endpoint gets, never an argument for the same reason.
const AI_KEY_VARIABLE: &str = "PRELOOP_AI_API_KEY";

const AFTER_HELP: &str = "The first start makes the database and two keys in the data directory: \
    `owner.key` approves and administers, `agent.key` decides and calls but never approves. \
    PRELOOP_BOOTSTRAP_KEY sets the text of the owner key (it starts with `plo_`). PRELOOP_SECRET_KEY has the keys that seal stored secrets, 32 bytes in base64 \
    each, separated by commas: the first seals, all open; without it one is made in `secret.key`. \
    PRELOOP_AI_API_KEY is the key that the endpoint of --ai-url gets.";

/// Options of `serve`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Serve {
    /// The policy, a file or a folder whose files are merged; a valid change holds at once, an invalid one is refused
    #[arg(long, env = "PRELOOP_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,

    /// A folder in a git work tree as the policy: what is checked out and committed there holds
    #[arg(long, env = "PRELOOP_POLICY_GIT", value_name = "DIR", conflicts_with = "policy")]
    policy_git: Option<PathBuf>,

    /// A signed bundle as the policy (`preloop policy bundle`), in a file or at an address; a newer one holds at once
    #[arg(long, env = "PRELOOP_BUNDLE", value_name = "FILE|URL", requires = "bundle_key",
          conflicts_with_all = ["policy", "policy_git"])]
    bundle: Option<PathBuf>,

    /// The public key that bundles must be signed by: its file, or its text
    #[arg(long, env = "PRELOOP_BUNDLE_KEY", value_name = "KEY")]
    bundle_key: Option<String>,

    /// The account that bundles must be for [default: the server's own, `main` where nobody renamed it]
    #[arg(long, env = "PRELOOP_BUNDLE_ACCOUNT", value_name = "NAME", requires = "bundle")]
    bundle_account: Option<String>,

    /// The token that the address of a bundle gets, over https and on this machine alone
    #[arg(
        long,
        env = "PRELOOP_BUNDLE_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        requires = "bundle"
    )]
    bundle_token: Option<String>,

    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "PRELOOP_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// Where the database, the journal and the keys live [default: ~/.local/share/preloop]
    #[arg(long, env = "PRELOOP_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// The database: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/NAME`, which several servers may
    /// share [default: preloop.db in the data directory]
    #[arg(long, env = "PRELOOP_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// Listen without TLS on an address that other machines reach
    #[arg(long, env = "PRELOOP_INSECURE")]
    insecure: bool,

    /// Host names, besides loopback names, that requests may be addressed to
    #[arg(long, env = "PRELOOP_ALLOWED_HOSTS", value_name = "HOST", value_delimiter = ',')]
    allowed_hosts: Vec<String>,

    /// Origins, besides loopback ones, that browsers may call from
    #[arg(long, env = "PRELOOP_ALLOWED_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    allowed_origins: Vec<String>,

    /// Let anybody who reaches the server make an account of their own
    #[arg(long, env = "PRELOOP_ALLOW_REGISTRATION")]
    allow_registration: bool,

    /// Proxies in front, as addresses or networks, whose `X-Forwarded-For` is believed
    #[arg(long, env = "PRELOOP_TRUSTED_PROXIES", value_name = "ADDRESS", value_delimiter = ',')]
    trusted_proxy: Vec<String>,

    /// What links to approvals start with [default: the address listened on]
    #[arg(long, env = "PRELOOP_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// Environment variables that a document may use, each with its host or command
    #[arg(long, env = "PRELOOP_ENV_ALLOW", value_name = "NAME@HOST", value_delimiter = ',')]
    env_allow: Vec<String>,

    /// Programs that a document which came over the API may start, each with the variables it may set
    #[arg(
        long,
        env = "PRELOOP_STDIO_ALLOW",
        value_name = "[NAME=] COMMAND [ARGUMENT]",
        value_delimiter = ','
    )]
    stdio_allow: Vec<String>,

    /// Let documents which came over the API reach loopback, private and link-local addresses
    #[arg(long, env = "PRELOOP_ALLOW_PRIVATE_UPSTREAMS")]
    allow_private_upstreams: bool,

    /// The chat endpoint of a model, such as `https://api.openai.com/v1`, that `ai_driven` workflows have asked
    #[arg(long, env = "PRELOOP_AI_URL", value_name = "URL")]
    ai_url: Option<String>,

    /// The form that it speaks
    #[arg(long, env = "PRELOOP_AI_KIND", value_name = "KIND", default_value = "openai")]
    ai_kind: AiForm,

    /// Seconds that it may take for an answer
    #[arg(long, env = "PRELOOP_AI_TIMEOUT_SECONDS", value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=90))]
    ai_timeout_seconds: u64,

    /// Seconds between keep-alive comments while a call waits
    #[arg(long, env = "PRELOOP_KEEP_ALIVE_SECONDS", value_name = "SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    keep_alive_seconds: u64,

    /// Seconds between progress notifications while a call waits
    #[arg(long, env = "PRELOOP_PROGRESS_SECONDS", value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    progress_seconds: u64,

    /// Seconds that a call of an MCP server may take without progress
    #[arg(long, env = "PRELOOP_UPSTREAM_TIMEOUT_SECONDS", value_name = "SECONDS",
          default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    upstream_timeout_seconds: u64,

    #[command(flatten)]
    channels: Channels,

    #[command(flatten)]
    logging: Logging,
}

/// Runs the server.
pub(crate) fn run(serve: Serve, output: Output) -> Result<Exit, Failure> {
    serve.logging.start()?;
    let data_dir = place::data_dir(serve.data_dir.clone())?;
    let mut fetch = match serve.bundle.as_deref().filter(|place| is_address(place)) {
        Some(url) => {
            let token = serve.bundle_token.as_deref().filter(|token| !token.trim().is_empty());
            Some(Fetch::new(url, token)?)
        }
        None => None,
    };
    let mut config = serve.config(data_dir.clone())?;
    if let (Some(bundle), Some(fetch)) = (&mut config.policy_bundle, &fetch) {
        (bundle.file, bundle.name) = (fetch.file(), Some(fetch.url()));
    }
    let bundle = config.policy_bundle.as_ref().map(|bundle| match &bundle.name {
        Some(name) => PathBuf::from(name),
        None => bundle.file.clone(),
    });
    let policy = config.policy.clone().or_else(|| config.policy_git.clone()).or(bundle);
    multi_threaded()?.block_on(async {
        if let Some(fetch) = &mut fetch {
            fetch.once().await;
        }
        let running = match app::serve(config).await {
            Ok(running) => running,
            Err(error) => return refused(error, output),
        };
        let address = address(&running, data_dir);
        if let Err(failure) = announce(&address, &running, policy.as_deref(), output) {
            running.shutdown().await;
            return Err(failure);
        }
        let stopped = tokio::select! {
            stopped = stop_signal() => stopped,
            () = keep_fetching(fetch) => Ok(()),
        };
        running.shutdown().await;
        stopped.map(|()| Exit::Done)
    })
}

/// Never ends.
async fn keep_fetching(fetch: Option<Fetch>) {
    match fetch {
        Some(fetch) => fetch.forever().await,
        None => std::future::pending().await,
    }
}

/// The forms of chat endpoints.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AiForm {
    Anthropic,
    Openai,
}

impl Serve {
    fn config(self, data_dir: PathBuf) -> Result<Config, Failure> {
        let policy_bundle = match (self.bundle, self.bundle_key) {
            (Some(file), Some(key)) => {
                let (key, account) = (bundle_key(&key)?, self.bundle_account);
                Some(BundleConfig { file, name: None, key, account })
            }
            _ => None,
        };
        Ok(Config {
            policy: self.policy,
            policy_git: self.policy_git,
            policy_bundle,
            listen: self.listen,
            data_dir,
            database_url: self.database_url,
            insecure: self.insecure,
            allowed_hosts: self.allowed_hosts,
            allowed_origins: self.allowed_origins,
            bootstrap_key: bootstrap_key()?,
            public_url: self.public_url,
            keep_alive: Duration::from_secs(self.keep_alive_seconds),
            progress_interval: Duration::from_secs(self.progress_seconds),
            upstream_timeout: Duration::from_secs(self.upstream_timeout_seconds),
            env_allow: self.env_allow,
            stdio_allow: self.stdio_allow,
            allow_private_upstreams: self.allow_private_upstreams,
            secret_key: secret_key()?,
            allow_registration: self.allow_registration,
            trusted_proxies: self.trusted_proxy,
            ai: match self.ai_url {
                Some(url) => Some(AiConfig {
                    url,
                    kind: match self.ai_kind {
                        AiForm::Anthropic => AiKind::Anthropic,
                        AiForm::Openai => AiKind::OpenAi,
                    },
                    api_key: key_from(AI_KEY_VARIABLE)?.map(SecretKeyText::new),
                    timeout: Duration::from_secs(self.ai_timeout_seconds),
                }),
                None => None,
            },
            channels: self.channels.config()?,
            clock: Arc::new(SystemClock),
        })
    }
}

/// The runtime of a server: as many threads as the machine has processors.
pub(crate) fn multi_threaded() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| Failure::new("runtime", format!("cannot start: {cause}")))
}

/// What is needed to reach a server that was just started.
pub(crate) fn address(running: &Running, data_dir: PathBuf) -> Address {
    Address {
        url: format!("http://{}", running.local_addr()),
        data_dir,
        agent_key: running.agent_key().to_owned(),
    }
}

/// Why the server did not start; a broken policy is shown with every error in its place.
pub(crate) fn refused(error: StartError, output: Output) -> Result<Exit, Failure> {
    match error {
        StartError::InvalidPolicy { path, report } => {
            let name = path.display().to_string();
            show_report(&name, &report, output);
            if output.is_json() {
                output.result(&report, |_| {})?;
            }
            Ok(Exit::InvalidDocument)
        }
        StartError::Failed { message } => Err(Failure::new("not_started", message)),
    }
}

/// Waits until the process is told to stop.
pub(crate) async fn stop_signal() -> Result<(), Failure> {
    let unusable = |cause| Failure::new("signals", format!("cannot wait for signals: {cause}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate()).map_err(unusable)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(unusable),
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.map_err(unusable)
    }
}

fn bootstrap_key() -> Result<Option<String>, Failure> {
    key_from(BOOTSTRAP_KEY_VARIABLE)
}

fn secret_key() -> Result<Option<SecretKeyText>, Failure> {
    Ok(key_from(SECRET_KEY_VARIABLE)?.map(SecretKeyText::new))
}

fn key_from(variable: &str) -> Result<Option<String>, Failure> {
    match std::env::var(variable) {
        Ok(key) => Ok(Some(key).filter(|key| !key.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("`{variable}` holds no text")))
        }
    }
}

fn announce(
    address: &Address,
    running: &Running,
    policy: Option<&std::path::Path>,
    output: Output,
) -> Result<(), Failure> {
    let started = json!({
        "url": address.url,
        "mcp_url": format!("{}/mcp", address.url),
        "policy": policy,
        "data_dir": address.data_dir,
        "owner_key_file": running.owner_key_path(),
        "agent_key_file": address.data_dir.join(place::AGENT_KEY_FILE),
        "agent_key": address.agent_key,
    });
    output.item(&started, |page| {
        let heading = page.styled(Style::Bold, &format!("Preloop listens on {}", address.url));
        page.line(heading);
        describe_policy(page, policy, running);
        page.pair("data", address.data_dir.display().to_string());
        let owner_key = running.owner_key_path().display();
        page.pair("owner key", format!("{owner_key}  (yours: approves, administers)"));
        page.pair("agent key", format!("{}  (agents': calls, never approves)", address.agent_key));
        page.blank();
        address.describe_agents(page);
        page.blank();
        address.describe_approvals(page);
    })
}

fn describe_policy(page: &mut Page, file: Option<&std::path::Path>, running: &Running) {
    if let Some(file) = file {
        page.pair("policy", file.display().to_string());
    } else if let Some(name) = running.policy_name() {
        page.pair("policy", format!("{name}  (as it was applied)"));
    } else {
        let label = page.styled(Style::Dim, &format!("  {:<14}", "policy"));
        let warning = page.styled(Style::Yellow, "none: every call is denied");
        page.line(format!(
            "{label} {warning}; give one with `preloop policy apply FILE` or `--policy FILE`"
        ));
    }
}
