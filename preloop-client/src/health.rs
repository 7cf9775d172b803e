//! Whether the server is up.

use preloop_api::Health;

use crate::error::ClientError;
use crate::transport::Client;

impl Client {
    /// Asks the server whether it is up; needs no token.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(&["healthz"], &[]).await
    }
}
