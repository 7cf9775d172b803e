//! What the strict reader takes, serde_json takes with the same meaning; canonical text is a fixed point.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preloop_core::{canonical_value, json};

fuzz_target!(|bytes: &[u8]| {
    let canonical = json::canonicalize(bytes);
    let value = json::parse(bytes);
    assert_eq!(json::check(bytes).is_ok(), value.is_ok());
    // Canonical text keeps every digit of an integer, also of one that no double holds.
    match (&canonical, &value) {
        (Err(_), Ok(_)) => panic!("a value without canonical text"),
        (Ok(_), Err(error)) => assert_eq!(error.kind(), json::JsonErrorKind::NumberOutOfRange),
        _ => {}
    }
    let (Ok(canonical), Ok(value)) = (canonical, value) else { return };
    let theirs: serde_json::Value =
        serde_json::from_slice(bytes).expect("the strict reader takes less than serde_json");
    assert_eq!(value, theirs);
    assert_eq!(json::canonicalize(&canonical).expect("canonical text is JSON"), canonical);
    let again = json::parse(&canonical).expect("canonical text is JSON");
    assert_eq!(canonical_value(&again), canonical_value(&value));
});
