//! Room for what was pulled from one call's arguments: a place for each number, filled once.

use std::array;
use std::cell::OnceCell;

/// Places on one page of those beyond the near ones.
const PAGE: usize = 64;

type Page<T> = Box<[OnceCell<T>]>;

/// What was pulled so far. The first few need no allocation, whatever their numbers are.
#[derive(Debug)]
pub(super) struct Cells<T, const NEAR: usize> {
    near: [OnceCell<(u32, T)>; NEAR],
    /// By page of the number, since a policy may have many thousand paths and a call reads few of them.
    far: OnceCell<Box<[OnceCell<Page<T>>]>>,
}

impl<T, const NEAR: usize> Cells<T, NEAR> {
    #[inline]
    pub(super) fn new() -> Self {
        // An array of constants would be written whole, and not only what says that each of them is empty.
        Self { near: array::from_fn(|_| OnceCell::new()), far: OnceCell::new() }
    }

    /// What was pulled for a number below `count`; pulled now if it was not.
    #[inline]
    pub(super) fn get_or_pull(
        &self,
        number: u32,
        count: usize,
        pull: impl FnOnce() -> T,
    ) -> Option<&T> {
        for cell in &self.near {
            match cell.get() {
                Some((known, value)) if *known == number => return Some(value),
                Some(_) => {}
                None => return Some(&cell.get_or_init(|| (number, pull())).1),
            }
        }
        self.far(number, count, pull)
    }

    #[inline(never)]
    fn far(&self, number: u32, count: usize, pull: impl FnOnce() -> T) -> Option<&T> {
        let pages = self.far.get_or_init(|| empty(count.div_ceil(PAGE)));
        let page = pages.get(number as usize / PAGE)?.get_or_init(|| empty(count.min(PAGE)));
        Some(page.get(number as usize % PAGE)?.get_or_init(pull))
    }
}

fn empty<V>(length: usize) -> Box<[OnceCell<V>]> {
    std::iter::repeat_with(OnceCell::new).take(length).collect()
}
