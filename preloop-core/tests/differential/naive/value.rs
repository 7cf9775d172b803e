//! Values of the naive evaluator, and how they are equal and ordered.

use std::cmp::Ordering;

use preloop_core::cel::FailureKind;
use serde_json::Value as Json;

use super::Answer;
use crate::functions::net::Address;

/// A value, owned all the way down. Maps keep their entries sorted by key.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Type(&'static str),
    /// Nanoseconds since 1970.
    Timestamp(i128),
    /// Nanoseconds.
    Duration(i128),
    Ip(Address),
    /// An address and the length of its prefix.
    Cidr(Address, u32),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Optional(Option<Box<Value>>),
}

pub(super) const TYPES: [&str; 10] =
    ["null_type", "bool", "int", "uint", "double", "string", "bytes", "list", "map", "type"];

impl Value {
    /// A JSON value: numbers by what they are worth, however they are written.
    pub(crate) fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::String(value) => Self::Text(value.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::of_json).collect()),
            Json::Object(entries) => {
                let pair = |(key, value): (&String, &Json)| {
                    (Self::Text(key.clone()), Self::of_json(value))
                };
                Self::sorted_map(entries.iter().map(pair).collect())
            }
            Json::Number(number) => Self::of_number(number),
        }
    }

    fn of_number(number: &serde_json::Number) -> Self {
        if let Some(value) = number.as_i64() {
            return Self::Int(value);
        }
        if let Some(value) = number.as_u64() {
            return Self::Uint(value);
        }
        let value = number.as_f64().unwrap();
        // Casts to wider integers saturate, so a whole double is one that comes back.
        let whole = value as i128;
        if whole as f64 == value && value.abs() < 1e30 {
            if let Ok(value) = i64::try_from(whole) {
                return Self::Int(value);
            }
            if let Ok(value) = u64::try_from(whole) {
                return Self::Uint(value);
            }
        }
        Self::Double(value)
    }

    pub(crate) fn sorted_map(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort_by(|left, right| key_order(&left.0, &right.0));
        Self::Map(entries)
    }

    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Type(_) => "type",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Ip(_) => "net.IP",
            Self::Cidr(..) => "net.CIDR",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
        }
    }

    pub(crate) fn some(value: Self) -> Self {
        Self::Optional(Some(Box::new(value)))
    }

    pub(crate) fn entry(&self, key: &Self) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(known, _)| equal(known, key)).map(|(_, value)| value)
    }
}

/// How two numbers compare, exactly; none if one of them is not a number, in either sense.
pub(crate) fn number_order(left: &Value, right: &Value) -> Option<Ordering> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => double_order(left, right),
        (None, Some(right)) => double_order(right, left).map(Ordering::reverse),
        (None, None) => match (left, right) {
            (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
            _ => None,
        },
    }
}

pub(super) fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

/// A whole number of at most 64 bits beside a double: the whole part of the double in 128 bits decides, then its rest.
fn double_order(left: i128, right: &Value) -> Option<Ordering> {
    let Value::Double(right) = right else { return None };
    if right.is_nan() {
        return None;
    }
    if right.is_infinite() {
        return 0.0.partial_cmp(right);
    }
    let rest = right - right.trunc();
    Some(left.cmp(&(right.trunc() as i128)).then(0.0_f64.partial_cmp(&rest)?))
}

pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Ip(left), Value::Ip(right)) => left == right,
        (Value::Cidr(left, length), Value::Cidr(right, other)) => left == right && length == other,
        (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Optional(Some(left)), Value::Optional(Some(right))) => equal(left, right),
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Map(entries), Value::Map(others)) => {
            entries.len() == others.len()
                && entries
                    .iter()
                    .all(|(key, value)| right.entry(key).is_some_and(|other| equal(value, other)))
        }
        _ => number_order(left, right) == Some(Ordering::Equal),
    }
}

/// How `<` and its like see two values: unrelated types fail, NaN is ordered with nothing.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, FailureKind> {
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.chars().cmp(right.chars())),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ if is_number(left) && is_number(right) => number_order(left, right),
        _ => return Err(FailureKind::WrongType),
    })
}

pub(crate) const fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

fn key_order(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Text(_) => 2,
        _ => 1,
    };
    rank(left)
        .cmp(&rank(right))
        .then_with(|| order(left, right).ok().flatten().unwrap_or(Ordering::Equal))
}

/// A map of entries that were made during evaluation.
pub(crate) fn make_map(entries: Vec<(Value, Value)>) -> Answer {
    if entries.iter().any(|(key, _)| {
        !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Text(_))
    }) {
        return Err(FailureKind::WrongType);
    }
    for (position, (key, _)) in entries.iter().enumerate() {
        if entries[..position].iter().any(|(other, _)| equal(key, other)) {
            return Err(FailureKind::DuplicateKey);
        }
    }
    Ok(Value::sorted_map(entries))
}
