//! What a binding tells of its language's values, as far as JSON goes.

use serde_json::Number;

use crate::json;
use crate::limits::NESTING_MAX;

/// A value of the calling language.
///
/// A binding says what a value is and hands out its parts; which of them are read, how deep, how many, and what
/// follows from a fault is decided here, the same for every language.
pub trait HostValue: Clone {
    /// Text as the language lends or copies it.
    type Text: AsRef<str>;
    /// A key, made once for each name that rules read.
    type Key;

    /// What this value is. A list or an object comes with the value that has the parts, which is this one again unless
    /// it only stands for another.
    fn read(self) -> Result<Host<Self::Text, Self>, HostFault>;

    /// What stands under a key of this value.
    fn field(&self, key: &Self::Key) -> Result<Field<Self>, HostFault>;

    /// How many items a list has, or fields an object, where that takes no walk through them; a list always knows.
    fn length(&self) -> Result<Option<usize>, HostFault>;

    /// The item at this position of a list that had so many of them; none if it has not any more.
    fn item(&self, position: usize, length: usize) -> Result<Option<Self>, HostFault>;

    /// Hands out the entries of an object, in any order.
    fn each_entry(
        &self,
        take: &mut dyn FnMut(&str, Self) -> Result<(), HostFault>,
    ) -> Result<(), HostFault>;
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Host<T, H> {
    /// `null`
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number with sign.
    Int(i64),
    /// A whole number without sign.
    Uint(u64),
    /// Any number; one that is not finite is a fault, since JSON has none.
    Double(f64),
    /// Text.
    Text(T),
    /// A list.
    List(H),
    /// An object.
    Object(H),
}

/// What stands under a key.
#[derive(Clone, Copy, Debug)]
pub enum Field<H> {
    /// This value.
    Found(H),
    /// Nothing: the object has no such key.
    Missing,
    /// Nothing, since `null` has no keys.
    OfNull,
    /// Nothing, since this is a list, text, a number or the like, which has no keys.
    OfOther,
}

/// Why a value cannot be read as JSON, such as "a set is no JSON value".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFault {
    /// In words, without the place.
    pub message: String,
}

impl HostFault {
    /// A fault in words: lower case, no full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl<T, H> Host<T, H> {
    /// The number that these digits of JSON's grammar mean: whole ones beyond 64 bits are doubles, as in JSON text.
    ///
    /// For what languages have beside their usual numbers, such as `Decimal` and large integers.
    pub fn of_digits(digits: &str) -> Result<Self, HostFault> {
        let is_number = matches!(json::parse(digits), Ok(serde_json::Value::Number(_)));
        let number = json::parse_number(digits).filter(|_| is_number);
        number.map(|number| Self::of_number(&number)).ok_or_else(not_finite)
    }

    fn of_number(number: &Number) -> Self {
        match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Self::Int(value),
            (None, Some(value), _) => Self::Uint(value),
            (None, None, value) => Self::Double(value.unwrap_or(f64::NAN)),
        }
    }
}

/// The fault of what is not the same when it is read again.
#[cold]
pub(super) fn changed() -> HostFault {
    HostFault::new("it changed while it was read")
}

/// The fault of what holds more than may be read.
#[cold]
pub(super) fn too_many() -> HostFault {
    HostFault::new("this holds too many values")
}

/// The fault of what is nested too deep.
#[cold]
pub(super) fn too_deep() -> HostFault {
    HostFault::new(format!("this nests deeper than {NESTING_MAX} levels, or holds itself"))
}

/// The fault of a key that stands twice.
#[cold]
pub(super) fn doubled() -> HostFault {
    HostFault::new("a key stands twice in this object")
}

/// The fault of a number that JSON cannot hold.
pub(super) fn not_finite() -> HostFault {
    HostFault::new("this number is not one that JSON has (NaN, infinite or too large)")
}
