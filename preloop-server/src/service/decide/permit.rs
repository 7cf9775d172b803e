//! The right to make one call, once.

use std::time::{Duration, Instant};

use preloop_api::ApprovalOutcome;
use preloop_core::Timestamp;
use preloop_core::audit::{AuditKind, AuditRecord, CallOutcome, CallStatus};
use preloop_core::decision::Decision;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::{ServiceError, Services};
use super::Recorded;
use super::call::PreparedCall;
use crate::metrics::UpstreamEnd;

/// The right to make one call, once.
///
/// It says itself how the call ended: dropped before [`Permit::dispatched`], the call never ran; dropped after it, nobody
/// knows how it ended; both are recorded.
#[derive(Debug)]
pub struct Permit {
    services: Services,
    call: Box<PreparedCall>,
    recorded: Recorded,
    decision: Decision,
    approval_id: Option<Uuid>,
    dispatched_at: Option<Instant>,
    /// Whether the end was recorded.
    is_ended: bool,
}

/// How a permitted call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was withdrawn before it was sent, so it never ran.
    Cancelled,
    /// The upstream server answered.
    Completed {
        /// Whether the tool's own answer says that it failed.
        is_error: bool,
    },
    /// It was sent and failed.
    Failed {
        /// Why.
        message: String,
    },
    /// It was sent; nobody knows how it ended.
    Unknown,
}

// === impl Permit ===

impl Permit {
    /// INVARIANT: called only where a decision to allow was recorded, and, with `approval_id`, its approval was claimed.
    pub(super) fn new(
        services: Services,
        call: PreparedCall,
        recorded: Recorded,
        decision: Decision,
        approval_id: Option<Uuid>,
    ) -> Self {
        let (dispatched_at, is_ended) = (None, false);
        let call = Box::new(call);
        Self { services, call, recorded, decision, approval_id, dispatched_at, is_ended }
    }

    /// Id of the recorded decision.
    pub fn decision_id(&self) -> Uuid {
        self.recorded.id
    }

    /// When the decision was made.
    pub fn decided_at(&self) -> Timestamp {
        self.recorded.at
    }

    /// The decision that allows the call.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The approval that was used, where one was needed.
    pub fn approval_id(&self) -> Option<Uuid> {
        self.approval_id
    }

    /// The MCP server to send it to.
    pub fn server(&self) -> Option<&str> {
        self.call.attempt.server.as_deref()
    }

    /// The tool's own name at its server.
    pub fn tool(&self) -> &str {
        &self.call.attempt.tool
    }

    /// The arguments exactly as received.
    pub fn arguments(&self) -> &RawValue {
        &self.call.attempt.arguments
    }

    /// Marks that the call goes out now; for approved calls that is stored before this returns.
    ///
    /// # Errors
    /// Where the store does not answer: the call must not be sent.
    pub async fn dispatched(&mut self) -> Result<(), ServiceError> {
        if let Some(id) = self.approval_id {
            self.services.approval_outcome(id, ApprovalOutcome::Running).await?;
        }
        self.dispatched_at = Some(Instant::now());
        Ok(())
    }

    /// Records how the call ended.
    pub async fn finish(mut self, outcome: Outcome) {
        let ended = self.end(outcome);
        if let Some(id) = self.approval_id
            && let Err(error) = self.services.approval_outcome(id, ended).await
        {
            tracing::error!(%error, approval = %id, "the outcome of an approved call was not stored");
        }
    }

    /// Gives the right away to a caller who runs the call itself: nothing more will be known about it here.
    pub fn hand_over(mut self) -> (Uuid, Decision) {
        self.is_ended = true;
        (self.recorded.id, self.decision.clone())
    }

    fn end(&mut self, outcome: Outcome) -> ApprovalOutcome {
        self.is_ended = true;
        let took = self.dispatched_at.map(|at| at.elapsed());
        let (record, ended) = self.end_record(outcome, took);
        self.services.record_or_log(&record);
        if let Some(took) = took {
            let end = match ended {
                ApprovalOutcome::Completed => UpstreamEnd::Completed,
                ApprovalOutcome::Unknown => UpstreamEnd::Unknown,
                _ => UpstreamEnd::Failed,
            };
            self.services.metrics().upstream(end, took);
        }
        ended
    }

    fn end_record(
        &self,
        outcome: Outcome,
        took: Option<Duration>,
    ) -> (AuditRecord, ApprovalOutcome) {
        let (kind, status, ended) = match &outcome {
            Outcome::Cancelled => {
                (AuditKind::CallCancelled, CallStatus::Cancelled, ApprovalOutcome::Cancelled)
            }
            Outcome::Completed { .. } => {
                (AuditKind::CallCompleted, CallStatus::Completed, ApprovalOutcome::Completed)
            }
            Outcome::Failed { .. } => {
                (AuditKind::CallFailed, CallStatus::Failed, ApprovalOutcome::Failed)
            }
            Outcome::Unknown => {
                (AuditKind::OutcomeUnknown, CallStatus::Unknown, ApprovalOutcome::Unknown)
            }
        };
        let mut record = self.services.call_record(kind, &self.call, self.recorded.id);
        record.approval_id = self.approval_id.map(|id| id.to_string());
        record.outcome = Some(CallOutcome {
            status,
            is_error: match outcome {
                Outcome::Completed { is_error } => Some(is_error),
                Outcome::Cancelled | Outcome::Failed { .. } | Outcome::Unknown => None,
            },
            duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            message: match outcome {
                Outcome::Failed { message } => Some(message),
                Outcome::Cancelled | Outcome::Completed { .. } | Outcome::Unknown => None,
            },
        });
        (record, ended)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        let was_sent = self.dispatched_at.is_some();
        let ended = self.end(if was_sent { Outcome::Unknown } else { Outcome::Cancelled });
        if let Some(id) = self.approval_id {
            let services = self.services.clone();
            self.services.tasks().spawn("store the outcome of a dropped call", async move {
                if let Err(error) = services.approval_outcome(id, ended).await {
                    tracing::error!(%error, approval = %id, "the outcome of a call was not stored");
                }
            });
        }
    }
}
