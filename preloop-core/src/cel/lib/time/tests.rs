//! Laws of instants and durations, with the calendar held against jiff's own.

use proptest::prelude::*;

use super::super::LibError;
use super::*;
use crate::time::{NANOS_PER_SECOND, Timestamp};

fn timestamp(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn duration(text: &str) -> Duration {
    Duration::parse(text).unwrap()
}

#[test]
fn durations_read_every_unit_and_print_seconds() {
    let check = |text: &str, expected: &str| assert_eq!(duration(text).to_string(), expected);
    check("1h30m1.5s", "5401.5s");
    check("-1h", "-3600s");
    check("+2m", "120s");
    check("1ms1us1µs1μs1ns", "0.001003001s");
    check("0", "0s");
    check("-0", "0s");
    check("-1.5s", "-1.5s");
    check("-0.000000001s", "-0.000000001s");
    check(".5h", "1800s");
    check("1.h", "3600s");
    check("1.9999999999ns", "0.000000001s");
    check("315576000000s", "315576000000s");
    check("-315576000000s", "-315576000000s");
}

#[test]
fn what_is_no_duration_is_refused() {
    for text in
        ["", "-", "1", "s", "1 s", "1x", ".s", "1s2", "1s ", "--1s", "1.2.3s", "1S", "ñ", "１s"]
    {
        let error = Duration::parse(text).unwrap_err();
        assert!(matches!(error, LibError::InvalidArgument(_)), "{text}: {error}");
    }
    for text in
        ["315576000000.000000001s", "320000000000s", "99999999999999999999999999999999999999999h"]
    {
        let error = Duration::parse(text).unwrap_err();
        assert!(matches!(error, LibError::OutOfRange(_)), "{text}: {error}");
    }
    assert_eq!(
        Duration::parse("soon").unwrap_err().to_string(),
        "`soon` is not a duration such as `1h30m1.5s`"
    );
}

#[test]
fn duration_parts_go_towards_zero() {
    let parts = |text: &str| {
        ["getHours", "getMinutes", "getSeconds", "getMilliseconds"]
            .map(|name| duration(text).part(DurationPart::from_function(name).unwrap()))
    };
    assert_eq!(parts("123.321456789s"), [0, 2, 123, 321]);
    assert_eq!(parts("-3661.5s"), [-1, -61, -3661, -500]);
    assert_eq!(DurationPart::from_function("getFullYear"), None);
    assert!(duration("-1s") < duration("-0.5s") && duration("-0.5s") < duration("0.5s"));
}

#[test]
fn timestamps_read_rfc_3339_and_print_utc() {
    let check = |text: &str, expected: &str| assert_eq!(timestamp(text).to_string(), expected);
    check("2026-05-01T12:30:00.5+02:00", "2026-05-01T10:30:00.5Z");
    check("2026-05-01t12:30:00z", "2026-05-01T12:30:00Z");
    check("2024-02-29T00:00:00-00:30", "2024-02-29T00:30:00Z");
    check("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
    check("9999-12-31T23:59:59.9999999999Z", "9999-12-31T23:59:59.999999999Z");
    check("1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.25Z");
}

#[test]
fn zones_are_names_or_offsets() {
    let hour = |text: &str| {
        let part = TimestampPart::from_function("getHours").unwrap();
        timestamp("2026-07-01T12:00:00Z").part(part, &Zone::parse(text).unwrap())
    };
    assert_eq!(hour("UTC"), 12);
    assert_eq!(hour("Europe/Paris"), 14);
    assert_eq!(hour("+02:30"), 14);
    assert_eq!(hour("02:00"), 14);
    assert_eq!(hour("-12:00"), 0);
    for text in [
        "",
        "Mars/Olympus",
        "+2:00",
        "+24:00",
        "+02:60",
        "+02",
        "+02:00:00",
        "++2:00",
        "Local",
        "/etc/passwd",
        "../UTC",
    ] {
        assert!(Zone::parse(text).is_err(), "{text}");
    }
}

#[test]
fn zones_reach_beyond_the_range() {
    let east = Zone::parse("+14:00").unwrap();
    let west = Zone::parse("-11:00").unwrap();
    let (first, last) = (timestamp("0001-01-01T00:00:00Z"), timestamp("9999-12-31T23:59:59Z"));
    assert_eq!(last.part(TimestampPart::FullYear, &east), 10_000);
    assert_eq!(first.part(TimestampPart::FullYear, &west), 0);
    assert_eq!(first.part(TimestampPart::DayOfYear, &west), 365);
    let named = Zone::parse("Pacific/Kiritimati").unwrap();
    assert_eq!(last.part(TimestampPart::FullYear, &named), 10_000);
    assert_eq!(first.part(TimestampPart::DayOfWeek, &Zone::Utc), 1);
}

#[test]
fn arithmetic_stays_in_range() {
    let last = timestamp("9999-12-31T23:59:59Z");
    assert!(last.plus(duration("1s")).is_err());
    assert!(last.minus(duration("-1s")).is_err());
    assert_eq!(
        last.plus(duration("999999999ns")).unwrap().to_string(),
        "9999-12-31T23:59:59.999999999Z"
    );
    let first = timestamp("0001-01-01T00:00:00Z");
    assert!(last.since(first).is_err() && first.since(last).is_err());
    assert_eq!(
        timestamp("2026-01-01T00:00:00Z").since(timestamp("2025-12-31T23:00:00Z")),
        Ok(duration("1h"))
    );
}

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    (-62_135_596_800_i64..=253_402_300_799, 0_u32..NANOS_PER_SECOND).prop_map(|(seconds, nanos)| {
        let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Timestamp::from_unix_nanos(nanos).unwrap()
    })
}

fn any_duration() -> impl Strategy<Value = Duration> {
    let limit = 315_576_000_000_i128 * 1_000_000_000;
    prop_oneof![-limit..=limit, -5_000_000_000..5_000_000_000_i128]
        .prop_map(|nanos| Duration::from_nanos(nanos).unwrap())
}

proptest! {
    #[test]
    fn printed_durations_read_back(value in any_duration()) {
        prop_assert_eq!(duration(&value.to_string()), value);
        prop_assert_eq!(Duration::from_nanos(value.as_nanos()), Ok(value));
        prop_assert_eq!(value.negated().as_nanos(), -value.as_nanos());
    }

    #[test]
    fn order_is_the_order_in_time(left in any_duration(), right in any_duration()) {
        prop_assert_eq!(left.cmp(&right), left.as_nanos().cmp(&right.as_nanos()));
        if let Ok(sum) = left.checked_add(right) {
            prop_assert_eq!(sum.checked_sub(right), Ok(left));
        }
    }

    #[test]
    fn what_is_added_is_the_difference(start in any_timestamp(), span in any_duration()) {
        if let Ok(end) = start.plus(span) {
            prop_assert_eq!(end.minus(span), Ok(start));
            if i64::try_from(span.as_nanos()).is_ok() {
                prop_assert_eq!(end.since(start), Ok(span));
            }
        }
    }

    #[test]
    fn parts_are_those_of_the_calendar(value in any_timestamp(), zone in prop::sample::select(vec![
        "UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "+05:45", "-09:30",
    ])) {
        let seconds = value.unix_seconds();
        prop_assume!((-62_135_000_000..253_402_000_000).contains(&seconds));
        let instant = jiff::Timestamp::from_second(seconds).unwrap();
        let rules = match zone {
            "+05:45" => jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(20_700).unwrap()),
            "-09:30" => jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(-34_200).unwrap()),
            name => jiff::tz::TimeZoneDatabase::bundled().get(name).unwrap(),
        };
        let local = instant.to_zoned(rules);
        let expected = [
            i64::from(local.year()), i64::from(local.month()) - 1, i64::from(local.day()),
            i64::from(local.day()) - 1, i64::from(local.weekday().to_sunday_zero_offset()),
            i64::from(local.day_of_year()) - 1, i64::from(local.hour()), i64::from(local.minute()),
            i64::from(local.second()),
        ];
        let zone = Zone::parse(zone).unwrap();
        let parts = [
            "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
            "getHours", "getMinutes", "getSeconds",
        ].map(|name| value.part(TimestampPart::from_function(name).unwrap(), &zone));
        prop_assert_eq!(parts, expected);
        prop_assert_eq!(
            i128::from(value.part(TimestampPart::Milliseconds, &zone)),
            value.unix_nanos().rem_euclid(1_000_000_000) / 1_000_000
        );
    }
}
