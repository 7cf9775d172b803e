//! Arguments pulled beforehand, by path: what a language binding fills.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::source::{ArgPath, Argument, ArgumentSource, Lookup};

/// One argument, pulled from where the call's arguments are; `T` holds its text where it is text.
#[derive(Clone, Debug)]
pub enum Slot<T> {
    /// See [`Lookup::Missing`].
    Missing(usize),
    /// See [`Lookup::NotAnObject`].
    NotAnObject(usize),
    /// See [`Lookup::NullAbove`].
    NullAbove(usize),
    /// `null`
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number with sign.
    Int(i64),
    /// A whole number beyond those with sign.
    Uint(u64),
    /// Any number.
    Double(f64),
    /// Text, borrowed where the source can lend it.
    Text(T),
    /// A list or an object.
    Json(Json),
}

/// Arguments pulled beforehand, one for each path of a [`PathTable`](super::PathTable): what a binding fills from a dict or an object.
#[derive(Clone, Debug, Default)]
pub struct Slots<'a> {
    slots: Vec<Slot<Cow<'a, str>>>,
}

impl<'a> Slots<'a> {
    /// Slots in the order of the table's paths.
    pub fn new(slots: Vec<Slot<Cow<'a, str>>>) -> Self {
        Self { slots }
    }
}

impl ArgumentSource for Slots<'_> {
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        // A slot that nobody filled is no missing argument: whoever reads it fails.
        self.slots.get(path.slot() as usize).map_or(Lookup::NotAnObject(0), Slot::lookup)
    }
}

impl<T: AsRef<str>> Slot<T> {
    /// What a source says that holds this.
    pub(crate) fn lookup(&self) -> Lookup<'_> {
        Lookup::Found(match self {
            Self::Missing(position) => return Lookup::Missing(*position),
            Self::NotAnObject(position) => return Lookup::NotAnObject(*position),
            Self::NullAbove(position) => return Lookup::NullAbove(*position),
            Self::Null => Argument::Null,
            Self::Bool(value) => Argument::Bool(*value),
            Self::Int(value) => Argument::Int(*value),
            Self::Uint(value) => Argument::Uint(*value),
            Self::Double(value) => Argument::Double(*value),
            Self::Text(value) => Argument::Text(value.as_ref()),
            Self::Json(value) => Argument::Json(value),
        })
    }
}
