//! API keys: make, list, rotate, revoke.

use preloop_api::{ApiKey, CreateApiKey, CreatedApiKey, Page, Role, RotateApiKey};
use uuid::Uuid;

use crate::error::ClientError;
use crate::transport::{Client, behind};

impl Client {
    /// Makes a key; this answer is the only one that holds the key itself.
    pub async fn key_create(&self, name: &str, role: Role) -> Result<CreatedApiKey, ClientError> {
        let body =
            CreateApiKey { name: name.to_owned(), role: Some(role), ..CreateApiKey::default() };
        self.key_make(&body).await
    }

    /// Makes a key with all that can be said about one.
    pub async fn key_make(&self, body: &CreateApiKey) -> Result<CreatedApiKey, ClientError> {
        self.post(&["api", "v1", "api-keys"], body).await
    }

    /// One page of the keys, revoked ones included.
    pub async fn keys(&self, cursor: Option<&str>) -> Result<Page<ApiKey>, ClientError> {
        self.get(&["api", "v1", "api-keys"], &behind(cursor)).await
    }

    /// Gives a key another text, shown in this answer alone; the one so far stays good for as many seconds.
    pub async fn key_rotate(
        &self,
        id: Uuid,
        grace_seconds: u64,
    ) -> Result<CreatedApiKey, ClientError> {
        let body = RotateApiKey { grace_seconds };
        self.post(&["api", "v1", "api-keys", &id.to_string(), "rotate"], &body).await
    }

    /// Revokes a key; it stops working at once.
    pub async fn key_revoke(&self, id: Uuid) -> Result<(), ClientError> {
        self.delete(&["api", "v1", "api-keys", &id.to_string()]).await
    }
}
