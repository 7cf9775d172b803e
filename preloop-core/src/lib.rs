//! The Preloop policy engine: pure, so no I/O, clock, randomness or async. It compiles for `wasm32-unknown-unknown` too.
//!
//! The way of a call, each arrow a type that only the stage before can make:
//! `text -> PolicyDocument -> ValidPolicy -> CompiledPolicy -> evaluate(&Call) -> Decision`.
//!
//! ```
//! use preloop_core::{Action, Call, CompiledPolicy, ValidPolicy};
//!
//! let text = "
//! version: '1.0'
//! metadata: {name: quick}
//! tools:
//!   - name: bash
//!     conditions:
//!       - {expression: args.command.contains('rm'), action: deny, message: files are never deleted here}
//! ";
//! let policy = CompiledPolicy::compile(ValidPolicy::parse(text).unwrap());
//! let args = serde_json::json!({"command": "rm -rf build"});
//! let decision = policy.evaluate(&Call::new("bash", &args));
//! assert_eq!((decision.action, &*decision.message), (Action::Deny, "files are never deleted here"));
//!
//! // A deny rule that cannot be checked denies; nothing that fails ever lets a call through.
//! let nothing = serde_json::json!({});
//! let decision = policy.evaluate(&Call::new("bash", &nothing));
//! assert_eq!(decision.action, Action::Deny);
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod approval;
pub mod audit;
pub mod bundle;
pub mod call;
pub mod canonical;
pub mod cel;
pub mod compile;
pub mod condition;
#[cfg_attr(
    not(test),
    expect(clippy::arithmetic_side_effects, reason = "places in a text of a mebibyte at most")
)]
pub mod coverage;
pub mod decision;
#[cfg_attr(
    not(test),
    expect(clippy::arithmetic_side_effects, reason = "places in a text of a mebibyte at most")
)]
pub mod diagnostic;
pub mod dialect;
#[cfg_attr(
    not(test),
    expect(clippy::arithmetic_side_effects, reason = "places in a text of a mebibyte at most")
)]
pub mod diff;
pub mod document;
pub mod edit;
pub mod engine;
pub mod evaluate;
#[cfg_attr(
    not(test),
    expect(clippy::arithmetic_side_effects, reason = "places in a text of a mebibyte at most")
)]
pub mod format;
pub mod json;
pub mod limits;
pub mod lint;
pub mod mutate;
#[cfg_attr(
    not(test),
    expect(clippy::arithmetic_side_effects, reason = "places in a text of a mebibyte at most")
)]
pub mod parse;
#[cfg_attr(
    not(test),
    expect(clippy::arithmetic_side_effects, reason = "places in a text of a mebibyte at most")
)]
pub mod policy_test;
pub mod redact;
pub mod replay;
pub mod schema;
pub mod time;
pub mod validate;
pub mod visible;

pub use call::{Call, CallRecord};
pub use canonical::{call_hash, canonical_value, policy_digest};
pub use compile::CompiledPolicy;
pub use decision::{Action, Decision, Reason};
pub use diagnostic::{Diagnostic, Report};
pub use document::PolicyDocument;
pub use engine::{BoundEngine, Engine};
pub use format::format;
pub use parse::{PolicyFile, parse};
pub use time::Timestamp;
pub use validate::{ValidPolicy, validate, validate_files};
