//! The use cases: no axum, no SQL. `http` and `mcp` come in here, `store` is below.
//!
//! `decide` is the one door to a decision; the rest is named after what it is about.

mod ai_review;
mod approval_links;
mod approvals;
mod audit;
mod decide;
mod error;
mod export;
mod follow;
mod grants;
mod idempotency;
mod journal_mover;
mod kept_calls;
mod keys;
mod mcp_servers;
mod named_part;
mod notifications;
mod passkeys;
mod people;
mod platform;
mod policies;
mod principal;
mod recovery;
mod secrets;
mod sessions;
mod tools;
mod turn;
mod waiters;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use preloop_api::McpServerInfo;
use preloop_core::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::metrics::Metrics;
use crate::store::StoredGrant;
use crate::tasks::Tasks;

pub(crate) use crate::store::RepeatedAnswer;
pub(crate) use ai_review::AiModel;
pub(crate) use approval_links::{LinkState, OpenedLink};
pub(crate) use approvals::{ApprovalPage, ApprovalQuery, ExportFormat};
pub use audit::Refusal;
pub use decide::{
    Asks, Attempt, Denied, Held, Outcome, Permit, Poll, PollStep, PreviewTool, Ran, Ruling, RunEnd,
    Settled, Visibility,
};
pub use error::ServiceError;
pub(crate) use error::not_valid;
pub(crate) use idempotency::{Repeated, Repetition};
pub use kept_calls::{AnswerKept, KeptAnswer, KeptCall};
pub(crate) use keys::{OWNER, new_key, prefix};
pub(crate) use mcp_servers::ServerEdit;
pub(crate) use named_part::NamedPart;
pub(crate) use notifications::{ChatAnswer, ChatPress, DeliveryQuery, NotifySettings};
pub(crate) use people::csrf_token;
pub(crate) use platform::Foundation;
pub use platform::Platform;
pub use policies::LivePolicy;
pub(crate) use policies::{
    ApplyCommand, Comparison, Expected, ExportQuery, Form, Seen, Side, Subject, Trial, VersionQuery,
};
pub use principal::Caller;
pub(crate) use recovery::Left;
pub(crate) use secrets::{SecretKeys, SecretStamp, ServerSecrets};
pub use tools::OfferedTool;
pub(crate) use tools::definition_hash;

use platform::Shared;

/// Everything the server can do, for one account; cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    inner: Arc<Inner>,
}

/// What belongs to one account.
#[derive(Debug)]
struct Inner {
    account_id: Uuid,
    shared: Arc<Shared>,
    secret_changes: watch::Sender<u64>,
    policies: policies::Policies,
    sessions: sessions::Sessions,
    tools: ArcSwap<HashMap<tools::ToolKey, tools::KnownTool>>,
    servers: Mutex<BTreeMap<String, McpServerInfo>>,
    /// Calls that approvers had remembered.
    grants: ArcSwap<Vec<StoredGrant>>,
}

impl Services {
    /// The services of an account, with its tools and policies read into memory.
    async fn open(shared: Arc<Shared>, account_id: Uuid) -> Result<Self, ServiceError> {
        let services = Self {
            inner: Arc::new(Inner {
                account_id,
                shared,
                secret_changes: watch::Sender::new(0),
                policies: policies::Policies::default(),
                sessions: sessions::Sessions::default(),
                tools: ArcSwap::default(),
                servers: Mutex::default(),
                grants: ArcSwap::default(),
            }),
        };
        services.tools_reload().await?;
        services.grants_reload().await?;
        services.policies_refresh().await?;
        Ok(services)
    }

    /// The account that these services are for.
    pub fn account_id(&self) -> Uuid {
        self.inner.account_id
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
        self.inner.now()
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
}
