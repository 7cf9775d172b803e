//! Arguments in the values of the calling language: what rules read is pulled when it is read, each part once, and
//! nothing else is ever looked at.
//!
//! A binding brings a [`HostValue`] and the keys of what rules read, made once for each policy.

mod cells;
mod convert;
mod held;
mod host;
mod keys;
mod parts;
mod shelf;

use std::cell::OnceCell;
use std::fmt;

use serde_json::Value as Json;

pub use held::Ground;
pub use host::{Field, Host, HostFault, HostValue};
pub use keys::PathKeys;

use crate::cel::{ArgPath, Argument, ArgumentSource, Lookup};
use crate::decision::ConditionError;
use crate::limits::{ARGUMENT_VALUES_MAX, NESTING_MAX, REDACT_NODES_MAX};
use cells::Cells;
use convert::Bounds;
use held::{Held, Node, Place};
use shelf::Shelf;

/// Beside the first, rules of one tool seldom read more paths than this; these need no allocation.
const NEAR: usize = 5;
/// Nor do so many lists and objects.
const NEAR_NODES: usize = 4;

/// The arguments of one call, as the calling language has them.
pub struct Projection<'k, H: HostValue> {
    arguments: H,
    ground: &'k Ground<'k, H::Key>,
    cells: Cells<Held<H::Text>, NEAR>,
    /// Lists and objects that were pulled.
    nodes: Shelf<Node<H>, NEAR_NODES>,
    whole: OnceCell<Option<Json>>,
}

impl<'k, H: HostValue> Projection<'k, H> {
    /// These arguments, for the policy that decides.
    #[inline]
    pub const fn new(arguments: H, ground: &'k Ground<'k, H::Key>) -> Self {
        Self { arguments, ground, cells: Cells::new(), nodes: Shelf::new(), whole: OnceCell::new() }
    }

    /// What stands under a path.
    #[expect(
        clippy::inline_always,
        reason = "reading one argument is one piece of code, in which nothing large is handed about"
    )]
    #[inline(always)]
    fn pull(&self, slot: u32) -> Held<H::Text> {
        let Some(keys) = self.ground.keys.of_slot(slot) else { return Held::NotAnObject(0) };
        let place = Place::new(slot, keys.len());
        match self.walk(keys, place) {
            Ok(held) => held,
            Err(fault) => {
                self.ground.stop(place, &fault);
                Held::NotAnObject(0)
            }
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "reading one argument is one piece of code, in which nothing large is handed about"
    )]
    #[inline(always)]
    fn walk(&self, keys: &[H::Key], place: Place) -> Result<Held<H::Text>, HostFault> {
        // Nearly every path has one key.
        let [key] = keys else { return self.walk_down(keys, place) };
        match self.arguments.field(key)? {
            Field::Found(value) => self.hold(value, place),
            Field::Missing => Ok(Held::Missing(0)),
            Field::OfNull => Ok(Held::NullAbove(0)),
            Field::OfOther => Ok(Held::NotAnObject(0)),
        }
    }

    #[inline(never)]
    fn walk_down(&self, keys: &[H::Key], place: Place) -> Result<Held<H::Text>, HostFault> {
        let mut value = self.arguments.clone();
        for (position, key) in keys.iter().enumerate() {
            value = match value.field(key)? {
                Field::Found(value) => value,
                Field::Missing => return Ok(Held::Missing(position)),
                Field::OfNull => return Ok(Held::NullAbove(position)),
                Field::OfOther => return Ok(Held::NotAnObject(position)),
            };
        }
        self.hold(value, place)
    }

    /// Everything, as far as it takes to find secrets; what cannot be read is no fault of the call, since no rule
    /// asked for it.
    #[cold]
    fn lookup_whole(&self) -> Lookup<'_> {
        let whole = self.whole.get_or_init(|| {
            let mut bounds = Bounds { levels: NESTING_MAX, values: REDACT_NODES_MAX };
            convert::to_json(&self.arguments, &mut bounds).ok()
        });
        whole.as_ref().map_or(Lookup::NotAnObject(0), |json| Lookup::Found(Argument::Json(json)))
    }
}

impl<H: HostValue> ArgumentSource for Projection<'_, H> {
    #[inline]
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        if path.is_whole() {
            return self.lookup_whole();
        }
        let slot = path.slot();
        let pulled = self.cells.get_or_pull(slot, self.ground.keys.len(), || self.pull(slot));
        pulled.map_or(Lookup::NotAnObject(0), |held| self.lookup_of(held))
    }

    fn fault(&self) -> Option<&ConditionError> {
        self.ground.fault()
    }
}

impl<H: HostValue> fmt::Debug for Projection<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projection").field("fault", &self.ground.fault()).finish_non_exhaustive()
    }
}

/// A host value as JSON: what [`Engine::bind`](super::Engine::bind) is given.
pub fn to_json<H: HostValue>(value: &H) -> Result<Json, HostFault> {
    let mut bounds = Bounds { levels: NESTING_MAX, values: ARGUMENT_VALUES_MAX };
    convert::to_json(value, &mut bounds)
}

#[cfg(test)]
mod tests;
