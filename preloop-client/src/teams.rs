//! Teams: list, make, delete, and who is in them.

use preloop_api::{CreateTeam, Page, Team};
use serde_json::json;
use uuid::Uuid;

use crate::error::ClientError;
use crate::transport::{Client, behind};

impl Client {
    /// One page of the teams with their members, by name.
    pub async fn teams(&self, cursor: Option<&str>) -> Result<Page<Team>, ClientError> {
        self.get(&["api", "v1", "teams"], &behind(cursor)).await
    }

    /// Makes a team.
    pub async fn team_create(&self, body: &CreateTeam) -> Result<Team, ClientError> {
        self.post(&["api", "v1", "teams"], body).await
    }

    /// Deletes a team; its members stay.
    pub async fn team_delete(&self, id: Uuid) -> Result<(), ClientError> {
        self.delete(&["api", "v1", "teams", &id.to_string()]).await
    }

    /// Puts a user or agent into a team.
    pub async fn team_join(&self, id: Uuid, member: Uuid) -> Result<Team, ClientError> {
        let (id, member) = (id.to_string(), member.to_string());
        self.put(&["api", "v1", "teams", &id, "members", &member], &json!({})).await
    }

    /// Takes a user or agent out of a team.
    pub async fn team_leave(&self, id: Uuid, member: Uuid) -> Result<Team, ClientError> {
        let (id, member) = (id.to_string(), member.to_string());
        self.delete_answered(&["api", "v1", "teams", &id, "members", &member]).await
    }
}
