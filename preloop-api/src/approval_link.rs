//! Links to the page of an approval request.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answer to `POST /api/v1/approvals/{id}/link`: the page of the request for one approver, without signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalLink {
    /// Whoever has it can decide once in the approver's name; it is shown this once.
    pub url: String,
    /// Until when it leads to the request.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for ApprovalLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApprovalLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
