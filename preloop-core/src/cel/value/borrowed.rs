//! The value that evaluation passes around: three words, copied freely, borrowing arguments, constants and the arena.

use bumpalo::Bump;
use serde_json::{Map as JsonMap, Value as Json};

use super::{TypeName, Value, from_double, from_json, key_order};
use crate::cel::lib::net::{Cidr, Ip};
use crate::cel::lib::time::Duration;
use crate::cel::source::{Argument, FieldName, Parts};
use crate::time::Timestamp;

/// A borrowed value. Lists and maps come in the shapes of those they are borrowed from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Timestamp(Timestamp),
    Duration(Duration),
    Ip(Ip),
    Cidr(Cidr),
    Type(TypeName),
    Optional(Option<&'a Val<'a>>),
    List(&'a [Val<'a>]),
    ListOwned(&'a [Value]),
    ListJson(&'a [Json]),
    ListText(&'a [String]),
    /// Asked for item by item.
    ListParts(u32, &'a dyn Parts),
    /// Sorted by key, as are all maps but those of JSON.
    Map(&'a [(Val<'a>, Val<'a>)]),
    MapOwned(&'a [(Value, Value)]),
    MapJson(&'a JsonMap<String, Json>),
    /// Asked for field by field.
    MapParts(u32, &'a dyn Parts),
}

const _: () = assert!(size_of::<Val<'static>>() <= 24, "values are meant to be three words");

impl<'a> Val<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Uint(value) => Self::Uint(*value),
            Value::Double(value) => Self::Double(*value),
            Value::Text(value) => Self::Text(value),
            Value::Bytes(value) => Self::Bytes(value),
            Value::Timestamp(value) => Self::Timestamp(*value),
            Value::Duration(value) => Self::Duration(*value),
            Value::Ip(value) => Self::Ip(*value),
            Value::Cidr(value) => Self::Cidr(*value),
            Value::Type(value) => Self::Type(*value),
            // An owned optional has no borrowed inner value to point to; see `unwrap_owned`.
            Value::Optional(_) => Self::Optional(None),
            Value::List(value) => Self::ListOwned(value),
            Value::Map(value) => Self::MapOwned(value),
        }
    }

    #[inline]
    pub(crate) fn of_json(value: &'a Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(value) => from_json(value),
            Json::String(value) => Self::Text(value),
            Json::Array(value) => Self::ListJson(value),
            Json::Object(value) => Self::MapJson(value),
        }
    }

    /// The value of an argument as its source hands it out.
    #[inline]
    pub(crate) fn of_argument(found: Argument<'a>) -> Self {
        match found {
            Argument::Null => Self::Null,
            Argument::Bool(value) => Self::Bool(value),
            Argument::Int(value) => Self::Int(value),
            Argument::Uint(value) => i64::try_from(value).map_or(Self::Uint(value), Self::Int),
            Argument::Double(value) => from_double(value),
            Argument::Text(value) => Self::Text(value),
            Argument::Json(value) => Self::of_json(value),
            Argument::Object(value) => Self::MapJson(value),
            Argument::Items(list, parts) => Self::ListParts(list, parts),
            Argument::Fields(object, parts) => Self::MapParts(object, parts),
        }
    }

    pub(crate) const fn type_name(self) -> TypeName {
        match self {
            Self::Null => TypeName::Null,
            Self::Bool(_) => TypeName::Bool,
            Self::Int(_) => TypeName::Int,
            Self::Uint(_) => TypeName::Uint,
            Self::Double(_) => TypeName::Double,
            Self::Text(_) => TypeName::Text,
            Self::Bytes(_) => TypeName::Bytes,
            Self::Timestamp(_) => TypeName::Timestamp,
            Self::Duration(_) => TypeName::Duration,
            Self::Ip(_) => TypeName::Ip,
            Self::Cidr(_) => TypeName::Cidr,
            Self::Type(_) => TypeName::Type,
            Self::Optional(_) => TypeName::Optional,
            Self::List(_)
            | Self::ListOwned(_)
            | Self::ListJson(_)
            | Self::ListText(_)
            | Self::ListParts(..) => TypeName::List,
            Self::Map(_) | Self::MapOwned(_) | Self::MapJson(_) | Self::MapParts(..) => {
                TypeName::Map
            }
        }
    }

    /// The elements, if this is a list.
    pub(crate) const fn items(self) -> Option<Items<'a>> {
        Some(match self {
            Self::List(items) => Items::Borrowed(items),
            Self::ListOwned(items) => Items::Owned(items),
            Self::ListJson(items) => Items::Json(items),
            Self::ListText(items) => Items::Text(items),
            Self::ListParts(list, parts) => Items::Parts(list, parts),
            _ => return None,
        })
    }

    /// The number of entries, if this is a map.
    pub(crate) fn map_len(self) -> Option<usize> {
        Some(match self {
            Self::Map(entries) => entries.len(),
            Self::MapOwned(entries) => entries.len(),
            Self::MapJson(entries) => entries.len(),
            Self::MapParts(map, parts) => parts.count(map),
            _ => return None,
        })
    }

    /// Whether this is a map.
    pub(crate) const fn is_map(self) -> bool {
        matches!(self, Self::Map(_) | Self::MapOwned(_) | Self::MapJson(_) | Self::MapParts(..))
    }

    /// The entry of a key that an expression spells out; none if there is none or this is no map.
    pub(crate) fn field(self, name: &FieldName) -> Option<Self> {
        match self {
            Self::MapJson(entries) => entries.get(&**name).map(Self::of_json),
            Self::MapParts(map, parts) => parts.field(map, name).map(Self::of_argument),
            _ => self.entry(Val::Text(name)),
        }
    }

    /// The entry of a key of any type.
    pub(crate) fn entry(self, key: Val<'_>) -> Option<Self> {
        match self {
            Self::MapJson(entries) => match key {
                Val::Text(name) => entries.get(name).map(Self::of_json),
                _ => None,
            },
            Self::MapParts(map, parts) => match key {
                Val::Text(name) => parts.value(map, name).map(Self::of_argument),
                _ => None,
            },
            Self::Map(entries) => {
                let found = entries.binary_search_by(|(found, _)| key_order(*found, key)).ok()?;
                entries.get(found).map(|(_, value)| *value)
            }
            Self::MapOwned(entries) => {
                let found =
                    entries.binary_search_by(|(found, _)| key_order(Val::of(found), key)).ok()?;
                entries.get(found).map(|(_, value)| Val::of(value))
            }
            _ => None,
        }
    }
}

/// The elements of a list in whichever shape it has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Items<'a> {
    Borrowed(&'a [Val<'a>]),
    Owned(&'a [Value]),
    Json(&'a [Json]),
    Text(&'a [String]),
    Parts(u32, &'a dyn Parts),
}

impl<'a> Items<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Borrowed(items) => items.len(),
            Self::Owned(items) => items.len(),
            Self::Json(items) => items.len(),
            Self::Text(items) => items.len(),
            Self::Parts(list, parts) => parts.count(list),
        }
    }

    pub(crate) fn get(self, position: usize) -> Option<Val<'a>> {
        match self {
            Self::Borrowed(items) => items.get(position).copied(),
            Self::Owned(items) => items.get(position).map(Val::of),
            Self::Json(items) => items.get(position).map(Val::of_json),
            Self::Text(items) => items.get(position).map(|text| Val::Text(text)),
            Self::Parts(list, parts) => parts.item(list, position).map(Val::of_argument),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Val<'a>> {
        (0..self.len()).filter_map(move |position| self.get(position))
    }
}

/// The entries of a map, sorted by key whatever order they were written in.
pub(crate) fn entries_of<'a>(map: Val<'a>, arena: &'a Bump) -> Option<&'a [(Val<'a>, Val<'a>)]> {
    match map {
        Val::Map(entries) => Some(entries),
        Val::MapOwned(entries) => Some(arena.alloc_slice_fill_iter(
            entries.iter().map(|(key, value)| (Val::of(key), Val::of(value))),
        )),
        Val::MapJson(entries) => {
            let entries = arena.alloc_slice_fill_iter(
                entries.iter().map(|(key, value)| (Val::Text(key), Val::of_json(value))),
            );
            entries.sort_unstable_by(|left, right| key_order(left.0, right.0));
            Some(entries)
        }
        Val::MapParts(map, parts) => {
            let entry = |position| {
                let (key, value) = parts.entry(map, position)?;
                Some((Val::Text(key), Val::of_argument(value)))
            };
            let entries: Vec<_> = (0..parts.count(map)).filter_map(entry).collect();
            Some(arena.alloc_slice_copy(&entries))
        }
        _ => None,
    }
}
