//! The right to make one call, once.

use std::time::{Duration, Instant};

use preloop_api::ApprovalOutcome;
use preloop_core::Timestamp;
use preloop_core::audit::{AuditKind, AuditRecord, CallOutcome, CallStatus};
use preloop_core::decision::Decision;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::{KeptAnswer, ServiceError, Services};
use super::call::PreparedCall;
use super::{Recorded, ask};
use crate::metrics::UpstreamEnd;

/// Pauses between attempts to store an outcome while the database is away.
const STORE_PAUSE: Duration = Duration::from_secs(1);
const STORE_PAUSE_MAX: Duration = Duration::from_secs(30);

/// The right to make one call, once.
///
/// It says itself how the call ended: dropped before [`Permit::dispatched`], the call never ran and its approval can be
/// used by the next identical call; dropped after it, nobody knows how it ended; both are recorded.
#[derive(Debug)]
pub struct Permit {
    services: Services,
    call: Box<PreparedCall>,
    recorded: Recorded,
    decision: Decision,
    /// Where an approval was needed.
    used: Option<ApprovalUse>,
    dispatched_at: Option<Instant>,
    /// Whether the end was recorded.
    is_ended: bool,
    /// Whether the one who called is still there for the answer.
    is_awaited: bool,
}

/// One use of an approval: one that was given back and made anew is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ApprovalUse {
    pub(super) approval_id: Uuid,
    pub(super) number: u32,
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
    /// Its server could not be reached, so it never ran.
    NotSent {
        /// Why.
        message: String,
    },
    /// It was sent; nobody knows how it ended.
    Unknown,
}

/// What an end means for the approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It was used, and this came of it.
    As(ApprovalOutcome),
    /// The call never went out: the approval is given back.
    NeverSent,
}

/// The end of an approved call, to be stored.
#[derive(Debug)]
struct ApprovedEnd {
    services: Services,
    used: ApprovalUse,
    call_hash: String,
    outcome: Ended,
    answer: Option<KeptAnswer>,
    /// Whether somebody is there to be told.
    is_told: bool,
}

// === impl Permit ===

impl Permit {
    /// INVARIANT: called only where a decision to allow was recorded, and, with `used`, its approval was claimed.
    pub(super) fn new(
        services: Services,
        call: PreparedCall,
        recorded: Recorded,
        decision: Decision,
        used: Option<ApprovalUse>,
    ) -> Self {
        let (dispatched_at, is_ended, is_awaited) = (None, false, true);
        let call = Box::new(call);
        Self { services, call, recorded, decision, used, dispatched_at, is_ended, is_awaited }
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
        self.used.map(|used| used.approval_id)
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
    /// Where the store does not answer, or the use of the approval is not this call's any more: it must not be sent.
    pub async fn dispatched(&mut self) -> Result<(), ServiceError> {
        if let Some(used) = self.used
            && !self.services.approval_outcome(used, ApprovalOutcome::Running).await?
        {
            return Err(ask::used());
        }
        self.dispatched_at = Some(Instant::now());
        Ok(())
    }

    /// Notes that the one who called has left: the answer is kept for the same call.
    pub fn caller_left(&mut self) {
        self.is_awaited = false;
    }

    /// Records how the call ended; the answer to an approved call is kept until its agent was told.
    pub async fn finish(mut self, outcome: Outcome, answer: Option<KeptAnswer>) {
        let ended = self.end(outcome);
        let Some(end) = self.approved_end(ended, answer, self.is_awaited) else { return };
        if let Err(error) = end.store().await {
            tracing::error!(%error, approval = %end.used.approval_id, "the outcome of an approved call is not stored yet");
            end.store_later();
        }
    }

    /// Gives the right away to a caller who runs the call itself: nothing more will be known about it here.
    pub fn hand_over(mut self) -> (Uuid, Decision) {
        self.is_ended = true;
        (self.recorded.id, self.decision.clone())
    }

    fn approved_end(
        &self,
        outcome: Ended,
        answer: Option<KeptAnswer>,
        is_told: bool,
    ) -> Option<ApprovedEnd> {
        let (services, call_hash) = (self.services.clone(), self.call.hash.clone());
        let used = self.used?;
        Some(ApprovedEnd { services, used, call_hash, outcome, answer, is_told })
    }

    fn end(&mut self, outcome: Outcome) -> Ended {
        self.is_ended = true;
        let took = self.dispatched_at.map(|at| at.elapsed());
        let (record, ended) = self.end_record(outcome, took);
        self.services.record_or_log(&record);
        if let Some(took) = took {
            let end = match ended {
                Ended::As(ApprovalOutcome::Completed) => UpstreamEnd::Completed,
                Ended::As(ApprovalOutcome::Unknown) => UpstreamEnd::Unknown,
                Ended::As(_) | Ended::NeverSent => UpstreamEnd::Failed,
            };
            self.services.metrics().upstream(end, took);
        }
        ended
    }

    fn end_record(&self, outcome: Outcome, took: Option<Duration>) -> (AuditRecord, Ended) {
        let (kind, status, ended) = match &outcome {
            Outcome::Cancelled => {
                (AuditKind::CallCancelled, CallStatus::Cancelled, Ended::NeverSent)
            }
            Outcome::Completed { .. } => {
                let ended = Ended::As(ApprovalOutcome::Completed);
                (AuditKind::CallCompleted, CallStatus::Completed, ended)
            }
            Outcome::Failed { .. } => {
                (AuditKind::CallFailed, CallStatus::Failed, Ended::As(ApprovalOutcome::Failed))
            }
            Outcome::NotSent { .. } => {
                (AuditKind::CallFailed, CallStatus::Failed, Ended::NeverSent)
            }
            Outcome::Unknown => {
                let ended = Ended::As(ApprovalOutcome::Unknown);
                (AuditKind::OutcomeUnknown, CallStatus::Unknown, ended)
            }
        };
        let mut record = self.services.call_record(kind, &self.call, self.recorded.id);
        record.approval_id = self.approval_id().map(|id| id.to_string());
        record.outcome = Some(CallOutcome {
            status,
            is_error: match outcome {
                Outcome::Completed { is_error } => Some(is_error),
                Outcome::Cancelled
                | Outcome::Failed { .. }
                | Outcome::NotSent { .. }
                | Outcome::Unknown => None,
            },
            duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            message: match outcome {
                Outcome::Failed { message } | Outcome::NotSent { message } => Some(message),
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
        if let Some(end) = self.approved_end(ended, None, false) {
            end.store_later();
        }
    }
}

// === impl ApprovedEnd ===

impl ApprovedEnd {
    /// The answer first: who sees that the call is over finds it.
    async fn store(&self) -> Result<(), ServiceError> {
        let id = self.used.approval_id;
        match self.outcome {
            Ended::NeverSent => self.services.approval_give_back(self.used).await,
            Ended::As(outcome) => {
                let answer = self.answer.as_ref();
                self.services.answer_keep(id, &self.call_hash, answer, self.is_told).await?;
                self.services.approval_outcome(self.used, outcome).await.map(drop)
            }
        }
    }

    /// Stores it apart, and again where the database is away.
    fn store_later(self) {
        let tasks = self.services.tasks().clone();
        let stopping = tasks.clone();
        tasks.spawn("store the outcome of a call", async move {
            let mut pause = STORE_PAUSE;
            while let Err(error) = self.store().await {
                tracing::error!(%error, approval = %self.used.approval_id, "the outcome of an approved call is not stored yet");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // The next start finds it open, and says that its outcome is not known.
                    () = stopping.stopped() => return,
                }
                pause = STORE_PAUSE_MAX.min(pause.saturating_mul(2));
            }
        });
    }
}
