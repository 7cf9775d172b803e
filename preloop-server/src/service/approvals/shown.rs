//! A request as the API shows it.

use preloop_api::{Approval, ApprovalState, ApprovalVote, ApprovalWorkflowInfo};
use preloop_core::approval::{Request, Vote};
use preloop_core::document::Approver;
use uuid::Uuid;

use super::super::Services;
use super::page::told;
use super::seconds_until;
use crate::store::StoredApproval;

impl Services {
    /// A request as the API shows it. The code that a voter must type is never in it.
    pub(in crate::service) fn shown(&self, approval: &StoredApproval) -> Approval {
        let request = &approval.request;
        let workflow = &request.workflow;
        let deciding = request.deciding();
        // A model that decided needed what its own workflow asks, and not what the people behind it would have.
        let has_model_decided = request.ai.as_ref().is_some_and(|ai| ai.acted);
        let required_approvals = if has_model_decided {
            workflow.required_approvals
        } else {
            deciding.required_approvals
        };
        let (server, source) = (approval.server.as_deref(), approval.source.as_deref());
        Approval {
            id: approval.id,
            state: request.state,
            effect: told(approval).effect(),
            risk: self.risk_of(&approval.tool, (server, source), &approval.decision),
            tool: approval.tool.clone(),
            server: approval.server.clone(),
            source: approval.source.clone(),
            arguments: approval.arguments.clone(),
            whole_arguments: None,
            call_hash: approval.call_hash.clone(),
            principal: approval.principal.clone(),
            session_id: approval.session_id.clone(),
            justification: approval.justification.clone(),
            decision_id: approval.decision_id,
            decision: approval.decision.clone(),
            asked_values: Vec::new(),
            workflow: ApprovalWorkflowInfo {
                name: workflow.name.clone(),
                required_approvals,
                timeout_seconds: workflow.timeout_seconds,
                require_reason: deciding.require_reason,
                async_approval: workflow.async_approval,
            },
            approvers: approvers(request),
            step_up: request.step_up(),
            votes: request.votes.iter().map(shown_vote).collect(),
            ai: request.ai.clone(),
            asked_count: request.joins.saturating_add(1),
            created_at: request.created_at,
            expires_at: request.expires_at,
            escalated_at: request.escalated_at,
            decided_at: request.decided_at,
            use_by: request.use_by,
            used_at: request.used_at,
            time_left_seconds: self.time_left(request),
            outcome: approval.outcome,
            earlier: Vec::new(),
            url: self.approval_url(approval.id),
            api_url: self.approval_api_url(approval.id),
        }
    }

    fn time_left(&self, request: &Request) -> Option<u64> {
        let end = match request.state {
            ApprovalState::Pending => Some(request.expires_at),
            ApprovalState::Approved if request.used_at.is_none() => request.use_by,
            ApprovalState::Approved
            | ApprovalState::Cancelled
            | ApprovalState::Declined
            | ApprovalState::Expired => None,
        };
        end.map(|end| seconds_until(self.now(), end))
    }

    /// The page of a request, where people look at it and decide.
    pub(in crate::service) fn approval_url(&self, id: Uuid) -> String {
        format!("{}/approval/{id}", self.base_url())
    }

    /// Where a request is read over the API.
    fn approval_api_url(&self, id: Uuid) -> String {
        format!("{}/api/v1/approvals/{id}", self.base_url())
    }
}

/// Who is asked by now; nobody named means anyone with the right to vote.
fn approvers(request: &Request) -> Vec<Approver> {
    let deciding = request.deciding();
    let added = deciding.escalation.iter().filter(|_| request.escalated_at.is_some());
    let added: Vec<&[Approver]> = added.map(|added| &*added.escalate_to).collect();
    if deciding.approvers.is_empty() || added.iter().any(|added| added.is_empty()) {
        return Vec::new();
    }
    let mut approvers = deciding.approvers.clone();
    for approver in added.into_iter().flatten() {
        if !approvers.contains(approver) {
            approvers.push(approver.clone());
        }
    }
    approvers
}

fn shown_vote(vote: &Vote) -> ApprovalVote {
    ApprovalVote {
        by: vote.voter_name.clone(),
        decision: vote.decision,
        reason: vote.reason.clone(),
        answer: vote.answer.clone(),
        via: vote.via,
        at: vote.at,
    }
}
