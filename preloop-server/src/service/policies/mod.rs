//! Policies: what is live in memory, what is stored, and the one door through which it changes.

mod apply;
mod bundle;
mod commit;
mod compare;
mod file;
mod live;
mod read;
mod refresh;
mod spellings;
mod try_out;
mod versions;
mod warnings;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use preloop_api::{PolicyScope, PolicyStatus};
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};

pub(crate) use apply::{ApplyCommand, Expected};
pub(crate) use compare::{Comparison, Side};
use file::GivenPolicies;
pub use live::LivePolicy;
use live::Slot;
pub(crate) use live::{LivePolicies, Seen};
pub(crate) use read::{ExportQuery, Form};
pub(crate) use try_out::{Subject, Trial};
pub(crate) use versions::VersionQuery;

use super::decide::closed;
use super::{ServiceError, Services};

/// The policies of one account.
#[derive(Debug)]
pub(super) struct Policies {
    live: ArcSwap<LivePolicies>,
    /// Held while the next live policies are made of those before: the file's watcher takes no turn.
    swapping: Mutex<()>,
    /// Held from before a change is stored until it is in memory: what was stored last is live last.
    turn: AsyncMutex<()>,
    status: Mutex<PolicyStatus>,
    changes: watch::Sender<u64>,
    /// What the operator gave to the server, where anything; kept as versions as soon as the store takes it.
    given: Mutex<Arc<GivenPolicies>>,
    given_changed: Notify,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            live: ArcSwap::default(),
            swapping: Mutex::default(),
            turn: AsyncMutex::default(),
            status: Mutex::default(),
            changes: watch::Sender::new(0),
            given: Mutex::default(),
            given_changed: Notify::new(),
        }
    }
}

impl Services {
    /// What is live in every scope of the account.
    pub(crate) fn live_policies(&self) -> Arc<LivePolicies> {
        self.inner.policies.live.load_full()
    }

    /// The same for one decision: nothing is counted, so that threads do not meet.
    pub(super) fn live(&self) -> arc_swap::Guard<Arc<LivePolicies>> {
        self.inner.policies.live.load()
    }

    /// The account's own policy; its servers are the ones that are dialled.
    pub fn account_policy(&self) -> Option<Arc<LivePolicy>> {
        self.live().account().cloned()
    }

    /// Changes whenever another policy comes into force or a tool's definition is accepted.
    pub fn policy_changes(&self) -> watch::Receiver<u64> {
        self.inner.policies.changes.subscribe()
    }

    /// Tells those who look at the policy that something changed.
    pub(super) fn policy_changed(&self) {
        self.inner.policies.changes.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Waits until no policy of the account is being changed here, and keeps it so.
    pub(super) async fn policies_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.policies.turn.lock().await
    }

    /// Puts other policies into memory, whole; two at once come one after the other.
    fn swap(&self, change: impl FnOnce(&mut LivePolicies)) {
        let policies = &self.inner.policies;
        let swapping = policies.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = LivePolicies::clone(&self.live());
        change(&mut next);
        // The store may have been read before the operator's policies were: those stay.
        self.given().put_into(&mut next);
        // Up by one at least, so that what is told of each state of things is newer than of the one before.
        next.changed_at = self.now().unix_micros().max(next.changed_at.saturating_add(1));
        policies.live.store(Arc::new(next));
        drop(swapping);
        self.policy_changed();
    }

    /// The account's policy and the last attempt to change it.
    pub(crate) fn policy_status(&self) -> PolicyStatus {
        let status = self.status(|status| status.clone());
        if status.status.is_empty() {
            return PolicyStatus { status: "none".to_owned(), ..status };
        }
        status
    }

    fn status<T>(&self, with: impl FnOnce(&mut PolicyStatus) -> T) -> T {
        let status = &self.inner.policies.status;
        with(&mut status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the account's policy is one that the operator gave to the server, in a file, a commit or a bundle.
    pub(crate) fn has_policy_file(&self) -> bool {
        self.is_given(&PolicyScope::account())
    }

    /// Whether the operator decides what holds in a scope.
    pub(super) fn is_given(&self, scope: &PolicyScope) -> bool {
        self.given().decide(scope)
    }

    fn given(&self) -> Arc<GivenPolicies> {
        let given = &self.inner.policies.given;
        Arc::clone(&given.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// There is no policy where one was looked for.
fn no_policy(message: impl Into<String>) -> ServiceError {
    ServiceError::NotFound { code: "no_policy", message: message.into() }
}
