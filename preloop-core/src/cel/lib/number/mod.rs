//! Numbers: conversions, checked integer arithmetic and exact comparison across the three types.
//!
//! No conversion loses anything in silence: what does not fit is an error, and a comparison never
//! goes through a double that cannot hold the integer.

mod math;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub(crate) use math::{
    abs, bit_and, bit_not, bit_or, bit_shift_left, bit_shift_right, bit_xor, ceil, floor, greatest,
    is_finite, is_inf, is_nan, least, round, sign, sqrt, trunc, unsigned_and, unsigned_not,
    unsigned_or, unsigned_shift_left, unsigned_shift_right, unsigned_xor,
};

use super::{LibError, quoted};

/// 2^63, the first double above every int.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
/// 2^64, the first double above every uint.
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

/// A number of one of the three numeric types.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// A signed 64-bit integer.
    Int(i64),
    /// An unsigned 64-bit integer.
    Uint(u64),
    /// An IEEE 754 double.
    Double(f64),
}

/// Compares two numbers by value, whatever their types; nothing compares with NaN.
pub(crate) fn compare(left: Number, right: Number) -> Option<Ordering> {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
        (Number::Int(left), Number::Uint(right)) => Some(compare_int_uint(left, right)),
        (Number::Int(left), Number::Double(right)) => compare_int_double(left, right),
        (Number::Uint(left), Number::Int(right)) => Some(compare_int_uint(right, left).reverse()),
        (Number::Uint(left), Number::Uint(right)) => Some(left.cmp(&right)),
        (Number::Uint(left), Number::Double(right)) => compare_uint_double(left, right),
        (Number::Double(left), Number::Int(right)) => {
            compare_int_double(right, left).map(Ordering::reverse)
        }
        (Number::Double(left), Number::Uint(right)) => {
            compare_uint_double(right, left).map(Ordering::reverse)
        }
        (Number::Double(left), Number::Double(right)) => left.partial_cmp(&right),
    }
}

/// Compares an int with a uint.
pub(crate) fn compare_int_uint(left: i64, right: u64) -> Ordering {
    u64::try_from(left).map_or(Ordering::Less, |left| left.cmp(&right))
}

/// Compares an int with a double exactly.
pub(crate) fn compare_int_double(left: i64, right: f64) -> Option<Ordering> {
    if right.is_nan() {
        return None;
    }
    if right >= INT_END {
        return Some(Ordering::Less);
    }
    if right < -INT_END {
        return Some(Ordering::Greater);
    }
    let whole = right.trunc();
    // Equal whole parts leave it to the fraction, which has the sign of the double.
    Some(left.cmp(&truncate_to_int(whole)).then_with(|| fraction_order(right - whole)))
}

/// Compares a uint with a double exactly.
pub(crate) fn compare_uint_double(left: u64, right: f64) -> Option<Ordering> {
    if right.is_nan() {
        return None;
    }
    if right >= UINT_END {
        return Some(Ordering::Less);
    }
    if right < 0.0 {
        return Some(Ordering::Greater);
    }
    let whole = right.trunc();
    Some(left.cmp(&truncate_to_uint(whole)).then_with(|| fraction_order(right - whole)))
}

/// How a whole number compares with itself plus `fraction`.
fn fraction_order(fraction: f64) -> Ordering {
    if fraction > 0.0 {
        Ordering::Less
    } else if fraction < 0.0 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast from a double saturates; callers have checked the range"
)]
fn truncate_to_int(value: f64) -> i64 {
    value as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a double saturates; callers have checked the range"
)]
fn truncate_to_uint(value: f64) -> u64 {
    value as u64
}

/// `double(int)`: the nearest double.
#[expect(clippy::cast_precision_loss, reason = "the specification asks for the nearest double")]
pub(crate) fn double_from_int(value: i64) -> f64 {
    value as f64
}

/// `double(uint)`: the nearest double.
#[expect(clippy::cast_precision_loss, reason = "the specification asks for the nearest double")]
pub(crate) fn double_from_uint(value: u64) -> f64 {
    value as f64
}

/// `double(text)`.
pub(crate) fn double_from_text(text: &str) -> Result<f64, LibError> {
    let value: f64 = text.parse().map_err(|_| not_a(text, "double"))?;
    // Digits that round up to infinity are too large; the word itself is meant.
    if value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(out_of_range(&quoted(text), "double"));
    }
    Ok(value)
}

/// `int(uint)`.
pub(crate) fn int_from_uint(value: u64) -> Result<i64, LibError> {
    i64::try_from(value).map_err(|_| out_of_range(&format_args!("`{value}`"), "int"))
}

/// `int(double)`: without the fraction.
///
/// The specification refuses both ends of the range, since a double there may have been rounded.
pub(crate) fn int_from_double(value: f64) -> Result<i64, LibError> {
    if value > -INT_END && value < INT_END {
        Ok(truncate_to_int(value))
    } else {
        Err(out_of_range(&format_args!("`{}`", text_from_double(value)), "int"))
    }
}

/// `int(text)`: decimal digits with an optional sign.
pub(crate) fn int_from_text(text: &str) -> Result<i64, LibError> {
    text.parse().map_err(|error| integer_error(&error, text, "int"))
}

/// `uint(int)`.
pub(crate) fn uint_from_int(value: i64) -> Result<u64, LibError> {
    u64::try_from(value).map_err(|_| out_of_range(&format_args!("`{value}`"), "uint"))
}

/// `uint(double)`: without the fraction; anything below zero is out of range.
pub(crate) fn uint_from_double(value: f64) -> Result<u64, LibError> {
    if (0.0..UINT_END).contains(&value) {
        Ok(truncate_to_uint(value))
    } else {
        Err(out_of_range(&format_args!("`{}`", text_from_double(value)), "uint"))
    }
}

/// `uint(text)`: decimal digits without a sign.
pub(crate) fn uint_from_text(text: &str) -> Result<u64, LibError> {
    if text.starts_with('+') {
        return Err(not_a(text, "uint"));
    }
    text.parse().map_err(|error| integer_error(&error, text, "uint"))
}

/// `string(double)`: the shortest decimal digits that read back as the same double, never an
/// exponent; the same text that `format` makes for `%s`.
pub(crate) fn text_from_double(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        value.to_string()
    }
}

fn integer_error(error: &std::num::ParseIntError, text: &str, kind: &str) -> LibError {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    // Reading stops where the digits are too many, whatever follows them.
    let is_number = text.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    match error.kind() {
        PosOverflow | NegOverflow if is_number => out_of_range(&quoted(text), kind),
        _ => not_a(text, kind),
    }
}

fn not_a(text: &str, kind: &str) -> LibError {
    let article = if kind == "int" { "an" } else { "a" };
    LibError::invalid(format!("{} is not {article} {kind}", quoted(text)))
}

fn out_of_range(value: &dyn std::fmt::Display, kind: &str) -> LibError {
    LibError::out_of_range(format!("{value} is out of the range of {kind}"))
}
