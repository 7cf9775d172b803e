//! What happens to a request, as its timeline tells it.

use serde::{Deserialize, Serialize};

use super::Via;
use crate::time::Timestamp;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A model gave its answer, or failed to.
    AiReviewed,
    /// The quorum was reached.
    Approved,
    /// It was withdrawn.
    Cancelled,
    /// The call ran and was answered.
    Completed,
    /// It was declined.
    Declined,
    /// It went to other people: nobody had answered, or a model was not to decide alone.
    Escalated,
    /// Nobody decided in time, or the approval was not used in time.
    Expired,
    /// The call was sent and failed.
    Failed,
    /// The call was not sent: the server stopped, or the call was withdrawn.
    Interrupted,
    /// An identical call of the same principal joined it.
    Joined,
    /// Somebody could not be told of it.
    NotificationFailed,
    /// Somebody was told of it.
    Notified,
    /// The call was sent and nobody knows how it ended.
    OutcomeUnknown,
    /// An approver had calls like it remembered.
    Remembered,
    /// It was made.
    Requested,
    /// The approval was used.
    Used,
    /// Somebody looked at it.
    Viewed,
    /// Somebody voted.
    Voted,
}

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When; no earlier than what happened before it.
    pub at: Timestamp,
    /// Who did it: a name, or `ai`; none where time did it.
    pub actor: Option<String>,
    /// By which way it came.
    pub via: Option<Via>,
    /// More about it, for people.
    pub message: Option<String>,
}

// === impl EventKind ===

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::AiReviewed,
        Self::Approved,
        Self::Cancelled,
        Self::Completed,
        Self::Declined,
        Self::Escalated,
        Self::Expired,
        Self::Failed,
        Self::Interrupted,
        Self::Joined,
        Self::NotificationFailed,
        Self::Notified,
        Self::OutcomeUnknown,
        Self::Remembered,
        Self::Requested,
        Self::Used,
        Self::Viewed,
        Self::Voted,
    ];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AiReviewed => "ai_reviewed",
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::Escalated => "escalated",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Joined => "joined",
            Self::NotificationFailed => "notification_failed",
            Self::Notified => "notified",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Remembered => "remembered",
            Self::Requested => "requested",
            Self::Used => "used",
            Self::Viewed => "viewed",
            Self::Voted => "voted",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether people are told of it over their channels.
    pub const fn is_told(self) -> bool {
        matches!(
            self,
            Self::Requested
                | Self::Escalated
                | Self::Approved
                | Self::Declined
                | Self::Expired
                | Self::Cancelled
        )
    }
}

// === impl Event ===

impl Event {
    /// Something of which nothing more is said.
    pub fn new(kind: EventKind, at: Timestamp) -> Self {
        Self { kind, at, actor: None, via: None, message: None }
    }

    /// By whom.
    #[must_use]
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// By which way.
    #[must_use]
    pub fn via(mut self, via: Via) -> Self {
        self.via = Some(via);
        self
    }

    /// With more about it.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}
