//! The math extension: extremes, rounding, signs and bits.

use std::cmp::Ordering;

use super::{LibError, Number, compare, double_from_int, double_from_uint};

/// `math.greatest(left, right)`: the first of two equal numbers.
pub(crate) fn greatest(left: Number, right: Number) -> Result<Number, LibError> {
    Ok(if order(left, right)? == Ordering::Less { right } else { left })
}

/// `math.least(left, right)`: the first of two equal numbers.
pub(crate) fn least(left: Number, right: Number) -> Result<Number, LibError> {
    Ok(if order(left, right)? == Ordering::Greater { right } else { left })
}

fn order(left: Number, right: Number) -> Result<Ordering, LibError> {
    compare(left, right).ok_or_else(|| LibError::invalid("`NaN` has no order"))
}

/// `math.ceil(value)`.
pub(crate) fn ceil(value: f64) -> f64 {
    value.ceil()
}

/// `math.floor(value)`.
pub(crate) fn floor(value: f64) -> f64 {
    value.floor()
}

/// `math.round(value)`: halves go away from zero.
pub(crate) fn round(value: f64) -> f64 {
    value.round()
}

/// `math.trunc(value)`.
pub(crate) fn trunc(value: f64) -> f64 {
    value.trunc()
}

/// `math.isNaN(value)`.
pub(crate) fn is_nan(value: f64) -> bool {
    value.is_nan()
}

/// `math.isInf(value)`.
pub(crate) fn is_inf(value: f64) -> bool {
    value.is_infinite()
}

/// `math.isFinite(value)`.
pub(crate) fn is_finite(value: f64) -> bool {
    value.is_finite()
}

/// `math.abs(value)`, of the same type.
pub(crate) fn abs(value: Number) -> Result<Number, LibError> {
    Ok(match value {
        Number::Int(value) => Number::Int(absolute_int(value)?),
        Number::Uint(value) => Number::Uint(value),
        Number::Double(value) => Number::Double(value.abs()),
    })
}

/// `math.abs(int)`.
fn absolute_int(value: i64) -> Result<i64, LibError> {
    value.checked_abs().ok_or(LibError::Overflow)
}

/// `math.sign(value)`: -1, 0 or 1, of the same type; NaN stays NaN.
pub(crate) fn sign(value: Number) -> Number {
    match value {
        Number::Int(value) => Number::Int(value.signum()),
        Number::Uint(value) => Number::Uint(value.min(1)),
        Number::Double(value) if value > 0.0 => Number::Double(1.0),
        Number::Double(value) if value < 0.0 => Number::Double(-1.0),
        Number::Double(0.0) => Number::Double(0.0),
        Number::Double(value) => Number::Double(value),
    }
}

/// `math.sqrt(value)`: always a double, NaN for anything below zero.
pub(crate) fn sqrt(value: Number) -> f64 {
    match value {
        Number::Int(value) => double_from_int(value).sqrt(),
        Number::Uint(value) => double_from_uint(value).sqrt(),
        Number::Double(value) => value.sqrt(),
    }
}

/// `math.bitAnd(int, int)`.
pub(crate) fn bit_and(left: i64, right: i64) -> i64 {
    left & right
}

/// `math.bitOr(int, int)`.
pub(crate) fn bit_or(left: i64, right: i64) -> i64 {
    left | right
}

/// `math.bitXor(int, int)`.
pub(crate) fn bit_xor(left: i64, right: i64) -> i64 {
    left ^ right
}

/// `math.bitNot(int)`.
pub(crate) fn bit_not(value: i64) -> i64 {
    !value
}

/// `math.bitAnd(uint, uint)`.
pub(crate) fn unsigned_and(left: u64, right: u64) -> u64 {
    left & right
}

/// `math.bitOr(uint, uint)`.
pub(crate) fn unsigned_or(left: u64, right: u64) -> u64 {
    left | right
}

/// `math.bitXor(uint, uint)`.
pub(crate) fn unsigned_xor(left: u64, right: u64) -> u64 {
    left ^ right
}

/// `math.bitNot(uint)`.
pub(crate) fn unsigned_not(value: u64) -> u64 {
    !value
}

/// `math.bitShiftLeft(int, offset)`: all bits gone at 64 and beyond.
pub(crate) fn bit_shift_left(value: i64, offset: i64) -> Result<i64, LibError> {
    Ok(unsigned_shift_left(value.cast_unsigned(), offset)?.cast_signed())
}

/// `math.bitShiftRight(int, offset)`: a logical shift, zeros come in from the left.
pub(crate) fn bit_shift_right(value: i64, offset: i64) -> Result<i64, LibError> {
    Ok(unsigned_shift_right(value.cast_unsigned(), offset)?.cast_signed())
}

/// `math.bitShiftLeft(uint, offset)`.
pub(crate) fn unsigned_shift_left(value: u64, offset: i64) -> Result<u64, LibError> {
    Ok(value.checked_shl(shift(offset)?).unwrap_or(0))
}

/// `math.bitShiftRight(uint, offset)`.
pub(crate) fn unsigned_shift_right(value: u64, offset: i64) -> Result<u64, LibError> {
    Ok(value.checked_shr(shift(offset)?).unwrap_or(0))
}

fn shift(offset: i64) -> Result<u32, LibError> {
    if offset < 0 {
        return Err(LibError::invalid(format!("shift by a negative offset: `{offset}`")));
    }
    Ok(u32::try_from(offset).unwrap_or(u32::MAX))
}
