//! The naive meaning of functions: texts are lists of characters, everything is copied, the first thing that comes
//! to mind is how it is done.

mod format;
mod math;
pub(crate) mod net;
mod pattern;
mod text;
pub(crate) mod time;

use std::cmp::Ordering;

use preloop_core::cel::FailureKind;

use crate::naive::{Answer, Value, equal, is_number, number_order, order};
pub(crate) use math::OF_DOUBLES;

const WRONG: Answer = Err(FailureKind::WrongType);

pub(crate) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        Value::Double(value) => Some(*value),
        _ => None,
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn letters(value: &str) -> Vec<char> {
    value.chars().collect()
}

fn spelled(letters: &[char]) -> Value {
    Value::Text(letters.iter().collect())
}

/// A position from 0 up to and including `length`.
fn position(at: i64, length: usize) -> Result<usize, FailureKind> {
    let found = (0..=length).find(|position| *position as i64 == at);
    found.ok_or(FailureKind::OutOfRange)
}

/// The values by their keys; equal keys leave them in the order they had.
pub(crate) fn sorted(mut keyed: Vec<(Value, Value)>) -> Answer {
    for (key, _) in &keyed {
        if order(key, key)?.is_none() || order(&keyed[0].0, key).is_err() {
            return WRONG;
        }
    }
    // Insertion sort: each goes behind the last that is not greater.
    for end in 1..keyed.len() {
        let mut at = end;
        while at > 0 && order(&keyed[at].0, &keyed[at - 1].0)? == Some(Ordering::Less) {
            keyed.swap(at, at - 1);
            at -= 1;
        }
    }
    Ok(Value::List(keyed.into_iter().map(|(_, value)| value).collect()))
}

/// What a function gives for these operands, its target first.
pub(crate) fn apply(function: &str, values: &[Value]) -> Answer {
    match (function, values) {
        ("size", [value]) => size(value),
        ("type", [value]) => Ok(type_of(value)),
        ("dyn", [value]) => Ok(value.clone()),
        ("int" | "uint" | "double" | "string" | "bytes" | "bool", [value]) => {
            convert(function, value)
        }
        ("optional.none", []) => Ok(Value::Optional(None)),
        ("optional.of", [value]) => Ok(Value::some(value.clone())),
        ("optional.ofNonZeroValue", [value]) => {
            Ok(if is_zero(value) { Value::Optional(None) } else { Value::some(value.clone()) })
        }
        ("hasValue", [Value::Optional(inner)]) => Ok(Value::Bool(inner.is_some())),
        ("value", [Value::Optional(inner)]) => {
            inner.as_ref().map(|inner| (**inner).clone()).ok_or(FailureKind::NoValue)
        }
        ("math.abs", [Value::Int(value)]) => {
            value.checked_abs().map(Value::Int).ok_or(FailureKind::Overflow)
        }
        ("math.abs", [Value::Uint(value)]) => Ok(Value::Uint(*value)),
        ("math.abs", [Value::Double(value)]) => Ok(Value::Double(value.abs())),
        ("math.greatest" | "math.least", [Value::List(items)]) => extreme(function, items),
        ("math.greatest" | "math.least", values) => extreme(function, values),
        (
            "matches" | "regex.extract" | "regex.extractAll" | "regex.replace",
            [Value::Text(value), Value::Text(pattern), rest @ ..],
        ) => pattern::apply(function, value, pattern, rest),
        ("format", [Value::Text(pattern), Value::List(values)]) => format::format(pattern, values),
        ("strings.quote", [Value::Text(value)]) => Ok(Value::Text(format::quote(value))),
        ("base64.encode", [Value::Bytes(bytes)]) => Ok(Value::Text(math::base64(bytes))),
        ("base64.decode", [Value::Text(value)]) => math::from_base64(value),
        ("timestamp" | "duration", _) => time::apply(function, values),
        ("ip" | "isIP" | "ip.isCanonical" | "cidr" | "isCIDR", _) => net::apply(function, values),
        (_, [Value::Timestamp(_) | Value::Duration(_), ..]) => time::apply(function, values),
        (_, [Value::Ip(_) | Value::Cidr(..), ..]) => net::apply(function, values),
        _ if function.starts_with("math.") => math::apply(function, values),
        ("lists.range", [Value::Int(count)]) => {
            Ok(Value::List((0..*count).map(Value::Int).collect()))
        }
        (_, [Value::Text(value), rest @ ..]) => text::text_function(function, value, rest),
        (_, [Value::List(items), rest @ ..]) => text::list_function(function, items, rest),
        _ => WRONG,
    }
}

fn size(value: &Value) -> Answer {
    let size = match value {
        Value::Text(value) => value.chars().count(),
        Value::Bytes(value) => value.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return WRONG,
    };
    Ok(Value::Int(size as i64))
}

fn type_of(value: &Value) -> Value {
    Value::Type(value.type_name())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Optional(None) | Value::Duration(0) => true,
        Value::Text(value) => value.is_empty(),
        Value::Bytes(value) => value.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        other => equal(other, &Value::Int(0)),
    }
}

fn convert(function: &str, value: &Value) -> Answer {
    const OUT: Answer = Err(FailureKind::OutOfRange);
    const INVALID: Answer = Err(FailureKind::InvalidArgument);
    match (function, value) {
        ("int", Value::Int(_)) | ("uint", Value::Uint(_)) | ("double", Value::Double(_)) => {
            Ok(value.clone())
        }
        ("string", Value::Text(_)) | ("bytes", Value::Bytes(_)) | ("bool", Value::Bool(_)) => {
            Ok(value.clone())
        }
        ("int", Value::Uint(value)) => {
            i64::try_from(*value).map_or(OUT, |value| Ok(Value::Int(value)))
        }
        ("uint", Value::Int(value)) => {
            u64::try_from(*value).map_or(OUT, |value| Ok(Value::Uint(value)))
        }
        // Both ends of the range of int are refused, as the specification asks.
        ("int", Value::Double(value)) if value.abs() < 2.0_f64.powi(63) => {
            Ok(Value::Int(*value as i64))
        }
        ("uint", Value::Double(value)) if *value >= 0.0 && *value < 2.0_f64.powi(64) => {
            Ok(Value::Uint(*value as u64))
        }
        ("int" | "uint", Value::Double(_)) => OUT,
        ("double", Value::Int(_) | Value::Uint(_)) => {
            double(value).map_or(WRONG, |value| Ok(Value::Double(value)))
        }
        ("int", Value::Text(value)) => {
            let number = whole_number(value.strip_prefix(['+', '-']).unwrap_or(value))?;
            let number = if value.starts_with('-') { -number } else { number };
            i64::try_from(number).map_or(OUT, |number| Ok(Value::Int(number)))
        }
        ("uint", Value::Text(value)) => {
            u64::try_from(whole_number(value)?).map_or(OUT, |number| Ok(Value::Uint(number)))
        }
        ("double", Value::Text(value)) => {
            value.parse().map_or(INVALID, |value| Ok(Value::Double(value)))
        }
        ("bool", Value::Text(value)) => match value.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => INVALID,
        },
        ("string", Value::Bytes(bytes)) => match String::from_utf8(bytes.clone()) {
            Ok(value) => Ok(Value::Text(value)),
            Err(_) => INVALID,
        },
        ("string", value) => format::plain(value).map_or(WRONG, |value| Ok(Value::Text(value))),
        ("bytes", Value::Text(value)) => Ok(Value::Bytes(value.as_bytes().to_vec())),
        ("int", Value::Timestamp(nanos)) => Ok(Value::Int(nanos.div_euclid(1_000_000_000) as i64)),
        _ => WRONG,
    }
}

/// Digits as a number; more of them than anything holds are out of range.
fn whole_number(digits: &str) -> Result<i128, FailureKind> {
    if digits.is_empty() || digits.chars().any(|letter| !letter.is_ascii_digit()) {
        return Err(FailureKind::InvalidArgument);
    }
    digits.parse().map_err(|_| FailureKind::OutOfRange)
}

/// The first of the greatest, or of the least.
fn extreme(function: &str, values: &[Value]) -> Answer {
    let mut best: Option<&Value> = None;
    for value in values {
        if !is_number(value) {
            return WRONG;
        }
        let Some(known) = best else {
            best = Some(value);
            continue;
        };
        match (number_order(value, known), function) {
            (None, _) => return Err(FailureKind::InvalidArgument),
            (Some(Ordering::Greater), "math.greatest") | (Some(Ordering::Less), "math.least") => {
                best = Some(value);
            }
            _ => {}
        }
    }
    best.cloned().ok_or(FailureKind::WrongType)
}
