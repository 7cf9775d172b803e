//! The keys of a policy in the calling language, made once.

use crate::cel::ArgPath;
use crate::compile::{CompiledPolicy, Names};

/// The keys of everything that a policy's rules read, as a language looks them up.
#[derive(Debug)]
pub struct PathKeys<K> {
    by_slot: Box<[(ArgPath, Box<[K]>)]>,
    /// Names of fields below arguments, by number.
    names: Box<[(Box<str>, K)]>,
    /// The number of each of them.
    numbers: Names<u32>,
}

impl<K> PathKeys<K> {
    /// Makes the keys of what this policy reads.
    pub fn new(policy: &CompiledPolicy, make: impl FnMut(&str) -> K) -> Self {
        Self::of(policy.paths(), policy.field_names(), make)
    }

    pub(super) fn of<'n>(
        paths: &[ArgPath],
        names: impl Iterator<Item = &'n str>,
        mut make: impl FnMut(&str) -> K,
    ) -> Self {
        let path = |path: &ArgPath| (path.clone(), path.keys().map(&mut make).collect());
        let by_slot = paths.iter().map(path).collect();
        let names: Box<[(Box<str>, K)]> = names.map(|name| (name.into(), make(name))).collect();
        let mut numbers = Names::default();
        for ((name, _), number) in names.iter().zip(0..) {
            numbers.change(name, |kept| *kept = number);
        }
        Self { by_slot, names, numbers }
    }

    /// How many paths there are.
    pub(super) const fn len(&self) -> usize {
        self.by_slot.len()
    }

    #[inline]
    pub(super) fn of_slot(&self, slot: u32) -> Option<&[K]> {
        self.by_slot.get(slot as usize).map(|(_, keys)| &**keys)
    }

    pub(super) fn path(&self, slot: u32) -> Option<&ArgPath> {
        self.by_slot.get(slot as usize).map(|(path, _)| path)
    }

    /// How many names of fields there are.
    pub(super) const fn names(&self) -> usize {
        self.names.len()
    }

    /// The name of a field and its key.
    #[inline]
    pub(super) fn named(&self, number: u32) -> Option<&(Box<str>, K)> {
        self.names.get(number as usize)
    }

    /// The number of a field's name, where a rule has it.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}
