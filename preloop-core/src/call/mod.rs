//! A tool call as the caller of the engine describes it: tool, arguments, principal, session, context, time.

mod facts;
mod read;
mod record;
#[cfg(any(test, feature = "schema"))]
mod schema;

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use facts::CallFacts;
pub use record::{CallError, CallRecord};

use crate::cel::{ArgumentSource, Tool};
use crate::schema::ToolSchema;

/// One call, borrowed from whoever makes it; what is not known stays empty.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tool that is called.
    pub tool: Tool<'a>,
    /// Its arguments.
    pub args: &'a dyn ArgumentSource,
    /// The tool's input schema, where one is known.
    pub schema: Option<&'a ToolSchema>,
    /// Who acts.
    pub principal: Option<&'a Principal>,
    /// What the principal did so far.
    pub session: Option<&'a Session>,
    /// Facts that the caller adds.
    pub context: Option<&'a Map<String, Value>>,
    /// When the call is made; a condition that reads it fails where it is absent.
    pub now: Option<Timestamp>,
    /// Why the agent makes the call.
    pub justification: &'a str,
}

/// Who acts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, feature = "schema"), schemars(transform = schema::null_is_absent))]
#[serde(default, deny_unknown_fields)]
pub struct Principal {
    /// Stable id.
    pub id: String,
    /// `user` or `agent`.
    pub kind: String,
    /// Name that people know.
    pub name: String,
    /// Roles held.
    pub roles: Vec<String>,
    /// Teams belonged to.
    pub teams: Vec<String>,
}

/// What the principal did so far in this session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, feature = "schema"), schemars(transform = schema::null_is_absent))]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Stable id.
    pub id: String,
    /// Earlier calls, oldest first.
    pub calls: Vec<SessionCall>,
}

/// One earlier call of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, feature = "schema"), schemars(transform = schema::null_is_absent))]
#[serde(default, deny_unknown_fields)]
pub struct SessionCall {
    /// The tool's name.
    pub tool: String,
    /// Where it lives: a class or a server's name.
    pub source: String,
    /// Its arguments.
    #[cfg_attr(any(test, feature = "schema"), schemars(with = "Map<String, Value>"))]
    pub args: Value,
    /// What was decided: `allow`, `deny` or `require_approval`.
    pub action: String,
    /// When it was decided.
    pub at: Option<Timestamp>,
}

/// The tool that is called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[cfg_attr(any(test, feature = "schema"), schemars(transform = schema::null_is_absent))]
#[serde(default, deny_unknown_fields)]
pub struct ToolFacts {
    /// The tool's own name at its server.
    pub name: String,
    /// The class (`mcp`, `builtin`, `http`, `agent`) or a server's name; none when the caller does not know.
    pub source: Option<String>,
    /// The server's name, where there is one.
    pub server: Option<String>,
    /// MCP annotations (untrusted hints).
    pub annotations: Map<String, Value>,
    /// Offered or changed since the policy was applied, and not accepted yet.
    pub is_new: bool,
}

// === impl Call ===

impl<'a> Call<'a> {
    /// A call of `tool` of which only the arguments are known.
    pub fn new(tool: &'a str, args: &'a dyn ArgumentSource) -> Self {
        Self {
            tool: Tool { name: tool, ..Tool::default() },
            args,
            schema: None,
            principal: None,
            session: None,
            context: None,
            now: None,
            justification: "",
        }
    }

    /// The same call, with `source` a class (`mcp`, `builtin`, `http`, `agent`) or a server's name.
    #[must_use]
    pub const fn with_source(mut self, source: &'a str) -> Self {
        self.tool.source = source;
        self
    }
}

#[cfg(test)]
mod tests;
