//! Approval requests: list, read, vote, and calls that are remembered.

use preloop_api::{
    Approval, ApprovalGrant, ApprovalState, Page, RememberOffer, VoteDecision, VoteRequest,
};
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

    /// One approval request with its arguments whole, secrets among them; that is recorded.
    pub async fn approval_whole(&self, id: Uuid) -> Result<Approval, ClientError> {
        let query = [("arguments", "whole".to_owned())];
        self.get(&["api", "v1", "approvals", &id.to_string()], &query).await
    }

    /// Votes on an approval request; answers the request as it stands after the vote.
    pub async fn vote(
        &self,
        id: Uuid,
        decision: VoteDecision,
        vote: &VoteRequest,
    ) -> Result<Approval, ClientError> {
        self.post(&["api", "v1", "approvals", &id.to_string(), decision.as_str()], vote).await
    }

    /// What would be remembered with an approval of the request.
    pub async fn remember_offer(&self, id: Uuid) -> Result<RememberOffer, ClientError> {
        self.get(&["api", "v1", "approvals", &id.to_string(), "remember"], &[]).await
    }

    /// Calls that are remembered: they are not asked about; newest first.
    pub async fn approval_grants(&self) -> Result<Page<ApprovalGrant>, ClientError> {
        self.get(&["api", "v1", "approval-grants"], &[]).await
    }

    /// Has the calls of a grant asked about again.
    pub async fn approval_grant_revoke(&self, id: Uuid) -> Result<(), ClientError> {
        self.delete(&["api", "v1", "approval-grants", &id.to_string()]).await
    }
}
