//! What a server left open at its death, found by its next start or by another server: calls that waited, and calls whose
//! end nobody recorded. Neither is ever run from here.

use std::collections::BTreeMap;

use preloop_api::ApprovalOutcome;
use preloop_core::Timestamp;
use preloop_core::audit::{AuditKind, CallOutcome, CallStatus};
use uuid::Uuid;

use super::approvals::set_outcome;
use super::{AnswerKept, KeptAnswer, Platform, ServiceError, Services};
use crate::store::{HeldCall, LeftBy, LeftOpen, StoredApproval};

/// What is still to be dealt with, by account.
pub(crate) type Left = BTreeMap<Uuid, LeftOpen>;

impl Platform {
    /// Deals with what the run before left open, and says what is left of it: an account that cannot be opened now is
    /// tried again with [`Platform::settle_left`].
    pub(crate) async fn recover(&self) -> Result<Left, ServiceError> {
        let store = &self.shared().store;
        // Others may have taken this server for dead; from here on they leave alone what it begins.
        store.replica_beat().await?;
        let (untold, left) =
            (store.account_untold().await?, store.left_open(LeftBy::ThisServer).await?);
        if !untold.is_empty() || !left.is_empty() {
            // What the run before wrote last must be found in the trail, or it would be told twice.
            self.journal_move().await?;
        }
        for account_id in untold {
            let recovered = match self.services(account_id).await {
                Ok(services) => services.changes_recover().await,
                Err(error) => Err(error),
            };
            if let Err(error) = recovered {
                tracing::error!(%error, account = %account_id, "a change of a policy is told at the next start");
            }
        }
        let left = self.settle_left(left).await;
        store.delivery_reset().await?;
        store.idempotency_reset(LeftBy::ThisServer).await?;
        Ok(left)
    }

    /// Says that this server lives, and deals with what dead ones left open.
    pub(crate) async fn take_over(&self) -> Result<(), ServiceError> {
        let store = &self.shared().store;
        store.replica_beat().await?;
        let dead = store.replica_dead().await?;
        if dead.is_empty() {
            return Ok(());
        }
        let left = self.settle_left(store.left_open(LeftBy::DeadServers).await?).await;
        store.idempotency_reset(LeftBy::DeadServers).await?;
        if left.is_empty() {
            store.replica_forget(&dead).await?;
            tracing::info!(servers = ?dead, "servers on this database are gone; what they left open is settled");
        }
        Ok(())
    }

    /// Deals with what was left open, and says what could not be dealt with.
    pub(crate) async fn settle_left(&self, left: Left) -> Left {
        let mut unsettled = Left::new();
        for (account_id, open) in left {
            let settled = match self.services(account_id).await {
                Ok(services) => services.settle_left(&open).await,
                Err(error) => Err(error),
            };
            if let Err(error) = settled {
                tracing::error!(%error, account = %account_id, "what a server left open at its death is still open");
                unsettled.insert(account_id, open);
            }
        }
        unsettled
    }
}

impl Services {
    /// Writes into the trail what was left open: held calls were not run, calls that were sent have an unknown outcome.
    async fn settle_left(&self, open: &LeftOpen) -> Result<(), ServiceError> {
        for held in &open.held {
            self.tell_of_held(*held).await?;
        }
        for (id, number) in &open.uses {
            self.end_use(*id, *number).await?;
        }
        Ok(())
    }

    async fn tell_of_held(&self, held: HeldCall) -> Result<(), ServiceError> {
        let store = &self.inner.store;
        let found = store.approval_find(self.inner.account_id, held.approval_id).await?;
        // Where the approval was used, the waiting was over and only its note was left.
        if let Some(approval) = found.filter(|approval| approval.request.used_at.is_none()) {
            let mut record = self.approval_record(AuditKind::Interrupted, &approval);
            record.decision_id = Some(held.decision_id.to_string());
            record.message = Some(
                "the server stopped while the call waited; it was not run, the request stays"
                    .to_owned(),
            );
            self.record(&record)?;
        }
        Ok(store.held_call_delete(held.decision_id).await?)
    }

    /// Ends a use of an approval, or gives it back; one that was ended meanwhile stays as it is.
    async fn end_use(&self, id: Uuid, number: u32) -> Result<(), ServiceError> {
        let found = self.inner.store.approval_find(self.inner.account_id, id).await?;
        if !found.is_some_and(|approval| is_open(&approval, number)) {
            // The server came back and ended it, and its answer is told or not as it says.
            return Ok(());
        }
        // The answer is stored before the outcome, and whether it reached the agent died with the server.
        let answered = ended_by(&self.answer_kept(id).await?);
        self.answer_lost(id).await;
        let changed = self
            .approval_apply(id, move |approval, now| end(approval, number, answered, now))
            .await?;
        let Some((Some(was), approval)) = changed else { return Ok(()) };
        let was_sent = was == ApprovalOutcome::Running;
        if was_sent && answered.is_some() {
            // The trail had it before the store.
            return Ok(());
        }
        let kind = if was_sent { AuditKind::OutcomeUnknown } else { AuditKind::Interrupted };
        let mut record = self.approval_record(kind, &approval);
        record.outcome = was_sent.then_some(CallOutcome {
            status: CallStatus::Unknown,
            is_error: None,
            duration_ms: None,
            message: None,
        });
        record.message = Some(
            if was_sent {
                "the server stopped after the call was sent; it is not run again"
            } else {
                "the server stopped before the call was sent; it was not run, and its approval can still be used"
            }
            .to_owned(),
        );
        self.record(&record)
    }
}

/// Whether nobody ended that use, and no other call has the approval.
fn is_open(approval: &StoredApproval, number: u32) -> bool {
    let is_unended =
        matches!(approval.outcome, Some(ApprovalOutcome::Claimed | ApprovalOutcome::Running));
    is_unended && approval.request.is_in_use(number)
}

/// Ends that use, and says where it stood; none where it is over, or another call's.
fn end(
    approval: &mut StoredApproval,
    number: u32,
    answered: Option<ApprovalOutcome>,
    now: Timestamp,
) -> Option<ApprovalOutcome> {
    let was = approval.outcome.filter(|_| approval.request.is_in_use(number))?;
    match was {
        // That a call goes out is stored before it does: this one did not, so its approval is good still.
        ApprovalOutcome::Claimed => {
            approval.request.release(number, now);
            approval.outcome = None;
        }
        ApprovalOutcome::Running => {
            set_outcome(approval, answered.unwrap_or(ApprovalOutcome::Unknown), now);
        }
        _ => return None,
    }
    Some(was)
}

/// What the answer that was stored says of the outcome that was not.
fn ended_by(answer: &AnswerKept) -> Option<ApprovalOutcome> {
    match answer {
        AnswerKept::Whole(KeptAnswer::Result(_)) | AnswerKept::TooLong(_) => {
            Some(ApprovalOutcome::Completed)
        }
        AnswerKept::Whole(KeptAnswer::Error(_) | KeptAnswer::Words(_)) => {
            Some(ApprovalOutcome::Failed)
        }
        AnswerKept::Nothing => None,
    }
}
