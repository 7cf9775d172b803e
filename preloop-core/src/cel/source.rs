//! Where a call's arguments come from: a trait, so that nothing has to be converted to be judged.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::LazyLock;

use serde_json::{Map as JsonMap, Value as Json};

use crate::decision::ConditionError;

/// A path to an argument that an expression reads: `args.user.name` is `["user", "name"]`.
///
/// An empty path stands for the arguments as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArgPath {
    segments: Box<[Box<str>]>,
    slot: u32,
}

impl ArgPath {
    /// A path of these keys, read from this slot where the source has slots.
    pub fn new<'k>(keys: impl IntoIterator<Item = &'k str>, slot: u32) -> Self {
        Self { segments: keys.into_iter().map(Into::into).collect(), slot }
    }

    /// The arguments as a whole, for whoever looks for secrets in them; no rule's path has its slot.
    pub(crate) fn whole() -> Self {
        Self { segments: Box::default(), slot: u32::MAX }
    }

    /// Whether this is [`Self::whole`].
    pub(crate) const fn is_whole(&self) -> bool {
        self.slot == u32::MAX
    }

    /// The keys, outermost first.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.segments.iter().map(AsRef::as_ref)
    }

    /// The number by which a source with slots knows this path.
    pub fn slot(&self) -> u32 {
        self.slot
    }

    pub(crate) fn set_slot(&mut self, slot: u32) {
        self.slot = slot;
    }

    pub(crate) fn segments(&self) -> &[Box<str>] {
        &self.segments
    }

    /// What stands there in an object; none where anything is missing on the way, or the path is empty.
    #[inline]
    pub(crate) fn find<'a>(&self, object: &'a JsonMap<String, Json>) -> Option<&'a Json> {
        let (first, rest) = self.segments.split_first()?;
        let found = object.get(&**first)?;
        if rest.is_empty() { Some(found) } else { below(found, rest) }
    }

    /// The path down to its `length`th key as rules write it, such as `args.user`.
    pub(crate) fn shown(&self, length: usize) -> String {
        let mut shown = String::from("args");
        for key in self.segments.iter().take(length) {
            let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && key.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
            if plain {
                shown.push('.');
                shown.push_str(key);
            } else {
                shown.push_str("['");
                shown.push_str(&super::problem::cut(key));
                shown.push_str("']");
            }
        }
        shown
    }
}

impl std::fmt::Display for ArgPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown(usize::MAX))
    }
}

/// The paths that several programs read, each once: rules of one tool share what they read.
#[derive(Clone, Debug, Default)]
pub struct PathTable {
    paths: Vec<ArgPath>,
    /// The slot of each path, so that a policy of thousands of paths is read in one go.
    slots: HashMap<Box<[Box<str>]>, u32>,
    /// Names of fields below arguments, such as those of a list's items.
    names: Vec<Box<str>>,
    /// The number of each of them.
    numbers: HashMap<Box<str>, u32>,
}

/// The name of a field that an expression reads below arguments: `price` in `args.items.all(i, i.price < 5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName {
    text: Box<str>,
    number: u32,
}

impl FieldName {
    /// The number by which a source of the policy's arguments knows this name, as [`PathTable::names`] counts.
    #[inline]
    pub const fn number(&self) -> u32 {
        self.number
    }

    pub(crate) const fn set_number(&mut self, number: u32) {
        self.number = number;
    }
}

impl From<&str> for FieldName {
    /// A name that no policy has numbered yet.
    fn from(text: &str) -> Self {
        Self { text: text.into(), number: u32::MAX }
    }
}

impl Deref for FieldName {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.text
    }
}

impl PathTable {
    /// The slot of a path, new or shared.
    pub(crate) fn slot(&mut self, path: &ArgPath) -> u32 {
        if let Some(slot) = self.slots.get(&path.segments) {
            return *slot;
        }
        let slot = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        self.paths.push(ArgPath { segments: path.segments.clone(), slot });
        self.slots.insert(path.segments.clone(), slot);
        slot
    }

    /// The number of a field's name, new or shared.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    /// The names of fields that are read below arguments, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The paths in the order of their slots.
    pub fn paths(&self) -> &[ArgPath] {
        &self.paths
    }
}

/// An argument as its source hands it out.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// `null`
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number with sign.
    Int(i64),
    /// A whole number beyond those with sign.
    Uint(u64),
    /// Any number; whole ones count as whole, however they were written.
    Double(f64),
    /// Text.
    Text(&'a str),
    /// Any JSON value.
    Json(&'a Json),
    /// An object.
    Object(&'a JsonMap<String, Json>),
    /// The list of this number, whose items are asked for one by one.
    Items(u32, &'a dyn Parts),
    /// The object of this number, whose fields are asked for one by one.
    Fields(u32, &'a dyn Parts),
}

/// Lists and objects that hand out their parts when they are asked for, each time the same ones.
///
/// Whoever has them tells them apart by number, so that none of them needs a place in memory for itself.
pub trait Parts: std::fmt::Debug {
    /// How many items or fields the list or object `of` this number has.
    fn count(&self, of: u32) -> usize;

    /// The item at this position of a list.
    fn item(&self, of: u32, position: usize) -> Option<Argument<'_>>;

    /// What stands in an object under a key that an expression spells out.
    fn field(&self, of: u32, name: &FieldName) -> Option<Argument<'_>>;

    /// What stands in an object under any key.
    fn value(&self, of: u32, key: &str) -> Option<Argument<'_>>;

    /// The entry of an object at this position, by the order of keys.
    fn entry(&self, of: u32, position: usize) -> Option<(&str, Argument<'_>)>;
}

/// What a source has under a path.
#[derive(Clone, Copy, Debug)]
pub enum Lookup<'a> {
    /// The argument.
    Found(Argument<'a>),
    /// No such key: the path's key at this position (from 0) is not there.
    Missing(usize),
    /// The value above the key at this position is not an object, so it has no keys.
    NotAnObject(usize),
    /// The same, and the value is `null`, which simple conditions take for a missing field.
    NullAbove(usize),
}

/// Where arguments come from. Implemented by JSON values, by
/// [`JsonText`](super::JsonText) and by [`Slots`](super::Slots); a binding may bring its own.
pub trait ArgumentSource: std::fmt::Debug {
    /// What stands under this path.
    fn lookup(&self, path: &ArgPath) -> Lookup<'_>;

    /// Why an argument that was looked up could not be read, if that happened: the call is not valid then.
    fn fault(&self) -> Option<&ConditionError> {
        None
    }

    /// The arguments as an object, where they are one already: its fields are then read without asking again.
    fn object(&self) -> Option<&JsonMap<String, Json>> {
        None
    }
}

/// Arguments that are no object.
static NO_OBJECT: LazyLock<ConditionError> =
    LazyLock::new(|| ConditionError::of_call("the arguments are no object", None));

impl ArgumentSource for Json {
    fn fault(&self) -> Option<&ConditionError> {
        (!self.is_object()).then(|| &*NO_OBJECT)
    }

    fn object(&self) -> Option<&JsonMap<String, Json>> {
        self.as_object()
    }

    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        let mut value = self;
        for (position, key) in path.segments.iter().enumerate() {
            let Self::Object(entries) = value else { return no_keys(value, position) };
            let Some(next) = entries.get(&**key) else { return Lookup::Missing(position) };
            value = next;
        }
        Lookup::Found(Argument::Json(value))
    }
}

impl ArgumentSource for JsonMap<String, Json> {
    fn object(&self) -> Option<&JsonMap<String, Json>> {
        Some(self)
    }

    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        let Some((first, rest)) = path.segments.split_first() else {
            return Lookup::Found(Argument::Object(self));
        };
        let Some(mut value) = self.get(&**first) else { return Lookup::Missing(0) };
        for (position, key) in rest.iter().enumerate() {
            let position = position.saturating_add(1);
            let Json::Object(entries) = value else { return no_keys(value, position) };
            let Some(next) = entries.get(&**key) else { return Lookup::Missing(position) };
            value = next;
        }
        Lookup::Found(Argument::Json(value))
    }
}

#[inline(never)]
fn below<'a>(mut value: &'a Json, keys: &[Box<str>]) -> Option<&'a Json> {
    for key in keys {
        value = value.as_object()?.get(&**key)?;
    }
    Some(value)
}

const fn no_keys(value: &Json, position: usize) -> Lookup<'static> {
    match value {
        Json::Null => Lookup::NullAbove(position),
        _ => Lookup::NotAnObject(position),
    }
}
