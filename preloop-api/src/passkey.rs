//! Passkeys of users: what some workflows ask for with each approval.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::SecretText;

/// A registered passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Passkey {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/auth/passkeys/begin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPasskey {
    /// The password of the user who registers it.
    pub password: SecretText,
}

/// A question that a browser answers with a passkey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PasskeyQuestion {
    /// Sent back with the answer; one answer is taken.
    pub challenge_id: Uuid,
    /// What the browser's credential functions take, as JSON: an object with `publicKey`.
    pub options: Value,
    /// Until when an answer is taken.
    pub expires_at: Timestamp,
}

/// Body of `POST /api/v1/auth/passkeys`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishPasskey {
    /// The `challenge_id` of the question.
    pub challenge_id: Uuid,
    /// What to call it.
    pub name: String,
    /// The browser's answer: its credential as JSON.
    pub credential: Map<String, Value>,
}
