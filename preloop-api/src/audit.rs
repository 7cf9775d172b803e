//! The audit trail: what was attempted, decided and done, and by whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use preloop_core::audit::{AuditKind, AuditRecord, CallOutcome, ChainHead};

/// Answer to `GET /api/v1/audit/verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerification {
    /// True when every record is as it was written, none is missing and none was moved.
    pub is_valid: bool,
    /// How many records were checked.
    pub records: u64,
    /// The last record of the chain; keep its hash elsewhere to prove that nothing was cut off later.
    pub head: Option<ChainHead>,
    /// What is wrong, at most the first hundred.
    pub problems: Vec<BrokenRecord>,
}

/// A place where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrokenRecord {
    /// Sequence number of the record.
    pub seq: u64,
    /// What is wrong.
    pub message: String,
}
