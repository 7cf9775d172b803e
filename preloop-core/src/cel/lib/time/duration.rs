//! Spans of time.

use std::fmt;

use super::super::{LibError, quoted};
use crate::time::{NANOS_PER_SECOND, fraction_nanos, write_fraction};

/// The longest duration, about 10,000 years, in seconds.
const MAX_SECONDS: i64 = 315_576_000_000;
const NANOS: i128 = NANOS_PER_SECOND as i128;
const NANOS_PER_MILLISECOND: i32 = 1_000_000;

/// A span of time, exact to the nanosecond.
///
/// INVARIANT: seconds and nanoseconds never have opposite signs, so that the derived order is the
/// order in time. [`Duration::from_nanos`] upholds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    seconds: i64,
    nanos: i32,
}

/// What an accessor of a duration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationPart {
    /// `getHours`: all of it in hours.
    Hours,
    /// `getMinutes`: all of it in minutes.
    Minutes,
    /// `getSeconds`: all of it in seconds.
    Seconds,
    /// `getMilliseconds`: the milliseconds within the second.
    Milliseconds,
}

impl DurationPart {
    /// The part that an accessor function names.
    pub fn from_function(name: &str) -> Option<Self> {
        Some(match name {
            "getHours" => Self::Hours,
            "getMinutes" => Self::Minutes,
            "getSeconds" => Self::Seconds,
            "getMilliseconds" => Self::Milliseconds,
            _ => return None,
        })
    }
}

impl Duration {
    /// A duration of so many nanoseconds.
    pub fn from_nanos(nanos: i128) -> Result<Self, LibError> {
        // Division towards zero gives both parts the sign of the whole.
        let seconds = i64::try_from(nanos / NANOS).unwrap_or(i64::MAX);
        let nanos = i32::try_from(nanos % NANOS).map_err(|_| out_of_range())?;
        let beyond = seconds.unsigned_abs() > MAX_SECONDS.unsigned_abs()
            || (seconds.unsigned_abs() == MAX_SECONDS.unsigned_abs() && nanos != 0);
        if beyond { Err(out_of_range()) } else { Ok(Self { seconds, nanos }) }
    }

    /// A duration of whole seconds.
    pub fn from_seconds(seconds: i64) -> Result<Self, LibError> {
        Self::from_nanos(i128::from(seconds).saturating_mul(NANOS))
    }

    /// The duration in nanoseconds.
    pub fn as_nanos(self) -> i128 {
        i128::from(self.seconds).saturating_mul(NANOS).saturating_add(i128::from(self.nanos))
    }

    /// The whole seconds, towards zero.
    pub fn as_seconds(self) -> i64 {
        self.seconds
    }

    /// `duration(text)`: numbers with units, as in `1h30m1.5s`; units are h, m, s, ms, us and ns.
    pub fn parse(text: &str) -> Result<Self, LibError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if unsigned == "0" {
            return Ok(Self::default());
        }
        let nanos = parse_terms(unsigned).ok_or_else(|| {
            LibError::invalid(format!("{} is not a duration such as `1h30m1.5s`", quoted(text)))
        })?;
        Self::from_nanos(if negative { nanos.saturating_neg() } else { nanos })
    }

    /// `duration + duration`.
    pub fn checked_add(self, other: Self) -> Result<Self, LibError> {
        Self::from_nanos(self.as_nanos().saturating_add(other.as_nanos()))
    }

    /// `duration - duration`.
    pub fn checked_sub(self, other: Self) -> Result<Self, LibError> {
        Self::from_nanos(self.as_nanos().saturating_sub(other.as_nanos()))
    }

    /// `-duration`; the range is symmetric.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { seconds: self.seconds.saturating_neg(), nanos: self.nanos.saturating_neg() }
    }

    /// What an accessor returns, towards zero.
    pub fn part(self, part: DurationPart) -> i64 {
        match part {
            DurationPart::Hours => self.seconds / 3_600,
            DurationPart::Minutes => self.seconds / 60,
            DurationPart::Seconds => self.seconds,
            DurationPart::Milliseconds => i64::from(self.nanos / NANOS_PER_MILLISECOND),
        }
    }
}

/// In seconds, as `string(duration)` has it: `5400.5s`.
impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds < 0 || self.nanos < 0 {
            formatter.write_str("-")?;
        }
        write!(formatter, "{}", self.seconds.unsigned_abs())?;
        write_fraction(formatter, self.nanos.unsigned_abs())?;
        formatter.write_str("s")
    }
}

/// The sum of all terms in nanoseconds, saturated; `None` where the text is no duration.
fn parse_terms(text: &str) -> Option<i128> {
    let mut rest = text;
    let mut total: i128 = 0;
    loop {
        let whole = leading_digits(rest);
        rest = rest.get(whole.len()..)?;
        let fraction = match rest.strip_prefix('.') {
            Some(after) => leading_digits(after),
            None => "",
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after.get(fraction.len()..)?;
        }
        let unit_end = rest.find(|character: char| character == '.' || character.is_ascii_digit());
        let (unit, tail) = rest.split_at_checked(unit_end.unwrap_or(rest.len()))?;
        total = total.saturating_add(term_nanos(whole, fraction, unit_nanos(unit)?));
        if tail.is_empty() {
            return Some(total);
        }
        rest = tail;
    }
}

fn leading_digits(text: &str) -> &str {
    text.split(|character: char| !character.is_ascii_digit()).next().unwrap_or("")
}

/// Nanoseconds of one term; what is finer than a nanosecond is cut off.
fn term_nanos(whole: &str, fraction: &str, unit: i128) -> i128 {
    // Only digits get here, so that a failure can only mean too many of them.
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(i128::MAX) };
    // No unit has more than 13 digits in nanoseconds, and nine decimals times it fit easily.
    let billionths = i128::from(fraction_nanos(fraction));
    let part = billionths.saturating_mul(unit) / NANOS;
    whole.saturating_mul(unit).saturating_add(part)
}

fn unit_nanos(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter look the same.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOS,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn out_of_range() -> LibError {
    LibError::out_of_range("the duration is out of range: at most 315,576,000,000 seconds")
}
