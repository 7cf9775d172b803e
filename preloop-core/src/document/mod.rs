//! What the author wrote, in canonical form: aliases resolved, defaults left implicit where they were.

mod approval_workflow;
mod defaults;
mod mcp_server;
mod policy;
#[cfg(test)]
mod schema;
mod secret;
mod tool;

pub use approval_workflow::{
    AiFallback, ApprovalType, ApprovalWorkflow, Approver, BUILT_IN_WORKFLOW, ChannelKind,
    Escalation, NotificationChannel, OnTimeout, StepUp,
};
pub use defaults::Defaults;
pub use mcp_server::{AuthConfig, AuthType, McpServer, Transport};
pub use policy::{Metadata, PolicyDocument};
pub(crate) use secret::is_variable_name;
pub use secret::{Secret, Secrets};
pub use tool::{Condition, ConditionType, Examples, Justification, SOURCE_CLASSES, Tool};
