//! A call that waits for people.

use std::time::Duration;

use preloop_api::{Approval, ApprovalState};
use preloop_core::Timestamp;
use preloop_core::approval::VoteDecision;
use preloop_core::audit::{AuditKind, EnforcementPoint};
use preloop_core::decision::{Action, Decision};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::approvals::not_found;
use super::super::kept_calls::{CallNote, KeptCall};
use super::super::{ServiceError, Services};
use super::call::PreparedCall;
use super::evaluate::closed;
use super::{Denied, Permit, Ran, Recorded, Ruling};
use crate::store::{HeldCall, StoreError, StoredApproval};

/// How long a call goes on waiting while the database is away, and the pause between two looks.
const STORE_PATIENCE: Duration = Duration::from_mins(1);
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A call that waits for people; dropping it says that its client went away, the request stays pending.
#[derive(Debug)]
pub struct Held {
    services: Services,
    call: Box<PreparedCall>,
    recorded: Recorded,
    decision: Decision,
    approval: Approval,
    /// What the one who decides is to be told, where the workflow asks for it.
    match_code: Option<String>,
    /// The answer on its way: it is worked out apart, so that a waiter who looks away does not lose a claimed approval.
    settling: Option<oneshot::Receiver<Result<Settled, ServiceError>>>,
    /// Whether it was said why the waiting ended.
    is_ended: bool,
}

/// What became of a held call.
#[derive(Debug)]
pub enum Settled {
    /// Approved, claimed for this one use, and the live policy still agrees.
    Approved(Permit),
    /// The request was withdrawn.
    Cancelled,
    /// Somebody declined it.
    Declined {
        /// Name of the voter.
        by: String,
        /// Why, where given.
        reason: Option<String>,
    },
    /// Approved, but the live policy denies it by now.
    Denied(Denied),
    /// Nobody answered in time.
    Expired,
    /// Approved, but the live policy asks another workflow by now.
    Held(Box<Held>),
    /// An identical call has had its one run; what came of that is told.
    Ran(Ran),
}

// === impl Services ===

impl Services {
    /// A call that waits with a request of before; a restart must know of it before the caller does.
    pub(super) async fn hold(
        &self,
        call: PreparedCall,
        recorded: Recorded,
        decision: Decision,
        approval: &StoredApproval,
    ) -> Result<Held, ServiceError> {
        if let Some(waiting) = waiting(&call, recorded.id, approval.id) {
            self.inner.store.held_call_insert(self.inner.account_id, waiting, self.now()).await?;
        }
        Ok(self.held(call, recorded, decision, approval))
    }

    /// A call whose waiting is stored.
    pub(super) fn held(
        &self,
        call: PreparedCall,
        recorded: Recorded,
        decision: Decision,
        approval: &StoredApproval,
    ) -> Held {
        self.metrics().hold();
        let match_code = approval.request.match_code.as_ref().map(|code| code.as_str().to_owned());
        let approval = self.shown(approval);
        let services = self.clone();
        let call = Box::new(call);
        let (settling, is_ended) = (None, false);
        Held { services, call, recorded, decision, approval, match_code, settling, is_ended }
    }
}

impl Services {
    /// Notes that somebody waits for the answer of the call, so that it is told should the connection be lost.
    pub(super) async fn note_waiting(
        &self,
        call: &PreparedCall,
        approval_id: Uuid,
    ) -> Result<(), ServiceError> {
        if !waits_on_connection(call) {
            return Ok(());
        }
        self.call_note(note_of(call, approval_id), None).await.map(drop)
    }
}

fn note_of(call: &PreparedCall, approval_id: Uuid) -> CallNote<'_> {
    CallNote { approval_id, principal_id: &call.caller.principal.id, call_hash: &call.hash }
}

/// What is stored of a call that keeps its connection waiting.
pub(super) fn waiting(
    call: &PreparedCall,
    decision_id: Uuid,
    approval_id: Uuid,
) -> Option<HeldCall> {
    waits_on_connection(call).then_some(HeldCall { decision_id, approval_id })
}

/// A caller over HTTP has its answer and comes back; an MCP call keeps its connection waiting.
fn waits_on_connection(call: &PreparedCall) -> bool {
    match call.attempt.enforcement_point {
        EnforcementPoint::Http => false,
        EnforcementPoint::Mcp => true,
    }
}

// === impl Held ===

impl Held {
    /// Id of the recorded decision.
    pub fn decision_id(&self) -> Uuid {
        self.recorded.id
    }

    /// When the decision was made.
    pub fn decided_at(&self) -> Timestamp {
        self.recorded.at
    }

    /// The decision that asks for approval.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// What the one who decides is to be told, for the side that asks alone.
    pub fn match_code(&self) -> Option<&str> {
        self.match_code.as_deref()
    }

    /// The approval request, as it was when the waiting began.
    pub fn approval(&self) -> &Approval {
        &self.approval
    }

    /// Waits until the request is settled; woken the moment it is. May be dropped and called again.
    ///
    /// # Errors
    /// Where the store does not answer: the call must not run.
    pub async fn settled(&mut self) -> Result<Settled, ServiceError> {
        if self.settling.is_none() {
            let approval = self.no_longer_pending().await?;
            self.settling = Some(self.settle(approval));
        }
        let answered = match &mut self.settling {
            Some(settling) => settling.await.ok(),
            None => None,
        };
        let settled = answered.unwrap_or_else(|| {
            let message = "the server stops, so the call was not run".to_owned();
            Err(ServiceError::Unavailable { message })
        });
        self.settling = None;
        let settled = settled?;
        self.is_ended = true;
        self.forget();
        Ok(settled)
    }

    /// Waits until the request is anything but pending.
    async fn no_longer_pending(&self) -> Result<StoredApproval, ServiceError> {
        let (id, inner) = (self.approval.id, &self.services.inner);
        let mut patience = STORE_PATIENCE;
        loop {
            let mut woken = inner.waiters.subscribe(id);
            let found = match inner.store.approval_find(inner.account_id, id).await {
                Ok(found) => found,
                // Nothing is let through meanwhile, and people may go on deciding once it is back.
                Err(StoreError::Unavailable(_)) if !patience.is_zero() => {
                    patience = patience.saturating_sub(STORE_PAUSE);
                    tokio::time::sleep(STORE_PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            patience = STORE_PATIENCE;
            let approval = found.ok_or_else(|| not_found(id))?;
            if approval.request.state != ApprovalState::Pending {
                return Ok(approval);
            }
            // The sender is dropped to wake: an error is the usual answer.
            let _ = woken.changed().await;
        }
    }

    fn settle(&self, approval: StoredApproval) -> oneshot::Receiver<Result<Settled, ServiceError>> {
        let (answer, settling) = oneshot::channel();
        let (services, call) = (self.services.clone(), self.call.clone());
        let decision_id = self.recorded.id;
        self.services.tasks().spawn("settle a held call", async move {
            // Where nobody waits any more, a permit is dropped here, which gives the approval back.
            let _ = answer.send(settle(&services, &call, decision_id, approval).await);
        });
        settling
    }

    /// The client withdrew the call: it never runs by this attempt. The request stays pending, because clients also
    /// withdraw what they are tired of waiting for, and then ask again.
    pub fn cancel(mut self) {
        self.leave(AuditKind::CallCancelled, "the client withdrew the call while it waited");
    }

    /// Keeps the call, so that whoever comes back with the id of the request has it made. Says whether it is kept; where
    /// it is not, the agent has to make the call again.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn keep(&self, params: String, definition: String) -> Result<bool, ServiceError> {
        let arguments = self.call.attempt.arguments.get().to_owned();
        let kept = KeptCall { params, arguments, definition };
        self.services.call_note(note_of(&self.call, self.approval.id), Some(&kept)).await
    }

    /// Lets go without saying that the client left: it has its answer and may come back.
    pub fn detach(mut self) -> Approval {
        self.is_ended = true;
        self.forget();
        self.approval.clone()
    }

    fn leave(&mut self, kind: AuditKind, message: &str) {
        if self.is_ended {
            return;
        }
        self.is_ended = true;
        let mut record = self.services.call_record(kind, &self.call, self.recorded.id);
        record.approval_id = Some(self.approval.id.to_string());
        record.message = Some(message.to_owned());
        self.services.record_or_log(&record);
        self.forget();
    }

    /// The call no longer waits on a connection.
    fn forget(&self) {
        self.services.inner.waiters.leave(self.approval.id);
        if waits_on_connection(&self.call) {
            let (services, decision_id) = (self.services.clone(), self.recorded.id);
            self.services.tasks().spawn("forget a held call", async move {
                if let Err(error) = services.inner.store.held_call_delete(decision_id).await {
                    tracing::warn!(%error, "a held call that ended is still noted as waiting");
                }
            });
        }
    }
}

async fn settle(
    services: &Services,
    call: &PreparedCall,
    decision_id: Uuid,
    approval: StoredApproval,
) -> Result<Settled, ServiceError> {
    match approval.request.state {
        ApprovalState::Approved if approval.request.used_at.is_some() => {
            Ok(Settled::Ran(services.ran(decision_id, approval.id)))
        }
        ApprovalState::Approved => dispatch(services, call, decision_id, &approval).await,
        ApprovalState::Declined => {
            let votes = approval.request.votes;
            let vote = votes.into_iter().find(|vote| vote.decision == VoteDecision::Decline);
            let (by, reason) =
                vote.map_or_else(Default::default, |vote| (vote.voter_name, vote.reason));
            Ok(Settled::Declined { by, reason })
        }
        ApprovalState::Expired => Ok(Settled::Expired),
        ApprovalState::Cancelled | ApprovalState::Pending => Ok(Settled::Cancelled),
    }
}

/// The live policy decides again: deny wins, allow or the same workflow goes on, another workflow asks anew.
async fn dispatch(
    services: &Services,
    call: &PreparedCall,
    decision_id: Uuid,
    approval: &StoredApproval,
) -> Result<Settled, ServiceError> {
    let Some(caller) = services.caller_now(&call.caller).await? else {
        let decision = services.evaluate(call);
        let message = "the key that asked was revoked while the call waited, so it was not run";
        let decision = closed(decision.reason, message, decision.policy);
        return services.deny(call, decision, Some(approval.id)).map(settled);
    };
    // Who asked may be in other teams by now, whose policies hold as well.
    let call = &PreparedCall { caller, ..call.clone() };
    let decision = services.evaluate(call);
    match decision.action {
        Action::Deny => {
            return services.deny(call, decision, Some(approval.id)).map(settled);
        }
        Action::RequireApproval if !services.follows(approval, &decision) => {
            return services.ask_anew(call.clone(), decision).await.map(settled);
        }
        Action::Allow | Action::RequireApproval => {}
    }
    let claimed = services.claim(call, &decision, approval.id).await?;
    Ok(match claimed {
        Some(permit) => Settled::Approved(permit),
        None => Settled::Ran(services.ran(decision_id, approval.id)),
    })
}

fn settled(ruling: Ruling) -> Settled {
    match ruling {
        Ruling::Allowed(permit) => Settled::Approved(permit),
        Ruling::Denied(denied) => Settled::Denied(denied),
        Ruling::Held(held) => Settled::Held(held),
        Ruling::Ran(ran) => Settled::Ran(ran),
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.services.metrics().release();
        if self.services.tasks().is_stopping() {
            self.leave(
                AuditKind::Interrupted,
                "the server stopped while the call waited; it was not run, the request stays",
            );
        } else {
            self.leave(
                AuditKind::CallerLeft,
                "the client went away while the call waited; it was not run, the request stays",
            );
        }
    }
}
