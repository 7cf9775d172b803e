//! The document as a whole and its metadata.

use serde::Serialize;

use super::{ApprovalWorkflow, Defaults, McpServer, Tool};

/// A policy document, version "1.0".
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyDocument {
    /// Schema version; only "1.0".
    pub version: String,
    /// Name and description.
    pub metadata: Metadata,
    /// MCP servers that the firewall stands in front of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mcp_servers: Vec<McpServer>,
    /// How approvals are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approval_workflows: Vec<ApprovalWorkflow>,
    /// Tools and their rules, in document order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// What holds where no entry speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Defaults>,
}

/// Who and what the policy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Metadata {
    /// Name, not empty.
    pub name: String,
    /// What the policy is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Free labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it was written, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}
