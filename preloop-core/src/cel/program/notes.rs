//! What the slow path writes down: the words of failures, and the value of each sub-expression that was looked at.

use std::cell::RefCell;

use crate::cel::code::OpId;
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::value::{Val, to_json};

/// The most steps that are kept; a macro over a long list takes many.
const STEPS_MAX: usize = 1_000;

/// The most bytes of values that are kept in steps.
const STEP_BYTES_MAX: usize = 64 * 1024;

/// A failure in words.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) trouble: Trouble,
    pub(super) message: String,
    pub(super) path: Option<String>,
}

/// Which answers a part of a condition gave in one evaluation: inside of a macro it may be asked many times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truths {
    /// It was true.
    pub held: bool,
    /// It was false.
    pub did_not_hold: bool,
    /// It had no answer, or one that is neither true nor false.
    pub failed: bool,
}

impl Truths {
    /// The answers of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            held: self.held || other.held,
            did_not_hold: self.did_not_hold || other.did_not_hold,
            failed: self.failed || other.failed,
        }
    }

    /// True where the part was asked at all.
    pub const fn was_asked(self) -> bool {
        self.held || self.did_not_hold || self.failed
    }
}

/// What an operation gave.
pub(super) type Noted = (OpId, Result<serde_json::Value, FailureKind>);

/// Notes on one evaluation.
pub(crate) struct Notes<'e> {
    pub(super) source: &'e str,
    said: RefCell<Vec<Said>>,
    steps: RefCell<Option<(Vec<Noted>, usize)>>,
    /// What each operation came to as a condition, where that is asked.
    truths: RefCell<Option<Vec<Truths>>>,
}

impl<'e> Notes<'e> {
    pub(crate) fn new(source: &'e str) -> Self {
        Self {
            source,
            said: RefCell::default(),
            steps: RefCell::new(None),
            truths: RefCell::new(None),
        }
    }

    /// Starts to keep the values of sub-expressions too.
    pub(super) fn keep_steps(&self) {
        *self.steps.borrow_mut() = Some((Vec::new(), STEP_BYTES_MAX));
    }

    /// Starts to keep which answers each of this many operations gives, however often it is asked.
    pub(super) fn keep_truths(&self, operations: usize) {
        *self.truths.borrow_mut() = Some(vec![Truths::default(); operations]);
    }

    pub(super) fn take_truths(&self) -> Vec<Truths> {
        self.truths.borrow_mut().take().unwrap_or_default()
    }

    /// Keeps the words of a failure; of several at one place the last is told, since that one ended the evaluation.
    pub(super) fn say(&self, trouble: Trouble, message: String, path: Option<String>) {
        let mut said = self.said.borrow_mut();
        said.retain(|known| known.trouble != trouble);
        said.push(Said { trouble, message, path });
    }

    pub(super) fn said(&self, trouble: Trouble) -> Option<Said> {
        self.said.borrow().iter().find(|known| known.trouble == trouble).cloned()
    }

    pub(super) fn step(&self, id: OpId, result: &Result<Val<'_>, Trouble>) {
        if let Some(truths) = self.truths.borrow_mut().as_mut()
            && let Some(truths) = truths.get_mut(id as usize)
        {
            match result {
                Ok(Val::Bool(true)) => truths.held = true,
                Ok(Val::Bool(false)) => truths.did_not_hold = true,
                Ok(_) | Err(_) => truths.failed = true,
            }
        }
        let mut steps = self.steps.borrow_mut();
        let Some((steps, left)) = steps.as_mut() else { return };
        if steps.len() >= STEPS_MAX {
            return;
        }
        let kept = match result {
            Ok(value) => Ok(kept(*value, left)),
            Err(trouble) => Err(trouble.kind),
        };
        steps.push((id, kept));
    }

    pub(super) fn take_steps(&self) -> Vec<Noted> {
        self.steps.borrow_mut().take().map(|(steps, _)| steps).unwrap_or_default()
    }
}

/// A copy of a value where there is room for it, else a mark that something was there.
fn kept(value: Val<'_>, left: &mut usize) -> serde_json::Value {
    match left.checked_sub(weight(value, *left, 64)) {
        Some(rest) => {
            *left = rest;
            to_json(value)
        }
        None => serde_json::Value::String("…".to_owned()),
    }
}

/// The value of a step that is the only one: a caller's own text may be megabytes long.
pub(crate) fn kept_alone(value: Val<'_>) -> serde_json::Value {
    kept(value, &mut STEP_BYTES_MAX.to_owned())
}

/// About how many bytes a value takes as JSON; stops counting above `most`.
fn weight(value: Val<'_>, most: usize, levels: usize) -> usize {
    let Some(levels) = levels.checked_sub(1) else { return most.saturating_add(1) };
    let mut weight = match value {
        Val::Text(text) => text.len(),
        Val::Bytes(bytes) => bytes.len().saturating_mul(2),
        _ => 8,
    };
    if let Some(items) = value.items() {
        for item in items.iter() {
            weight = weight.saturating_add(self::weight(item, most, levels));
            if weight > most {
                return weight;
            }
        }
    }
    match value {
        Val::MapJson(entries) => {
            for (key, value) in entries {
                let below = self::weight(Val::of_json(value), most, levels);
                weight = weight.saturating_add(key.len()).saturating_add(below);
                if weight > most {
                    return weight;
                }
            }
        }
        Val::MapParts(map, parts) => {
            let entry = |position| parts.entry(map, position);
            for (key, value) in (0..parts.count(map)).filter_map(entry) {
                let below = self::weight(Val::of_argument(value), most, levels);
                weight = weight.saturating_add(key.len()).saturating_add(below);
                if weight > most {
                    return weight;
                }
            }
        }
        Val::Map(entries) => {
            for (key, value) in entries {
                let below = self::weight(*value, most, levels);
                weight =
                    weight.saturating_add(self::weight(*key, most, levels)).saturating_add(below);
                if weight > most {
                    return weight;
                }
            }
        }
        _ => {}
    }
    weight
}
