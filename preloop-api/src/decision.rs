//! Recorded decisions over HTTP.

use preloop_core::Timestamp;
use preloop_core::call::CallRecord;
use preloop_core::decision::Decision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{Approval, ApprovalState, Problem};

/// Body of `POST /api/v1/decisions`: the call, and the approval that it was given.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub struct CallLine {
    /// The call, as a line of `--calls`; who acts, the time and earlier calls are the server's to say.
    #[serde(flatten)]
    pub call: CallRecord,
    /// The approval request that was approved, where the call was held before.
    #[serde(default)]
    pub approval_id: Option<Uuid>,
}

/// Answer to `POST /api/v1/decisions`: the recorded decision and, when held, its approval request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionResponse {
    /// Id of the recorded decision.
    pub id: Uuid,
    /// When it was made.
    pub at: Timestamp,
    /// The decision itself.
    #[serde(flatten)]
    pub decision: Decision,
    /// The approval request that the call waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalRef>,
    /// Beside it, where the workflow says `async_approval`: when and where to look again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<ApprovalHandle>,
}

/// What a call is answered at once that people decide later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalHandle {
    /// That the call was not run, and waits.
    pub status: HandleStatus,
    /// Id of the approval request, to come back with.
    pub request_id: Uuid,
    /// How long to leave between two looks.
    pub poll_interval_seconds: u64,
    /// How long people have.
    pub timeout_seconds: u64,
    /// Where people decide.
    pub approval_url: String,
    /// What the one who decides is to be told, where the workflow asks for a matching code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_code: Option<String>,
}

/// The status in a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandleStatus {
    /// It waits for people, and was not run.
    PendingApproval,
}

/// Shortest and longest pause between two looks, in seconds.
const POLL_SECONDS: (u64, u64) = (5, 15);

// === impl ApprovalHandle ===

impl ApprovalHandle {
    /// The handle of a request.
    pub fn of(approval: &Approval) -> Self {
        let timeout_seconds = approval.workflow.timeout_seconds;
        Self {
            status: HandleStatus::PendingApproval,
            request_id: approval.id,
            poll_interval_seconds: Self::poll_interval(timeout_seconds),
            timeout_seconds,
            approval_url: approval.url.clone(),
            match_code: None,
        }
    }

    /// How long to leave between two looks at a request that waits so long.
    pub fn poll_interval(timeout_seconds: u64) -> u64 {
        let (shortest, longest) = POLL_SECONDS;
        (timeout_seconds / 20).clamp(shortest, longest)
    }
}

/// Where a held call is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRef {
    /// Id of the approval request; send it as `approval_id` with the same call once it is approved.
    pub id: Uuid,
    /// The page on which people decide.
    pub url: String,
    /// Where the request is read over the API.
    pub api_url: String,
    /// Until when votes count.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: ApprovalState,
    /// What the one who decides is to be told, where the workflow asks for a matching code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_code: Option<String>,
}

/// Body of `POST /api/v1/decisions/batch`: up to 100 calls, each decided on its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The calls, each as for `POST /api/v1/decisions`.
    #[schemars(length(max = 100))]
    pub calls: Vec<Value>,
}

/// Answer to `POST /api/v1/decisions/batch`, in the order of the calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchResponse {
    /// One item for each call.
    pub items: Vec<BatchItem>,
}

/// What one call of a batch led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BatchItem {
    /// The call was decided.
    Decided(Box<DecisionResponse>),
    /// The call could not be read or decided; it must not run.
    Refused {
        /// What is wrong with it.
        error: Problem,
    },
}
