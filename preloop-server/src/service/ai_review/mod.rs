//! A model is asked before people are: durably, by one server at a time, and what it says counts once.
//!
//! Whatever is not a whole and valid answer in time is a failure, and a failure goes to people.

mod answer;
mod model;
mod question;

#[cfg(test)]
mod tests;

use std::time::Duration;

use preloop_api::ApprovalState;
use preloop_core::approval::{AiDecision, AiVerdict};
use preloop_core::audit::AuditKind;

use super::{Platform, ServiceError, Services};
use crate::store::{StoredApproval, TakenReview};

pub(crate) use model::AiModel;

/// How long a server has for one request before another takes it.
const LEASE: Duration = Duration::from_mins(2);
/// How often a request is taken before people are asked instead.
const ATTEMPTS_MAX: i64 = 3;

impl Platform {
    /// Takes a request that waits for a model; none where there is none.
    pub(crate) async fn ai_review_take(&self) -> Result<Option<TakenReview>, ServiceError> {
        let now = self.first().now();
        Ok(self.shared().store.ai_review_take(now, now.saturating_add(LEASE)).await?)
    }

    /// Lets go of what this server had taken when it stopped.
    pub(crate) async fn ai_reviews_let_go(&self) -> Result<(), ServiceError> {
        Ok(self.shared().store.ai_review_let_go().await?)
    }

    /// Asks the model about a request that was taken.
    pub(crate) async fn ai_review(&self, taken: TakenReview) -> Result<(), ServiceError> {
        self.services(taken.account_id).await?.ai_review(taken).await
    }
}

impl Services {
    /// Whether the operator has configured a model.
    pub(in crate::service) fn has_ai_model(&self) -> bool {
        self.inner.ai_model.is_some()
    }

    async fn ai_review(&self, taken: TakenReview) -> Result<(), ServiceError> {
        let id = taken.approval_id;
        let found = self.inner.store.approval_find(self.inner.account_id, id).await?;
        let waits = |approval: &StoredApproval| {
            approval.request.state == ApprovalState::Pending && approval.request.awaits_ai()
        };
        if let Some(approval) = found.filter(waits) {
            let verdict = self.ai_ask(&approval, taken.attempts).await;
            self.ai_take(&approval, verdict).await?;
        }
        Ok(self.inner.store.ai_review_done(id).await?)
    }

    async fn ai_ask(&self, approval: &StoredApproval, attempts: i64) -> AiVerdict {
        let review = approval.request.workflow.ai.as_ref();
        let name = review.map(|review| review.model.clone()).unwrap_or_default();
        let guidelines = review.map(|review| review.guidelines.as_str()).unwrap_or_default();
        let answered = match &self.inner.ai_model {
            None => Err("no model is configured on this server".to_owned()),
            Some(_) if attempts > ATTEMPTS_MAX => {
                Err(format!("asking it was broken off {ATTEMPTS_MAX} times"))
            }
            Some(model) => match question::Question::of(approval, guidelines) {
                Ok(question) => model.ask(&name, &question).await,
                Err(why) => Err(why),
            },
        };
        let at = self.now();
        match answered {
            Ok(answer) => AiVerdict {
                decision: answer.decision,
                model: name,
                confidence: Some(answer.confidence),
                reasoning: Some(answer.reasoning),
                at,
                acted: false,
            },
            Err(why) => {
                tracing::warn!(approval = %approval.id, why, "the model did not answer; people decide");
                let (decision, confidence) = (AiDecision::Failed, None);
                AiVerdict {
                    decision,
                    model: name,
                    confidence,
                    reasoning: Some(why),
                    at,
                    acted: false,
                }
            }
        }
    }

    async fn ai_take(
        &self,
        asked: &StoredApproval,
        verdict: AiVerdict,
    ) -> Result<(), ServiceError> {
        let actor = format!("ai ({})", verdict.model);
        let said = match (verdict.confidence, &verdict.reasoning) {
            (Some(sure), Some(why)) => {
                format!("{}, {sure} sure: {why}", verdict.decision.as_str())
            }
            (_, why) => {
                format!("{}: {}", verdict.decision.as_str(), why.as_deref().unwrap_or_default())
            }
        };
        let taken = self
            .approval_apply(asked.id, move |approval, now| {
                approval.request.ai_verdict(verdict, now)
            })
            .await?;
        // Where it does not count any more, somebody or time was quicker.
        let Some((Ok(state), approval)) = taken else { return Ok(()) };
        let settled = match state {
            ApprovalState::Approved => Some(AuditKind::ApprovalApproved),
            ApprovalState::Declined => Some(AuditKind::ApprovalDeclined),
            ApprovalState::Cancelled | ApprovalState::Expired | ApprovalState::Pending => None,
        };
        for kind in [Some(AuditKind::Vote), settled].into_iter().flatten() {
            let mut record = self.approval_record(kind, &approval);
            record.actor = Some(actor.clone());
            record.message = Some(said.clone());
            self.record_or_log(&record);
        }
        Ok(())
    }
}
