//! Values that were pulled: scalars as they are, lists and objects by the number under which what is known of them is
//! kept.
//!
//! Each part is pulled once and kept, so whoever asks twice gets the same answer, whatever the calling language does with
//! the value meanwhile.

use std::cell::OnceCell;
use std::fmt;

use super::cells::{Cells, Numbered};
use super::host::{HostFault, HostValue, too_deep};
use super::keys::PathKeys;
use crate::decision::ConditionError;
use crate::limits::NESTING_MAX;

/// What reading one call's arguments goes by: the policy's keys, and what could not be read so far.
#[derive(Debug)]
pub struct Ground<'k, K> {
    pub(super) keys: &'k PathKeys<K>,
    fault: OnceCell<ConditionError>,
}

/// Where in a call's arguments a value stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The path that leads to it, or to what holds it.
    slot: u32,
    /// How many lists and objects are around it.
    depth: u32,
}

/// What was pulled; `T` is text.
#[derive(Debug)]
pub(super) enum Held<T> {
    Missing(usize),
    NotAnObject(usize),
    NullAbove(usize),
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(T),
    /// The node of this number, which is a list.
    List(u32),
    /// The node of this number, which is an object.
    Object(u32),
}

/// A list or an object that was pulled, and what was pulled of it.
pub(super) struct Node<H: HostValue> {
    pub(super) host: H,
    /// That of its parts.
    pub(super) place: Place,
    /// How many items or entries there are: a list always knows, an object where somebody asked.
    pub(super) count: OnceCell<usize>,
    /// Items by their positions; fields, those whose names the policy knows, by the numbers of these.
    pub(super) parts: Cells<Held<H::Text>, 3>,
    /// Every entry by its key, where somebody asks for more than single known names.
    pub(super) entries: OnceCell<Box<[Entry<H>]>>,
}

/// An entry of an object.
pub(super) struct Entry<H: HostValue> {
    pub(super) key: Box<str>,
    pub(super) host: H,
    /// Its value, where the policy does not know the key.
    pub(super) held: Numbered<Held<H::Text>>,
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

    /// Keeps the first fault: the call is not valid.
    #[cold]
    pub(super) fn stop(&self, place: Place, fault: &HostFault) {
        self.fault.get_or_init(|| match self.keys.path(place.slot) {
            Some(path) => ConditionError::of_argument(path, &fault.message),
            None => ConditionError::of_call(fault.message.as_str(), None),
        });
    }
}

// === impl Place ===

impl Place {
    /// The place that a path of so many keys leads to.
    #[inline]
    pub(super) fn new(slot: u32, keys: usize) -> Self {
        Self { slot, depth: u32::try_from(keys).unwrap_or(u32::MAX) }
    }

    /// The place of the parts of what is in this place.
    #[inline]
    pub(super) fn inner(self) -> Result<Self, HostFault> {
        match self.depth.checked_add(1) {
            Some(depth) if depth as usize <= NESTING_MAX => Ok(Self { depth, ..self }),
            _ => Err(too_deep()),
        }
    }
}

// === impl Node ===

impl<H: HostValue> Node<H> {
    #[inline]
    pub(super) fn new(host: H, place: Place, count: OnceCell<usize>) -> Self {
        Self { host, place, count, parts: Cells::new(), entries: OnceCell::new() }
    }
}

// What it holds is the caller's.
impl<H: HostValue> fmt::Debug for Node<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("place", &self.place).finish_non_exhaustive()
    }
}
