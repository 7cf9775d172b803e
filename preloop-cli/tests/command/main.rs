//! The real binary, driven as people and scripts drive it: exit codes, results, errors, pages.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what is not as expected ends the test"
)]

mod apply;
mod apply_asking;
mod approvals;
mod bundle;
mod calls;
mod ci;
mod demo;
mod diff;
mod eval;
mod examples;
mod fetch;
mod fmt;
mod folders;
mod follow;
mod grants;
mod lint;
mod login;
mod pages;
mod people;
mod policy_test;
mod policy_worth;
mod remote;
mod replay;
mod schema;
mod serve;
mod servers;
mod support;
mod tools_call;
mod tutorial;
mod validate;
mod versions;
mod watch;
