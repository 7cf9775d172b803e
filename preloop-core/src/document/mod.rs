//! What the author wrote, in canonical form: aliases resolved, defaults left implicit where they were.

mod approval_workflow;
mod defaults;
mod mcp_server;
mod policy;
mod tool;

pub use approval_workflow::{
    AiFallback, ApprovalType, ApprovalWorkflow, Approver, Escalation, NotificationChannel,
    OnTimeout, StepUp,
};
pub use defaults::Defaults;
pub use mcp_server::{AuthType, McpServer, Transport};
pub use policy::{Metadata, PolicyDocument};
pub use tool::{Condition, ConditionType, Examples, Justification, Tool};
