//! Agents: list.

use preloop_api::{Agent, Page};

use crate::error::ClientError;
use crate::transport::{Client, behind};

impl Client {
    /// One page of the agents, oldest first.
    pub async fn agents(&self, cursor: Option<&str>) -> Result<Page<Agent>, ClientError> {
        self.get(&["api", "v1", "agents"], &behind(cursor)).await
    }
}
