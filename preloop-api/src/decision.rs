//! Recorded decisions over HTTP.

use preloop_core::Timestamp;
use preloop_core::call::CallRecord;
use preloop_core::decision::Decision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{ApprovalState, Problem};

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
}

/// Where a held call is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRef {
    /// Id of the approval request; send it as `approval_id` with the same call once it is approved.
    pub id: Uuid,
    /// Where the request is read over the API.
    pub url: String,
    /// Until when votes count.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: ApprovalState,
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
