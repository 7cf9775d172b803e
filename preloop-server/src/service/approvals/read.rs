//! Reading requests; an agent sees its own.

use preloop_api::{Approval, ApprovalState, Page, Role, Via};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use super::not_found;
use super::people::Asked;
use crate::store::{ApprovalFilter, StoredApproval};

/// Most requests looked at for one page.
const LOOKED_AT_MAX: u32 = 1_000;
/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApprovalQuery {
    pub(crate) state: Option<ApprovalState>,
    pub(crate) tool: Option<String>,
    /// Name, e-mail address or id of a user who is asked or voted.
    pub(crate) approver: Option<String>,
    /// Id of the principal that asks.
    pub(crate) agent: Option<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) before: Option<(Timestamp, Uuid)>,
    pub(crate) limit: u32,
}

/// A page of requests as they are stored.
pub(super) struct Found {
    pub(super) items: Vec<StoredApproval>,
    /// Where to go on; none at the end.
    pub(super) next: Option<(Timestamp, Uuid)>,
}

impl Services {
    /// Requests, newest first; an agent sees its own.
    pub(crate) async fn approval_list(
        &self,
        caller: &Caller,
        query: ApprovalQuery,
    ) -> Result<Page<Approval>, ServiceError> {
        let found = self.approvals_found(caller, query).await?;
        let next_cursor = found.next.map(|(at, id)| format!("{}.{id}", at.unix_micros()));
        let items = found.items.iter().map(|approval| self.shown(approval)).collect();
        Ok(Page { items, next_cursor })
    }

    /// Requests that fit, newest first. Whom a request asks is worked out here and not in the database, so a page may have
    /// fewer items than its limit, even none, and a next one all the same.
    pub(super) async fn approvals_found(
        &self,
        caller: &Caller,
        query: ApprovalQuery,
    ) -> Result<Found, ServiceError> {
        let own = caller.principal.id.clone();
        let principal_id = match (caller.role, query.agent) {
            (Role::Agent, Some(agent)) if agent != own => {
                return Ok(Found { items: Vec::new(), next: None });
            }
            (Role::Agent, _) => Some(own),
            (_, agent) => agent,
        };
        let asked = match &query.approver {
            None => None,
            Some(name) => match self.asked_person(name).await {
                // Who there is, is not for agents to find out.
                Err(ServiceError::Invalid { .. }) if caller.role == Role::Agent => {
                    return Ok(Found { items: Vec::new(), next: None });
                }
                asked => Some(asked?),
            },
        };
        let limit = if asked.is_some() { LOOKED_AT_MAX } else { query.limit };
        let filter = ApprovalFilter {
            state: query.state,
            tool: query.tool,
            principal_id,
            from: query.from,
            to: query.to,
            before: query.before,
            limit: limit.saturating_add(1),
        };
        let found = self.inner.store.approval_list(self.inner.account_id, &filter).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let wanted = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let has_more = found.len() > most;
        let (mut items, mut last) = (Vec::new(), None);
        for approval in found.into_iter().take(most) {
            if items.len() == wanted {
                return Ok(Found { items, next: last });
            }
            last = Some((approval.request.created_at, approval.id));
            if asked.as_ref().is_none_or(|asked: &Asked| asked.has_to_do_with(&approval.request)) {
                items.push(approval);
            }
        }
        Ok(Found { items, next: last.filter(|_| has_more) })
    }

    /// One request; an agent sees its own.
    pub(crate) async fn approval_show(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Approval, ServiceError> {
        let approval = self.approval_seen(caller, id).await?;
        self.approval_viewed(caller, &approval, Via::Api).await?;
        self.shown_whole(&approval).await
    }

    /// One request that the caller may see.
    pub(in crate::service) async fn approval_seen(
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
