//! The tools that upstream servers offer, and whether their definitions are accepted.

use preloop_core::decision::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Whether a tool's definition is the one that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolState {
    /// Part of the first scan of its server, or accepted since.
    Accepted,
    /// Its definition changed since it was accepted.
    Changed,
    /// Offered after the first scan of its server and not accepted yet.
    New,
}

/// One tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolInfo {
    /// The server that offers it.
    pub server: String,
    /// Its own name at the server, as policy documents spell it.
    pub name: String,
    /// Its name at `/mcp`.
    pub exposed_name: String,
    /// What the server says that it does.
    pub description: Option<String>,
    /// MCP annotations: hints that the server gives, not to be trusted.
    pub annotations: Map<String, Value>,
    /// Whether the live policy treats it as new.
    pub is_new: bool,
    /// Whether its definition is the accepted one.
    pub state: ToolState,
    /// Whether the server offers it now.
    pub is_offered: bool,
    /// Whether agents see it in `tools/list`: false when no call of it can ever be allowed or approved.
    pub is_visible: bool,
    /// The answer to a call without arguments by an agent, where the live policy gives one whatever the arguments are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Action>,
}

/// Body of `POST /api/v1/tools/accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptTool {
    /// The server that offers it.
    pub server: String,
    /// Its own name at the server.
    pub tool: String,
}

// === impl ToolState ===

impl ToolState {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Changed => "changed",
            Self::New => "new",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Accepted, Self::Changed, Self::New].into_iter().find(|state| state.as_str() == name)
    }
}
