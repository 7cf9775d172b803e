//! The Preloop server: HTTP API, MCP firewall, approvals, audit trail, store.
//!
//! Requests come in through `http` and `mcp`, both call `service`, and only `service` calls `store`.
//! INVARIANT: no permit, no call. Only `service::decide` makes a [`service::Permit`], and what dispatches to an
//! upstream server accepts nothing else.

#![forbid(unsafe_code)]

pub mod app;
mod bounded;
pub mod clock;
pub mod config;
mod data_dir;
mod digest;
mod http;
pub mod ids;
mod journal;
mod key_files;
mod listen;
pub mod mcp;
pub mod metrics;
mod notify;
pub mod service;
mod store;
pub mod tasks;
mod webauthn;
mod worker;
