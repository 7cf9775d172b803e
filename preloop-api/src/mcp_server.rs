//! The upstream MCP servers as the firewall sees them; never their credentials.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{StoredCredential, ToolInfo, ToolState};

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

/// Body of the routes that write a server: an entry of `mcp_servers`, as a policy document has it.
/// Literal secrets are taken out and stored; debug output does not show them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct McpServerEntry(pub Map<String, Value>);

/// One upstream MCP server with its entry in the live policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerDetail {
    /// How it is.
    #[serde(flatten)]
    pub info: McpServerInfo,
    /// Its entry in the live policy, without secrets.
    pub entry: Map<String, Value>,
    /// The credentials that are stored for it at its address.
    pub credentials: Vec<StoredCredential>,
    /// Whether the operator's file has it, so that it cannot be changed here.
    pub is_read_only: bool,
}

/// One tool of a server with what it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerTool {
    /// The tool.
    #[serde(flatten)]
    pub tool: ToolInfo,
    /// What its arguments must look like, where the server says so.
    pub input_schema: Option<Value>,
    /// Canonical hash of its definition as last listed.
    pub definition_hash: String,
    /// Canonical hash of the definition that was accepted.
    pub accepted_hash: Option<String>,
}

/// What a scan of a server found, beside what was known before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerScan {
    /// How the server is, after the scan.
    #[serde(flatten)]
    pub info: McpServerInfo,
    /// Tools that it did not offer before.
    pub new: Vec<ScannedTool>,
    /// Tools whose definition is another than before.
    pub changed: Vec<ScannedTool>,
    /// Tools that it offers no more.
    pub gone: Vec<ScannedTool>,
}

/// A tool that a scan found new, changed or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScannedTool {
    /// Its own name at the server.
    pub name: String,
    /// Whether its definition is the accepted one.
    pub state: ToolState,
    /// Canonical hash of its definition as last listed.
    pub definition_hash: String,
    /// The hash before, of a definition that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_hash: Option<String>,
}

// === impl McpServerEntry ===

impl fmt::Debug for McpServerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&String> = self.0.keys().collect();
        write!(f, "McpServerEntry({fields:?})")
    }
}
