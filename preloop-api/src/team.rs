//! Teams: groups of users and agents that policies name.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Team {
    /// Id of the team.
    pub id: Uuid,
    /// Its name, as policies spell it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who is in it.
    pub members: Vec<TeamMember>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamMember {
    /// Id of the user or agent.
    pub id: Uuid,
    /// `user` or `agent`.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// Body of `POST /api/v1/teams`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTeam {
    /// Its name, as policies spell it.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Body of `PATCH /api/v1/teams/{id}`; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTeam {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
