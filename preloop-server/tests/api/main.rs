//! The HTTP API against a real server with a real client.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod approval_page;
mod approvals;
mod audit;
mod authzen;
mod bundle;
mod compile;
mod decisions;
mod guesses;
mod keys;
mod lifecycle;
mod notifications;
mod openapi;
mod others;
mod pages;
mod people;
mod policies;
mod policy_apply;
mod policy_scopes;
mod policy_versions;
mod problems;
mod refusals;
mod replicas;
mod rights;
mod support;
mod tenants;
