//! The upstream MCP servers as the firewall sees them; never their credentials.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the connection to a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpServerState {
    /// Initialized and answering.
    Connected,
    /// Being dialled or initialized.
    Connecting,
    /// `enabled: false` in the document.
    Disabled,
    /// Lost or refused; tried again with growing pauses and at the next call.
    Failed,
}

/// One upstream MCP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerInfo {
    /// Name in the document.
    pub name: String,
    /// `stdio`, `streamable-http` or `sse`.
    pub transport: String,
    /// How the connection stands.
    pub state: McpServerState,
    /// How many tools it offers.
    pub tools: u32,
    /// Why it is not connected, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}
