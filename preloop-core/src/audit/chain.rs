//! The hash chain: seals records as they are written, and finds any edit, gap or reorder afterwards.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::AuditRecord;
use crate::canonical::canonical_value;

/// `previous_hash` of the first record.
pub const GENESIS_HASH: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// The last record of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ChainHead {
    /// Its sequence number; 0 before the first record.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

/// Walks a chain from its first record and says where it is broken.
#[derive(Clone, Debug, Default)]
pub struct ChainVerifier {
    head: ChainHead,
}

/// The hash of a record: SHA-256 over its canonical JSON without `hash`; `previous_hash` is part of it.
pub fn record_hash(record: &AuditRecord) -> String {
    // A record holds only text keys and finite numbers, so it always has a JSON form.
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("hash");
    }
    let digest = Sha256::digest(canonical_value(&value).as_bytes());
    digest.iter().fold(String::from("sha256:"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

// === impl ChainHead ===

impl Default for ChainHead {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS_HASH.to_owned() }
    }
}

impl ChainHead {
    /// Puts a record at the end of the chain and makes it the new head.
    pub fn seal(&mut self, record: &mut AuditRecord) {
        record.seq = self.seq.saturating_add(1);
        record.previous_hash.clone_from(&self.hash);
        record.hash = record_hash(record);
        self.seq = record.seq;
        self.hash.clone_from(&record.hash);
    }
}

// === impl ChainVerifier ===

impl ChainVerifier {
    /// Checks the next record; goes on from it whether or not it is sound.
    ///
    /// # Errors
    /// Says what is wrong with the record or its place.
    pub fn check(&mut self, record: &AuditRecord) -> Result<(), String> {
        let expected = self.head.seq.saturating_add(1);
        let previous = std::mem::replace(
            &mut self.head,
            ChainHead { seq: record.seq, hash: record.hash.clone() },
        );
        if record.seq != expected {
            return Err(format!("record {expected} is missing: record {} follows", record.seq));
        }
        if record.previous_hash != previous.hash {
            return Err("the hash of the record before does not fit".to_owned());
        }
        if record_hash(record) != record.hash {
            return Err("the record was changed after it was written".to_owned());
        }
        Ok(())
    }

    /// The last record seen.
    pub fn head(&self) -> &ChainHead {
        &self.head
    }
}
