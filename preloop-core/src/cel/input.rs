//! What an expression is evaluated against: one call, borrowed.

use crate::time::Timestamp;
use serde_json::{Map as JsonMap, Value as Json};

use super::source::ArgumentSource;
use super::value::Value;
use crate::call::{Principal, Session};

/// The tool that is called; what is not known is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tool<'a> {
    /// The tool's own name at its server.
    pub name: &'a str,
    /// The class (`mcp`, `builtin`, `http`, `agent`); a call may also name a server here.
    pub source: &'a str,
    /// The server's name.
    pub server: &'a str,
    /// MCP annotations (untrusted hints).
    pub annotations: Option<&'a JsonMap<String, Json>>,
    /// Offered or changed since the policy was applied, and not accepted yet.
    pub is_new: bool,
}

/// Everything of a call that expressions can read. Whatever is absent reads as empty, but for `now`.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The variable `args`.
    pub args: &'a dyn ArgumentSource,
    /// The variable `tool`.
    pub tool: Tool<'a>,
    /// The variable `principal`.
    pub principal: Option<&'a Principal>,
    /// The variable `session`.
    pub session: Option<&'a Session>,
    /// The variable `context`.
    pub context: Option<&'a JsonMap<String, Json>>,
    /// The variable `now`; reading it fails where it is absent.
    pub now: Option<Timestamp>,
    /// The variable `justification`.
    pub justification: &'a str,
    /// Values of the variables that [`Environment::variable`](super::Environment::variable) declared.
    pub variables: &'a [(&'a str, Value)],
}

impl<'a> Input<'a> {
    /// A call of which only the arguments are known.
    pub fn new(args: &'a dyn ArgumentSource) -> Self {
        Self {
            args,
            tool: Tool::default(),
            principal: None,
            session: None,
            context: None,
            now: None,
            justification: "",
            variables: &[],
        }
    }
}
