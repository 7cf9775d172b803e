//! Accounts: everything belongs to one, and none sees another's.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::SecretText;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Id of the account.
    pub id: Uuid,
    /// Its name, unique on the server.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Body of `POST /api/v1/accounts` and `POST /api/v1/auth/register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// Its name, unique on the server.
    pub name: String,
    /// Its first owner.
    pub owner: NewOwner,
}

/// The first owner of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOwner {
    /// Name to sign in with.
    pub name: String,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Password, 12 to 128 characters.
    pub password: SecretText,
}

/// Body of `PATCH /api/v1/account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// Another name.
    pub name: String,
}
