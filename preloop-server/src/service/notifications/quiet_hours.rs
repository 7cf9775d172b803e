//! Hours in which somebody is left alone, in the time zone of that person.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use preloop_api::QuietHours;
use preloop_core::Timestamp;

/// Why hours cannot be used.
pub(super) fn check(hours: &QuietHours) -> Result<(), String> {
    let QuietHours { from, to, time_zone } = hours;
    for (name, text) in [("from", from), ("to", to)] {
        if time(text).is_none() {
            return Err(format!("`quiet_hours.{name}` must be a time such as `22:00`"));
        }
    }
    if from == to {
        return Err("`quiet_hours` must begin and end at different times".to_owned());
    }
    if TimeZone::get(time_zone).is_err() {
        return Err(
            "`quiet_hours.time_zone` must be a time zone such as `Europe/Berlin`".to_owned()
        );
    }
    Ok(())
}

/// When the hours end that `now` is in; none where it is in none.
pub(super) fn end_of(hours: &QuietHours, now: Timestamp) -> Option<Timestamp> {
    let (from, to) = (time(&hours.from)?, time(&hours.to)?);
    let zone = TimeZone::get(&hours.time_zone).ok()?;
    let here = jiff::Timestamp::from_microsecond(now.unix_micros()).ok()?.to_zoned(zone.clone());
    let clock = here.time();
    let is_quiet =
        if from < to { from <= clock && clock < to } else { clock >= from || clock < to };
    if !is_quiet {
        return None;
    }
    let date = if clock < to { here.date() } else { here.date().tomorrow().ok()? };
    let end = date.to_datetime(to).to_zoned(zone).ok()?;
    let end = Timestamp::from_unix_micros(end.timestamp().as_microsecond()).ok()?;
    // An hour that a change of the clocks takes out ends at once.
    (end > now).then_some(end)
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let is_two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_two.then(|| digits.parse::<i8>().ok()).flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, to: &str, time_zone: &str) -> QuietHours {
        QuietHours { from: from.to_owned(), to: to.to_owned(), time_zone: time_zone.to_owned() }
    }

    fn end(hours: &QuietHours, now: &str) -> Option<String> {
        end_of(hours, now.parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn hours_over_midnight_end_in_the_morning() {
        let night = hours("22:00", "07:00", "Europe/Berlin");
        let morning = Some("2026-11-22T06:00:00Z".to_owned());
        assert_eq!(end(&night, "2026-11-21T21:00:00Z"), morning, "22:00 is quiet");
        assert_eq!(end(&night, "2026-11-22T05:59:59Z"), morning);
        assert_eq!(end(&night, "2026-11-22T06:00:00Z"), None, "07:00 is not");
        assert_eq!(end(&night, "2026-11-21T20:59:59Z"), None);
    }

    #[test]
    fn hours_of_a_day_and_changes_of_the_clock() {
        let lunch = hours("12:00", "13:30", "America/New_York");
        assert_eq!(end(&lunch, "2026-11-21T17:10:00Z").as_deref(), Some("2026-11-21T18:30:00Z"));
        // In the night to 29 March 2026 the clocks go from 02:00 to 03:00.
        let night = hours("23:00", "02:30", "Europe/Berlin");
        assert_eq!(end(&night, "2026-03-29T00:30:00Z").as_deref(), Some("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert_eq!(check(&hours("22:00", "07:00", "Europe/Berlin")), Ok(()));
        for (from, to, zone) in [
            ("24:00", "07:00", "UTC"),
            ("7:00", "08:00", "UTC"),
            ("07:00", "07:60", "UTC"),
            ("07:00", "07:00", "UTC"),
            ("22:00", "07:00", "Berlin/Europe"),
            ("-1:00", "07:00", "UTC"),
        ] {
            assert!(check(&hours(from, to, zone)).is_err(), "{from} {to} {zone}");
        }
    }
}
