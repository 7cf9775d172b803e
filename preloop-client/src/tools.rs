//! Tools of the upstream servers: list, accept.

use preloop_api::{AcceptTool, Page, ToolInfo};

use crate::error::ClientError;
use crate::transport::{Client, behind};

impl Client {
    /// One page of the tools that the upstream servers offer.
    pub async fn tools(&self, cursor: Option<&str>) -> Result<Page<ToolInfo>, ClientError> {
        self.get(&["api", "v1", "tools"], &behind(cursor)).await
    }

    /// Accepts a new or changed tool as it is offered now.
    pub async fn tool_accept(&self, server: &str, tool: &str) -> Result<ToolInfo, ClientError> {
        let body = AcceptTool { server: server.to_owned(), tool: tool.to_owned() };
        self.post(&["api", "v1", "tools", "accept"], &body).await
    }
}
