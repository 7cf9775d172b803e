//! How every error answer looks: `application/problem+json` with a stable `code`.

use preloop_core::approval::ApprovalState;
use preloop_core::diff::PolicyDiff;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// RFC 9457 problem details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A name for the kind of problem: `urn:preloop:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What happened this time and what to do about it.
    pub detail: String,
    /// Stable and machine-readable, such as `approval_not_found`.
    pub code: String,
    /// Where the approval request stands, on conflicts about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ApprovalState>,
    /// Digest of the policy that is live, where another one was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What differs between the policy that is live and the one that was sent, where somebody was faster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Box<PolicyDiff>>,
    /// The name of the request, as in `X-Request-Id` and in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The single problems, where there are several or where they have a place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemItem>,
}

/// One of several problems, with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemItem {
    /// Where in the body or document, as `tools[0].name` or `args.amount`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// Stable code of this problem.
    pub code: String,
    /// Line, from 1, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}
