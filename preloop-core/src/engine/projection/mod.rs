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
mod place;
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
use cells::{Cells, Numbered, put, value_of};
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

    /// What stands under the path of a slot.
    #[inline]
    fn held(&self, slot: u32) -> Option<&Held<H::Text>> {
        let cell = self.cells.cell(slot, self.ground.keys.len())?;
        if cell.get().is_none() {
            self.pull(cell, slot);
        }
        value_of(cell, slot)
    }

    /// Fills a cell with what stands there.
    #[inline]
    fn pull(&self, cell: &Numbered<Held<H::Text>>, slot: u32) {
        let keys = self.ground.keys.of_slot(slot);
        let place = Place::new(slot, keys.map_or(0, <[_]>::len));
        let pulled = match keys {
            // Nearly every path has one key.
            Some([key]) => match self.arguments.field(key) {
                Ok(Field::Found(value)) => self.fill(cell, slot, value, place),
                Ok(Field::Missing) => put(cell, slot, Held::Missing(0)),
                Ok(Field::OfNull) => put(cell, slot, Held::NullAbove(0)),
                Ok(Field::OfOther) => put(cell, slot, Held::NotAnObject(0)),
                Err(fault) => Err(fault),
            },
            Some(keys) => self.walk_down(cell, keys, slot, place),
            None => put(cell, slot, Held::NotAnObject(0)),
        };
        if let Err(fault) = pulled {
            self.ground.stop(place, &fault);
            let _ = put(cell, slot, Held::NotAnObject(0));
        }
    }

    #[inline(never)]
    fn walk_down(
        &self,
        cell: &Numbered<Held<H::Text>>,
        keys: &[H::Key],
        slot: u32,
        place: Place,
    ) -> Result<(), HostFault> {
        let mut value = self.arguments.clone();
        for (position, key) in keys.iter().enumerate() {
            value = match value.field(key)? {
                Field::Found(value) => value,
                Field::Missing => return put(cell, slot, Held::Missing(position)),
                Field::OfNull => return put(cell, slot, Held::NullAbove(position)),
                Field::OfOther => return put(cell, slot, Held::NotAnObject(position)),
            };
        }
        self.fill(cell, slot, value, place)
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
        self.held(path.slot()).map_or(Lookup::NotAnObject(0), |held| self.lookup_of(held))
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
