//! The messages of the `OpenID` `AuthZEN` Authorization API 1.0; fields that it does not name are ignored, as it asks for.

use preloop_core::decision::{Action, PolicyRef, Reason, RuleRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ApprovalRef;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessSubject {
    /// What kind of subject it is, such as `user` or `agent`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id, unique among those of its kind.
    pub id: String,
    /// What else is known of it: `name`, `roles` and `teams` are what policies read as the principal's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessAction {
    /// The tool; or `tools/call`, then the resource is the tool.
    pub name: String,
    /// The arguments, or `arguments` that holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
}

/// What it is done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessResource {
    /// What kind of resource it is; `tool` for a call of a tool.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id, unique among those of its kind.
    pub id: String,
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
}

/// Body of `POST /access/v1/evaluation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessEvaluation {
    /// Who acts.
    pub subject: AccessSubject,
    /// What is done.
    pub action: AccessAction,
    /// What it is done to.
    pub resource: AccessResource,
    /// Facts about the circumstances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

/// One of several evaluations; what it leaves out is as the request says for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessEvaluationItem {
    /// Who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<AccessSubject>,
    /// What is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<AccessAction>,
    /// What it is done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<AccessResource>,
    /// Facts about the circumstances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

/// When no further evaluation of a request is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationsSemantic {
    /// After the last.
    #[default]
    ExecuteAll,
    /// After the first that is not permitted.
    DenyOnFirstDeny,
    /// After the first that is permitted.
    PermitOnFirstPermit,
}

/// How several evaluations are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvaluationsOptions {
    /// When no further one is made.
    #[serde(default)]
    pub evaluations_semantic: EvaluationsSemantic,
}

/// Body of `POST /access/v1/evaluations`: what stands at the top holds for each evaluation that does not say otherwise.
///
/// Without `evaluations` it is one evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessEvaluations {
    /// What holds for all.
    #[serde(flatten)]
    pub defaults: AccessEvaluationItem,
    /// The evaluations, at most 100, in the order in which they are answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub evaluations: Vec<AccessEvaluationItem>,
    /// How they are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<EvaluationsOptions>,
}

/// Why an evaluation could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessError {
    /// The HTTP status that the evaluation would have had alone.
    pub status: u16,
    /// The code of the problem.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

/// What stands behind a decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AccessContext {
    /// Id of the recorded decision, where it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// What happens to the call: `require_approval` is not permitted yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What the agent is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// The workflow of the approval that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_workflow: Option<String>,
    /// The approval request that was made; ask again with its id as `context.approval_id` once it is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalRef>,
    /// The policy that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Why the evaluation could not be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<AccessError>,
}

/// Answer to `POST /access/v1/evaluation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessDecision {
    /// Whether the call may run now.
    pub decision: bool,
    /// What stands behind it.
    pub context: AccessContext,
}

/// Answer to `POST /access/v1/evaluations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AccessDecisions {
    /// One decision for each evaluation that was made.
    Several {
        /// In the order of the evaluations.
        evaluations: Vec<AccessDecision>,
    },
    /// The request had no `evaluations`.
    One(Box<AccessDecision>),
}

/// Answer to `GET /.well-known/authzen-configuration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessConfiguration {
    /// Where the server is reached.
    pub policy_decision_point: String,
    /// Where one evaluation is made.
    pub access_evaluation_endpoint: String,
    /// Where several are made.
    pub access_evaluations_endpoint: String,
}
