//! API keys: who a caller is and what the caller may do.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{Permission, Role, SecretText};

/// An API key without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// Id of the key.
    pub id: Uuid,
    /// Name of the key, unique among the good keys of its holder.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Id of the principal that the key stands for.
    pub principal_id: String,
    /// Name of the user or agent that holds it.
    pub holder: String,
    /// What the role is narrowed to; empty: nothing is narrowed.
    #[serde(default)]
    pub scopes: Vec<Permission>,
    /// The flow whose policy applies to calls with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// The first characters of the key, enough to tell keys apart.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; none: until it is revoked.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; none while it is good.
    pub revoked_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/api-keys`.
///
/// Without `agent`, `user` and `role` the key is the caller's own. With `role` alone, the agent or user is the one named
/// like the key, and made where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// Name of the key, unique among the good keys of its holder.
    pub name: String,
    /// What its holder may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The agent that holds it, by name; made where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The user that holds it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What the role is narrowed to, one right or more; left out: nothing is narrowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "some_scopes")]
    #[schemars(length(min = 1))]
    pub scopes: Vec<Permission>,
    /// The flow whose policy applies to calls with this key; agents' keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// Until when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Answer to `POST /api/v1/api-keys`: the only time that the key itself is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedApiKey {
    /// The key's description.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// The key itself; Preloop keeps only its hash.
    pub key: SecretText,
}

/// Body of `POST /api/v1/api-keys/{id}/rotate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// For how many seconds the text so far stays good, at most 604800; 0: it is refused at once.
    #[serde(default)]
    pub grace_seconds: u64,
}

/// A list that was left empty by mistake must not give the whole role.
fn some_scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Permission>, D::Error> {
    let scopes = Vec::deserialize(deserializer)?;
    if scopes.is_empty() {
        let words = "`scopes` names no right: name those that the key shall have, or leave `scopes` out for all of its role";
        return Err(D::Error::custom(words));
    }
    Ok(scopes)
}
