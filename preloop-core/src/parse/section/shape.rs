//! Which section stands under which key.

use super::approval_workflow::{APPROVAL_WORKFLOW, ESCALATION};
use super::mcp_server::{AUTH_CONFIG, MCP_SERVER};
use super::notification::{CHANNEL_CONFIG, NOTIFICATION};
use super::policy::{DEFAULTS, DOCUMENT, METADATA};
use super::tool::{CONDITION, EXAMPLES, TOOL};
use crate::parse::fields::Section;

/// What a value holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Names and values that the author chooses, or no mapping at all.
    Free,
    /// The keys of a section.
    One(&'static Section),
    /// A list of such mappings.
    List(&'static Section),
    /// Such mappings under names.
    Named(&'static Section),
}

static INSIDE: [(&Section, &str, Shape); 11] = [
    (&DOCUMENT, "metadata", Shape::One(&METADATA)),
    (&DOCUMENT, "mcp_servers", Shape::List(&MCP_SERVER)),
    (&DOCUMENT, "approval_workflows", Shape::List(&APPROVAL_WORKFLOW)),
    (&DOCUMENT, "tools", Shape::List(&TOOL)),
    (&DOCUMENT, "defaults", Shape::One(&DEFAULTS)),
    (&MCP_SERVER, "auth_config", Shape::One(&AUTH_CONFIG)),
    (&APPROVAL_WORKFLOW, "escalation", Shape::One(&ESCALATION)),
    (&APPROVAL_WORKFLOW, "notifications", Shape::List(&NOTIFICATION)),
    (&APPROVAL_WORKFLOW, "channel_configs", Shape::Named(&CHANNEL_CONFIG)),
    (&TOOL, "conditions", Shape::List(&CONDITION)),
    (&CONDITION, "examples", Shape::One(&EXAMPLES)),
];

impl Shape {
    /// What stands under a key, in its canonical spelling, of a section.
    pub(crate) fn under(section: &Section, key: &str) -> Self {
        let inside = INSIDE.iter().find(|(of, name, _)| std::ptr::eq(*of, section) && *name == key);
        inside.map_or(Self::Free, |(_, _, shape)| *shape)
    }

    /// What stands under a name, whatever it is.
    pub(crate) fn named(self) -> Self {
        match self {
            Self::Named(section) => Self::One(section),
            _ => Self::Free,
        }
    }

    /// What an item of a list is.
    pub(crate) fn item(self) -> Self {
        match self {
            Self::List(section) => Self::One(section),
            _ => Self::Free,
        }
    }
}
