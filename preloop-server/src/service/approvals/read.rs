//! Reading requests; an agent sees its own.

use preloop_api::{Approval, ApprovalState, Page, Role, Via};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use super::not_found;
use crate::store::{ApprovalFilter, StoredApproval};

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApprovalQuery {
    pub(crate) state: Option<ApprovalState>,
    pub(crate) tool: Option<String>,
    pub(crate) before: Option<(Timestamp, Uuid)>,
    pub(crate) limit: u32,
}

impl Services {
    /// Requests, newest first; an agent sees its own.
    pub(crate) async fn approval_list(
        &self,
        caller: &Caller,
        query: ApprovalQuery,
    ) -> Result<Page<Approval>, ServiceError> {
        let own = (caller.role == Role::Agent).then(|| caller.principal.id.clone());
        let filter = ApprovalFilter {
            state: query.state,
            tool: query.tool,
            principal_id: own,
            before: query.before,
            limit: query.limit.saturating_add(1),
        };
        let mut found = self.inner.store.approval_list(self.inner.account_id, &filter).await?;
        let has_more = found.len() > usize::try_from(query.limit).unwrap_or(usize::MAX);
        if has_more {
            found.pop();
        }
        let last = found.last().filter(|_| has_more);
        let next_cursor = last.map(|approval| {
            format!("{}.{}", approval.request.created_at.unix_micros(), approval.id)
        });
        Ok(Page { items: found.iter().map(|approval| self.shown(approval)).collect(), next_cursor })
    }

    /// One request; an agent sees its own.
    pub(crate) async fn approval_show(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Approval, ServiceError> {
        let approval = self.approval_seen(caller, id).await?;
        self.approval_viewed(caller, &approval, Via::Api).await?;
        Ok(self.shown(&approval))
    }

    /// One request that the caller may see.
    pub(super) async fn approval_seen(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<StoredApproval, ServiceError> {
        let found = self.inner.store.approval_find(self.inner.account_id, id).await?;
        let is_seen = |approval: &StoredApproval| {
            caller.role != Role::Agent || approval.principal.id == caller.principal.id
        };
        found.filter(is_seen).ok_or_else(|| not_found(id))
    }
}
