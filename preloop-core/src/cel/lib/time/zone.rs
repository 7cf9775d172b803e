//! Time zones: names of the IANA database and fixed offsets.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::super::{LibError, quoted};

/// The rules inside the binary; the machine's own are never read.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The last second for which zone rules are looked up: jiff ends a day and two hours before the
/// year 9999 does, and no zone changes its offset in between.
const LAST_RULE_SECOND: i64 = 253_402_207_200;

/// A zone in which the parts of a timestamp are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Zone {
    /// Coordinated universal time.
    #[default]
    Utc,
    /// So many seconds ahead of UTC.
    Offset(i32),
    /// A zone with rules.
    Named(NamedZone),
}

/// A zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedZone(TimeZone);

impl Zone {
    /// Reads a name such as `Europe/Paris`, or an offset such as `+02:00`, `-09:30` or `02:00`.
    pub(crate) fn parse(text: &str) -> Result<Self, LibError> {
        if text == "UTC" {
            return Ok(Self::Utc);
        }
        if let Some(seconds) = offset_seconds(text) {
            return Ok(Self::Offset(seconds));
        }
        match DATABASE.get(text) {
            Ok(zone) => Ok(Self::Named(NamedZone(zone))),
            Err(_) => Err(LibError::invalid(format!(
                "{} is not a time zone: use a name such as `Europe/Paris` or an offset such as `+02:00`",
                quoted(text)
            ))),
        }
    }

    /// How many seconds the zone is ahead of UTC at an instant.
    pub(super) fn offset_at(&self, seconds: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Offset(offset) => i64::from(*offset),
            Self::Named(NamedZone(zone)) => {
                let seconds = seconds.min(LAST_RULE_SECOND);
                jiff::Timestamp::from_second(seconds)
                    .map_or(0, |instant| i64::from(zone.to_offset(instant).seconds()))
            }
        }
    }
}

/// `+hh:mm`, `-hh:mm` or `hh:mm` in seconds; `None` for anything else.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let hours = two_digits(hours).filter(|hours| *hours < 24)?;
    let minutes = two_digits(minutes).filter(|minutes| *minutes < 60)?;
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_mul(sign)
}

fn two_digits(text: &str) -> Option<i32> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}
