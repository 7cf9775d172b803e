//! HTTP client for a Preloop server: decisions, approvals, audit trail, tools, MCP servers, people, keys, policies.
//!
//! One file per noun over one [`Client`]; every answer is a type of `preloop-api`, every refusal of
//! the server a [`ClientError::Refused`] with its stable code.

#![forbid(unsafe_code)]

mod agents;
mod approvals;
mod audit;
mod decisions;
mod error;
mod followed;
mod health;
mod invitations;
mod keys;
mod mcp_servers;
mod policies;
mod policy_versions;
mod sign_in;
mod teams;
mod tools;
mod transport;
mod users;

pub use self::approvals::ApprovalFilter;
pub use self::audit::AuditFilter;
pub use self::error::ClientError;
pub use self::followed::Followed;
pub use self::policies::PolicyForm;
pub use self::policy_versions::VersionFilter;
pub use self::transport::{Client, Expected, install_tls_provider};
