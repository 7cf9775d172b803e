//! Arguments pulled beforehand, by path: from JSON text without building the rest of it, or by a language binding.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map as JsonMap, Value as Json};

use super::source::{ArgPath, Argument, ArgumentSource, Lookup, PathTable};

/// One argument in [`Slots`].
#[derive(Clone, Debug)]
pub enum Slot<'a> {
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
    Text(Cow<'a, str>),
    /// A list or an object.
    Json(Json),
}

/// Arguments pulled beforehand, one for each path of a [`PathTable`]: what a binding fills from a dict or an object.
#[derive(Clone, Debug, Default)]
pub struct Slots<'a> {
    slots: Vec<Slot<'a>>,
}

impl<'a> Slots<'a> {
    /// Slots in the order of the table's paths.
    pub fn new(slots: Vec<Slot<'a>>) -> Self {
        Self { slots }
    }
}

impl ArgumentSource for Slots<'_> {
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        Lookup::Found(match self.slots.get(path.slot() as usize) {
            None => return Lookup::Missing(0),
            Some(Slot::Missing(position)) => return Lookup::Missing(*position),
            Some(Slot::NotAnObject(position)) => return Lookup::NotAnObject(*position),
            Some(Slot::NullAbove(position)) => return Lookup::NullAbove(*position),
            Some(Slot::Null) => Argument::Null,
            Some(Slot::Bool(value)) => Argument::Bool(*value),
            Some(Slot::Int(value)) => Argument::Int(*value),
            Some(Slot::Uint(value)) => Argument::Uint(*value),
            Some(Slot::Double(value)) => Argument::Double(*value),
            Some(Slot::Text(value)) => Argument::Text(value),
            Some(Slot::Json(value)) => Argument::Json(value),
        })
    }
}

impl<'a> Slots<'a> {
    /// Reads the table's paths out of JSON text. The whole text is read, so it is valid JSON; of two equal keys the later
    /// counts, as it does in [`serde_json::Value`].
    pub fn from_json(text: &'a str, table: &PathTable) -> Result<Self, serde_json::Error> {
        let paths = table.paths();
        let mut slots = vec![Slot::Missing(0); paths.len()];
        let active: Vec<usize> = (0..paths.len()).collect();
        let mut reader = serde_json::Deserializer::from_str(text);
        Pull { paths, active: &active, depth: 0, slots: &mut slots }.deserialize(&mut reader)?;
        reader.end()?;
        Ok(Self { slots })
    }
}

/// Reads one value: `active` are the paths whose first `depth` keys lead here.
struct Pull<'p, 's, 'a> {
    paths: &'p [ArgPath],
    active: &'p [usize],
    depth: usize,
    slots: &'s mut [Slot<'a>],
}

impl<'a> Pull<'_, '_, 'a> {
    /// The keys of a path that lead on from here.
    fn rest(&self, path: usize) -> &[Box<str>] {
        self.paths.get(path).and_then(|path| path.segments().get(self.depth..)).unwrap_or(&[])
    }

    fn set(&mut self, path: usize, slot: Slot<'a>) {
        if let Some(place) = self.slots.get_mut(path) {
            *place = slot;
        }
    }

    fn ends_here(&self) -> bool {
        self.active.iter().any(|path| self.rest(*path).is_empty())
    }

    /// A value without keys: paths that end here have it, others lead nowhere.
    fn fill(&mut self, slot: &Slot<'a>) {
        for path in self.active {
            let ends = self.rest(*path).is_empty();
            self.set(*path, if ends { slot.clone() } else { Slot::NotAnObject(self.depth) });
        }
    }

    /// A value that some path wants whole: the longer paths are read from it.
    fn fill_from(&mut self, value: &Json) {
        for path in self.active {
            let slot = slot_below(value, self.rest(*path), self.depth);
            self.set(*path, slot);
        }
    }
}

fn slot_below<'a>(mut value: &Json, keys: &[Box<str>], depth: usize) -> Slot<'a> {
    for (position, key) in keys.iter().enumerate() {
        let position = depth.saturating_add(position);
        let Json::Object(entries) = value else { return Slot::NotAnObject(position) };
        let Some(next) = entries.get(&**key) else { return Slot::Missing(position) };
        value = next;
    }
    Slot::Json(value.clone())
}

impl<'a> DeserializeSeed<'a> for Pull<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Pull<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.fill(&Slot::Null);
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.fill(&Slot::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.fill(&Slot::Int(value));
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.fill(&Slot::Uint(value));
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.fill(&Slot::Double(value));
        Ok(())
    }

    fn visit_borrowed_str<E>(mut self, value: &'a str) -> Result<(), E> {
        self.fill(&Slot::Text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        self.fill(&Slot::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> Result<(), A::Error> {
        if self.ends_here() {
            let mut list = Vec::new();
            while let Some(item) = items.next_element::<Json>()? {
                list.push(item);
            }
            self.fill(&Slot::Json(Json::Array(list)));
            return Ok(());
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.fill(&Slot::Null);
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut entries: A) -> Result<(), A::Error> {
        if self.ends_here() {
            let mut map = JsonMap::new();
            while let Some((key, value)) = entries.next_entry::<String, Json>()? {
                map.insert(key, value);
            }
            self.fill_from(&Json::Object(map));
            return Ok(());
        }
        for path in self.active {
            self.set(*path, Slot::Missing(self.depth));
        }
        let mut below = Vec::new();
        while let Some(key) = entries.next_key::<Cow<'a, str>>()? {
            below.clear();
            let leads =
                |path: &&usize| self.rest(**path).first().is_some_and(|first| **first == *key);
            below.extend(self.active.iter().filter(leads));
            if below.is_empty() {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let depth = self.depth.saturating_add(1);
            let pull = Pull { paths: self.paths, active: &below, depth, slots: &mut *self.slots };
            entries.next_value_seed(pull)?;
        }
        Ok(())
    }
}
