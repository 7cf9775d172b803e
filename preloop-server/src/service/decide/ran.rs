//! Calls that were approved and have had their one run: whoever asks again is told how it ended, and nothing runs twice.

use std::time::Duration;

use preloop_api::{Approval, ApprovalOutcome, ApprovalState};
use preloop_core::audit::AuditKind;
use preloop_core::decision::Decision;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::approvals::not_found;
use super::super::kept_calls::{AnswerKept, KeptCall};
use super::super::{Caller, ServiceError, Services};
use super::call::PreparedCall;
use crate::store::StoredApproval;

/// Most time between two looks at a call that runs at another server, whose word may get lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// An identical call that runs or ran.
#[derive(Debug)]
pub struct Ran {
    services: Services,
    decision_id: Uuid,
    approval_id: Uuid,
}

/// How the one run ended.
#[derive(Debug)]
pub struct RunEnd {
    /// The request, used.
    pub approval: Approval,
    /// What is left of the answer.
    pub answer: AnswerKept,
}

/// What an agent that comes back for a request meets.
#[derive(Debug)]
pub struct Poll {
    /// The request as it stands.
    pub approval: Approval,
    /// What to do.
    pub step: PollStep,
    /// What the one who decides is to be told, where the workflow asks for it.
    pub match_code: Option<String>,
}

/// What is to be done for an agent that comes back.
#[derive(Debug)]
pub enum PollStep {
    /// It is approved and unused: the call is to be decided again, with the approval, and made.
    Run(KeptCall),
    /// It is approved and unused, but the call is not kept: the agent has to make it again.
    CallAgain,
    /// The call had its run, and ended so.
    Ended(AnswerKept),
    /// The call runs.
    Runs,
    /// People did not let it through, or nobody answered.
    Refused,
    /// It waits for people.
    Waits,
}

// === impl Services ===

impl Services {
    /// The run of an identical call whose answer did not reach the agent, where there is one.
    pub(super) async fn ran_untold(
        &self,
        call: &PreparedCall,
        decision: &Decision,
    ) -> Result<Option<Ran>, ServiceError> {
        let (principal_id, hash) = (&call.caller.principal.id, &call.hash);
        let (account_id, now) = (self.inner.account_id, self.now());
        let store = &self.inner.store;
        let found = store.approval_call_untold(account_id, principal_id, hash, now).await?;
        let Some(approval_id) = found else { return Ok(None) };
        let recorded = self.record_decision(call, decision, Some(approval_id))?;
        let mut record = self.call_record(AuditKind::ApprovalJoined, call, recorded.id);
        record.approval_id = Some(approval_id.to_string());
        record.message =
            Some("the approved call had its one run; its answer is told once more".to_owned());
        self.record(&record)?;
        Ok(Some(self.ran(recorded.id, approval_id)))
    }

    /// The run that an approval was used for.
    pub(crate) fn ran(&self, decision_id: Uuid, approval_id: Uuid) -> Ran {
        Ran { services: self.clone(), decision_id, approval_id }
    }

    /// How a request of the caller's own stands, and what is to be done for it; waits a while for a change.
    pub(crate) async fn approval_poll(
        &self,
        caller: &Caller,
        id: Uuid,
        wait: Duration,
    ) -> Result<Poll, ServiceError> {
        let deadline = Instant::now() + wait;
        loop {
            let mut woken = self.inner.waiters.subscribe(id);
            let found = self.inner.store.approval_find(self.inner.account_id, id).await?;
            let approval = found
                .filter(|approval| approval.principal.id == caller.principal.id)
                .ok_or_else(|| not_found(id))?;
            let approval = self.as_of_now(approval).await?;
            let step = self.poll_step(&approval).await?;
            let is_moving = matches!(step, PollStep::Waits | PollStep::Runs);
            if !is_moving || Instant::now() >= deadline || self.tasks().is_stopping() {
                drop(woken);
                self.inner.waiters.leave(id);
                let code = approval.request.match_code.as_ref();
                let match_code = code.map(|code| code.as_str().to_owned());
                return Ok(Poll { approval: self.shown(&approval), step, match_code });
            }
            let look_again = deadline.min(Instant::now() + LOOK_AGAIN);
            tokio::select! {
                _ = woken.changed() => {}
                () = tokio::time::sleep_until(look_again) => {}
                () = self.tasks().stopped() => {}
            }
        }
    }

    async fn poll_step(&self, approval: &StoredApproval) -> Result<PollStep, ServiceError> {
        let id = approval.id;
        Ok(match approval.request.state {
            ApprovalState::Pending => PollStep::Waits,
            ApprovalState::Cancelled | ApprovalState::Declined | ApprovalState::Expired => {
                PollStep::Refused
            }
            ApprovalState::Approved if approval.request.used_at.is_none() => {
                self.call_kept(id).await?.map_or(PollStep::CallAgain, PollStep::Run)
            }
            ApprovalState::Approved if Self::is_over(approval.outcome) => {
                PollStep::Ended(self.answer_kept(id).await?)
            }
            ApprovalState::Approved => PollStep::Runs,
        })
    }
}

// === impl Ran ===

impl Ran {
    /// Id of the recorded decision of the call that is told.
    pub fn decision_id(&self) -> Uuid {
        self.decision_id
    }

    /// The refusal for callers who run calls themselves: there is no answer to tell them.
    pub(crate) fn refused() -> ServiceError {
        super::ask::used()
    }

    /// The request that was used.
    pub fn approval_id(&self) -> Uuid {
        self.approval_id
    }

    /// Waits until the run is over.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn ended(&self) -> Result<RunEnd, ServiceError> {
        let (services, id) = (&self.services, self.approval_id);
        loop {
            let mut woken = services.inner.waiters.subscribe(id);
            let found = services.inner.store.approval_find(services.inner.account_id, id).await?;
            let approval = found.ok_or_else(|| not_found(id))?;
            // One that was given back unused is for the next call to use.
            let is_given_back = approval.request.used_at.is_none();
            if is_given_back || Services::is_over(approval.outcome) {
                drop(woken);
                services.inner.waiters.leave(id);
                let answer = services.answer_kept(id).await?;
                return Ok(RunEnd { approval: services.shown(&approval), answer });
            }
            tokio::select! {
                _ = woken.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }
}

impl RunEnd {
    /// Whether the call was not run after all, so that the approval can still be used.
    pub fn is_given_back(&self) -> bool {
        self.approval.used_at.is_none()
    }

    /// Whether nobody knows how it ended.
    pub fn is_unknown(&self) -> bool {
        self.approval.outcome == Some(ApprovalOutcome::Unknown)
    }
}
