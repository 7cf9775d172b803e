//! Values that were pulled: scalars as they are, lists and objects as what hands out their parts when they are asked for.
//!
//! Each part is pulled once and kept, so whoever asks twice gets the same answer, whatever the calling language does with
//! the value meanwhile.

use std::cell::OnceCell;
use std::fmt;

use super::cells::Cells;
use super::host::{
    Field, Host, HostFault, HostValue, changed, doubled, not_finite, too_deep, too_many,
};
use super::keys::PathKeys;
use crate::cel::{Argument, Lookup, Parts};
use crate::decision::ConditionError;
use crate::limits::{ARGUMENT_VALUES_MAX, NESTING_MAX};

/// What reading one call's arguments goes by: the policy's keys, and what could not be read so far.
#[derive(Debug)]
pub struct Ground<'k, K> {
    pub(super) keys: &'k PathKeys<K>,
    fault: OnceCell<ConditionError>,
}

/// Where in a call's arguments a value stands.
pub(super) struct Place<'k, K> {
    pub(super) ground: &'k Ground<'k, K>,
    /// The path that leads to it, or to what holds it.
    slot: u32,
    /// How many lists and objects are around it.
    depth: u32,
}

/// What was pulled.
pub(super) enum Held<'k, H: HostValue> {
    Missing(usize),
    NotAnObject(usize),
    NullAbove(usize),
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(H::Text),
    List(Box<List<'k, H>>),
    Object(Box<Object<'k, H>>),
}

pub(super) struct List<'k, H: HostValue> {
    host: H,
    place: Place<'k, H::Key>,
    count: usize,
    items: Cells<Held<'k, H>, 4>,
}

pub(super) struct Object<'k, H: HostValue> {
    host: H,
    place: Place<'k, H::Key>,
    /// Fields whose names the policy knows.
    fields: Cells<Held<'k, H>, 2>,
    /// What is known of it as a whole, where somebody asks for more than single known names.
    whole: OnceCell<Box<Whole<'k, H>>>,
}

struct Whole<'k, H: HostValue> {
    count: OnceCell<usize>,
    /// Every entry, by its key.
    entries: OnceCell<Box<[Entry<'k, H>]>>,
}

struct Entry<'k, H: HostValue> {
    key: Box<str>,
    host: H,
    held: OnceCell<Held<'k, H>>,
}

// === impl Ground ===

impl<'k, K> Ground<'k, K> {
    /// For one call, which the policy with these keys decides.
    #[inline]
    pub const fn new(keys: &'k PathKeys<K>) -> Self {
        Self { keys, fault: OnceCell::new() }
    }

    /// The first thing that could not be read.
    #[inline]
    pub(super) fn fault(&self) -> Option<&ConditionError> {
        self.fault.get()
    }
}

// === impl Place ===

impl<K> Clone for Place<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Place<'_, K> {}

impl<'k, K> Place<'k, K> {
    /// The place that a path of no keys leads to.
    #[inline]
    pub(super) const fn new(ground: &'k Ground<'k, K>, slot: u32) -> Self {
        Self { ground, slot, depth: 0 }
    }

    /// A place that many levels further down.
    pub(super) fn below(self, levels: usize) -> Self {
        let levels = u32::try_from(levels).unwrap_or(u32::MAX);
        Self { depth: self.depth.saturating_add(levels), ..self }
    }

    /// Keeps the first fault: the call is not valid.
    #[cold]
    pub(super) fn stop(self, fault: &HostFault) {
        self.ground.fault.get_or_init(|| match self.ground.keys.path(self.slot) {
            Some(path) => ConditionError::of_argument(path, &fault.message),
            None => ConditionError::of_call(fault.message.as_str(), None),
        });
    }
}

// === impl Held ===

impl<'k, H: HostValue> Held<'k, H> {
    /// What a value in this place is.
    #[inline]
    pub(super) fn of(value: &H, place: Place<'k, H::Key>) -> Result<Self, HostFault> {
        Ok(match value.read()? {
            Host::Null => Self::Null,
            Host::Bool(value) => Self::Bool(value),
            Host::Int(value) => Self::Int(value),
            Host::Uint(value) => Self::Uint(value),
            Host::Double(value) if value.is_finite() => Self::Double(value),
            Host::Double(_) => return Err(not_finite()),
            Host::Text(text) => Self::Text(text),
            Host::List(host) => {
                let place = inner(place)?;
                let count = host.length()?.ok_or_else(changed)?;
                Self::List(Box::new(List { host, place, count, items: Cells::new() }))
            }
            Host::Object(host) => Self::Object(Box::new(Object {
                host,
                place: inner(place)?,
                fields: Cells::new(),
                whole: OnceCell::new(),
            })),
        })
    }

    /// What a part in this place is; one that cannot be read is there and has no value.
    #[inline]
    fn part(value: &H, place: Place<'k, H::Key>) -> Self {
        Self::of(value, place).unwrap_or_else(|fault| {
            place.stop(&fault);
            Self::Null
        })
    }

    /// The value, if there is one.
    #[inline]
    fn argument(&self) -> Option<Argument<'_>> {
        match self.lookup() {
            Lookup::Found(argument) => Some(argument),
            _ => None,
        }
    }

    /// What a source says that holds this.
    #[inline]
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup::Found(match self {
            Self::Missing(position) => return Lookup::Missing(*position),
            Self::NotAnObject(position) => return Lookup::NotAnObject(*position),
            Self::NullAbove(position) => return Lookup::NullAbove(*position),
            Self::Null => Argument::Null,
            Self::Bool(value) => Argument::Bool(*value),
            Self::Int(value) => Argument::Int(*value),
            Self::Uint(value) => Argument::Uint(*value),
            Self::Double(value) => Argument::Double(*value),
            Self::Text(text) => Argument::Text(text.as_ref()),
            Self::List(list) => Argument::Items(&**list),
            Self::Object(object) => Argument::Fields(&**object),
        })
    }
}

/// The place of the parts of what is in this place.
fn inner<K>(place: Place<'_, K>) -> Result<Place<'_, K>, HostFault> {
    if place.depth as usize >= NESTING_MAX { Err(too_deep()) } else { Ok(place.below(1)) }
}

// === impl List ===

impl<'k, H: HostValue> List<'k, H> {
    fn pull(&self, position: usize) -> Held<'k, H> {
        let pulled = || {
            if self.host.length()? != Some(self.count) {
                return Err(changed());
            }
            let item = self.host.item(position)?.ok_or_else(changed)?;
            Held::of(&item, self.place)
        };
        pulled().unwrap_or_else(|fault| {
            self.place.stop(&fault);
            Held::Null
        })
    }
}

impl<H: HostValue> Parts for List<'_, H> {
    fn count(&self) -> usize {
        self.count
    }

    #[inline]
    fn item(&self, position: usize) -> Option<Argument<'_>> {
        let number = u32::try_from(position).ok().filter(|_| position < self.count)?;
        self.items.get_or_pull(number, self.count, || self.pull(position))?.argument()
    }

    fn field(&self, _: &str) -> Option<Argument<'_>> {
        None
    }

    fn entry(&self, _: usize) -> Option<(&str, Argument<'_>)> {
        None
    }
}

// === impl Object ===

impl<'k, H: HostValue> Object<'k, H> {
    /// A field whose name the policy knows.
    fn pull(&self, name: &str, key: &H::Key) -> Held<'k, H> {
        if let Some(entries) = self.whole.get().and_then(|whole| whole.entries.get()) {
            let entry = entry_of(entries, name);
            return entry.map_or(Held::Missing(0), |entry| Held::part(&entry.host, self.place));
        }
        match self.host.field(key) {
            Ok(Field::Found(value)) => Held::part(&value, self.place),
            Ok(Field::Missing) => Held::Missing(0),
            Ok(Field::OfNull | Field::OfOther) => self.broken(&changed()),
            Err(fault) => self.broken(&fault),
        }
    }

    #[cold]
    fn broken(&self, fault: &HostFault) -> Held<'k, H> {
        self.place.stop(fault);
        Held::Null
    }

    #[inline]
    fn known(&self, name: &str) -> Option<&Held<'k, H>> {
        let keys = self.place.ground.keys;
        let (number, key) = keys.named(name)?;
        self.fields.get_or_pull(*number, keys.names(), || self.pull(name, key))
    }

    fn whole(&self) -> &Whole<'k, H> {
        let nothing = || Box::new(Whole { count: OnceCell::new(), entries: OnceCell::new() });
        self.whole.get_or_init(nothing)
    }

    /// Every entry, by its key.
    #[inline(never)]
    fn entries(&self) -> &[Entry<'k, H>] {
        self.whole().entries.get_or_init(|| {
            self.walk().unwrap_or_else(|fault| {
                self.place.stop(&fault);
                Box::default()
            })
        })
    }

    fn walk(&self) -> Result<Box<[Entry<'k, H>]>, HostFault> {
        let mut entries = Vec::new();
        self.host.each_entry(&mut |key, host| {
            if entries.len() >= ARGUMENT_VALUES_MAX {
                return Err(too_many());
            }
            entries.push(Entry { key: key.into(), host, held: OnceCell::new() });
            Ok(())
        })?;
        entries.sort_by(|left, right| left.key.cmp(&right.key));
        if entries.windows(2).any(|pair| matches!(pair, [left, right] if left.key == right.key)) {
            return Err(doubled());
        }
        if self.whole().count.get().is_some_and(|count| *count != entries.len()) {
            return Err(changed());
        }
        Ok(entries.into())
    }

    fn held<'s>(&'s self, entry: &'s Entry<'k, H>) -> &'s Held<'k, H> {
        match self.known(&entry.key) {
            // It was asked for before, and was not there then.
            Some(Held::Missing(_)) => entry.held.get_or_init(|| self.broken(&changed())),
            Some(held) => held,
            None => entry.held.get_or_init(|| Held::part(&entry.host, self.place)),
        }
    }
}

fn entry_of<'e, 'k, H: HostValue>(
    entries: &'e [Entry<'k, H>],
    name: &str,
) -> Option<&'e Entry<'k, H>> {
    let found = entries.binary_search_by(|entry| (*entry.key).cmp(name)).ok()?;
    entries.get(found)
}

impl<H: HostValue> Parts for Object<'_, H> {
    fn count(&self) -> usize {
        let whole = self.whole();
        if let Some(entries) = whole.entries.get() {
            return entries.len();
        }
        *whole.count.get_or_init(|| match self.host.length() {
            Ok(Some(count)) => count,
            Ok(None) => self.entries().len(),
            Err(fault) => {
                self.place.stop(&fault);
                0
            }
        })
    }

    fn item(&self, _: usize) -> Option<Argument<'_>> {
        None
    }

    #[inline]
    fn field(&self, key: &str) -> Option<Argument<'_>> {
        match self.known(key) {
            Some(held) => held.argument(),
            None => self.held(entry_of(self.entries(), key)?).argument(),
        }
    }

    fn entry(&self, position: usize) -> Option<(&str, Argument<'_>)> {
        let entry = self.entries().get(position)?;
        Some((&entry.key, self.held(entry).argument().unwrap_or(Argument::Null)))
    }
}

// What they hold is the caller's.
impl<H: HostValue> fmt::Debug for List<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("count", &self.count).finish_non_exhaustive()
    }
}

impl<H: HostValue> fmt::Debug for Object<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("depth", &self.place.depth).finish_non_exhaustive()
    }
}
