//! An approval request: a call that waits for people, and what became of it.

use preloop_core::Timestamp;
pub use preloop_core::approval::{
    AiVerdict, ApprovalState, AskedValue, Event as ApprovalEvent, EventKind, Risk, RiskLevel, Via,
    VoteDecision,
};
use preloop_core::call::Principal;
use preloop_core::decision::Decision;
pub use preloop_core::document::{Approver, StepUp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{Problem, Remember};

/// What became of the one use of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalOutcome {
    /// The call was withdrawn before it ran; it never ran.
    Cancelled,
    /// Used, and not yet on its way to the upstream server.
    Claimed,
    /// The call ran and was answered.
    Completed,
    /// The call was sent and failed.
    Failed,
    /// The decision was handed to the caller, who runs the call itself.
    HandedOver,
    /// The server stopped before the call was sent; it never ran.
    Interrupted,
    /// The call was sent and its answer is awaited.
    Running,
    /// The call was sent and nobody knows how it ended; it is never rerun.
    Unknown,
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalVote {
    /// Name of the voter.
    pub by: String,
    /// What the voter said.
    pub decision: VoteDecision,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// What the voter answered, where the call asks a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// By which way it came.
    pub via: Via,
    /// When.
    pub at: Timestamp,
}

/// The workflow that the request follows, as it was when the request was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalWorkflowInfo {
    /// Name in the policy document; `default` is built in.
    pub name: String,
    /// How many approvals it takes.
    pub required_approvals: u32,
    /// How long it waits.
    pub timeout_seconds: u64,
    /// Whether every vote needs a reason.
    pub require_reason: bool,
    /// Whether the call is answered with a handle at once instead of waiting.
    pub async_approval: bool,
}

/// An approval request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// Id of the request.
    pub id: Uuid,
    /// Where it stands.
    pub state: ApprovalState,
    /// What the call would do, in one sentence made from tool, server and arguments.
    pub effect: String,
    /// How much harm it may do, and where each reason for saying so comes from.
    pub risk: Risk,
    /// The tool's own name at its server.
    pub tool: String,
    /// The MCP server, where there is one.
    pub server: Option<String>,
    /// The class of the tool's source, or a server's name.
    pub source: Option<String>,
    /// The arguments, values of secret-looking keys masked.
    pub arguments: Value,
    /// The arguments whole, as the JSON text that the agent sent; only where `arguments=whole` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_arguments: Option<String>,
    /// Canonical hash of the exact call that is approved.
    pub call_hash: String,
    /// Who asks.
    pub principal: Principal,
    /// The session of the first call that asked.
    pub session_id: String,
    /// Why the agent wants it.
    pub justification: Option<String>,
    /// Id of the recorded decision that made the request.
    pub decision_id: Uuid,
    /// The decision that asks for approval.
    pub decision: Decision,
    /// The arguments that the rule's condition reads, with their values in this call; where one request is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_values: Vec<AskedValue>,
    /// The workflow it follows.
    pub workflow: ApprovalWorkflowInfo,
    /// Who is asked by now, those that an escalation added among them; empty: anyone with the right `approvals:vote`.
    pub approvers: Vec<Approver>,
    /// What a vote to approve must prove.
    pub step_up: StepUp,
    /// Votes so far, oldest first.
    pub votes: Vec<ApprovalVote>,
    /// What the model said, where one was asked.
    pub ai: Option<AiVerdict>,
    /// How often the identical call was made while it waited, the first one counted.
    pub asked_count: u32,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when votes count.
    pub expires_at: Timestamp,
    /// When more people were asked.
    pub escalated_at: Option<Timestamp>,
    /// When it was settled.
    pub decided_at: Option<Timestamp>,
    /// Until when an approved call may be used.
    pub use_by: Option<Timestamp>,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Seconds until it lapses: votes, or the use of an approval.
    pub time_left_seconds: Option<u64>,
    /// What became of the use.
    pub outcome: Option<ApprovalOutcome>,
    /// How people decided the last calls of the tool by the same principal, newest first; told where one request is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierDecision>,
    /// The page on which people look at the request and decide.
    pub url: String,
    /// Where the request is read over the API.
    pub api_url: String,
}

/// How people decided an earlier call of the same tool by the same principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierDecision {
    /// Id of that request.
    pub id: Uuid,
    /// Where it stands.
    pub state: ApprovalState,
    /// What its call would have done.
    pub effect: String,
    /// Whether it was for the identical call.
    pub is_same_call: bool,
    /// Names of those who voted.
    pub by: Vec<String>,
    /// When it was settled.
    pub decided_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/approvals/{id}/cancel`; may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CancelRequest {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /api/v1/approvals/{id}/approve` and `/decline`; may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VoteRequest {
    /// Why; some workflows require it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is answered, where the call asks a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The code that the agent's side shows; some workflows require it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_code: Option<String>,
    /// `call_hash` of the request that was looked at: a vote for another call does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_hash: Option<String>,
    /// With an approval: have calls like it remembered, so that nobody is asked about them for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remember: Option<Remember>,
}

/// Body of `POST /api/v1/approvals/batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteBatchRequest {
    /// The votes, 100 at most.
    #[schemars(length(max = 100))]
    pub votes: Vec<BatchVote>,
}

/// One vote of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchVote {
    /// Id of the request.
    pub id: Uuid,
    /// For or against.
    pub decision: VoteDecision,
    /// Why; some workflows require it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is answered, where the call asks a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The code that the agent's side shows; some workflows require it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_code: Option<String>,
    /// `call_hash` of the request that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_hash: Option<String>,
}

/// Answer to a batch of votes: one item for each, in the same order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VoteBatchResponse {
    /// What came of each vote.
    pub items: Vec<BatchVoted>,
}

/// What came of one vote of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BatchVoted {
    /// It was counted.
    Counted {
        /// The request as it stands after it.
        approval: Box<Approval>,
    },
    /// It was not.
    Refused {
        /// Id of the request.
        id: Uuid,
        /// Why.
        error: Problem,
    },
}

// === impl ApprovalOutcome ===

impl ApprovalOutcome {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Claimed => "claimed",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::HandedOver => "handed_over",
            Self::Interrupted => "interrupted",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Cancelled,
            Self::Claimed,
            Self::Completed,
            Self::Failed,
            Self::HandedOver,
            Self::Interrupted,
            Self::Running,
            Self::Unknown,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == name)
    }
}
