//! A tool's entry and its ordered rules.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::decision::Action;

/// Whether the agent has to say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The call is refused without one.
    Required,
    /// Passed on to the approver where given.
    Optional,
}

/// The language of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConditionType {
    /// The small grammar: one comparison or text test.
    Simple,
    /// CEL.
    Cel,
}

/// The classes of sources; every other source is the name of an MCP server.
pub const SOURCE_CLASSES: [&str; 4] = ["builtin", "mcp", "http", "agent"];

/// An entry of `tools[]`; what is left out has the stated default.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// Exact name or glob, the tool's own name at its server.
    pub name: String,
    /// A class, or an `mcp_servers` name; none means any source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Default true; false denies and hides the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Workflow of this tool's approvals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_workflow: Option<String>,
    /// Whether the agent has to say why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// Tools that must have been called and allowed in the session before; exact names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(max = crate::limits::EVIDENCE_TOOLS_MAX)))]
    pub evidence_required: Vec<String>,
    /// Rules, first match wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Overrides what agents see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An entry of `tools[].conditions[]`: one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Condition {
    /// The rule's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the rule matches; none means always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Default `require_approval`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Default: simple where the text is in the simple grammar, else cel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_type: Option<ConditionType>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the agent is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Workflow of this rule's approvals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_workflow: Option<String>,
    /// Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Arguments that must and must not match, checked at validation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Examples>,
}

/// Examples of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Examples {
    /// Arguments for which the condition is true.
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub matching: Vec<Map<String, Value>>,
    /// Arguments for which the condition is false.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_match: Vec<Map<String, Value>>,
}

// === impl Tool ===

impl Tool {
    /// An entry of which nothing but its name is said.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            source: None,
            enabled: None,
            approval_workflow: None,
            justification: None,
            evidence_required: Vec::new(),
            conditions: Vec::new(),
            description: None,
        }
    }
}
