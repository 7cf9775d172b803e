//! Tests of one operand against constants: most of what conditions do, so each is one operation that holds all it needs.

use super::OpId;
use super::text::TextTest;
use crate::cel::ast::Relation;
use crate::cel::value::Value;

/// A question about one operand.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// The operand, which says what it is whatever it is.
    pub(crate) operand: OpId,
    /// The argument that the operand is, by number in [`Code::paths`](super::Code::paths), or [`NO_PATH`].
    pub(crate) path: u32,
    /// Where else the JSON value of the operand is usually found at once.
    pub(crate) near: Near,
    pub(crate) question: Question,
}

/// The operand is no argument.
pub(crate) const NO_PATH: u32 = u32::MAX;

/// A place where JSON values are, that is read without evaluating an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Near {
    /// The innermost macro's first variable.
    Item,
    /// A field of it, by number in [`Code::names`](super::Code::names).
    ItemField(u32),
    /// None of these.
    Nowhere,
}

/// What is asked. Its constants are in it, so that nothing has to be looked up.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Text(TextTest),
    /// A comparison with a whole number.
    Int {
        relation: Relation,
        value: i64,
    },
    /// The same of the operand's size, which is the operand of [`Test::operand`] and costs so much to ask for.
    Size {
        relation: Relation,
        value: i64,
        cost: u32,
    },
    /// A comparison with anything else, which is rare: its constant does not make all questions larger.
    Compare {
        relation: Relation,
        value: Box<Value>,
    },
}

const _: () = assert!(size_of::<Question>() <= 24, "questions are meant to be small");
