//! The HTTP API against a real server with a real client.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod approvals;
mod decisions;
mod support;
