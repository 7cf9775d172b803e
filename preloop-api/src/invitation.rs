//! Invitations: links that make one user, once.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Role, SecretText};

/// An invitation, without its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// Id of the invitation.
    pub id: Uuid,
    /// Whom it is for; the user gets this address.
    pub email: Option<String>,
    /// The name that the user will have; none: who accepts chooses one.
    #[serde(default)]
    pub name: Option<String>,
    /// What the user will be allowed.
    pub role: Role,
    /// Names of the teams the user will be in.
    pub teams: Vec<String>,
    /// Name of who invited.
    pub invited_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name that the user will have; else who accepts chooses one, also one that a policy lists and nobody has yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the user will be allowed; at most what the caller is.
    pub role: Role,
    /// Names of teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// Seconds until it ends, 60 to 2592000; seven days where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// Answer to `POST /api/v1/invitations`: the only time that the token is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// Give it to whom it is for; Preloop keeps only its hash.
    pub token: SecretText,
}

/// Body of `POST /api/v1/auth/invitation`: accepts one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The token of the invitation.
    pub token: SecretText,
    /// Name to sign in with; the one of the invitation, where it says one.
    pub name: String,
    /// Password, 12 to 128 characters.
    pub password: SecretText,
}
