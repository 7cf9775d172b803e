//! Instants, durations and zones of the expression language.
//!
//! The ranges are those of the specification: years 1 to 9999, and durations of 10,000 years.
//! Zone rules come from a database inside the binary; no file is read, so the same expression
//! gives the same answer on every machine.

mod duration;
#[cfg(test)]
mod tests;
mod timestamp;
mod zone;

pub use duration::Duration;
pub(crate) use duration::DurationPart;
pub(crate) use timestamp::TimestampPart;
pub(crate) use zone::Zone;

/// Nanoseconds in a millisecond.
const NANOS_PER_MILLISECOND: u32 = 1_000_000;
