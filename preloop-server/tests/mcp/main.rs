//! The firewall as agents meet it: the real server on a port, real MCP servers behind it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and the fixture is a program of its own"
)]

mod agent;
mod calls;
mod clocks;
mod edited;
mod fixture;
mod holds;
mod latency;
mod later;
mod listing;
mod oauth;
mod own_tools;
mod refusals;
mod repeats;
mod secrets;
mod sessions;
mod sse;
mod stand;
mod upstreams;
