//! One file per section of the document: which keys it has and how they are read.

mod approval_workflow;
mod mcp_server;
mod notification;
mod policy;
mod shape;
mod tool;

pub(crate) use policy::DOCUMENT;
pub(super) use policy::{DEFAULTS, METADATA, policy, version};
pub(crate) use shape::Shape;
pub(super) use tool::condition as rule;

use super::fields::Section;

/// Every section that has a name of its own for some field.
static SECTIONS: [&Section; 6] = [
    &DOCUMENT,
    &DEFAULTS,
    &mcp_server::AUTH_CONFIG,
    &approval_workflow::APPROVAL_WORKFLOW,
    &notification::NOTIFICATION,
    &tool::TOOL,
];

/// The other spellings of a canonical key.
pub(super) fn spellings(name: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let restated = (name == "notifications").then_some("channel_configs");
    let fields = SECTIONS.iter().flat_map(|section| section.fields);
    let aliases = fields.filter(move |field| field.name == name).flat_map(|field| field.aliases);
    restated.into_iter().chain(aliases.copied())
}
