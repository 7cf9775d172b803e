//! Trying documents and calls without recording anything.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Body of `POST /api/v1/policies/evaluate`: everything comes from the body, nothing is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateRequest {
    /// The document as text; the live one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The call, as a line of `--calls`.
    pub call: Value,
    /// Whether the answer carries `trace`.
    #[serde(default)]
    pub explain: bool,
}

/// Body of `POST /api/v1/policies/validate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidateRequest {
    /// The document as text, YAML or JSON.
    pub policy: String,
}
