//! Calls that an approver had remembered: approved once, and not asked about again for a session or a time.

use preloop_core::Timestamp;
pub use preloop_core::approval::{ArgumentPattern, Pattern};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long calls like the approved one are not asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RememberScope {
    /// While the session of the call lasts, a day at most.
    Session,
    /// For a time.
    Time,
}

/// What a vote to approve also has remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remember {
    /// For how long.
    pub scope: RememberScope,
    /// Seconds: 60 to 86400 for a session, to 604800 for a time; 28800 and 3600 where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Which calls; those of `GET /api/v1/approvals/{id}/remember` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
}

/// What would be remembered with an approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RememberOffer {
    /// Whose calls.
    pub principal: String,
    /// The tool's own name at its server.
    pub tool: String,
    /// The server, or the class of the source.
    pub source: String,
    /// Which arguments.
    pub pattern: Pattern,
    /// For how long they can be remembered.
    pub scopes: Vec<RememberScope>,
}

/// Calls that are not asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalGrant {
    /// Id of the grant.
    pub id: Uuid,
    /// The request by whose approval it was made.
    pub approval_id: Uuid,
    /// Name of the principal whose calls they are.
    pub principal: String,
    /// The tool's own name at its server.
    pub tool: String,
    /// The server, or the class of the source.
    pub source: String,
    /// The session that it ends with.
    pub session_id: Option<String>,
    /// Which arguments.
    pub pattern: Pattern,
    /// Name of the user who granted it.
    pub granted_by: String,
    /// When it was granted.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}
