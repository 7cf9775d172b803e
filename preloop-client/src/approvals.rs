//! Approval requests: list, read, vote.

use preloop_api::{Approval, ApprovalState, Page, VoteDecision, VoteRequest};
use uuid::Uuid;

use crate::error::ClientError;
use crate::transport::Client;

/// Which approval requests to list; every member narrows the list.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// Only those that stand so.
    pub state: Option<ApprovalState>,
    /// Only those for the tool of this name.
    pub tool: Option<String>,
    /// At most so many on a page.
    pub limit: Option<u32>,
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: Option<String>,
}

impl Client {
    /// One page of approval requests, newest first.
    pub async fn approvals(&self, filter: &ApprovalFilter) -> Result<Page<Approval>, ClientError> {
        let query: Vec<(&str, String)> = [
            ("status", filter.state.map(|state| state.as_str().to_owned())),
            ("tool", filter.tool.clone()),
            ("limit", filter.limit.map(|limit| limit.to_string())),
            ("cursor", filter.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        self.get(&["api", "v1", "approvals"], &query).await
    }

    /// One approval request.
    pub async fn approval(&self, id: Uuid) -> Result<Approval, ClientError> {
        self.get(&["api", "v1", "approvals", &id.to_string()], &[]).await
    }

    /// Votes on an approval request; answers the request as it stands after the vote.
    pub async fn vote(
        &self,
        id: Uuid,
        decision: VoteDecision,
        reason: Option<String>,
    ) -> Result<Approval, ClientError> {
        let path = ["api", "v1", "approvals", &id.to_string(), decision.as_str()];
        self.post(&path, &VoteRequest { reason, ..VoteRequest::default() }).await
    }
}
