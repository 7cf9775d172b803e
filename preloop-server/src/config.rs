//! What the server is started with; the command line and the environment fill it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use preloop_core::bundle::PublicKey;
use zeroize::Zeroizing;

use crate::clock::{SharedClock, SystemClock};

/// Settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The live policy document; watched while the server runs. None: every call is denied.
    pub policy: Option<PathBuf>,
    /// A folder in a git work tree whose commits are the policy, in place of `policy`.
    pub policy_git: Option<PathBuf>,
    /// Signed bundles as the policy, in place of `policy`.
    pub policy_bundle: Option<BundleConfig>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the database, the journal and the keys live.
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://...`; none means `preloop.db` in the data folder.
    pub database_url: Option<String>,
    /// Leave to listen on an address that is not loopback without TLS.
    pub insecure: bool,
    /// Host names, besides loopback names, that requests may be addressed to.
    pub allowed_hosts: Vec<String>,
    /// Origins, besides loopback ones, that browsers may call from.
    pub allowed_origins: Vec<String>,
    /// Text of the owner key for headless starts; it must start with `plo_`.
    pub bootstrap_key: Option<String>,
    /// What the API says it is reached at, for links to approvals; none means the address it listens on.
    pub public_url: Option<String>,
    /// Pause between keep-alive comments on a waiting stream.
    pub keep_alive: Duration,
    /// Pause between progress notifications of a held call.
    pub progress_interval: Duration,
    /// How long an upstream call may take without progress.
    pub upstream_timeout: Duration,
    /// `NAME@host` pairs of environment variables that documents may use (`PRELOOP_ENV_ALLOW`).
    pub env_allow: Vec<String>,
    /// Programs that documents which came over the API may start, each as
    /// `[NAME= ...] COMMAND [ARGUMENT ...]` (`PRELOOP_STDIO_ALLOW`).
    pub stdio_allow: Vec<String>,
    /// Leave for those documents to reach loopback, private and link-local addresses.
    pub allow_private_upstreams: bool,
    /// The keys that seal stored secrets, 32 bytes in base64 or hex each, separated by commas: the
    /// first seals, all of them open (`PRELOOP_SECRET_KEY`). None: a key in the data folder, made
    /// when it is first needed.
    pub secret_key: Option<SecretKeyText>,
    /// Leave for anybody to make an account.
    pub allow_registration: bool,
    /// Proxies in front whose word on the client's address is taken: addresses or networks.
    pub trusted_proxies: Vec<String>,
    /// The model that `ai_driven` workflows may have asked; none: people are asked at once.
    pub ai: Option<AiConfig>,
    /// How people are told of approval requests.
    pub channels: ChannelConfig,
    /// Where the time comes from.
    pub clock: SharedClock,
}

/// The chat endpoint of a model.
#[derive(Clone, Debug)]
pub struct AiConfig {
    /// What its paths begin with, such as `https://api.openai.com/v1`.
    pub url: String,
    /// The form that it speaks.
    pub kind: AiKind,
    /// The key that it gets.
    pub api_key: Option<SecretKeyText>,
    /// How long it may take for an answer.
    pub timeout: Duration,
}

/// The forms of chat endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AiKind {
    /// `POST {url}/messages`.
    Anthropic,
    /// `POST {url}/chat/completions`.
    OpenAi,
}

/// The operator's own services that messages go out by; those left out are not used.
#[derive(Clone, Debug, Default)]
pub struct ChannelConfig {
    /// `smtp[s]://[USER:PASSWORD@]HOST[:PORT][?tls=required|opportunistic]` (`PRELOOP_SMTP_URL`).
    pub smtp_url: Option<SecretKeyText>,
    /// The sender of mails, such as `Preloop <preloop@example.com>`.
    pub mail_from: Option<String>,
    /// Token of the bot of a Slack app (`PRELOOP_SLACK_TOKEN`).
    pub slack_token: Option<SecretKeyText>,
    /// What Slack signs its requests with (`PRELOOP_SLACK_SIGNING_SECRET`); without it messages have no buttons.
    pub slack_signing_secret: Option<SecretKeyText>,
    /// Where Slack's API is, where it is not at `slack.com`.
    pub slack_api_url: Option<String>,
    /// Where Mattermost is.
    pub mattermost_url: Option<String>,
    /// Token of a bot there (`PRELOOP_MATTERMOST_TOKEN`).
    pub mattermost_token: Option<SecretKeyText>,
    /// A proxy to the push services of phones.
    pub push_proxy_url: Option<String>,
    /// Its key (`PUSH_PROXY_API_KEY`).
    pub push_proxy_api_key: Option<SecretKeyText>,
    /// Whom push services turn to: a `mailto:` or `https:` URL.
    pub push_contact: Option<String>,
}

/// Where signed bundles come from, and who may sign them.
#[derive(Clone, Debug)]
pub struct BundleConfig {
    /// The file that holds the bundle; looked at again and again.
    pub file: PathBuf,
    /// What it is called in messages; the file where it is none.
    pub name: Option<String>,
    /// The only key whose bundles are accepted.
    pub key: PublicKey,
    /// The account that bundles must be for; none: the server's own, by name or id.
    pub account: Option<String>,
}

/// The text of keys, never shown and wiped from memory.
#[derive(Clone)]
pub struct SecretKeyText(Zeroizing<String>);

// === impl SecretKeyText ===

impl SecretKeyText {
    /// Takes the text as it was given.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKeyText([redacted])")
    }
}

// === impl Config ===

impl Config {
    /// Settings for a server on loopback, port 8000, with everything in `data_dir`, without a policy.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            policy: None,
            policy_git: None,
            policy_bundle: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            data_dir,
            database_url: None,
            insecure: false,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            bootstrap_key: None,
            public_url: None,
            keep_alive: Duration::from_secs(15),
            progress_interval: Duration::from_secs(10),
            upstream_timeout: Duration::from_mins(10),
            env_allow: Vec::new(),
            stdio_allow: Vec::new(),
            allow_private_upstreams: false,
            secret_key: None,
            allow_registration: false,
            trusted_proxies: Vec::new(),
            ai: None,
            channels: ChannelConfig::default(),
            clock: Arc::new(SystemClock),
        }
    }
}
