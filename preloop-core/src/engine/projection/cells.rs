//! Room for what was pulled from one call's arguments: a place for each path, filled once.

use std::cell::OnceCell;

use crate::cel::Slot;

/// Rules of one tool seldom read more paths than this; these need no allocation.
const NEAR: usize = 6;
/// Paths on one page of those beyond.
const PAGE: usize = 64;

type Page<T> = Box<[OnceCell<Slot<T>>]>;

/// What was pulled so far.
#[derive(Debug)]
pub(super) struct Cells<T> {
    near: [OnceCell<(u32, Slot<T>)>; NEAR],
    /// By page of the slot number, since a policy may have many thousand paths and a call reads few of them.
    far: OnceCell<Box<[OnceCell<Page<T>>]>>,
}

impl<T> Cells<T> {
    pub(super) const fn new() -> Self {
        Self { near: [const { OnceCell::new() }; NEAR], far: OnceCell::new() }
    }

    /// What was pulled for a slot; pulled now if it was not. None for a slot that no policy of this size has.
    #[inline]
    pub(super) fn get_or_pull(
        &self,
        slot: u32,
        slots: usize,
        pull: impl FnOnce() -> Slot<T>,
    ) -> Option<&Slot<T>> {
        for cell in &self.near {
            match cell.get() {
                Some((known, value)) if *known == slot => return Some(value),
                Some(_) => {}
                None => return Some(&cell.get_or_init(|| (slot, pull())).1),
            }
        }
        self.far(slot, slots, pull)
    }

    #[cold]
    fn far(&self, slot: u32, slots: usize, pull: impl FnOnce() -> Slot<T>) -> Option<&Slot<T>> {
        let pages = self.far.get_or_init(|| empty(slots.div_ceil(PAGE)));
        let page = pages.get(slot as usize / PAGE)?.get_or_init(|| empty(PAGE));
        Some(page.get(slot as usize % PAGE)?.get_or_init(pull))
    }
}

fn empty<V>(length: usize) -> Box<[OnceCell<V>]> {
    std::iter::repeat_with(OnceCell::new).take(length).collect()
}
