//! Policies: what is live, trying documents and calls, applying and editing.

use preloop_core::Timestamp;
use preloop_core::call::CallRecord;
use preloop_core::diagnostic::Diagnostic;
use preloop_core::diff::PolicyDiff;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{PolicyAuthor, PolicyScope, PolicyVersion};

/// A document in a body: its text, YAML or JSON, or the JSON object itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a policy is a text or an object")]
pub enum PolicyInput {
    /// The text; places of problems are places in it.
    Text(String),
    /// The document as an object.
    Object(Map<String, Value>),
}

/// Body of `POST /api/v1/policies/evaluate`: everything comes from the body, nothing is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateRequest {
    /// A document that answers alone; with `scope` it stands in the place of what is live there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyInput>,
    /// A version that stands in the place of what is live in its scope; not together with `policy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Uuid>,
    /// The scope from which the call is seen; without it the scopes follow from the call's principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<PolicyScope>,
    /// The call, as a line of `--calls`.
    #[schemars(with = "CallRecord")]
    pub call: Value,
    /// Whether the answer carries `trace`.
    #[serde(default)]
    pub explain: bool,
}

/// Body of `POST /api/v1/policies/validate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidateRequest {
    /// The document.
    pub policy: PolicyInput,
}

/// Body of `POST /api/v1/policies/diff`: one of `policy` and `version`, or one of `base` and `base_version`.
///
/// A side that is not said is what is live in the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffRequest {
    /// The document after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyInput>,
    /// The version after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Uuid>,
    /// The document before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PolicyInput>,
    /// The version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<Uuid>,
    /// The scope whose live policy is meant; the account where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<PolicyScope>,
}

/// Body of `POST /api/v1/policies/import` (also `upload`), of `POST /api/v1/policies` and of `PUT /api/v1/policies/{id}`.
///
/// The three fields beside `policy` may stand in the query too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// The document.
    pub policy: PolicyInput,
    /// Where it shall hold; the account where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<PolicyScope>,
    /// Why, for those who read the versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether to say only what would be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// Answer to everything that changes what is live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyApplied {
    /// Whether it came into force by this request; false for a dry run and where it is live already.
    pub applied: bool,
    /// Where it holds.
    pub scope: PolicyScope,
    /// Digest of the document, by which `If-Match` knows it.
    pub digest: String,
    /// The version that was made, or the live one where nothing changed; none for a dry run of something new.
    pub version: Option<PolicyVersion>,
    /// What changes against what was live; none where nothing was live in the scope.
    pub diff: Option<PolicyDiff>,
    /// Problems worth a look.
    pub warnings: Vec<Diagnostic>,
}

/// Whether a stored policy is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// It answers calls.
    Live,
    /// It does not load any more: every call in its scope is denied.
    Unavailable,
}

/// The policy of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyInfo {
    /// Its id.
    pub id: Uuid,
    /// Where it holds.
    pub scope: PolicyScope,
    /// `metadata.name` of the document, unique in the account.
    pub name: String,
    /// `metadata.description` of the document.
    pub description: Option<String>,
    /// Whether it is in force.
    pub state: PolicyState,
    /// Whether it comes from the operator's file and cannot be changed here.
    pub is_read_only: bool,
    /// Digest of the live document: the `ETag`.
    pub digest: String,
    /// Id of the live version.
    pub version_id: Uuid,
    /// Number of the live version.
    pub version_number: u64,
    /// Who made the live version.
    pub author: PolicyAuthor,
    /// When the scope got its first policy.
    pub created_at: Timestamp,
    /// When the live version came into force.
    pub updated_at: Timestamp,
}

/// The policy of one scope with its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyDetail {
    /// What is known of it.
    #[serde(flatten)]
    pub policy: PolicyInfo,
    /// The live document, without secrets.
    pub document: Value,
}

/// Body of `POST /api/v1/policies/{id}/tools/{tool}/rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddRule {
    /// The rule, as in `tools[].conditions[]`.
    pub rule: Map<String, Value>,
    /// Where it shall stand, from 0; last where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// Why, for those who read the versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Body of `PATCH /api/v1/policies/{id}/tools/{tool}/rules/{position}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRule {
    /// The fields to set; null takes a field out.
    pub rule: Map<String, Value>,
    /// Why, for those who read the versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Body of `POST /api/v1/policies/{id}/tools/{tool}/rules/{position}/move`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveRule {
    /// Where the rule shall stand, from 0.
    pub to: usize,
    /// Why, for those who read the versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

// === impl PolicyInput ===

impl PolicyInput {
    /// The document as text.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Object(object) => Value::Object(object).to_string(),
        }
    }

    /// Whether places in the text are places in what was sent.
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

impl From<String> for PolicyInput {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for PolicyInput {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

// === impl PolicyState ===

impl PolicyState {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Unavailable => "unavailable",
        }
    }
}
