//! Instants as calls, approvals and records have them. Where the present moment comes from is the caller's business.

pub(crate) mod calendar;
mod parse;
#[cfg(any(test, feature = "schema"))]
mod schema;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use calendar::date_from_days;

/// Nanoseconds in a second.
pub(crate) const NANOS_PER_SECOND: u32 = 1_000_000_000;
const NANOS: i128 = NANOS_PER_SECOND as i128;
pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z.
const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const MAX_SECONDS: i64 = 253_402_300_799;
/// Longest piece of input in a message, in characters.
const SHOWN_CHARS: usize = 80;

/// An instant from year 1 to year 9999, exact to the nanosecond.
///
/// As text it is RFC 3339, printed in UTC.
///
/// ```
/// use preloop_core::Timestamp;
/// use std::time::Duration;
///
/// let noon: Timestamp = "2026-01-31T14:00:00+02:00".parse().unwrap();
/// assert_eq!(noon.to_string(), "2026-01-31T12:00:00Z");
/// let later = noon.checked_add(Duration::from_millis(1_500)).unwrap();
/// assert_eq!(later.to_string(), "2026-01-31T12:00:01.5Z");
/// assert_eq!(Timestamp::from_unix_micros(later.unix_micros()), Ok(later));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970-01-01T00:00:00Z, rounded down.
    seconds: i64,
    /// Below one second.
    nanos: u32,
}

/// Why something is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The text, cut where it is long, has another form.
    #[error("`{0}` is not an RFC 3339 timestamp such as `2026-05-01T12:30:00Z`")]
    Form(String),
    /// The instant lies outside years 1 to 9999.
    #[error("the timestamp is out of range: years 1 to 9999")]
    OutOfRange,
}

// === impl Timestamp ===

impl Timestamp {
    /// The first instant of year 1.
    pub const MIN: Self = Self { seconds: MIN_SECONDS, nanos: 0 };
    /// The last instant of year 9999.
    pub const MAX: Self = Self { seconds: MAX_SECONDS, nanos: NANOS_PER_SECOND - 1 };
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self { seconds: 0, nanos: 0 };

    /// So many seconds after 1970-01-01T00:00:00Z, before it where negative.
    pub const fn from_unix_seconds(seconds: i64) -> Result<Self, TimestampError> {
        Self::from_parts(seconds, 0)
    }

    /// So many microseconds after 1970-01-01T00:00:00Z.
    pub fn from_unix_micros(micros: i64) -> Result<Self, TimestampError> {
        Self::from_unix_nanos(i128::from(micros).saturating_mul(1_000))
    }

    /// So many nanoseconds after 1970-01-01T00:00:00Z.
    pub fn from_unix_nanos(nanos: i128) -> Result<Self, TimestampError> {
        let seconds =
            i64::try_from(nanos.div_euclid(NANOS)).map_err(|_| TimestampError::OutOfRange)?;
        let nanos =
            u32::try_from(nanos.rem_euclid(NANOS)).map_err(|_| TimestampError::OutOfRange)?;
        Self::from_parts(seconds, nanos)
    }

    const fn from_parts(seconds: i64, nanos: u32) -> Result<Self, TimestampError> {
        if seconds < MIN_SECONDS || seconds > MAX_SECONDS || nanos >= NANOS_PER_SECOND {
            return Err(TimestampError::OutOfRange);
        }
        Ok(Self { seconds, nanos })
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_millis(self) -> i64 {
        let below = i64::from(self.nanos / 1_000_000);
        self.seconds.saturating_mul(1_000).saturating_add(below)
    }

    /// Microseconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_micros(self) -> i64 {
        let below = i64::from(self.nanos / 1_000);
        self.seconds.saturating_mul(1_000_000).saturating_add(below)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub fn unix_nanos(self) -> i128 {
        i128::from(self.seconds).saturating_mul(NANOS).saturating_add(i128::from(self.nanos))
    }

    /// The nanoseconds within the second.
    pub(crate) const fn subsecond_nanos(self) -> u32 {
        self.nanos
    }

    /// The instant that much later, if there is one.
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        Self::from_unix_nanos(self.unix_nanos().saturating_add(nanos_of(span))).ok()
    }

    /// The instant that much earlier, if there is one.
    pub fn checked_sub(self, span: Duration) -> Option<Self> {
        Self::from_unix_nanos(self.unix_nanos().saturating_sub(nanos_of(span))).ok()
    }

    /// The instant that much later, or the last one.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        self.checked_add(span).unwrap_or(Self::MAX)
    }

    /// How long it is since `earlier`; zero where that is later.
    pub fn duration_since(self, earlier: Self) -> Duration {
        let nanos = self.unix_nanos().saturating_sub(earlier.unix_nanos()).max(0);
        // Ten thousand years fit into 64 bits of seconds, and a second into 32 of nanoseconds.
        let seconds = u64::try_from(nanos.div_euclid(NANOS)).unwrap_or(u64::MAX);
        Duration::new(seconds, u32::try_from(nanos.rem_euclid(NANOS)).unwrap_or_default())
    }
}

fn nanos_of(span: Duration) -> i128 {
    i128::try_from(span.as_nanos()).unwrap_or(i128::MAX)
}

/// RFC 3339 in UTC, with as many digits below the second as are needed; `{:.0}` leaves them out.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = date_from_days(self.seconds.div_euclid(SECONDS_PER_DAY));
        let second_of_day = self.seconds.rem_euclid(SECONDS_PER_DAY);
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.year,
            date.month,
            date.day,
            second_of_day / 3_600,
            second_of_day / 60 % 60,
            second_of_day % 60
        )?;
        if formatter.precision() != Some(0) {
            write_fraction(formatter, self.nanos)?;
        }
        formatter.write_str("Z")
    }
}

/// RFC 3339, as in `2026-05-01T12:30:00.5+02:00`: seconds and offset are wanted.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seconds, nanos) = parse::rfc3339(text).ok_or_else(|| form(text))?;
        Self::from_parts(seconds, nanos)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an RFC 3339 timestamp such as `2026-05-01T12:30:00Z`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The text as messages show it: on one line, cut where it is long.
fn form(text: &str) -> TimestampError {
    let mut shown = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(SHOWN_CHARS) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if characters.next().is_some() {
        shown.push_str("...");
    }
    TimestampError::Form(shown)
}

/// Writes `.5` for half a second: as many digits as needed, none where there is no fraction.
pub(crate) fn write_fraction(out: &mut impl fmt::Write, nanos: u32) -> fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let digits = format!("{nanos:09}");
    write!(out, ".{}", digits.trim_end_matches('0'))
}

/// Reads fraction digits as nanoseconds; digits beyond the ninth are cut off.
pub(crate) fn fraction_nanos(digits: &str) -> u32 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |nanos: u32, digit| {
        nanos.saturating_mul(10).saturating_add(u32::from(digit.saturating_sub(b'0')))
    })
}
