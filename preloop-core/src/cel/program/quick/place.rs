//! Where the short way reads: a JSON object, or whatever source hands out its arguments one by one.

use serde_json::{Map as JsonMap, Value as Json};

use super::Quick;
use crate::cel::code::Test;
use crate::cel::program::arithmetic::Plain;
use crate::cel::source::{ArgPath, Argument, ArgumentSource, FieldName, Lookup, Parts};
use crate::cel::value::{Val, from_json};

/// Arguments, by path.
pub(crate) trait Place<'e>: Copy + std::fmt::Debug {
    /// What is found there.
    type Found: Found<'e>;

    /// What stands under a path; none where anything is missing on the way.
    fn find(self, path: &ArgPath) -> Option<Self::Found>;

    /// The text that stands under a path: what most questions are about, handed out in two registers.
    fn text(self, path: &ArgPath) -> Option<&'e str>;

    /// Whether it is certain that what should hold the last key is an object without it.
    fn lacks(self, path: &ArgPath) -> bool;
}

/// Something that was read.
pub(crate) trait Found<'e>: Copy + std::fmt::Debug {
    /// The items of a list.
    type Items: Iterator<Item = Self>;

    /// The text, if this is text.
    fn text(self) -> Option<&'e str>;

    /// The answer to a test, without the fuel of [`Test::operand`] but for that of a size.
    fn answer(self, asked: &Test, fuel: &mut u64) -> Quick;

    /// What stands under a key, if this is an object.
    fn field(self, name: &FieldName) -> Option<Self>;

    /// The items, if this is a list.
    fn items(self) -> Option<Self::Items>;

    /// The number, if this is one that arithmetic usually has.
    fn number(self) -> Option<Plain>;

    /// The same as evaluation has it.
    fn value(self) -> Val<'e>;
}

/// A place with what was read there last: conditions often ask several things of one argument, and so do the rules of
/// one tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'e, P: Place<'e>> {
    place: P,
    /// The slot of the path that was read last, which no other path has that is read through the same reader.
    slot: u32,
    found: Option<P::Found>,
}

impl<'e, P: Place<'e>> Reader<'e, P> {
    #[inline]
    pub(crate) const fn new(place: P) -> Self {
        // No path that is read this way has the slot of the arguments as a whole.
        Self { place, slot: u32::MAX, found: None }
    }

    /// What stands under a path; none where anything is missing on the way.
    #[inline]
    pub(crate) fn find(&mut self, path: &ArgPath) -> Option<P::Found> {
        if path.slot() != self.slot {
            self.found = self.place.find(path);
            self.slot = path.slot();
        }
        self.found
    }

    /// The text under a path, if it is text; it is not kept, since whoever asks has all questions about it at hand.
    #[inline]
    pub(crate) fn text(&self, path: &ArgPath) -> Option<&'e str> {
        if path.slot() == self.slot { self.found?.text() } else { self.place.text(path) }
    }

    /// Whether an argument is there; none where only the machine can tell.
    #[inline]
    pub(crate) fn has(&mut self, path: &ArgPath) -> Option<bool> {
        if self.find(path).is_some() {
            return Some(true);
        }
        // Whether what is above the last field can have fields, the machine finds out.
        self.place.lacks(path).then_some(false)
    }
}

/// The fields of a JSON object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InObject<'e>(pub(crate) &'e JsonMap<String, Json>);

/// What a source hands out when it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskedFor<'e>(pub(crate) &'e dyn ArgumentSource);

impl<'e> Place<'e> for InObject<'e> {
    type Found = &'e Json;

    #[inline]
    fn find(self, path: &ArgPath) -> Option<&'e Json> {
        path.find(self.0)
    }

    #[inline]
    fn text(self, path: &ArgPath) -> Option<&'e str> {
        path.find(self.0)?.as_str()
    }

    #[inline]
    fn lacks(self, path: &ArgPath) -> bool {
        matches!(path.segments(), [key] if !self.0.contains_key(&**key))
    }
}

impl<'e> Place<'e> for AskedFor<'e> {
    type Found = Argument<'e>;

    #[inline]
    fn find(self, path: &ArgPath) -> Option<Argument<'e>> {
        match self.0.lookup(path) {
            Lookup::Found(found) => Some(found),
            _ => None,
        }
    }

    #[inline]
    fn text(self, path: &ArgPath) -> Option<&'e str> {
        self.find(path)?.text()
    }

    #[inline]
    fn lacks(self, path: &ArgPath) -> bool {
        let length = path.segments().len();
        matches!(self.0.lookup(path), Lookup::Missing(at) if at.saturating_add(1) == length)
    }
}

impl<'e> Found<'e> for &'e Json {
    type Items = std::slice::Iter<'e, Json>;

    #[inline]
    fn text(self) -> Option<&'e str> {
        self.as_str()
    }

    #[inline]
    fn answer(self, asked: &Test, fuel: &mut u64) -> Quick {
        asked.of_json(self, fuel)
    }

    #[inline]
    fn field(self, name: &FieldName) -> Option<Self> {
        self.as_object()?.get(&**name)
    }

    #[inline]
    fn items(self) -> Option<Self::Items> {
        self.as_array().map(|items| items.iter())
    }

    #[inline]
    fn number(self) -> Option<Plain> {
        let Json::Number(found) = self else { return None };
        match found.as_i64() {
            Some(found) => Some(Plain::Int(found)),
            None => Plain::of(from_json(found)),
        }
    }

    #[inline]
    fn value(self) -> Val<'e> {
        Val::of_json(self)
    }
}

impl<'e> Found<'e> for Argument<'e> {
    type Items = InTurn<'e>;

    #[inline]
    fn text(self) -> Option<&'e str> {
        match self {
            Argument::Text(text) => Some(text),
            Argument::Json(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    #[inline]
    fn answer(self, asked: &Test, fuel: &mut u64) -> Quick {
        match self {
            // Nearly every argument: text, which needs no value to be made of it.
            Argument::Text(text) => asked.of_text(text, fuel),
            Argument::Json(found) => asked.of_json(found, fuel),
            _ => asked.of_argument(Val::of_argument(self), fuel),
        }
    }

    #[inline]
    fn field(self, name: &FieldName) -> Option<Self> {
        match self {
            Argument::Fields(object, parts) => parts.field(object, name),
            Argument::Json(Json::Object(entries)) | Argument::Object(entries) => {
                entries.get(&**name).map(Argument::Json)
            }
            _ => None,
        }
    }

    #[inline]
    fn items(self) -> Option<InTurn<'e>> {
        match self {
            Argument::Items(list, parts) => {
                Some(InTurn::Parts { list, parts, next: 0, end: parts.count(list) })
            }
            Argument::Json(Json::Array(items)) => Some(InTurn::Json(items.iter())),
            _ => None,
        }
    }

    #[inline]
    fn number(self) -> Option<Plain> {
        match self {
            Argument::Int(number) => Some(Plain::Int(number)),
            _ => Plain::of(Val::of_argument(self)),
        }
    }

    #[inline]
    fn value(self) -> Val<'e> {
        Val::of_argument(self)
    }
}

/// The items of a list, each asked for in its turn.
#[derive(Debug)]
pub(crate) enum InTurn<'e> {
    Parts { list: u32, parts: &'e dyn Parts, next: usize, end: usize },
    Json(std::slice::Iter<'e, Json>),
}

impl<'e> Iterator for InTurn<'e> {
    type Item = Argument<'e>;

    #[inline]
    fn next(&mut self) -> Option<Argument<'e>> {
        match self {
            Self::Parts { list, parts, next, end } => {
                if next >= end {
                    return None;
                }
                let item = parts.item(*list, *next).unwrap_or(Argument::Null);
                *next = next.saturating_add(1);
                Some(item)
            }
            Self::Json(items) => items.next().map(Argument::Json),
        }
    }
}
