//! Instants, durations and zones of the expression language.
//!
//! The ranges are those of the specification: years 1 to 9999, and durations of 10,000 years.
//! Zone rules come from a database inside the binary; no file is read, so the same expression
//! gives the same answer on every machine.

mod calendar;
mod duration;
#[cfg(test)]
mod tests;
mod timestamp;
mod zone;

pub use duration::Duration;
pub(crate) use duration::DurationPart;
pub use timestamp::Timestamp;
pub(crate) use timestamp::TimestampPart;
pub(crate) use zone::Zone;

/// Nanoseconds in a second.
const NANOS_PER_SECOND: u32 = 1_000_000_000;
/// Nanoseconds in a millisecond.
const NANOS_PER_MILLISECOND: u32 = 1_000_000;

/// Splits a count of nanoseconds into whole seconds, rounded down, and the rest.
fn split_nanos(total: i128) -> (i128, u32) {
    let unit = i128::from(NANOS_PER_SECOND);
    let nanos = u32::try_from(total.rem_euclid(unit)).unwrap_or_default();
    (total.div_euclid(unit), nanos)
}

/// Writes `.5` for half a second: as many digits as needed, none where there is no fraction.
fn write_fraction(out: &mut impl std::fmt::Write, nanos: u32) -> std::fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let digits = format!("{nanos:09}");
    write!(out, ".{}", digits.trim_end_matches('0'))
}

/// Reads fraction digits as nanoseconds; digits beyond the ninth are cut off.
fn fraction_nanos(digits: &str) -> u32 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |nanos: u32, digit| {
        nanos.saturating_mul(10).saturating_add(u32::from(digit.saturating_sub(b'0')))
    })
}
