//! The use cases: no axum, no SQL. `http` and `mcp` come in here, `store` is below.
//!
//! `decide` is the one door to a decision; the rest is named after what it is about.

mod approvals;
mod audit;
mod decide;
mod error;
mod export;
mod follow;
mod idempotency;
mod journal_mover;
mod keys;
mod live_policy;
mod principal;
mod recovery;
mod sessions;
mod tools;
mod try_out;
mod waiters;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use preloop_api::{McpServerInfo, PolicyStatus, ToolState};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::store::{JournalPosition, Store};
use crate::tasks::Tasks;

pub(crate) use approvals::ApprovalQuery;
pub use audit::Refusal;
pub use decide::{
    Attempt, Denied, Held, Outcome, Permit, PreviewTool, Ruling, Settled, Visibility,
};
pub use error::ServiceError;
pub(crate) use idempotency::{Repeated, Repetition};
pub(crate) use keys::{OWNER, new_key, prefix};
pub use live_policy::LivePolicy;
pub use principal::Caller;
pub use tools::OfferedTool;
pub(crate) use try_out::TryOutError;

/// Everything the server can do, for one account; cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    inner: Arc<Inner>,
}

/// What the services stand on.
#[derive(Debug)]
pub(crate) struct Foundation {
    pub(crate) account_id: Uuid,
    pub(crate) clock: SharedClock,
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) journal_moved: JournalPosition,
    pub(crate) tasks: Tasks,
}

#[derive(Debug)]
struct Inner {
    account_id: Uuid,
    clock: SharedClock,
    store: Store,
    journal: Journal,
    /// How far the journal was moved into the store.
    journal_moved: watch::Sender<JournalPosition>,
    /// Somebody waits for the journal to be moved.
    journal_hurry: Notify,
    tasks: Tasks,
    metrics: Metrics,
    keys: ArcSwap<keys::KeyRing>,
    live_policy: ArcSwapOption<LivePolicy>,
    policy_status: Mutex<PolicyStatus>,
    policy_changes: watch::Sender<u64>,
    sessions: sessions::Sessions,
    waiters: waiters::Waiters,
    tools: ArcSwap<HashMap<tools::ToolKey, ToolState>>,
    servers: Mutex<BTreeMap<String, McpServerInfo>>,
    base_url: OnceLock<String>,
}

impl Services {
    /// Services on an open store and journal, with keys and tools read into memory.
    pub(crate) async fn open(foundation: Foundation) -> Result<Self, ServiceError> {
        let Foundation { account_id, clock, store, journal, journal_moved, tasks } = foundation;
        let services = Self {
            inner: Arc::new(Inner {
                account_id,
                clock,
                store,
                journal,
                journal_moved: watch::Sender::new(journal_moved),
                journal_hurry: Notify::new(),
                tasks,
                metrics: Metrics::default(),
                keys: ArcSwap::default(),
                live_policy: ArcSwapOption::empty(),
                policy_status: Mutex::default(),
                policy_changes: watch::Sender::new(0),
                sessions: sessions::Sessions::default(),
                waiters: waiters::Waiters::default(),
                tools: ArcSwap::default(),
                servers: Mutex::default(),
                base_url: OnceLock::new(),
            }),
        };
        services.keys_reload().await?;
        services.tools_reload().await?;
        Ok(services)
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// Background work of the server.
    pub fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    /// The counters of the server.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The time, as precise as the store keeps it.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.inner.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Sets where the server is reached, for links; the first call counts.
    pub(crate) fn set_base_url(&self, url: String) {
        let _ = self.inner.base_url.set(url);
    }

    /// Where the server is reached.
    pub(crate) fn base_url(&self) -> &str {
        self.inner.base_url.get().map_or("", String::as_str)
    }

    /// Whether other servers may use the database.
    pub(crate) fn is_shared(&self) -> bool {
        self.inner.store.is_shared()
    }

    /// Tells this server from others on the database in a few characters.
    pub(crate) fn replica_suffix(&self) -> &str {
        let replica = self.inner.store.replica();
        replica.rsplit_once('-').map_or(replica, |(_, last)| last)
    }

    /// Whether the database answers.
    pub(crate) async fn database_answers(&self) -> bool {
        self.inner.store.ping().await.is_ok()
    }

    /// Whether every audit record is on disk.
    pub(crate) fn journal_is_written(&self) -> bool {
        self.inner.journal.is_written()
    }

    /// Waits until the journal has something to move; the answer says whether somebody waits for it.
    pub(crate) async fn journal_has_more(&self) -> bool {
        tokio::select! {
            () = self.inner.journal_hurry.notified() => true,
            () = self.inner.journal.appended() => false,
        }
    }

    /// Waits until somebody waits for the journal to be moved.
    pub(crate) async fn journal_hurries(&self) {
        self.inner.journal_hurry.notified().await;
    }

    /// Lets go of the database.
    pub(crate) async fn close(&self) {
        self.inner.store.close().await;
    }
}
