//! Whether the server is up, and whether it can do its work.

use preloop_core::Timestamp;
use preloop_core::diagnostic::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answer to `GET /healthz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Always `ok` when there is an answer.
    pub status: String,
    /// Version of the server.
    pub version: String,
}

/// Answer to `GET /readyz`; status 503 where calls cannot be decided and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// `ready`; `degraded` when the last change of the policy was refused; `unavailable` when something below fails.
    pub status: String,
    /// Whether the database answers.
    pub database: String,
    /// Whether audit records reach the journal on disk.
    pub journal: String,
    /// The live policy.
    pub policy: PolicyStatus,
}

/// The live policy and the last attempt to change it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyStatus {
    /// `loaded`, or `none`: then every call is denied.
    pub status: String,
    /// `metadata.name` of the live document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Digest of the live document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Since when it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_at: Option<Timestamp>,
    /// When a change was refused after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Why the change was refused, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why the change was refused, every error; the live document stays as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Diagnostic>,
}
