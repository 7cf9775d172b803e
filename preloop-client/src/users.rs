//! Users: list, one, make, change, disable and enable.

use preloop_api::{ChangeUser, CreateUser, Page, User};
use serde_json::json;
use uuid::Uuid;

use crate::error::ClientError;
use crate::transport::{Client, behind};

impl Client {
    /// One page of the users, oldest first.
    pub async fn users(&self, cursor: Option<&str>) -> Result<Page<User>, ClientError> {
        self.get(&["api", "v1", "users"], &behind(cursor)).await
    }

    /// One user.
    pub async fn user(&self, id: Uuid) -> Result<User, ClientError> {
        self.get(&["api", "v1", "users", &id.to_string()], &[]).await
    }

    /// Makes a user.
    pub async fn user_create(&self, body: &CreateUser) -> Result<User, ClientError> {
        self.post(&["api", "v1", "users"], body).await
    }

    /// Changes name, address or role of a user.
    pub async fn user_change(&self, id: Uuid, body: &ChangeUser) -> Result<User, ClientError> {
        self.patch(&["api", "v1", "users", &id.to_string()], body).await
    }

    /// Disables a user: keys and sign-ins of that user are refused from now on.
    pub async fn user_disable(&self, id: Uuid) -> Result<User, ClientError> {
        self.post(&["api", "v1", "users", &id.to_string(), "disable"], &json!({})).await
    }

    /// Enables a user that was disabled.
    pub async fn user_enable(&self, id: Uuid) -> Result<User, ClientError> {
        self.post(&["api", "v1", "users", &id.to_string(), "enable"], &json!({})).await
    }
}
