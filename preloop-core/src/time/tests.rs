//! Laws of instants: what is read, what is printed, and what arithmetic keeps.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_timestamp_is_refused() {
    for text in [
        "",
        "2026-05-01",
        "2026-05-01T12:30:00",
        "2026-05-01 12:30:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-05-00T00:00:00Z",
        "2026-05-01T24:00:00Z",
        "2026-05-01T12:60:00Z",
        "2026-05-01T12:30:60Z",
        "2026-05-01T12:30:00.Z",
        "2026-05-01T12:30:00+2:00",
        "2026-05-01T12:30:00+24:00",
        "2026-05-01T12:30:00Z ",
        "+026-05-01T12:30:00Z",
        "10000-01-01T00:00:00Z",
        "2026-05-01T12:30:00,5Z",
        "２026-05-01T12:30:00Z",
    ] {
        let error = text.parse::<Timestamp>().unwrap_err();
        assert!(matches!(error, TimestampError::Form(_)), "{text}: {error}");
    }
    for text in ["0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
        let error = text.parse::<Timestamp>().unwrap_err();
        assert_eq!(error, TimestampError::OutOfRange, "{text}");
    }
    assert!(Timestamp::from_unix_nanos(i128::MAX).is_err());
    assert!(Timestamp::from_unix_seconds(i64::MIN).is_err());
}

#[test]
fn messages_show_the_text_on_one_short_line() {
    let error = "to\nday".parse::<Timestamp>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`to\\nday` is not an RFC 3339 timestamp such as `2026-05-01T12:30:00Z`"
    );
    let error = "x".repeat(1_000).parse::<Timestamp>().unwrap_err();
    assert!(error.to_string().len() < 160, "{error}");
}

#[test]
fn the_ends_of_the_range_print_and_hold() {
    assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00Z");
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999999Z");
    let day = Duration::from_hours(24);
    assert_eq!(Timestamp::MAX.checked_add(Duration::from_nanos(1)), None);
    assert_eq!(Timestamp::MIN.checked_sub(Duration::from_nanos(1)), None);
    assert_eq!(Timestamp::MIN.checked_add(Duration::MAX), None);
    assert_eq!(Timestamp::MIN.saturating_add(Duration::MAX), Timestamp::MAX);
    assert_eq!(Timestamp::UNIX_EPOCH.checked_sub(day).map(Timestamp::unix_seconds), Some(-86_400));
    let whole = Timestamp::MAX.duration_since(Timestamp::MIN);
    assert_eq!(Timestamp::MIN.checked_add(whole), Some(Timestamp::MAX));
    assert_eq!(Timestamp::MIN.duration_since(Timestamp::MAX), Duration::ZERO);
}

#[test]
fn people_are_shown_whole_seconds() {
    let instant: Timestamp = "2026-05-01T12:30:59.987654Z".parse().unwrap();
    assert_eq!(format!("{instant:.0}"), "2026-05-01T12:30:59Z");
    assert_eq!(format!("{instant}"), "2026-05-01T12:30:59.987654Z");
}

#[test]
fn before_the_epoch_units_are_rounded_down_alike() {
    let at: Timestamp = "1969-12-31T23:59:59.999999999Z".parse().unwrap();
    assert_eq!((at.unix_seconds(), at.unix_millis(), at.unix_micros()), (-1, -1, -1));
    assert_eq!(at.unix_nanos(), -1);
}

#[test]
fn in_json_an_instant_is_its_text() {
    let at: Timestamp = serde_json::from_str("\"2026-05-01T12:30:00.25+02:00\"").unwrap();
    assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-05-01T10:30:00.25Z\"");
    let error = serde_json::from_str::<Timestamp>("12").unwrap_err().to_string();
    assert!(error.contains("expected an RFC 3339 timestamp"), "{error}");
    assert!(serde_json::from_str::<Timestamp>("\"soon\"").is_err());
}

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    (MIN_SECONDS..=MAX_SECONDS, 0..NANOS_PER_SECOND)
        .prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

proptest! {
    #[test]
    fn printed_timestamps_read_back(value in any_timestamp()) {
        prop_assert_eq!(value.to_string().parse(), Ok(value));
        prop_assert_eq!(Timestamp::from_unix_nanos(value.unix_nanos()), Ok(value));
        let micros = Timestamp::from_unix_micros(value.unix_micros()).unwrap();
        prop_assert!(value.duration_since(micros) < Duration::from_micros(1));
    }

    /// What is stored of older versions was printed by jiff: both must print alike.
    #[test]
    fn text_is_as_jiff_prints_it(value in any_timestamp()) {
        let Ok(theirs) = jiff::Timestamp::from_nanosecond(value.unix_nanos()) else { return Ok(()) };
        prop_assert_eq!(value.to_string(), theirs.to_string());
    }

    #[test]
    fn what_lies_between_brings_back(one in any_timestamp(), other in any_timestamp()) {
        let (early, late) = (one.min(other), one.max(other));
        let span = late.duration_since(early);
        prop_assert_eq!(early.checked_add(span), Some(late));
        prop_assert_eq!(late.checked_sub(span), Some(early));
    }
}
