//! Users: people with an identity, a role and teams.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Role, SecretText};

/// A user of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Id of the user.
    pub id: Uuid,
    /// The identity in votes, approvals and the trail.
    pub principal_id: String,
    /// Name to sign in with; policies name approvers by it.
    pub name: String,
    /// E-mail address to sign in with; policies may name approvers by it too.
    pub email: Option<String>,
    /// What the user may do.
    pub role: Role,
    /// Names of the user's teams.
    pub teams: Vec<String>,
    /// Whether the user can sign in with a password.
    pub has_password: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user last signed in.
    pub signed_in_at: Option<Timestamp>,
    /// When the user was disabled; none while the user is not.
    pub disabled_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Name to sign in with.
    pub name: String,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What the user may do; at most what the caller may.
    pub role: Role,
    /// Password, 12 to 128 characters; without one the user cannot sign in until one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// Names of teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
}

/// Body of `PATCH /api/v1/users/{id}`; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Another role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// Body of `PUT /api/v1/users/{id}/password`: sets the password of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// The new password, 12 to 128 characters.
    pub new_password: SecretText,
}

/// Body of `POST /api/v1/auth/password`: changes one's own password and ends one's other sign-ins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password so far; needed where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<SecretText>,
    /// The new password, 12 to 128 characters.
    pub new_password: SecretText,
}
