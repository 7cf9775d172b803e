//! What a start finds of the run before: calls that waited, and calls whose end nobody recorded.

use preloop_api::ApprovalOutcome;
use preloop_core::audit::{AuditKind, CallOutcome, CallStatus};

use super::approvals::set_outcome;
use super::{AnswerKept, KeptAnswer, ServiceError, Services};

impl Services {
    /// Writes into the trail what the run before left open: held calls were not run, calls that were sent have an unknown
    /// outcome. Neither is ever run from here. Changes of policies that were not told are told.
    pub(super) async fn recover(&self) -> Result<(), ServiceError> {
        self.changes_recover().await?;
        let account_id = self.inner.account_id;
        for call in self.inner.store.held_call_list(account_id).await? {
            let found = self.inner.store.approval_find(account_id, call.approval_id).await?;
            // Where the approval was used, the waiting was over and only its note was left.
            if let Some(approval) = found.filter(|approval| approval.request.used_at.is_none()) {
                let mut record = self.approval_record(AuditKind::Interrupted, &approval);
                record.decision_id = Some(call.decision_id.to_string());
                record.message = Some(
                    "the server stopped while the call waited; it was not run, the request stays"
                        .to_owned(),
                );
                self.record(&record)?;
            }
            self.inner.store.held_call_delete(call.decision_id).await?;
        }
        for id in self.inner.store.approval_unfinished(account_id).await? {
            // The answer is stored before the outcome, and whether it reached the agent died with the server.
            let answered = ended_by(&self.answer_kept(id).await?);
            self.answer_lost(id).await;
            let changed = self
                .approval_apply(id, move |approval, now| {
                    let was_sent = approval.outcome == Some(ApprovalOutcome::Running);
                    // That a call goes out is stored before it does: this one did not, so its approval is good still.
                    let is_given_back =
                        !was_sent && approval.request.release(approval.request.uses, now);
                    match (was_sent, is_given_back) {
                        (true, _) => {
                            let ended = answered.unwrap_or(ApprovalOutcome::Unknown);
                            set_outcome(approval, ended, now);
                        }
                        (false, true) => approval.outcome = None,
                        (false, false) => set_outcome(approval, ApprovalOutcome::Interrupted, now),
                    }
                    was_sent
                })
                .await?;
            let Some((was_sent, approval)) = changed else { continue };
            if was_sent && answered.is_some() {
                // The trail had it before the store.
                continue;
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
            self.record(&record)?;
        }
        Ok(())
    }
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
