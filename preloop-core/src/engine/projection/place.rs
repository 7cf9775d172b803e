//! A projection as the rules read it that know its type: nothing is asked through `dyn`.

use super::held::Held;
use super::{HostValue, Projection};
use crate::cel::{ArgPath, Argument, ArgumentSource, Input, Lookup, Place};
use crate::compile::{CompiledPolicy, Entry};
use crate::evaluate::{Arguments, Verdict};

impl<'e, H: HostValue> Place<'e> for &'e Projection<'_, H> {
    type Found = Argument<'e>;

    #[inline]
    fn find(self, path: &ArgPath) -> Option<Argument<'e>> {
        match ArgumentSource::lookup(self, path) {
            Lookup::Found(found) => Some(found),
            _ => None,
        }
    }

    #[inline]
    fn text(self, path: &ArgPath) -> Option<&'e str> {
        match self.held(path.slot())? {
            Held::Text(text) => Some(text.as_ref()),
            _ => None,
        }
    }

    #[inline]
    fn lacks(self, path: &ArgPath) -> bool {
        let length = path.keys().len();
        matches!(ArgumentSource::lookup(self, path), Lookup::Missing(at) if at.saturating_add(1) == length)
    }
}

impl<H: HostValue> Arguments for Projection<'_, H> {
    #[inline]
    fn ask<'p: 'e, 'e>(
        &'e self,
        policy: &'p CompiledPolicy,
        entry: &'p Entry,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Verdict<'p> {
        policy.first_in(entry, self, input)
    }
}
