//! Agents: principals of their own, which decide and call and never approve or administer.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An agent of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Id of the agent.
    pub id: Uuid,
    /// Its name and identity, as policies and the trail spell it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Names of its teams.
    pub teams: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was disabled; none while it is not.
    pub disabled_at: Option<Timestamp>,
}

/// Body of `POST /api/v1/agents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAgent {
    /// Its name and identity.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
