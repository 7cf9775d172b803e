//! Instants worth trying: around those that conditions name, and those at which calendars and zones tell apart.

use std::collections::BTreeSet;

use crate::time::Timestamp;
use serde_json::Number;

use super::place::{Facts, Use};

/// A Monday in winter; instants are counted from here where nothing says otherwise.
const EPOCH: i64 = 1_767_571_200;
/// From that Monday to one in summer, when clocks stand otherwise.
const HALF_YEAR: i64 = 182 * DAY;
const DAY: i64 = 86_400;
/// Most minutes of the hour that are tried because a number names them.
const MINUTES_MAX: usize = 6;

/// Instants to try as an argument.
pub(super) fn instants(facts: &Facts) -> Vec<Timestamp> {
    told_once(seconds(facts))
}

/// Instants to try as the time of the call: those, and where calendars are asked every day of a year, every quarter of
/// an hour of a week in winter and in summer, and the minutes that numbers name in each of that week's hours.
pub(super) fn moments(facts: &Facts) -> Vec<Timestamp> {
    let mut seconds = seconds(facts);
    if facts.uses.contains(&Use::Time) {
        let noon = EPOCH.saturating_add(DAY / 2);
        seconds.extend((0..365).map(|day| noon.saturating_add(day * DAY)));
        for week in [EPOCH, EPOCH.saturating_add(HALF_YEAR)] {
            seconds.extend((0..7 * 96).map(|quarter| week.saturating_add(quarter * 900)));
        }
        let numbers = facts.numbers.iter().filter_map(Number::as_i64);
        let minutes: BTreeSet<i64> = numbers
            .flat_map(|number| [number.saturating_sub(1), number, number.saturating_add(1)])
            .filter(|minute| (0..60).contains(minute) && minute % 15 != 0)
            .collect();
        for minute in minutes.into_iter().rev().take(MINUTES_MAX) {
            let hours = (0..7 * 24).map(|hour| hour * 3_600 + minute * 60);
            seconds.extend(hours.map(|at| EPOCH.saturating_add(at)));
        }
    }
    told_once(seconds)
}

fn told_once(seconds: Vec<i64>) -> Vec<Timestamp> {
    let mut met = BTreeSet::new();
    seconds
        .into_iter()
        .filter(|second| met.insert(*second))
        .filter_map(|second| Timestamp::from_unix_seconds(second).ok())
        .collect()
}

fn seconds(facts: &Facts) -> Vec<i64> {
    let mut seconds: Vec<i64> = Vec::new();
    for text in &facts.texts {
        if let Ok(at) = text.parse::<Timestamp>() {
            let at = at.unix_seconds();
            seconds.extend([at, at.saturating_add(1), at.saturating_sub(1)]);
            for duration in &facts.durations {
                let (after, before) = (at.saturating_add(*duration), at.saturating_sub(*duration));
                seconds.extend([after, before, after.saturating_add(1), before.saturating_sub(1)]);
            }
        }
    }
    for duration in &facts.durations {
        for edge in [-1, 0, 1] {
            seconds.push(EPOCH.saturating_add(*duration).saturating_add(edge));
            seconds.push(EPOCH.saturating_sub(*duration).saturating_add(edge));
        }
    }
    let noon = EPOCH.saturating_add(DAY / 2);
    seconds.push(noon);
    if facts.uses.contains(&Use::Time) {
        seconds.extend((0..7).map(|day| noon.saturating_add(day * DAY)));
        // Each hour of a working day and of a day off, in every zone; half hours for the zones that have them.
        for day in [1, 5] {
            let hours = (0..48).map(|half| day * DAY + half * 1_800);
            seconds.extend(hours.map(|at| EPOCH.saturating_add(at)));
        }
        seconds.extend((0..13).map(|month| noon.saturating_add(month * 30 * DAY)));
        seconds.extend((0..31).map(|day| noon.saturating_add(day * DAY)));
        for number in facts.numbers.iter().filter_map(Number::as_i64) {
            years(number, &mut seconds);
            seconds.extend([number, number.saturating_add(1), number.saturating_sub(1)]);
            // Minutes and seconds.
            seconds.extend((0..2).flat_map(|less| {
                let number = number.saturating_sub(less);
                [noon.saturating_add(number), noon.saturating_add(number.saturating_mul(60))]
            }));
        }
    }
    seconds
}

fn years(number: i64, seconds: &mut Vec<i64>) {
    if !(1970..=9000).contains(&number) {
        return;
    }
    for year in [number.saturating_sub(1), number, number.saturating_add(1)] {
        let start = format!("{year:04}-01-15T12:00:00Z");
        seconds.extend(start.parse::<Timestamp>().map(Timestamp::unix_seconds));
    }
}
