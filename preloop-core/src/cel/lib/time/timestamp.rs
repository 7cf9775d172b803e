//! Instants as expressions compute with them.

use super::super::LibError;
use super::{Duration, NANOS_PER_MILLISECOND, Zone};
use crate::time::calendar::{date_from_days, day_of_week, day_of_year};
use crate::time::{SECONDS_PER_DAY, Timestamp, TimestampError};

/// What an accessor of a timestamp asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampPart {
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
    pub(crate) fn from_function(name: &str) -> Option<Self> {
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
    /// `timestamp + duration`.
    pub(crate) fn plus(self, duration: Duration) -> Result<Self, LibError> {
        Ok(Self::from_unix_nanos(self.unix_nanos().saturating_add(duration.as_nanos()))?)
    }

    /// `timestamp - duration`.
    pub(crate) fn minus(self, duration: Duration) -> Result<Self, LibError> {
        Ok(Self::from_unix_nanos(self.unix_nanos().saturating_sub(duration.as_nanos()))?)
    }

    /// `timestamp - timestamp`.
    ///
    /// The specification's tests want a difference beyond 64 bits of nanoseconds, 292 years,
    /// refused, although a duration could hold it.
    pub(crate) fn since(self, earlier: Self) -> Result<Duration, LibError> {
        let nanos = self.unix_nanos().saturating_sub(earlier.unix_nanos());
        if i64::try_from(nanos).is_err() {
            return Err(LibError::out_of_range(
                "the timestamps are more than 292 years apart, which is out of range",
            ));
        }
        Duration::from_nanos(nanos)
    }

    /// What an accessor returns in a zone.
    pub(crate) fn part(self, part: TimestampPart, zone: &Zone) -> i64 {
        let local = self.unix_seconds().saturating_add(zone.offset_at(self.unix_seconds()));
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
            TimestampPart::Milliseconds => {
                i64::from(self.subsecond_nanos() / NANOS_PER_MILLISECOND)
            }
        }
    }
}

impl From<TimestampError> for LibError {
    fn from(error: TimestampError) -> Self {
        match error {
            TimestampError::Form(_) => Self::invalid(error.to_string()),
            TimestampError::OutOfRange => Self::out_of_range(error.to_string()),
        }
    }
}
