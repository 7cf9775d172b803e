//! The arguments of a call that crossed the border, as the engine looks them up.

use std::cell::OnceCell;

use preloop_core::cel::{ArgPath, Argument, ArgumentSource, Lookup};
use preloop_core::decision::ConditionError;
use serde_json::Value;

use crate::layout::{Crossing, Record};
use crate::parts::Shortage;
use crate::plan::Plan;

/// Rules of one tool seldom read more paths than this; these need no allocation.
const NEAR: usize = 8;

/// What JavaScript read for the paths of a plan.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    pub(crate) crossing: Crossing<'a>,
    pub(crate) plan: &'a Plan,
    /// What was asked for of lists and objects and is not there to be read.
    pub(crate) shortage: Shortage,
    near: [OnceCell<Read<'a>>; NEAR],
    far: OnceCell<Box<[OnceCell<Read<'a>>]>>,
    whole: OnceCell<Read<'a>>,
    fault: OnceCell<ConditionError>,
}

/// A record once it was read.
#[derive(Debug)]
enum Read<'a> {
    Record(Record<'a>),
    Json(Value),
    Fault(String),
}

impl<'a> Arguments<'a> {
    /// The arguments in the buffer, for the slots of a plan in their order.
    #[inline]
    pub(crate) fn new(crossing: Crossing<'a>, plan: &'a Plan) -> Self {
        Self {
            crossing,
            plan,
            shortage: Shortage::default(),
            near: [const { OnceCell::new() }; NEAR],
            far: OnceCell::new(),
            whole: OnceCell::new(),
            fault: OnceCell::new(),
        }
    }

    /// That what crossed did not suffice: a decision by less than all there is would be worth nothing.
    #[cold]
    fn lack(&self) {
        let words = "a part of an argument was not handed over";
        self.fault.get_or_init(|| ConditionError::of_call(words, None));
    }

    #[inline]
    fn cell(&self, position: usize) -> Option<&OnceCell<Read<'a>>> {
        self.near.get(position).or_else(|| self.far(position))
    }

    #[cold]
    fn far(&self, position: usize) -> Option<&OnceCell<Read<'a>>> {
        let cells =
            self.far.get_or_init(|| self.plan.slots.iter().map(|_| OnceCell::new()).collect());
        cells.get(position)
    }

    #[inline]
    fn position(&self, slot: u32) -> Option<usize> {
        let slots = &self.plan.slots;
        if slots.len() <= NEAR {
            return slots.iter().position(|known| *known == slot);
        }
        slots.binary_search(&slot).ok()
    }

    #[inline]
    fn read(&self, position: usize) -> Read<'a> {
        match self.crossing.record(position) {
            Some(Record::Json(text)) => json(text),
            Some(Record::Fault(words)) => Read::Fault(words.to_owned()),
            Some(record) => Read::Record(record),
            None => Read::Fault("it was not handed over".to_owned()),
        }
    }

    /// Keeps the first fault: the call is not valid.
    #[cold]
    fn stop(&self, path: &ArgPath, words: &str) -> Lookup<'_> {
        self.fault.get_or_init(|| ConditionError::of_argument(path, words));
        Lookup::NotAnObject(0)
    }

    /// Everything, where it crossed for the sake of secrets that an error must not show.
    #[cold]
    fn whole(&self) -> Lookup<'_> {
        let read = self.whole.get_or_init(|| {
            let is_there = self.crossing.has_whole();
            if is_there { self.read(self.plan.slots.len()) } else { Read::Fault(String::new()) }
        });
        found(read).unwrap_or(Lookup::NotAnObject(0))
    }
}

impl ArgumentSource for Arguments<'_> {
    #[inline]
    fn lookup(&self, path: &ArgPath) -> Lookup<'_> {
        let Some(position) = self.position(path.slot()) else {
            if path.slot() == u32::MAX {
                return self.whole();
            }
            return self.stop(path, "it was not handed over");
        };
        let Some(cell) = self.cell(position) else { return Lookup::NotAnObject(0) };
        let read = cell.get_or_init(|| self.read(position));
        if let Read::Record(Record::List | Record::Object) = read
            && let Some(parted) = self.path_in_parts(position)
        {
            return Lookup::Found(parted);
        }
        found(read).unwrap_or_else(|words| self.stop(path, words))
    }

    fn fault(&self) -> Option<&ConditionError> {
        if self.shortage.lacks() {
            self.lack();
        }
        self.fault.get().or_else(|| self.shortage.fault())
    }
}

#[inline]
fn found<'r>(read: &'r Read<'_>) -> Result<Lookup<'r>, &'r str> {
    Ok(Lookup::Found(match read {
        Read::Json(value) => Argument::Json(value),
        Read::Fault(words) => return Err(words),
        Read::Record(record) => match *record {
            Record::Missing(position) => return Ok(Lookup::Missing(position)),
            Record::NotAnObject(position) => return Ok(Lookup::NotAnObject(position)),
            Record::NullAbove(position) => return Ok(Lookup::NullAbove(position)),
            Record::Null => Argument::Null,
            Record::Bool(value) => Argument::Bool(value),
            Record::Number(value) => Argument::Double(value),
            Record::Text(text) => Argument::Text(text),
            Record::Json(_) | Record::Fault(_) | Record::List | Record::Object => {
                return Err("it was not handed over");
            }
        },
    }))
}

fn json<'a>(text: &[u8]) -> Read<'a> {
    match preloop_core::json::parse(text) {
        Ok(value) => Read::Json(value),
        Err(error) => Read::Fault(error.to_string()),
    }
}

/// Arguments that are none: whatever the rules, the call is not valid.
#[derive(Debug)]
pub(crate) struct Refused(ConditionError);

impl Refused {
    pub(crate) fn new(message: String) -> Self {
        Self(ConditionError::of_call(message, None))
    }
}

impl ArgumentSource for Refused {
    fn lookup(&self, _: &ArgPath) -> Lookup<'_> {
        Lookup::NotAnObject(0)
    }

    fn fault(&self) -> Option<&ConditionError> {
        Some(&self.0)
    }
}
