//! Instants.

use std::fmt;

use super::super::{LibError, quoted};
use super::calendar::{
    Date, date_from_days, day_of_week, day_of_year, days_from_date, days_in_month,
};
use super::{
    Duration, NANOS_PER_MILLISECOND, NANOS_PER_SECOND, Zone, fraction_nanos, split_nanos,
    write_fraction,
};

/// 0001-01-01T00:00:00Z.
const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const MAX_SECONDS: i64 = 253_402_300_799;
const SECONDS_PER_DAY: i64 = 86_400;

/// An instant from year 1 to year 9999, exact to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970-01-01T00:00:00Z, rounded down.
    seconds: i64,
    /// Below one second.
    nanos: u32,
}

/// What an accessor of a timestamp asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampPart {
    /// `getFullYear`.
    FullYear,
    /// `getMonth`: 0 for January.
    Month,
    /// `getDate`: 1 for the first of the month.
    Date,
    /// `getDayOfMonth`: 0 for the first of the month.
    DayOfMonth,
    /// `getDayOfWeek`: 0 for Sunday.
    DayOfWeek,
    /// `getDayOfYear`: 0 for the first of January.
    DayOfYear,
    /// `getHours`.
    Hours,
    /// `getMinutes`.
    Minutes,
    /// `getSeconds`.
    Seconds,
    /// `getMilliseconds`: within the second.
    Milliseconds,
}

impl TimestampPart {
    /// The part that an accessor function names.
    pub fn from_function(name: &str) -> Option<Self> {
        Some(match name {
            "getFullYear" => Self::FullYear,
            "getMonth" => Self::Month,
            "getDate" => Self::Date,
            "getDayOfMonth" => Self::DayOfMonth,
            "getDayOfWeek" => Self::DayOfWeek,
            "getDayOfYear" => Self::DayOfYear,
            "getHours" => Self::Hours,
            "getMinutes" => Self::Minutes,
            "getSeconds" => Self::Seconds,
            "getMilliseconds" => Self::Milliseconds,
            _ => return None,
        })
    }
}

impl Timestamp {
    /// `timestamp(int)`: seconds since 1970-01-01T00:00:00Z.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, LibError> {
        Self::from_parts(seconds, 0)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub fn from_unix_nanos(nanos: i128) -> Result<Self, LibError> {
        let (seconds, nanos) = split_nanos(nanos);
        Self::from_parts(i64::try_from(seconds).map_err(|_| out_of_range())?, nanos)
    }

    fn from_parts(seconds: i64, nanos: u32) -> Result<Self, LibError> {
        if (MIN_SECONDS..=MAX_SECONDS).contains(&seconds) && nanos < NANOS_PER_SECOND {
            Ok(Self { seconds, nanos })
        } else {
            Err(out_of_range())
        }
    }

    /// `int(timestamp)`: seconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub fn unix_nanos(self) -> i128 {
        i128::from(self.seconds)
            .saturating_mul(i128::from(NANOS_PER_SECOND))
            .saturating_add(i128::from(self.nanos))
    }

    /// `timestamp(text)`: RFC 3339, as in `2026-05-01T12:30:00.5+02:00`.
    pub fn parse(text: &str) -> Result<Self, LibError> {
        let (seconds, nanos) = parse_rfc3339(text).ok_or_else(|| {
            LibError::invalid(format!(
                "{} is not an RFC 3339 timestamp such as `2026-05-01T12:30:00Z`",
                quoted(text)
            ))
        })?;
        Self::from_parts(seconds, nanos)
    }

    /// `timestamp + duration`.
    pub fn checked_add(self, duration: Duration) -> Result<Self, LibError> {
        Self::from_unix_nanos(self.unix_nanos().saturating_add(duration.as_nanos()))
    }

    /// `timestamp - duration`.
    pub fn checked_sub(self, duration: Duration) -> Result<Self, LibError> {
        Self::from_unix_nanos(self.unix_nanos().saturating_sub(duration.as_nanos()))
    }

    /// `timestamp - timestamp`.
    ///
    /// The specification's tests want a difference beyond 64 bits of nanoseconds, 292 years,
    /// refused, although a duration could hold it.
    pub fn since(self, earlier: Self) -> Result<Duration, LibError> {
        let nanos = self.unix_nanos().saturating_sub(earlier.unix_nanos());
        if i64::try_from(nanos).is_err() {
            return Err(LibError::out_of_range(
                "the timestamps are more than 292 years apart, which is out of range",
            ));
        }
        Duration::from_nanos(nanos)
    }

    /// What an accessor returns in a zone.
    pub fn part(self, part: TimestampPart, zone: &Zone) -> i64 {
        let local = self.seconds.saturating_add(zone.offset_at(self.seconds));
        let days = local.div_euclid(SECONDS_PER_DAY);
        let second_of_day = local.rem_euclid(SECONDS_PER_DAY);
        match part {
            TimestampPart::FullYear => date_from_days(days).year,
            TimestampPart::Month => date_from_days(days).month.saturating_sub(1),
            TimestampPart::Date => date_from_days(days).day,
            TimestampPart::DayOfMonth => date_from_days(days).day.saturating_sub(1),
            TimestampPart::DayOfWeek => day_of_week(days),
            TimestampPart::DayOfYear => day_of_year(days, date_from_days(days)),
            TimestampPart::Hours => second_of_day / 3_600,
            TimestampPart::Minutes => second_of_day / 60 % 60,
            TimestampPart::Seconds => second_of_day % 60,
            TimestampPart::Milliseconds => i64::from(self.nanos / NANOS_PER_MILLISECOND),
        }
    }
}

/// RFC 3339 in UTC, as `string(timestamp)` has it.
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
        write_fraction(formatter, self.nanos)?;
        formatter.write_str("Z")
    }
}

/// Seconds since the epoch and nanoseconds; `None` where the text has another form.
fn parse_rfc3339(text: &str) -> Option<(i64, u32)> {
    let mut cursor = Cursor(text);
    let year = cursor.digits(4)?;
    cursor.expect(b"-")?;
    let month = cursor.digits(2)?;
    cursor.expect(b"-")?;
    let day = cursor.digits(2)?;
    cursor.expect(b"Tt")?;
    let hour = cursor.digits(2)?;
    cursor.expect(b":")?;
    let minute = cursor.digits(2)?;
    cursor.expect(b":")?;
    let second = cursor.digits(2)?;
    let nanos = cursor.fraction()?;
    let offset = cursor.offset()?;
    let is_date = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 59 || !cursor.0.is_empty() {
        return None;
    }
    let days = days_from_date(Date { year, month, day });
    let of_day = seconds_of(hour, minute).saturating_add(second);
    let local = days.saturating_mul(SECONDS_PER_DAY).saturating_add(of_day);
    Some((local.saturating_sub(offset), nanos))
}

fn seconds_of(hours: i64, minutes: i64) -> i64 {
    hours.saturating_mul(3_600).saturating_add(minutes.saturating_mul(60))
}

/// What is left to read of a timestamp.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        // `parse` would take a sign.
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    }

    /// Takes one of the given characters.
    fn expect(&mut self, any_of: &[u8]) -> Option<u8> {
        let first = *self.0.as_bytes().first()?;
        if !any_of.contains(&first) {
            return None;
        }
        self.0 = self.0.get(1..)?;
        Some(first)
    }

    /// Takes a fraction of a second if there is one.
    fn fraction(&mut self) -> Option<u32> {
        let Some(rest) = self.0.strip_prefix('.') else { return Some(0) };
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        (!digits.is_empty()).then(|| fraction_nanos(digits))
    }

    /// Takes `Z` or an offset, in seconds ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = self.expect(b"Zz+-")?;
        if sign.eq_ignore_ascii_case(&b'Z') {
            return Some(0);
        }
        let hours = self.digits(2)?;
        self.expect(b":")?;
        let minutes = self.digits(2)?;
        if hours > 23 || minutes > 59 {
            return None;
        }
        let ahead = seconds_of(hours, minutes);
        Some(if sign == b'-' { ahead.saturating_neg() } else { ahead })
    }
}

fn out_of_range() -> LibError {
    LibError::out_of_range("the timestamp is out of range: years 1 to 9999")
}
