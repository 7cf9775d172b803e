//! The live policy: compiled in memory, swapped whole, read without waiting.

use std::sync::Arc;

use jiff::Timestamp;
use preloop_core::document::PolicyDocument;
use tokio::sync::watch;

use super::Services;

/// A policy document in force.
#[derive(Debug)]
pub struct LivePolicy {
    document: PolicyDocument,
    loaded_at: Timestamp,
}

// === impl LivePolicy ===

impl LivePolicy {
    /// The document as written.
    pub fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// Since when it is in force.
    pub fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }
}

// === impl Services ===

impl Services {
    /// The policy in force; none: every call is denied.
    pub fn live_policy(&self) -> Option<Arc<LivePolicy>> {
        self.inner.live_policy.load_full()
    }

    /// Changes whenever another policy comes into force or a tool's definition is accepted.
    pub fn policy_changes(&self) -> watch::Receiver<u64> {
        self.inner.policy_changes.subscribe()
    }
}
