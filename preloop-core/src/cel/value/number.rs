//! JSON numbers as numbers of the language: whole ones are int (uint where too large), whatever way they are written.

use super::Val;

/// 2^63 and 2^64, both exact as doubles.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

/// The value of a JSON number.
#[inline]
pub(crate) fn from_json<'a>(number: &serde_json::Number) -> Val<'a> {
    if let Some(number) = number.as_i64() {
        return Val::Int(number);
    }
    if let Some(number) = number.as_u64() {
        return Val::Uint(number);
    }
    // A JSON number that no double holds is infinite, which equals nothing that a rule may name.
    from_double(number.as_f64().unwrap_or(f64::INFINITY))
}

/// The value of a double that JSON brought: `30.0` is the same argument as `30`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the ranges are checked and the values whole, so neither cast loses anything"
)]
pub(crate) fn from_double<'a>(number: f64) -> Val<'a> {
    if number.fract() != 0.0 || !number.is_finite() {
        return Val::Double(number);
    }
    if (-INT_END..INT_END).contains(&number) {
        return Val::Int(number as i64);
    }
    if (INT_END..UINT_END).contains(&number) {
        return Val::Uint(number as u64);
    }
    Val::Double(number)
}
