//! Arguments in the values of the calling language: what rules read is pulled when it is read, each path once, and
//! nothing else is ever looked at.
//!
//! A binding brings a [`HostValue`] and the keys of every path, made once for each policy.

mod cells;
mod convert;
mod host;

use std::cell::OnceCell;
use std::fmt;

use serde_json::Value as Json;

pub use host::{Field, Host, HostFault, HostValue};

use crate::cel::{ArgPath, ArgumentSource, Lookup, Slot};
use crate::decision::ConditionError;
use crate::limits::{ARGUMENT_VALUES_MAX, NESTING_MAX, REDACT_NODES_MAX};
use cells::Cells;
use convert::Bounds;

/// The keys of every path that a policy's rules read, by slot, as a language looks them up.
#[derive(Debug)]
pub struct PathKeys<K> {
    by_slot: Box<[Box<[K]>]>,
}

impl<K> PathKeys<K> {
    /// Makes the keys of these paths, which are all that a [policy](crate::CompiledPolicy::paths) has.
    pub fn new(paths: &[ArgPath], mut make: impl FnMut(&str) -> K) -> Self {
        Self { by_slot: paths.iter().map(|path| path.keys().map(&mut make).collect()).collect() }
    }

    fn of(&self, path: &ArgPath) -> Option<&[K]> {
        self.by_slot.get(path.slot() as usize).map(AsRef::as_ref)
    }
}

/// The arguments of one call, as the calling language has them.
pub struct Projection<'k, H: HostValue> {
    arguments: H,
    keys: &'k PathKeys<H::Key>,
    cells: Cells<H::Text>,
    whole: OnceCell<Slot<H::Text>>,
    fault: OnceCell<ConditionError>,
}

impl<'k, H: HostValue> Projection<'k, H> {
    /// These arguments, read by the keys of the policy that decides.
    #[inline]
    pub const fn new(arguments: H, keys: &'k PathKeys<H::Key>) -> Self {
        Self {
            arguments,
            keys,
            cells: Cells::new(),
            whole: OnceCell::new(),
            fault: OnceCell::new(),
        }
    }

    /// What stands under a path.
    fn pull(&self, path: &ArgPath) -> Slot<H::Text> {
        let Some(keys) = self.keys.of(path) else { return Slot::NotAnObject(0) };
        self.walk(keys).unwrap_or_else(|fault| {
            self.stop(path, &fault);
            Slot::NotAnObject(0)
        })
    }

    #[inline]
    fn walk(&self, keys: &[H::Key]) -> Result<Slot<H::Text>, HostFault> {
        let Some((first, rest)) = keys.split_first() else {
            return slot(&self.arguments, 0, ARGUMENT_VALUES_MAX);
        };
        let mut value = match self.arguments.field(first)? {
            Field::Found(value) => value,
            Field::Missing => return Ok(Slot::Missing(0)),
            Field::OfNull => return Ok(Slot::NullAbove(0)),
            Field::OfOther => return Ok(Slot::NotAnObject(0)),
        };
        for (key, position) in rest.iter().zip(1_usize..) {
            value = match value.field(key)? {
                Field::Found(value) => value,
                Field::Missing => return Ok(Slot::Missing(position)),
                Field::OfNull => return Ok(Slot::NullAbove(position)),
                Field::OfOther => return Ok(Slot::NotAnObject(position)),
            };
        }
        slot(&value, keys.len(), ARGUMENT_VALUES_MAX)
    }

    /// Everything, as far as it takes to find secrets; what cannot be read is no fault of the call, since no rule
    /// asked for it.
    #[cold]
    fn whole(&self) -> Slot<H::Text> {
        slot(&self.arguments, 0, REDACT_NODES_MAX).unwrap_or(Slot::NotAnObject(0))
    }

    /// Keeps the first fault.
    #[cold]
    fn stop(&self, path: &ArgPath, fault: &HostFault) {
        self.fault.get_or_init(|| ConditionError::of_argument(path, &fault.message));
    }
}

impl<H: HostValue> ArgumentSource for Projection<'_, H> {
    #[inline]
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        if path.is_whole() {
            return self.whole.get_or_init(|| self.whole()).lookup();
        }
        let slots = self.keys.by_slot.len();
        let pulled = self.cells.get_or_pull(path.slot(), slots, || self.pull(path));
        pulled.map_or(Lookup::NotAnObject(0), Slot::lookup)
    }

    fn fault(&self) -> Option<&ConditionError> {
        self.fault.get()
    }
}

impl<H: HostValue> fmt::Debug for Projection<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projection").field("fault", &self.fault).finish_non_exhaustive()
    }
}

/// A value that stands this deep in the arguments.
#[inline]
fn slot<H: HostValue>(value: &H, depth: usize, values: usize) -> Result<Slot<H::Text>, HostFault> {
    Ok(match value.read()? {
        Host::Null => Slot::Null,
        Host::Bool(value) => Slot::Bool(value),
        Host::Int(value) => Slot::Int(value),
        Host::Uint(value) => Slot::Uint(value),
        Host::Double(value) if value.is_finite() => Slot::Double(value),
        Host::Double(_) => return Err(host::not_finite()),
        Host::Text(text) => Slot::Text(text),
        Host::List | Host::Object => {
            let mut bounds = Bounds { levels: NESTING_MAX.saturating_sub(depth), values };
            Slot::Json(convert::to_json(value, &mut bounds)?)
        }
    })
}

/// A host value as JSON: what [`Engine::bind`](super::Engine::bind) is given.
pub fn to_json<H: HostValue>(value: &H) -> Result<Json, HostFault> {
    let mut bounds = Bounds { levels: NESTING_MAX, values: ARGUMENT_VALUES_MAX };
    convert::to_json(value, &mut bounds)
}

#[cfg(test)]
mod tests;
