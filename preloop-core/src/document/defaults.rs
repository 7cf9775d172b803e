//! What holds where no entry speaks.

use serde::Serialize;

use crate::decision::Action;

/// `defaults` of a document; what is left out has the stated default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Defaults {
    /// Tools that no entry names; default allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_tools: Option<Action>,
    /// New or changed tools need at least approval; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_approval_for_new_tools: Option<bool>,
    /// Workflow of approvals that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_approval_workflow: Option<String>,
    /// Whether a child scope inherits from its parent; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherit_from_parent: Option<bool>,
}
