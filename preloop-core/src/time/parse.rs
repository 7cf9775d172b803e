//! Reads RFC 3339 text; each field has its fixed width, and nothing is guessed.

use super::calendar::{Date, days_from_date, days_in_month};
use super::{SECONDS_PER_DAY, fraction_nanos};

/// Seconds since the epoch and nanoseconds; `None` where the text has another form.
pub(super) fn rfc3339(text: &str) -> Option<(i64, u32)> {
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
