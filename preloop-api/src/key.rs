//! API keys: who a caller is and what the caller may do.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Role;

/// An API key without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// Id of the key.
    pub id: Uuid,
    /// Name given at creation; also the name of the principal that the key stands for.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Id of the principal that the key stands for.
    pub principal_id: String,
    /// The first characters of the key, enough to tell keys apart.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; none while it is good.
    pub revoked_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/api-keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// Name of the key and of its principal, unique among keys that are good.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
}

/// Answer to `POST /api/v1/api-keys`: the only time that the key itself is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedApiKey {
    /// The key's description.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// The key itself; Preloop keeps only its hash.
    pub key: String,
}
