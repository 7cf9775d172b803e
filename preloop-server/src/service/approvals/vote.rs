//! The one door for every vote, and withdrawing.

use preloop_api::{Approval, ApprovalState, Permission, Role};
use preloop_core::approval::{Ballot, VoteDecision, VoteError};
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::super::{Caller, ServiceError, Services};
use super::answer::{check_answer, check_length};
use super::people::eligible;
use super::{check_reason, not_found};
use crate::store::StoredApproval;

/// Why a vote does not count.
enum Uncounted {
    /// The voter was shown another call.
    AnotherCall,
    /// What it answers is no answer to what is asked.
    Answer(ServiceError),
    /// The rules are against it.
    Vote(VoteError),
}

impl Services {
    /// Votes on a request, whichever way the ballot came.
    pub(crate) async fn approval_vote(
        &self,
        caller: &Caller,
        id: Uuid,
        ballot: Ballot,
    ) -> Result<Approval, ServiceError> {
        self.must_be_person(caller, id, ballot.decision)?;
        caller.must(Permission::ApprovalsVote)?;
        check_reason(ballot.reason.as_deref())?;
        check_length(&ballot)?;
        let person = self.person_who_votes(caller).await?;
        let found = self.inner.store.approval_find(self.inner.account_id, id).await?;
        let asked = found.ok_or_else(|| not_found(id))?;
        // Who else may vote matters where somebody votes against, and where several approvals are needed.
        let people = if ballot.decision == VoteDecision::Decline || asked.request.required() > 1 {
            self.people_who_vote().await?
        } else {
            Vec::new()
        };
        let given = ballot.clone();
        let changed = self
            .approval_apply(id, move |approval, now| {
                if given.seen.as_ref().is_some_and(|seen| *seen != approval.call_hash) {
                    return Err(Uncounted::AnotherCall);
                }
                let eligible = eligible(&approval.request, &people);
                let mut request = approval.request.clone();
                let voted = request.vote(person.voter(), &given, &eligible, now);
                // Whoever may not vote is not told what could be answered.
                if voted.is_ok() {
                    check_answer(approval, &given).map_err(Uncounted::Answer)?;
                }
                approval.request = request;
                voted.map_err(Uncounted::Vote)
            })
            .await?;
        let (voted, approval) = changed.ok_or_else(|| not_found(id))?;
        match voted {
            Ok(state) => {
                self.record_vote(caller, &ballot, &approval, state);
                Ok(self.shown(&approval))
            }
            Err(Uncounted::AnotherCall) => Err(ServiceError::Conflict {
                code: "approval_mismatch",
                message: "the vote is for another call than the request's; look at it again"
                    .to_owned(),
                state: Some(approval.request.state),
            }),
            Err(Uncounted::Answer(error)) => Err(error),
            Err(Uncounted::Vote(error)) => {
                self.record_wrong_code(caller, &approval, error);
                Err(refused_vote(error, approval.request.state))
            }
        }
    }

    /// An agent's key never votes, whatever rights it was given; the attempt is in the trail.
    fn must_be_person(
        &self,
        caller: &Caller,
        id: Uuid,
        decision: VoteDecision,
    ) -> Result<(), ServiceError> {
        if caller.role != Role::Agent {
            return Ok(());
        }
        let message = format!("an agent's key cannot {}: a person decides", decision.as_str());
        let mut record = self.new_record(AuditKind::RequestRefused);
        record.principal = Some(caller.principal.clone());
        record.approval_id = Some(id.to_string());
        record.message = Some(message.clone());
        self.record_or_log(&record);
        Err(ServiceError::Forbidden { code: "agent_cannot_approve", message })
    }

    fn record_vote(
        &self,
        caller: &Caller,
        ballot: &Ballot,
        approval: &StoredApproval,
        state: ApprovalState,
    ) {
        let said = ballot.decision.as_str();
        let mut vote = self.approval_record(AuditKind::Vote, approval);
        vote.actor = Some(caller.principal.name.clone());
        vote.message = Some(match &ballot.reason {
            Some(reason) => format!("{said}: {reason}"),
            None => said.to_owned(),
        });
        self.record_or_log(&vote);
        let settled = match state {
            ApprovalState::Approved => AuditKind::ApprovalApproved,
            ApprovalState::Declined => AuditKind::ApprovalDeclined,
            ApprovalState::Cancelled | ApprovalState::Expired | ApprovalState::Pending => return,
        };
        let mut record = self.approval_record(settled, approval);
        record.actor = Some(caller.principal.name.clone());
        record.message.clone_from(&ballot.reason);
        self.record_or_log(&record);
    }

    /// Guesses at a code are in the trail.
    fn record_wrong_code(&self, caller: &Caller, approval: &StoredApproval, error: VoteError) {
        if !matches!(error, VoteError::WrongMatchCode { .. } | VoteError::StepUpLocked) {
            return;
        }
        let mut record = self.approval_record(AuditKind::RequestRefused, approval);
        record.actor = Some(caller.principal.name.clone());
        record.message = Some(error.to_string());
        self.record_or_log(&record);
    }

    /// Withdraws a pending request: its requester, or who runs the account. Approvers decide, and say why where they must.
    pub(crate) async fn approval_cancel(
        &self,
        caller: &Caller,
        id: Uuid,
        reason: Option<String>,
    ) -> Result<Approval, ServiceError> {
        check_reason(reason.as_deref())?;
        let seen = self.approval_seen(caller, id).await?;
        if seen.principal.id != caller.principal.id {
            caller.must(Permission::ApprovalsVote)?;
            if !matches!(caller.role, Role::Owner | Role::Admin) {
                let message = "whoever asked may withdraw the request, or an owner or admin; decline it where it asks you".to_owned();
                return Err(ServiceError::Forbidden { code: "not_the_requester", message });
            }
        }
        let (by, message) = (caller.principal.name.clone(), reason.clone());
        let changed = self
            .approval_apply(id, move |approval, now| {
                approval.request.cancel(Some(&by), message.as_deref(), now)
            })
            .await?;
        let (cancelled, approval) = changed.ok_or_else(|| not_found(id))?;
        if let Err(state) = cancelled {
            return Err(refused_vote(VoteError::Settled(state), state));
        }
        let mut record = self.approval_record(AuditKind::ApprovalCancelled, &approval);
        record.actor = Some(caller.principal.name.clone());
        record.message = reason;
        self.record_or_log(&record);
        Ok(self.shown(&approval))
    }
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
        VoteError::StepUpLocked => forbidden("step_up_locked"),
        VoteError::StepUpRequired(_) => forbidden("step_up_required"),
        VoteError::WrongMatchCode { .. } => forbidden("wrong_match_code"),
        VoteError::ReasonRequired => ServiceError::Invalid { code: "reason_required", message },
    }
}
