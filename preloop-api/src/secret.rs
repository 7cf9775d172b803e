//! Credentials of MCP servers on their way in, and what is told of those that are stored.

use std::collections::BTreeMap;
use std::fmt;

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The text of a secret; debug output does not show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretText(String);

/// Body of `PUT /api/v1/mcp-servers/{name}/credentials`; what is left out stays as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetCredentials {
    /// Those that the server's `auth_config` leaves to the store.
    #[serde(default)]
    pub auth_config: CredentialFields,
    /// Those of its environment, by name.
    #[serde(default)]
    pub env: BTreeMap<String, SecretText>,
}

/// Credentials by the field of `auth_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialFields {
    /// `auth_type: bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretText>,
    /// `auth_type: api_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretText>,
    /// `auth_type: oauth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
}

/// A credential that is stored for a server at its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredCredential {
    /// The field of the server's entry, such as `auth_config.token` or `env.GITHUB_TOKEN`.
    pub field: String,
    /// When its value was set.
    pub set_at: Timestamp,
    /// Whether this server has the key that opens it.
    pub is_readable: bool,
}

/// What became of the stored secrets when their key was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretRotation {
    /// Names the key that seals them now; says nothing about the key itself.
    pub key_id: String,
    /// How many secrets were sealed anew.
    pub resealed: u64,
    /// Whether the key comes from `PRELOOP_SECRET_KEY`; else it is in the data folder.
    pub is_from_environment: bool,
}

// === impl SecretText ===

impl SecretText {
    /// The text, to be looked at.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text as it is.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
