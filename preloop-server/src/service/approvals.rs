//! Approval requests: reading them, voting, withdrawing, letting them lapse.

use preloop_api::{
    Approval, ApprovalState, ApprovalVote, ApprovalWorkflowInfo, Page, Permission, Role,
};
use preloop_core::Timestamp;
use preloop_core::approval::{VoteDecision, VoteError};
use preloop_core::audit::{AuditKind, AuditRecord};
use uuid::Uuid;

use super::{Caller, ServiceError, Services};
use crate::store::{ApprovalFilter, StoredApproval};

/// Longest reason of a vote, in characters.
const REASON_CHARS_MAX: usize = 2_000;

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
        let found = self.inner.store.approval_find(self.inner.account_id, id).await?;
        found
            .filter(|approval| {
                caller.role != Role::Agent || approval.principal.id == caller.principal.id
            })
            .map(|approval| self.shown(&approval))
            .ok_or_else(|| not_found(id))
    }

    /// Votes on a request.
    pub(crate) async fn approval_vote(
        &self,
        caller: &Caller,
        id: Uuid,
        decision: VoteDecision,
        reason: Option<String>,
    ) -> Result<Approval, ServiceError> {
        if caller.role == Role::Agent {
            let message = format!("an agent's key cannot {}: a person decides", decision.as_str());
            let mut record = self.new_record(AuditKind::RequestRefused);
            record.principal = Some(caller.principal.clone());
            record.approval_id = Some(id.to_string());
            record.message = Some(message.clone());
            self.record_or_log(&record);
            return Err(ServiceError::Forbidden { code: "agent_cannot_approve", message });
        }
        caller.must(Permission::ApprovalsVote)?;
        check_reason(reason.as_deref())?;
        let (person, text) = (caller.clone(), reason.clone());
        let changed = self
            .approval_apply(id, move |approval, now| {
                approval.request.vote(person.voter(), decision, text.as_deref(), now)
            })
            .await?;
        let (voted, approval) = changed.ok_or_else(|| not_found(id))?;
        let state = match voted {
            Ok(state) => state,
            Err(error) => return Err(refused_vote(error, approval.request.state)),
        };
        let mut vote = self.approval_record(AuditKind::Vote, &approval);
        vote.actor = Some(caller.principal.name.clone());
        vote.message = Some(match &reason {
            Some(reason) => format!("{}: {reason}", decision.as_str()),
            None => decision.as_str().to_owned(),
        });
        self.record_or_log(&vote);
        let settled = match state {
            ApprovalState::Approved => Some(AuditKind::ApprovalApproved),
            ApprovalState::Declined => Some(AuditKind::ApprovalDeclined),
            ApprovalState::Cancelled | ApprovalState::Expired | ApprovalState::Pending => None,
        };
        if let Some(kind) = settled {
            let mut record = self.approval_record(kind, &approval);
            record.actor = Some(caller.principal.name.clone());
            record.message = reason;
            self.record_or_log(&record);
            self.inner.waiters.wake(id);
        }
        Ok(self.shown(&approval))
    }

    /// Withdraws a pending request: its requester or the owner.
    pub(crate) async fn approval_cancel(
        &self,
        caller: &Caller,
        id: Uuid,
        reason: Option<String>,
    ) -> Result<Approval, ServiceError> {
        check_reason(reason.as_deref())?;
        let shown = self.approval_show(caller, id).await?;
        if shown.principal.id != caller.principal.id {
            caller.must(Permission::ApprovalsVote)?;
        }
        let changed = self.approval_apply(id, |approval, now| approval.request.cancel(now)).await?;
        let (cancelled, approval) = changed.ok_or_else(|| not_found(id))?;
        if let Err(state) = cancelled {
            return Err(refused_vote(VoteError::Settled(state), state));
        }
        let mut record = self.approval_record(AuditKind::ApprovalCancelled, &approval);
        record.actor = Some(caller.principal.name.clone());
        record.message = reason;
        self.record_or_log(&record);
        self.inner.waiters.wake(id);
        Ok(self.shown(&approval))
    }

    /// Lets a request lapse if its time is over.
    pub(super) async fn approval_expire(&self, id: Uuid) -> Result<(), ServiceError> {
        self.approval_apply(id, |_, _| ()).await.map(drop)
    }

    /// Lets the request lapse if its time is over, then applies a rule to it, both in one transaction.
    pub(super) async fn approval_apply<T: Send>(
        &self,
        id: Uuid,
        rule: impl FnOnce(&mut StoredApproval, Timestamp) -> T + Send,
    ) -> Result<Option<(T, StoredApproval)>, ServiceError> {
        let now = self.now();
        let changed = self
            .inner
            .store
            .approval_change(self.inner.account_id, id, move |approval| {
                let was = approval.request.state;
                let lapsed = approval.request.expire(now).then_some(was);
                (lapsed, rule(approval, now))
            })
            .await?;
        let Some(((lapsed, answer), approval)) = changed else { return Ok(None) };
        if let Some(was) = lapsed {
            let mut record = self.approval_record(AuditKind::ApprovalExpired, &approval);
            let message = if was == ApprovalState::Approved {
                "approved, and not used in time"
            } else {
                "nobody decided in time"
            };
            record.message = Some(message.to_owned());
            self.record_or_log(&record);
            self.inner.waiters.wake(id);
        }
        Ok(Some((answer, approval)))
    }

    /// A record about a request.
    pub(super) fn approval_record(
        &self,
        kind: AuditKind,
        approval: &StoredApproval,
    ) -> AuditRecord {
        let mut record = self.new_record(kind);
        record.principal = Some(approval.principal.clone());
        record.tool = Some(approval.tool.clone());
        record.server.clone_from(&approval.server);
        record.source.clone_from(&approval.source);
        record.call_hash = Some(approval.call_hash.clone());
        record.approval_id = Some(approval.id.to_string());
        record
    }

    /// A request as the API shows it.
    pub(super) fn shown(&self, approval: &StoredApproval) -> Approval {
        let request = &approval.request;
        let workflow = &request.workflow;
        Approval {
            id: approval.id,
            state: request.state,
            tool: approval.tool.clone(),
            server: approval.server.clone(),
            source: approval.source.clone(),
            arguments: approval.arguments.clone(),
            call_hash: approval.call_hash.clone(),
            principal: approval.principal.clone(),
            session_id: approval.session_id.clone(),
            justification: approval.justification.clone(),
            decision_id: approval.decision_id,
            decision: approval.decision.clone(),
            workflow: ApprovalWorkflowInfo {
                name: workflow.name.clone(),
                required_approvals: workflow.required_approvals,
                timeout_seconds: workflow.timeout_seconds,
                require_reason: workflow.require_reason,
                async_approval: workflow.async_approval,
            },
            votes: request
                .votes
                .iter()
                .map(|vote| ApprovalVote {
                    by: vote.voter_name.clone(),
                    decision: vote.decision,
                    reason: vote.reason.clone(),
                    at: vote.at,
                })
                .collect(),
            created_at: request.created_at,
            expires_at: request.expires_at,
            decided_at: request.decided_at,
            use_by: request.use_by,
            used_at: request.used_at,
            outcome: approval.outcome,
            url: self.approval_url(approval.id),
        }
    }

    /// Where a request is read over the API.
    pub(super) fn approval_url(&self, id: Uuid) -> String {
        format!("{}/api/v1/approvals/{id}", self.base_url())
    }
}

pub(super) fn not_found(id: Uuid) -> ServiceError {
    ServiceError::NotFound {
        code: "approval_not_found",
        message: format!("there is no approval request with the id `{id}`"),
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), ServiceError> {
    if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        return Err(ServiceError::Invalid {
            code: "reason_too_long",
            message: format!("`reason` is longer than {REASON_CHARS_MAX} characters"),
        });
    }
    Ok(())
}

fn refused_vote(error: VoteError, state: ApprovalState) -> ServiceError {
    let message = error.to_string();
    let conflict =
        |code| ServiceError::Conflict { code, message: message.clone(), state: Some(state) };
    let forbidden = |code| ServiceError::Forbidden { code, message: message.clone() };
    match error {
        VoteError::AlreadyVoted => conflict("already_voted"),
        VoteError::Settled(_) => conflict("approval_settled"),
        VoteError::NotAnApprover => forbidden("not_an_approver"),
        VoteError::SelfApproval => forbidden("self_approval"),
        VoteError::StepUpUnavailable => forbidden("step_up_unavailable"),
        VoteError::ReasonRequired => ServiceError::Invalid { code: "reason_required", message },
    }
}
