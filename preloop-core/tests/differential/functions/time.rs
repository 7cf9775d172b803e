//! Instants and spans of time as nanoseconds, and a calendar that counts its way through the years.

use preloop_core::cel::FailureKind;

use super::{WRONG, letters};
use crate::naive::{Answer, Value};

const SECOND: i128 = 1_000_000_000;
const DAY: i64 = 86_400;
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;
const LONGEST: i128 = 315_576_000_000 * SECOND;
const INVALID: FailureKind = FailureKind::InvalidArgument;

pub(crate) fn apply(function: &str, values: &[Value]) -> Answer {
    match (function, values) {
        ("timestamp", [value @ Value::Timestamp(_)]) => Ok(value.clone()),
        ("timestamp", [Value::Int(seconds)]) => instant(i128::from(*seconds) * SECOND),
        ("timestamp", [Value::Text(text)]) => instant(read_instant(&letters(text)).ok_or(INVALID)?),
        ("duration", [value @ Value::Duration(_)]) => Ok(value.clone()),
        ("duration", [Value::Text(text)]) => span(read_span(text).ok_or(INVALID)?),
        (_, [Value::Duration(nanos)]) => {
            let part = match function {
                "getHours" => nanos / (3_600 * SECOND),
                "getMinutes" => nanos / (60 * SECOND),
                "getSeconds" => nanos / SECOND,
                "getMilliseconds" => nanos % SECOND / 1_000_000,
                _ => return WRONG,
            };
            Ok(Value::Int(part as i64))
        }
        (_, [Value::Timestamp(nanos)]) => part(function, *nanos, 0),
        (_, [Value::Timestamp(nanos), Value::Text(zone)]) => {
            part(function, *nanos, 0)?;
            part(function, *nanos, offset(zone, nanos.div_euclid(SECOND) as i64).ok_or(INVALID)?)
        }
        _ => WRONG,
    }
}

/// An instant, if it is in the years 1 to 9999.
pub(crate) fn instant(nanos: i128) -> Answer {
    let seconds = nanos.div_euclid(SECOND);
    if seconds < i128::from(FIRST) || seconds > i128::from(LAST) {
        return Err(FailureKind::OutOfRange);
    }
    Ok(Value::Timestamp(nanos))
}

/// A span of time, if it is no longer than 10,000 years.
pub(crate) fn span(nanos: i128) -> Answer {
    if nanos.abs() > LONGEST { Err(FailureKind::OutOfRange) } else { Ok(Value::Duration(nanos)) }
}

/// The span between two instants, if 64 bits hold its nanoseconds.
pub(crate) fn between(later: i128, earlier: i128) -> Answer {
    match i64::try_from(later - earlier) {
        Ok(nanos) => Ok(Value::Duration(i128::from(nanos))),
        Err(_) => Err(FailureKind::OutOfRange),
    }
}

fn days_of_year(year: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if is_leap { 366 } else { 365 }
}

fn months(year: i64) -> [i64; 12] {
    [31, days_of_year(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Year, month and day from 0, and the day of the year from 0. Every 400 years have as many days.
fn date(days: i64) -> (i64, i64, i64, i64) {
    let mut year = 1970 + 400 * days.div_euclid(146_097);
    let mut left = days.rem_euclid(146_097);
    while left >= days_of_year(year) {
        left -= days_of_year(year);
        year += 1;
    }
    let day_of_year = left;
    let mut month = 0;
    for length in months(year) {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left, day_of_year)
}

/// Days since 1970-01-01; month and day from 0.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let mut count = 0;
    for past in 1970..year {
        count += days_of_year(past);
    }
    for future in year..1970 {
        count -= days_of_year(future);
    }
    count + months(year).iter().take(month as usize).sum::<i64>() + day
}

fn part(function: &str, nanos: i128, offset: i64) -> Answer {
    let seconds = nanos.div_euclid(SECOND) as i64 + offset;
    let (year, month, day, day_of_year) = date(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    Ok(Value::Int(match function {
        "getFullYear" => year,
        "getMonth" => month,
        "getDate" => day + 1,
        "getDayOfMonth" => day,
        "getDayOfYear" => day_of_year,
        "getDayOfWeek" => (seconds.div_euclid(DAY) + 4).rem_euclid(7),
        "getHours" => of_day / 3_600,
        "getMinutes" => of_day % 3_600 / 60,
        "getSeconds" => of_day % 60,
        "getMilliseconds" => (nanos.rem_euclid(SECOND) / 1_000_000) as i64,
        _ => return WRONG,
    }))
}

/// Two digits, a colon and two digits, below these ends.
fn clock(letters: &[char], hours: i64) -> Option<i64> {
    let [first, second, ':', third, fourth] = *letters else { return None };
    let (hour, minute) = (number(&[first, second])?, number(&[third, fourth])?);
    (hour < hours && minute < 60).then_some(hour * 3_600 + minute * 60)
}

fn number(digits: &[char]) -> Option<i64> {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + i64::from(digit.to_digit(10)?);
    }
    (!digits.is_empty()).then_some(value)
}

/// How many seconds a zone is ahead. Of Paris and New York only today's rules are known.
fn offset(zone: &str, seconds: i64) -> Option<i64> {
    match zone {
        "UTC" => return Some(0),
        "Etc/GMT+5" => return Some(-5 * 3_600),
        // Local mean time until the end of 1919.
        "Asia/Dubai" if seconds < -1_577_936_472 => return Some(13_272),
        "Asia/Dubai" => return Some(4 * 3_600),
        "Europe/Paris" => {
            let summer = nth_sunday(seconds, 2, -1) + 3_600..nth_sunday(seconds, 9, -1) + 3_600;
            return Some(if summer.contains(&seconds) { 7_200 } else { 3_600 });
        }
        "America/New_York" => {
            let summer = nth_sunday(seconds, 2, 1) + 25_200..nth_sunday(seconds, 10, 0) + 21_600;
            return Some(if summer.contains(&seconds) { -4 * 3_600 } else { -5 * 3_600 });
        }
        _ => {}
    }
    match letters(zone).as_slice() {
        ['-', rest @ ..] => clock(rest, 24).map(|ahead| -ahead),
        ['+', rest @ ..] => clock(rest, 24),
        rest => clock(rest, 24),
    }
}

/// When the nth Sunday of a month begins in UTC, in the year of an instant; -1 is the last one.
fn nth_sunday(seconds: i64, month: i64, nth: i64) -> i64 {
    let year = date(seconds.div_euclid(DAY)).0;
    let length = months(year)[month as usize];
    let sundays: Vec<i64> = (0..length)
        .map(|day| days(year, month, day))
        .filter(|day| (day + 4).rem_euclid(7) == 0)
        .collect();
    let at = if nth < 0 { sundays.len() - 1 } else { nth as usize };
    sundays[at] * DAY
}

/// `2026-05-01T12:30:00.5+02:00` in nanoseconds.
fn read_instant(letters: &[char]) -> Option<i128> {
    let (stamp, mut rest) = letters.split_at_checked(19)?;
    for (at, wanted) in [(4, "-"), (7, "-"), (10, "Tt"), (13, ":"), (16, ":")] {
        if !wanted.contains(stamp[at]) {
            return None;
        }
    }
    let year = number(&stamp[..4])?;
    let month = number(&stamp[5..7])?;
    let day = number(&stamp[8..10])?;
    if !(1..=12).contains(&month) || day < 1 || day > months(year)[month as usize - 1] {
        return None;
    }
    let second = number(&stamp[17..]).filter(|second| *second < 60)?;
    let of_day = clock(&stamp[11..16], 24)? + second;
    let mut nanos = 0;
    if let ['.', after @ ..] = rest {
        let digits = after.iter().take_while(|letter| letter.is_ascii_digit()).count();
        let mut nine: Vec<char> = after[..digits].to_vec();
        nine.resize(9, '0');
        nanos = number(&nine).filter(|_| digits > 0)?;
        rest = &after[digits..];
    }
    let ahead = match rest {
        ['Z' | 'z'] => 0,
        ['+', zone @ ..] => clock(zone, 24)?,
        ['-', zone @ ..] => -clock(zone, 24)?,
        _ => return None,
    };
    let seconds = days(year, month - 1, day - 1) * DAY + of_day - ahead;
    Some(i128::from(seconds) * SECOND + i128::from(nanos))
}

/// `1h30m1.5s` in nanoseconds.
fn read_span(text: &str) -> Option<i128> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0;
    loop {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (figure, after) = rest.split_at(end);
        let (whole, fraction) = figure.split_once('.').unwrap_or((figure, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.');
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3_600 * SECOND,
            _ => return None,
        };
        let figure: i128 = format!("{whole}{fraction}").parse().ok()?;
        total += figure * unit / 10_i128.pow(fraction.len() as u32);
        if after.is_empty() {
            return Some(sign * total);
        }
        rest = after;
    }
}

/// Seconds with as many decimals as it takes.
fn decimals(nanos: i128) -> String {
    let fraction = format!("{:09}", nanos % SECOND);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{point}{fraction}")
}

pub(crate) fn shown_instant(nanos: i128) -> String {
    let (seconds, nanos) = (nanos.div_euclid(SECOND) as i64, nanos.rem_euclid(SECOND));
    let (year, month, day, _) = date(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / 3_600, of_day % 3_600 / 60, of_day % 60);
    let (month, day, rest) = (month + 1, day + 1, decimals(nanos));
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{rest}Z")
}

pub(crate) fn shown_span(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    format!("{sign}{}{}s", nanos.abs() / SECOND, decimals(nanos.abs()))
}
