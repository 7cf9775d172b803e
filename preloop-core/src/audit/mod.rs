//! Audit records and the hash chain that binds them: pure rules, the server only stores and delivers.
//!
//! INVARIANT: a record's hash covers every other field of it, and the hash of the record before.

mod chain;
mod record;

pub use chain::{ChainHead, ChainVerifier, GENESIS_HASH, record_hash};
pub use record::{AuditKind, AuditRecord, CallOutcome, CallStatus, EnforcementPoint};

#[cfg(test)]
mod tests;
