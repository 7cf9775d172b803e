//! Room for what was pulled from one call's arguments: a place for each number, filled once.

use std::array;
use std::cell::OnceCell;

use super::host::HostFault;

/// Places on one page of those beyond the near ones.
const PAGE: usize = 64;

/// A cell, and the number for which it is filled.
pub(super) type Numbered<T> = OnceCell<(u32, T)>;

type Page<T> = Box<[Numbered<T>]>;

/// What was pulled so far. The first few need no allocation, whatever their numbers are.
#[derive(Debug)]
pub(super) struct Cells<T, const NEAR: usize> {
    /// Most calls have one argument that rules read: the others are not even looked at.
    first: Numbered<T>,
    others: OnceCell<Others<T, NEAR>>,
}

/// What was pulled after the first.
#[derive(Debug)]
struct Others<T, const NEAR: usize> {
    near: [Numbered<T>; NEAR],
    /// By page of the number, since a policy may have many thousand paths and a call reads few of them.
    far: OnceCell<Box<[OnceCell<Page<T>>]>>,
}

impl<T, const NEAR: usize> Cells<T, NEAR> {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { first: OnceCell::new(), others: OnceCell::new() }
    }

    /// The cell for a number below `count`: the one that is filled for it, else an empty one.
    #[inline]
    pub(super) fn cell(&self, number: u32, count: usize) -> Option<&Numbered<T>> {
        match self.first.get() {
            Some((known, _)) if *known != number => self.other(number, count),
            _ => Some(&self.first),
        }
    }

    #[inline(never)]
    fn other(&self, number: u32, count: usize) -> Option<&Numbered<T>> {
        let others = self.others.get_or_init(|| Others {
            near: array::from_fn(|_| OnceCell::new()),
            far: OnceCell::new(),
        });
        for cell in &others.near {
            match cell.get() {
                Some((known, _)) if *known != number => {}
                _ => return Some(cell),
            }
        }
        let pages = others.far.get_or_init(|| empty(count.div_ceil(PAGE)));
        let page = pages.get(number as usize / PAGE)?.get_or_init(|| empty(count.min(PAGE)));
        page.get(number as usize % PAGE)
    }
}

/// Fills a cell, if it is empty; not by `get_or_init`, which fills out of line.
#[inline]
#[expect(clippy::unnecessary_wraps, reason = "it ends what may fail")]
pub(super) fn put<T>(cell: &Numbered<T>, number: u32, value: T) -> Result<(), HostFault> {
    let _ = cell.set((number, value));
    Ok(())
}

/// What a cell holds for a number: nothing if it holds another's.
#[inline]
pub(super) fn value_of<T>(cell: &Numbered<T>, number: u32) -> Option<&T> {
    cell.get().filter(|(known, _)| *known == number).map(|(_, value)| value)
}

fn empty<V>(length: usize) -> Box<[OnceCell<V>]> {
    std::iter::repeat_with(OnceCell::new).take(length).collect()
}
