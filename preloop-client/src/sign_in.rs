//! Signing in and out, and who one is.

use preloop_api::{Me, TokenAnswer, TokenRequest};
use serde_json::json;

use crate::error::ClientError;
use crate::transport::Client;

impl Client {
    /// Name and password, or a refresh token, for bearer tokens.
    pub async fn token(&self, request: &TokenRequest) -> Result<TokenAnswer, ClientError> {
        self.post(&["api", "v1", "auth", "token"], request).await
    }

    /// Who acts, and what it may do.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get(&["api", "v1", "auth", "me"], &[]).await
    }

    /// Ends the sign-in that the client acts with; a key stays as it is.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.post_for_nothing(&["api", "v1", "auth", "logout"], &json!({})).await
    }
}
