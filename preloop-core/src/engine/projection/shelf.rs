//! A growing row of things that never move, each known by its number.

use std::array;
use std::cell::{Cell, OnceCell};

/// Things on the first page of those beyond the near ones; each further page holds twice as many.
const PAGE: u32 = 16;
/// Pages that there may be: together they have a number for everything that memory can hold.
const PAGES: usize = 27;

type Page<T> = Box<[OnceCell<T>]>;

/// Things that were put away; the first few need no allocation.
#[derive(Debug)]
pub(super) struct Shelf<T, const NEAR: usize> {
    count: Cell<u32>,
    places: OnceCell<Places<T, NEAR>>,
}

/// Where things are put, made for the first of them: most calls have none.
#[derive(Debug)]
struct Places<T, const NEAR: usize> {
    near: [OnceCell<T>; NEAR],
    far: OnceCell<Box<[OnceCell<Page<T>>; PAGES]>>,
}

impl<T, const NEAR: usize> Shelf<T, NEAR> {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { count: Cell::new(0), places: OnceCell::new() }
    }

    /// Puts a thing away; its number, unless there is no room left.
    #[inline]
    pub(super) fn push(&self, thing: T) -> Option<u32> {
        let number = self.count.get();
        // An array of constants would be written whole, and not only what says that each of them is empty.
        let near = || array::from_fn(|_| OnceCell::new());
        let places = self.places.get_or_init(|| Places { near: near(), far: OnceCell::new() });
        let cell = places.cell(number)?;
        cell.set(thing).ok()?;
        self.count.set(number.checked_add(1)?);
        Some(number)
    }

    /// The thing of this number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.places.get()?.cell(number)?.get()
    }
}

impl<T, const NEAR: usize> Places<T, NEAR> {
    #[inline]
    fn cell(&self, number: u32) -> Option<&OnceCell<T>> {
        match self.near.get(number as usize) {
            Some(cell) => Some(cell),
            None => self.far(number),
        }
    }

    #[inline(never)]
    fn far(&self, number: u32) -> Option<&OnceCell<T>> {
        let pages = self.far.get_or_init(|| Box::new([const { OnceCell::new() }; PAGES]));
        // The pages before page `p` hold `PAGE * (2^p - 1)` things.
        let beyond = number.checked_sub(u32::try_from(NEAR).ok()?)?;
        let page = (beyond / PAGE).checked_add(1)?.ilog2();
        let size = PAGE.checked_shl(page)?;
        let first = size.checked_sub(PAGE)?;
        let cells = pages
            .get(page as usize)?
            .get_or_init(|| std::iter::repeat_with(OnceCell::new).take(size as usize).collect());
        cells.get(beyond.checked_sub(first)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_away_stays_under_its_number() {
        let shelf = Shelf::<String, 3>::new();
        for wanted in 0..1000 {
            assert_eq!(shelf.push(wanted.to_string()), Some(wanted));
        }
        let first = shelf.get(2).unwrap();
        assert!((0..1000).all(|number| shelf.get(number) == Some(&number.to_string())));
        assert_eq!(shelf.get(1000), None);
        assert!(std::ptr::eq(first, shelf.get(2).unwrap()));
    }
}
