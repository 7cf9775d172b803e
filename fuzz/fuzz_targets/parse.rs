//! Any bytes become a document or a report with at least one error, YAML and JSON alike.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(report) = preloop_core::parse(bytes) {
        assert!(!report.is_valid && !report.errors.is_empty());
    }
    let _ = preloop_core::parse::parse_value(bytes);
});
