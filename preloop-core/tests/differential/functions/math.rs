//! Numbers: rounding, signs, bits, and bytes written as letters.

use preloop_core::cel::FailureKind;

use super::{WRONG, double};
use crate::naive::{Answer, Value};

const INVALID: FailureKind = FailureKind::InvalidArgument;

/// Functions of doubles, which take the whole numbers that an argument has in their place.
pub(crate) const OF_DOUBLES: [&str; 7] = [
    "math.ceil",
    "math.floor",
    "math.round",
    "math.trunc",
    "math.isNaN",
    "math.isInf",
    "math.isFinite",
];

pub(crate) fn apply(function: &str, values: &[Value]) -> Answer {
    match (function, values) {
        (_, [Value::Double(value)]) if OF_DOUBLES.contains(&function) => {
            Ok(of_double(function, *value))
        }
        ("math.sign", [Value::Int(value)]) => {
            Ok(Value::Int(i64::from(*value > 0) - i64::from(*value < 0)))
        }
        ("math.sign", [Value::Uint(value)]) => Ok(Value::Uint(u64::from(*value > 0))),
        ("math.sign", [Value::Double(value)]) => Ok(Value::Double(match *value {
            value if value > 0.0 => 1.0,
            value if value < 0.0 => -1.0,
            0.0 => 0.0,
            not_a_number => not_a_number,
        })),
        ("math.sqrt", [value]) => match double(value) {
            Some(value) => Ok(Value::Double(value.sqrt())),
            None => WRONG,
        },
        ("math.bitNot", [Value::Int(value)]) => Ok(Value::Int(-1 - *value)),
        ("math.bitNot", [Value::Uint(value)]) => Ok(Value::Uint(u64::MAX - *value)),
        (_, [Value::Int(left), Value::Int(right)]) => {
            Ok(Value::Int(bits(function, *left as u64, *right as u64, *right)? as i64))
        }
        ("math.bitShiftLeft" | "math.bitShiftRight", [Value::Uint(left), Value::Int(by)]) => {
            Ok(Value::Uint(bits(function, *left, 0, *by)?))
        }
        ("math.bitAnd" | "math.bitOr" | "math.bitXor", [Value::Uint(left), Value::Uint(right)]) => {
            Ok(Value::Uint(bits(function, *left, *right, 0)?))
        }
        _ => WRONG,
    }
}

/// Bit by bit.
fn bits(function: &str, left: u64, right: u64, by: i64) -> Result<u64, FailureKind> {
    let is_shift = function.contains("Shift");
    if is_shift && by < 0 {
        return Err(INVALID);
    }
    let bit = |of: u64, at: i64| (0..64).contains(&at) && (of >> at) & 1 == 1;
    let mut made = 0;
    for at in 0..64 {
        let is_set = match function {
            "math.bitAnd" => bit(left, at) && bit(right, at),
            "math.bitOr" => bit(left, at) || bit(right, at),
            "math.bitXor" => bit(left, at) != bit(right, at),
            "math.bitShiftLeft" => at.checked_sub(by).is_some_and(|from| bit(left, from)),
            "math.bitShiftRight" => at.checked_add(by).is_some_and(|from| bit(left, from)),
            _ => return Err(FailureKind::WrongType),
        };
        made |= u64::from(is_set) << at;
    }
    Ok(made)
}

fn of_double(function: &str, value: f64) -> Value {
    let (is_infinite, is_nan) = (value.is_infinite(), value.is_nan());
    match function {
        "math.isNaN" => return Value::Bool(is_nan),
        "math.isInf" => return Value::Bool(is_infinite),
        "math.isFinite" => return Value::Bool(!is_nan && !is_infinite),
        _ => {}
    }
    // From 2^53 on there are whole numbers alone.
    if is_nan || value.abs() >= 9_007_199_254_740_992.0 {
        return Value::Double(value);
    }
    let whole = (value as i64) as f64;
    let rounded = match function {
        "math.ceil" if whole < value => whole + 1.0,
        "math.floor" if whole > value => whole - 1.0,
        "math.round" if (value - whole).abs() >= 0.5 => whole + 1.0_f64.copysign(value),
        _ => whole,
    };
    // What rounds to zero keeps its sign.
    Value::Double(rounded.abs().copysign(if rounded == 0.0 { value } else { rounded }))
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut made = String::new();
    for group in bytes.chunks(3) {
        let mut number = 0_u32;
        for at in 0..3 {
            number = number * 256 + u32::from(group.get(at).copied().unwrap_or(0));
        }
        for at in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * at)) as usize % 64] as char;
            made.push(if at > group.len() { '=' } else { letter });
        }
    }
    made
}

/// The bytes that a text spells, with all, some or none of its padding.
pub(crate) fn from_base64(text: &str) -> Answer {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    let may_have = match body.len() % 4 {
        0 => 0,
        2 => 2,
        3 => 1,
        _ => return Err(INVALID),
    };
    if padding > may_have {
        return Err(INVALID);
    }
    let mut all_bits = Vec::new();
    for letter in body.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter).ok_or(INVALID)?;
        all_bits.extend((0..6).rev().map(|at| (value >> at) & 1));
    }
    let bytes = all_bits.chunks_exact(8);
    let byte = |bits: &[usize]| bits.iter().fold(0, |byte, bit| byte * 2 + *bit) as u8;
    Ok(Value::Bytes(bytes.map(byte).collect()))
}
