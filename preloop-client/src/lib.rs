//! HTTP client for a Preloop server: decisions, approvals, audit trail, tools, MCP servers, keys, policies.
//!
//! One file per noun over one [`Client`]; every answer is a type of `preloop-api`, every refusal of
//! the server a [`ClientError::Refused`] with its stable code.

#![forbid(unsafe_code)]

mod approvals;
mod audit;
mod decisions;
mod error;
mod health;
mod keys;
mod mcp_servers;
mod policies;
mod policy_versions;
mod sign_in;
mod tools;
mod transport;

pub use self::approvals::ApprovalFilter;
pub use self::audit::AuditFilter;
pub use self::error::ClientError;
pub use self::policies::PolicyForm;
pub use self::policy_versions::VersionFilter;
pub use self::transport::{Client, Expected, install_tls_provider};
