//! Lists and objects of which only the parts crossed that rules look at: read where they lie.

use std::cell::{Cell, OnceCell};

use bumpalo::Bump;
use preloop_core::cel::{ArgPath, Argument, Parts, Reading};
use preloop_core::decision::ConditionError;

use crate::layout::{Crossing, Parted, Record};

/// What the parts of one call's arguments are kept in while it is decided.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    views: OnceCell<Bump>,
    /// A part was asked for that did not cross: then the call cannot be judged.
    lacks: Cell<bool>,
    /// The first part that was asked for and cannot be read.
    fault: OnceCell<ConditionError>,
}

/// A list or an object in the buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) crossing: Crossing<'a>,
    pub(crate) shelf: &'a Shelf,
    /// The argument that it is, or is in.
    pub(crate) path: &'a ArgPath,
    /// What is looked at of it, and so which parts crossed.
    pub(crate) reading: &'a Reading,
    pub(crate) parted: Parted,
}

impl Shelf {
    /// Whether something was asked for that did not cross.
    pub(crate) const fn lacks(&self) -> bool {
        self.lacks.get()
    }

    /// Why a part that was asked for cannot be read.
    pub(crate) fn fault(&self) -> Option<&ConditionError> {
        self.fault.get()
    }
}

impl<'a> View<'a> {
    fn kept(self) -> &'a Self {
        self.shelf.views.get_or_init(Bump::new).alloc(self)
    }

    /// The list that this is.
    pub(crate) fn list(self) -> Argument<'a> {
        Argument::Items(self.kept())
    }

    /// The object that this is.
    pub(crate) fn object(self) -> Argument<'a> {
        Argument::Fields(self.kept())
    }

    #[cold]
    fn lacking<T>(&self) -> Option<T> {
        self.shelf.lacks.set(true);
        None
    }

    /// What cannot be read is there and has no value; the call is not valid.
    #[cold]
    fn unreadable(&self, words: &str) -> Argument<'a> {
        self.shelf.fault.get_or_init(|| ConditionError::of_argument(self.path, words));
        Argument::Null
    }

    /// The part whose record stands at this position.
    fn part(&self, position: usize, reading: &'a Reading) -> Option<Argument<'a>> {
        let Some(record) = self.crossing.part_of(self.parted, position) else {
            return self.lacking();
        };
        let below = |parted| Self { reading, parted, ..*self };
        Some(match record {
            Record::Missing(_) => return None,
            Record::Null => Argument::Null,
            Record::Bool(value) => Argument::Bool(value),
            Record::Number(value) => Argument::Double(value),
            Record::Text(text) => Argument::Text(text),
            Record::List(parted) => below(parted).list(),
            Record::Object(parted) => below(parted).object(),
            Record::Fault(words) => self.unreadable(words),
            Record::NotAnObject(_) | Record::NullAbove(_) | Record::Json(_) => {
                return self.lacking();
            }
        })
    }
}

impl Parts for View<'_> {
    fn count(&self) -> usize {
        self.parted.count
    }

    fn item(&self, position: usize) -> Option<Argument<'_>> {
        if position >= self.parted.count {
            return None;
        }
        let Some(reading) = &self.reading.items else { return self.lacking() };
        self.part(position, reading)
    }

    fn field(&self, key: &str) -> Option<Argument<'_>> {
        let mut fields = self.reading.fields.iter().enumerate();
        match fields.find(|(_, (name, _))| ***name == *key) {
            Some((position, (_, reading))) => self.part(position, reading),
            None => self.lacking(),
        }
    }

    fn entry(&self, _: usize) -> Option<(&str, Argument<'_>)> {
        self.lacking()
    }
}
