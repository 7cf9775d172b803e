//! How a call lies in the buffer: a header, a record for each path that rules read, and the texts.
//!
//! JavaScript takes these numbers from here, so both sides know one layout. Words are of the machine's byte order.

use napi_derive::napi;

/// Bytes of the header: plan, offset and length of the justification, and how the arguments are there: 0 by the plan's
/// paths, 1 with a record of the whole behind those, 2 as JSON text in a first record.
#[napi]
pub const HEADER: u32 = 16;
/// Bytes of a record: kind, size, and a number of eight bytes or the offset of a text.
#[napi]
pub const RECORD: u32 = 16;

/// The path's key at the position in `size` is not there.
#[napi]
pub const MISSING: u32 = 1;
/// The value above the key at the position in `size` has no keys.
#[napi]
pub const NOT_AN_OBJECT: u32 = 2;
/// The value above the key at the position in `size` is `null`.
#[napi]
pub const NULL_ABOVE: u32 = 3;
/// `null`
#[napi]
pub const NULL: u32 = 4;
/// False.
#[napi]
pub const FALSE: u32 = 5;
/// True.
#[napi]
pub const TRUE: u32 = 6;
/// A finite number.
#[napi]
pub const NUMBER: u32 = 7;
/// Text in UTF-8.
#[napi]
pub const TEXT: u32 = 8;
/// A list, an object or a large number as JSON text.
#[napi]
pub const JSON: u32 = 9;
/// Words that say why the argument cannot be read.
#[napi]
pub const FAULT: u32 = 10;

/// A list: how many items it has; where the records of its first items begin, and how many of these there are. The number
/// of what is looked at of it stands above the kind.
#[napi]
pub const LIST: u32 = 11;
/// An object: how many entries it has, where somebody asks; where the records of its fields begin, in the order of their
/// names, and how many of these there are. The number of what is looked at of it stands above the kind.
#[napi]
pub const OBJECT: u32 = 12;
/// The lowest bit of the number above a kind.
#[napi]
pub const READING_SHIFT: u32 = 8;

/// A call as it lies in the buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing<'a> {
    bytes: &'a [u8],
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Record<'a> {
    Missing(usize),
    NotAnObject(usize),
    NullAbove(usize),
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    Json(&'a [u8]),
    Fault(&'a str),
    List,
    Object,
}

/// How much of a list or an object crossed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parted {
    /// The number of what is looked at of it.
    pub(crate) reading: u32,
    /// How many items or entries there are.
    pub(crate) count: usize,
    /// Where the records of those begin that crossed.
    at: u32,
    /// How many they are.
    crossed: u32,
}

/// The bits of a record's first word that are its kind.
const KIND: u32 = (1 << READING_SHIFT) - 1;

/// The place of a record among others that begin there.
#[inline]
fn place(start: u32, position: usize) -> Option<u32> {
    u32::try_from(position).ok()?.checked_mul(RECORD)?.checked_add(start)
}

impl Parted {
    /// Where the record of a part lies, if it crossed.
    #[inline]
    pub(crate) fn part(self, position: usize) -> Option<u32> {
        if position < self.crossed as usize { place(self.at, position) } else { None }
    }
}

impl<'a> Crossing<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The number of the plan that the call follows.
    #[inline]
    pub(crate) fn plan(self) -> Option<usize> {
        Some(self.word(0)? as usize)
    }

    /// Why the agent makes the call; empty where nothing is said.
    #[inline]
    pub(crate) fn justification(self) -> Option<&'a str> {
        self.text(self.word(4)?, self.word(8)?)
    }

    /// Whether a record of the whole arguments follows those of the paths.
    pub(crate) fn has_whole(self) -> bool {
        self.word(12) == Some(1)
    }

    /// The arguments, where they are JSON text.
    #[inline]
    pub(crate) fn json_text(self) -> Option<&'a str> {
        match self.word(12) {
            Some(2) => match self.record(0)? {
                Record::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The record of a path, by the path's position in the plan.
    #[inline]
    pub(crate) fn record(self, position: usize) -> Option<Record<'a>> {
        self.record_at(place(HEADER, position)?)
    }

    /// The record in a place; none where the buffer holds nothing that could be one.
    #[inline]
    pub(crate) fn record_at(self, at: u32) -> Option<Record<'a>> {
        let at = at as usize;
        let size = self.word(at.checked_add(4)?)?;
        let value = at.checked_add(8)?;
        let kind = self.word(at)?;
        Some(match kind & KIND {
            MISSING => Record::Missing(size as usize),
            NOT_AN_OBJECT => Record::NotAnObject(size as usize),
            NULL_ABOVE => Record::NullAbove(size as usize),
            NULL => Record::Null,
            FALSE => Record::Bool(false),
            TRUE => Record::Bool(true),
            NUMBER => Record::Number(f64::from_ne_bytes(*self.bytes.get(value..)?.first_chunk()?)),
            TEXT => Record::Text(self.text(self.word(value)?, size)?),
            JSON => Record::Json(self.part(self.word(value)?, size)?),
            FAULT => Record::Fault(self.text(self.word(value)?, size)?),
            LIST => Record::List,
            OBJECT => Record::Object,
            _ => return None,
        })
    }

    /// The list or the object in a place.
    #[inline]
    pub(crate) fn parted(self, at: u32) -> Option<Parted> {
        let words: &[u8; RECORD as usize] = self.bytes.get(at as usize..)?.first_chunk()?;
        let [kind, count, at, crossed] = [0, 4, 8, 12].map(|start| {
            let word = words.get(start..).and_then(<[u8]>::first_chunk);
            word.copied().map_or(0, u32::from_ne_bytes)
        });
        Some(Parted { reading: kind >> READING_SHIFT, count: count as usize, at, crossed })
    }

    #[inline]
    fn word(self, at: usize) -> Option<u32> {
        Some(u32::from_ne_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }

    #[inline]
    fn text(self, offset: u32, size: u32) -> Option<&'a str> {
        std::str::from_utf8(self.part(offset, size)?).ok()
    }

    #[inline]
    fn part(self, offset: u32, size: u32) -> Option<&'a [u8]> {
        self.bytes.get(offset as usize..)?.get(..size as usize)
    }
}
