//! Versions of policies: every change that was applied, who made it and why.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::PolicyScope;

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionCause {
    /// A document was written: `POST` or `PUT` of a policy.
    Apply,
    /// A part of the document was edited, such as one rule.
    Edit,
    /// The file that the operator gave to the server changed.
    File,
    /// A document was imported.
    Import,
    /// An earlier version was brought back.
    Rollback,
    /// What was live was kept under a name.
    Snapshot,
}

/// Who made a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyAuthor {
    /// Id of the principal; empty for the server itself.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One version of the policy of a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyVersion {
    /// Its id.
    pub id: Uuid,
    /// The policy that it is a version of.
    pub policy_id: Uuid,
    /// Where that policy holds.
    pub scope: PolicyScope,
    /// `metadata.name` of this version's document.
    pub name: String,
    /// Counted from 1 in each policy; a number is never used again.
    pub number: u64,
    /// The version that was live before, which may be deleted by now.
    pub parent_id: Option<Uuid>,
    /// Digest of the document.
    pub digest: String,
    /// How it came to be.
    pub cause: VersionCause,
    /// Who made it.
    pub author: PolicyAuthor,
    /// Why.
    pub message: Option<String>,
    /// Its tag, unique among the versions of its policy.
    pub tag: Option<String>,
    /// Whether it is the one in force.
    pub is_live: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One version with its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyVersionDetail {
    /// What is known of it.
    #[serde(flatten)]
    pub version: PolicyVersion,
    /// Its document, without secrets.
    pub document: Value,
}

/// Body of `POST /api/v1/policies/versions`: keeps what is live as a version of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSnapshot {
    /// Whose live policy; the account's where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<PolicyScope>,
    /// Why; `description` is taken too.
    #[serde(default, alias = "description", skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its tag, taken away from the version that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Body of `PUT /api/v1/policies/versions/{id}/tag`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagVersion {
    /// The tag, taken away from the version that has it.
    pub tag: String,
}

/// Body of `POST /api/v1/policies/versions/{id}/rollback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// Whether to say only what would be done.
    #[serde(default)]
    pub preview_only: bool,
    /// Why, for those who read the versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Body of `POST /api/v1/policies/versions/prune`: deletes old versions, never the live or a tagged one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PruneRequest {
    /// How old a version must be.
    pub older_than_days: u32,
    /// Always true: a tag is taken off before its version is deleted.
    pub keep_tagged: bool,
    /// How many of the newest versions of each policy stay whatever their age.
    pub keep_count: u32,
    /// Whose versions; all policies' where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<PolicyScope>,
}

/// Answer to `POST /api/v1/policies/versions/prune`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PruneResult {
    /// How many versions were deleted.
    pub deleted_count: u64,
}

// === impl VersionCause ===

impl VersionCause {
    /// Every cause.
    pub const ALL: [Self; 6] =
        [Self::Apply, Self::Edit, Self::File, Self::Import, Self::Rollback, Self::Snapshot];

    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Edit => "edit",
            Self::File => "file",
            Self::Import => "import",
            Self::Rollback => "rollback",
            Self::Snapshot => "snapshot",
        }
    }

    /// The cause of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}

// === impl PruneRequest ===

impl Default for PruneRequest {
    fn default() -> Self {
        Self { older_than_days: 90, keep_tagged: true, keep_count: 10, scope: None }
    }
}
