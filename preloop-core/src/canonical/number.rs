//! Numbers in canonical JSON.

use std::fmt::Write as _;

use serde_json::Number;

/// Writes a JSON number literal, every digit of an integer kept; none where a double overflows.
pub(crate) fn write_number_literal(out: &mut String, literal: &str) -> Option<()> {
    if literal == "-0" {
        out.push('0');
    } else if !literal.contains(['.', 'e', 'E']) {
        out.push_str(literal);
    } else {
        write_double(out, literal.parse().ok().filter(|double: &f64| double.is_finite())?);
    }
    Some(())
}

/// Writes a number of a value.
pub(super) fn write_number(out: &mut String, number: &Number) {
    match number.as_f64() {
        Some(double) if number.is_f64() => write_double(out, double),
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

/// An integral double as the exact integer it is, any other as ECMAScript writes it.
pub(super) fn write_double(out: &mut String, double: f64) {
    if double == 0.0 {
        out.push('0');
    } else if double.fract() == 0.0 {
        let _ = write!(out, "{double:.0}");
    } else {
        write_ecmascript(out, double);
    }
}

/// `Number::toString` of ECMAScript for a double with a fraction, which is below 2^53.
fn write_ecmascript(out: &mut String, double: f64) {
    // Plain notation from 1e-6 on; the shortest digits are the same in both notations.
    if double.abs() >= 1e-6 {
        let _ = write!(out, "{double}");
    } else {
        let _ = write!(out, "{double:e}");
    }
}
