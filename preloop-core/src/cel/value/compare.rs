//! Equality and order. Numbers compare by what they are worth, whichever of the three types holds them.

use std::cmp::Ordering;

use super::Val;
use crate::cel::lib::number::{compare_int_double, compare_int_uint, compare_uint_double};

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Ordered(Ordering),
    /// At least one is not a number (NaN), so neither is less, equal or greater.
    Unordered,
    /// Their types have no order, or none with each other.
    Unrelated,
}

impl Standing {
    fn of(order: Option<Ordering>) -> Self {
        order.map_or(Self::Unordered, Self::Ordered)
    }

    pub(crate) fn ordering(self) -> Ordering {
        match self {
            Self::Ordered(order) => order,
            Self::Unordered | Self::Unrelated => Ordering::Equal,
        }
    }
}

/// How two values stand to each other.
pub(crate) fn order(left: Val<'_>, right: Val<'_>) -> Standing {
    let ordering = match (left, right) {
        (Val::Int(left), Val::Int(right)) => left.cmp(&right),
        (Val::Text(left), Val::Text(right)) => left.cmp(right),
        (Val::Bool(left), Val::Bool(right)) => left.cmp(&right),
        (Val::Bytes(left), Val::Bytes(right)) => left.cmp(right),
        (Val::Timestamp(left), Val::Timestamp(right)) => left.cmp(&right),
        (Val::Duration(left), Val::Duration(right)) => left.cmp(&right),
        _ => return number_order(left, right),
    };
    Standing::Ordered(ordering)
}

fn number_order(left: Val<'_>, right: Val<'_>) -> Standing {
    let reverse = |order: Option<Ordering>| order.map(Ordering::reverse);
    Standing::of(match (left, right) {
        (Val::Int(left), Val::Int(right)) => Some(left.cmp(&right)),
        (Val::Uint(left), Val::Uint(right)) => Some(left.cmp(&right)),
        (Val::Double(left), Val::Double(right)) => left.partial_cmp(&right),
        (Val::Int(left), Val::Uint(right)) => Some(compare_int_uint(left, right)),
        (Val::Uint(left), Val::Int(right)) => Some(compare_int_uint(right, left).reverse()),
        (Val::Int(left), Val::Double(right)) => compare_int_double(left, right),
        (Val::Double(left), Val::Int(right)) => reverse(compare_int_double(right, left)),
        (Val::Uint(left), Val::Double(right)) => compare_uint_double(left, right),
        (Val::Double(left), Val::Uint(right)) => reverse(compare_uint_double(right, left)),
        _ => return Standing::Unrelated,
    })
}

/// Whether two values are equal, if at least one of them is neither list, map nor optional; else none.
pub(crate) fn scalar_equal(left: Val<'_>, right: Val<'_>) -> Option<bool> {
    Some(match (left, right) {
        (Val::Text(left), Val::Text(right)) => left == right,
        (Val::Int(left), Val::Int(right)) => left == right,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Null, Val::Null) => true,
        (Val::Bytes(left), Val::Bytes(right)) => left == right,
        (Val::Timestamp(left), Val::Timestamp(right)) => left == right,
        (Val::Duration(left), Val::Duration(right)) => left == right,
        (Val::Ip(left), Val::Ip(right)) => left == right,
        (Val::Cidr(left), Val::Cidr(right)) => left == right,
        (Val::Type(left), Val::Type(right)) => left == right,
        _ if is_compound(left) && is_compound(right) => return None,
        _ => number_order(left, right) == Standing::Ordered(Ordering::Equal),
    })
}

fn is_compound(value: Val<'_>) -> bool {
    value.items().is_some() || value.is_map() || matches!(value, Val::Optional(_))
}

/// The order in which maps keep their keys: false, true, numbers, text; other types never are keys.
pub(crate) fn key_order(left: Val<'_>, right: Val<'_>) -> Ordering {
    if let (Val::Text(left), Val::Text(right)) = (left, right) {
        return left.cmp(right);
    }
    rank(left).cmp(&rank(right)).then_with(|| order(left, right).ordering())
}

fn rank(key: Val<'_>) -> u8 {
    match key {
        Val::Bool(_) => 0,
        Val::Double(number) if number.is_nan() => 4,
        Val::Int(_) | Val::Uint(_) | Val::Double(_) => 1,
        Val::Text(_) => 2,
        _ => 3,
    }
}
