//! Values: owned ones for constants and results, borrowed ones for evaluation.

mod borrowed;
mod compare;
mod json;
mod name;
mod number;

pub(crate) use borrowed::{Items, Val, entries_of};
pub(crate) use compare::{Standing, key_order, order, scalar_equal};
pub(crate) use json::{render, to_json};
pub use name::TypeName;
pub(crate) use number::{from_double, from_json};

use super::lib::net::{Cidr, Ip};
use super::lib::time::Duration;
use crate::time::Timestamp;

/// The most levels of lists and maps that comparing and rendering walk into.
pub(crate) const VALUE_DEPTH_MAX: usize = 128;

/// An owned value of the expression language: a constant, or the result of an evaluation.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number with sign.
    Int(i64),
    /// A whole number without sign.
    Uint(u64),
    /// A floating point number.
    Double(f64),
    /// Text.
    Text(Box<str>),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// An instant.
    Timestamp(Timestamp),
    /// A span of time.
    Duration(Duration),
    /// An IP address.
    Ip(Ip),
    /// A network.
    Cidr(Cidr),
    /// A type.
    Type(TypeName),
    /// Something that may be absent.
    Optional(Option<Box<Value>>),
    /// A list.
    List(Vec<Value>),
    /// A map, sorted by key.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// A map of these entries, sorted as the language sorts keys; of two equal keys the later one stays.
    pub fn map(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort_by(|left, right| key_order(Val::of(&left.0), Val::of(&right.0)));
        entries.reverse();
        entries.dedup_by(|left, right| {
            key_order(Val::of(&left.0), Val::of(&right.0)) == std::cmp::Ordering::Equal
        });
        entries.reverse();
        Self::Map(entries)
    }

    /// The value's type.
    pub fn type_name(&self) -> TypeName {
        Val::of(self).type_name()
    }
}
