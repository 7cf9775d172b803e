//! Room for what was pulled from one call's arguments: a place for each number, filled once.

use std::array;
use std::cell::OnceCell;

/// Places on one page of those beyond the near ones.
const PAGE: usize = 64;

type Page<T> = Box<[OnceCell<T>]>;

/// What was pulled so far. The first few need no allocation, whatever their numbers are.
#[derive(Debug)]
pub(super) struct Cells<T, const NEAR: usize> {
    /// Most calls have one argument that rules read: the others are not even looked at.
    first: OnceCell<(u32, T)>,
    others: OnceCell<Others<T, NEAR>>,
}

/// What was pulled after the first.
#[derive(Debug)]
struct Others<T, const NEAR: usize> {
    near: [OnceCell<(u32, T)>; NEAR],
    /// By page of the number, since a policy may have many thousand paths and a call reads few of them.
    far: OnceCell<Box<[OnceCell<Page<T>>]>>,
}

impl<T, const NEAR: usize> Cells<T, NEAR> {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { first: OnceCell::new(), others: OnceCell::new() }
    }

    /// What was pulled for a number below `count`; pulled now if it was not.
    #[expect(
        clippy::inline_always,
        reason = "reading one argument is one piece of code, in which nothing large is handed about"
    )]
    #[inline(always)]
    pub(super) fn get_or_pull(
        &self,
        number: u32,
        count: usize,
        pull: impl FnOnce() -> T,
    ) -> Option<&T> {
        match self.first.get() {
            Some((known, value)) if *known == number => Some(value),
            Some(_) => self.others(number, count, pull),
            None => filled(&self.first, number, pull),
        }
    }

    #[inline(never)]
    fn others(&self, number: u32, count: usize, pull: impl FnOnce() -> T) -> Option<&T> {
        let others = self.others.get_or_init(|| Others {
            near: array::from_fn(|_| OnceCell::new()),
            far: OnceCell::new(),
        });
        for cell in &others.near {
            match cell.get() {
                Some((known, value)) if *known == number => return Some(value),
                Some(_) => {}
                None => return filled(cell, number, pull),
            }
        }
        let pages = others.far.get_or_init(|| empty(count.div_ceil(PAGE)));
        let page = pages.get(number as usize / PAGE)?.get_or_init(|| empty(count.min(PAGE)));
        Some(page.get(number as usize % PAGE)?.get_or_init(pull))
    }
}

/// Fills an empty cell; not by `get_or_init`, which does so out of line.
#[expect(clippy::inline_always, reason = "as for `get_or_pull`")]
#[inline(always)]
fn filled<T>(cell: &OnceCell<(u32, T)>, number: u32, pull: impl FnOnce() -> T) -> Option<&T> {
    let _ = cell.set((number, pull()));
    cell.get().map(|(_, value)| value)
}

fn empty<V>(length: usize) -> Box<[OnceCell<V>]> {
    std::iter::repeat_with(OnceCell::new).take(length).collect()
}
