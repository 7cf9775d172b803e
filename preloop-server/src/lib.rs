//! The Preloop server: HTTP API, MCP firewall, approvals, audit trail, store.
//!
//! Requests come in through `http` and `mcp`, both call `service`, and only `service` calls `store`.
//! INVARIANT: no permit, no call. Only `service::decide` makes a [`service::Permit`], and what dispatches to an
//! upstream server accepts nothing else.

pub mod app;
pub mod clock;
pub mod config;
pub mod ids;
pub mod mcp;
pub mod service;
