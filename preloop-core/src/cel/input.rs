//! What an expression is evaluated against: one call, borrowed.

use jiff::Timestamp;
use serde_json::{Map as JsonMap, Value as Json};

use super::source::ArgumentSource;
use super::value::Value;
use crate::call::{Principal, Session, ToolFacts};

/// Everything of a call that expressions can read. Whatever is absent reads as empty, but for `now`.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The variable `args`.
    pub args: &'a dyn ArgumentSource,
    /// The variable `tool`.
    pub tool: Option<&'a ToolFacts>,
    /// The class of the tool's source, where it is known better than `tool.source` says.
    pub tool_source: Option<&'a str>,
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
            tool: None,
            tool_source: None,
            principal: None,
            session: None,
            context: None,
            now: None,
            justification: "",
            variables: &[],
        }
    }
}
