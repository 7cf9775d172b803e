//! The MCP firewall: agents in front, servers behind, a decision on every call in between.
//!
//! The way of a call: `downstream` reads it, `enforce` has it decided and holds it where people must
//! decide, `upstream` sends it. JSON that needs no change goes through as it was written.

mod accounts;
mod addresses;
mod builtin;
mod catalog;
mod dial_rules;
mod downstream;
mod enforce;
mod environment;
mod face;
mod names;
mod upstream;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::accounts::Firewalls;
pub(crate) use self::addresses::{PublicResolver, Reach, is_public};
pub use self::dial_rules::{DialRefusal, DialRules};
pub(crate) use self::downstream::{Endpoint, handle, refused};
pub use self::environment::{EnvironmentError, EnvironmentRules};

use self::builtin::Builtins;
use self::catalog::{Catalog, Tool};
use self::downstream::Sessions;
use self::face::Face;
use self::upstream::Upstreams;
use self::wire::outgoing;
use crate::config::Config;
use crate::service::{Caller, Services};

/// How long changes are gathered before they are announced.
const ANNOUNCE_PAUSE: Duration = Duration::from_millis(50);
/// How long calls in flight, and then the servers, may take to end at shutdown.
const CALLS_TIME: Duration = Duration::from_secs(2);
const SERVERS_TIME: Duration = Duration::from_secs(5);

/// Settings of the firewall.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Pause between keep-alive comments on a waiting stream.
    pub keep_alive: Duration,
    /// Pause between progress notifications of a held call.
    pub progress_interval: Duration,
    /// How long a server may take without a sign of progress.
    pub upstream_timeout: Duration,
    /// What the document of the first account may have dialled.
    pub dial: DialRules,
    /// What the documents of further accounts may have dialled.
    pub dial_of_others: DialRules,
}

// === impl Settings ===

impl Settings {
    /// The firewall's part of the server's settings.
    ///
    /// # Errors
    /// Where one of the operator's lists cannot be read.
    pub fn of(config: &Config) -> Result<Self, String> {
        let private = config.allow_private_upstreams;
        let listed = DialRules::of_operator(&config.env_allow, &config.stdio_allow, private)?;
        let dial = if config.policy.is_some() { DialRules::local_file() } else { listed.clone() };
        Ok(Self {
            keep_alive: config.keep_alive,
            progress_interval: config.progress_interval,
            upstream_timeout: config.upstream_timeout,
            dial,
            dial_of_others: listed,
        })
    }
}

/// The firewall of one account; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Firewall {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    services: Services,
    settings: Settings,
    builtins: Builtins,
    catalog: Arc<Catalog>,
    upstreams: Upstreams,
    sessions: Sessions,
    /// Calls of agents.
    calls: TaskTracker,
    /// Everything else that runs by itself.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

// === impl Firewall ===

impl Firewall {
    /// Starts to dial the servers of the live policy and follows its changes.
    fn start(services: Services, settings: Settings) -> Self {
        let tasks = TaskTracker::new();
        let catalog = Arc::new(Catalog::new(services.clone()));
        let upstreams = Upstreams::new(
            services.clone(),
            Arc::clone(&catalog),
            settings.dial.clone(),
            tasks.clone(),
        );
        let firewall = Self {
            inner: Arc::new(Inner {
                services,
                settings,
                builtins: Builtins::default(),
                catalog,
                upstreams,
                sessions: Sessions::default(),
                calls: TaskTracker::new(),
                tasks: tasks.clone(),
                stopping: CancellationToken::new(),
            }),
        };
        firewall.apply_policy();
        let follower = firewall.clone();
        tasks.spawn(async move {
            let stopping = follower.inner.stopping.clone();
            stopping.run_until_cancelled(follower.follow()).await;
        });
        firewall
    }

    /// Answers held calls, lets calls in flight end, and stops the servers.
    async fn shutdown(&self) {
        self.inner.stopping.cancel();
        self.inner.sessions.close();
        self.inner.calls.close();
        self.inner.tasks.close();
        if tokio::time::timeout(CALLS_TIME, self.inner.calls.wait()).await.is_err() {
            tracing::warn!("calls are still running at their servers; their outcome is unknown");
        }
        self.inner.upstreams.close();
        if tokio::time::timeout(SERVERS_TIME, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("some servers did not end in time");
        }
        // What is left learns that its server is gone, and records that.
        let _ = tokio::time::timeout(CALLS_TIME, self.inner.calls.wait()).await;
    }

    fn services(&self) -> &Services {
        &self.inner.services
    }

    fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    fn builtins(&self) -> &Builtins {
        &self.inner.builtins
    }

    fn upstreams(&self) -> &Upstreams {
        &self.inner.upstreams
    }

    fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    fn calls(&self) -> &TaskTracker {
        &self.inner.calls
    }

    async fn stopping(&self) {
        self.inner.stopping.cancelled().await;
    }

    /// How the live policies show a tool to a caller.
    fn face(&self, caller: &Caller, tool: &Tool) -> Face {
        let policies = self.services().live_policies();
        Face::of(&policies.entries(caller.seen(), &tool.name, &tool.server))
    }

    /// Whether calls of the caller may be answered with a handle.
    fn may_answer_later(&self, caller: &Caller) -> bool {
        self.services().live_policies().may_answer_later(caller.seen())
    }

    fn apply_policy(&self) {
        let policy = self.services().account_policy();
        let servers = policy.as_ref().map(|policy| policy.document().mcp_servers.as_slice());
        self.upstreams().apply(servers.unwrap_or_default());
    }

    /// Follows the policy and the servers, and tells clients when their tools may have changed.
    async fn follow(&self) {
        let mut policy = self.services().policy_changes();
        let mut tools = self.catalog().changes();
        let mut secrets = self.services().secret_changes();
        loop {
            let is_policy = tokio::select! {
                changed = policy.changed() => changed.is_ok(),
                changed = secrets.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.upstreams().follow_secrets().await;
                    continue;
                }
                changed = tools.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    false
                }
            };
            if is_policy {
                self.apply_policy();
            }
            tokio::time::sleep(ANNOUNCE_PAUSE).await;
            tools.mark_unchanged();
            let method = "notifications/tools/list_changed";
            self.sessions().announce(&outgoing::notification(method, None));
        }
    }
}
