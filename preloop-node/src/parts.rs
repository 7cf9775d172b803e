//! Lists and objects of which only the parts crossed that rules look at: read where they lie. The number of each is the
//! place of its record.

use std::cell::{Cell, OnceCell};

use preloop_core::cel::{Argument, FieldName, Parts};
use preloop_core::decision::ConditionError;

use crate::arguments::Arguments;
use crate::layout::{HEADER, Parted, RECORD, Record};
use crate::plan::Looked;

/// What was asked for of lists and objects and is not there to be read.
#[derive(Debug, Default)]
pub(crate) struct Shortage {
    /// A part was asked for that did not cross: then the call cannot be judged.
    lacks: Cell<bool>,
    /// The first part that was asked for and cannot be read.
    fault: OnceCell<ConditionError>,
}

impl Shortage {
    /// Whether something was asked for that did not cross.
    pub(crate) const fn lacks(&self) -> bool {
        self.lacks.get()
    }

    /// Why a part that was asked for cannot be read.
    pub(crate) fn fault(&self) -> Option<&ConditionError> {
        self.fault.get()
    }
}

impl<'a> Arguments<'a> {
    /// The list or the object under a path.
    #[inline]
    pub(crate) fn path_in_parts(&self, position: usize) -> Option<Argument<'_>> {
        let at = u32::try_from(position).ok()?.checked_mul(RECORD)?.checked_add(HEADER)?;
        match self.crossing.record_at(at)? {
            Record::List => Some(Argument::Items(at, self)),
            Record::Object => Some(Argument::Fields(at, self)),
            _ => None,
        }
    }

    /// How much of a list or an object there is, and what is looked at of it.
    #[inline]
    fn parted(&self, of: u32) -> Option<(Parted, &'a Looked)> {
        let parted = self.crossing.parted(of)?;
        Some((parted, self.plan.looked.get(parted.reading as usize)?))
    }

    #[cold]
    fn lacking<T>(&self) -> Option<T> {
        self.shortage.lacks.set(true);
        None
    }

    /// What cannot be read is there and has no value; the call is not valid.
    #[cold]
    fn unreadable(&self, looked: &Looked, words: &str) -> Argument<'_> {
        if let Some(path) = self.plan.paths.get(looked.path) {
            self.shortage.fault.get_or_init(|| ConditionError::of_argument(path, words));
        }
        Argument::Null
    }

    /// The part at this position of what is looked at there.
    #[inline]
    fn part(&self, parted: Parted, looked: &Looked, position: usize) -> Option<Argument<'_>> {
        let Some(at) = parted.part(position) else { return self.lacking() };
        Some(match self.crossing.record_at(at) {
            Some(Record::Missing(_)) => return None,
            Some(Record::Null) => Argument::Null,
            Some(Record::Bool(value)) => Argument::Bool(value),
            Some(Record::Number(value)) => Argument::Double(value),
            Some(Record::Text(text)) => Argument::Text(text),
            Some(Record::List) => Argument::Items(at, self),
            Some(Record::Object) => Argument::Fields(at, self),
            Some(Record::Fault(words)) => self.unreadable(looked, words),
            Some(Record::NotAnObject(_) | Record::NullAbove(_) | Record::Json(_)) | None => {
                return self.lacking();
            }
        })
    }

    #[inline]
    fn field_where(
        &self,
        of: u32,
        is_wanted: impl Fn(&(Box<str>, Option<u32>)) -> bool,
    ) -> Option<Argument<'_>> {
        let Some((parted, looked)) = self.parted(of) else { return self.lacking() };
        match looked.fields.iter().position(is_wanted) {
            Some(position) => self.part(parted, looked, position),
            None => self.lacking(),
        }
    }
}

impl Parts for Arguments<'_> {
    #[inline]
    fn count(&self, of: u32) -> usize {
        let parted = self.crossing.parted(of).or_else(|| self.lacking());
        parted.map_or(0, |parted| parted.count)
    }

    #[inline]
    fn item(&self, of: u32, position: usize) -> Option<Argument<'_>> {
        let Some((parted, looked)) = self.parted(of) else { return self.lacking() };
        if position >= parted.count {
            return None;
        }
        if looked.has_items { self.part(parted, looked, position) } else { self.lacking() }
    }

    #[inline]
    fn field(&self, of: u32, name: &FieldName) -> Option<Argument<'_>> {
        let wanted = Some(name.number());
        self.field_where(of, |(_, number)| *number == wanted)
    }

    fn value(&self, of: u32, key: &str) -> Option<Argument<'_>> {
        self.field_where(of, |(name, _)| **name == *key)
    }

    fn entry(&self, _: u32, _: usize) -> Option<(&str, Argument<'_>)> {
        self.lacking()
    }
}
