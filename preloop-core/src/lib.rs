//! The Preloop policy engine: pure, so no I/O, clock, randomness or async.
//!
//! The way of a call, each arrow a type that only the stage before can make:
//! `text -> PolicyDocument -> ValidPolicy -> CompiledPolicy -> evaluate(&Call) -> Decision`.

pub mod approval;
pub mod audit;
pub mod call;
pub mod canonical;
pub mod cel;
pub mod compile;
pub mod condition;
pub mod decision;
pub mod diagnostic;
pub mod document;
pub mod evaluate;
pub mod json;
pub mod limits;
pub mod parse;
pub mod redact;
pub mod schema;
pub mod validate;

pub use call::{Call, CallRecord};
pub use canonical::{call_hash, canonical_value, policy_digest};
pub use compile::CompiledPolicy;
pub use decision::{Action, Decision, Reason};
pub use diagnostic::{Diagnostic, Report};
pub use document::PolicyDocument;
pub use parse::parse;
pub use validate::{ValidPolicy, validate};
