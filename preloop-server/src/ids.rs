//! Ids that sort by the time they were made: UUIDv7.

use std::hash::{BuildHasher as _, RandomState};

use preloop_core::Timestamp;
use uuid::{Builder, Uuid};

/// A new id for something that happens at `now`.
pub fn new_id(now: Timestamp) -> Uuid {
    let mut random = [0_u8; 10];
    if getrandom::fill(&mut random).is_err() {
        // Ids must be unique, not secret: the seeds of the hash maps do where the system gives no randomness.
        let halves = [RandomState::new().hash_one(now), RandomState::new().hash_one(1_u8)];
        for (byte, seed) in random.iter_mut().zip(halves.iter().flat_map(|half| half.to_le_bytes()))
        {
            *byte = seed;
        }
    }
    let millis = u64::try_from(now.unix_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
