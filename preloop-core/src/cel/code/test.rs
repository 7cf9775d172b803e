//! Tests of one operand against constants: most of what conditions do, so each is one operation that holds all it needs.

use super::OpId;
use crate::cel::ast::Relation;
use crate::cel::lib::regex::Pattern;
use crate::cel::lib::text::Needle;
use crate::cel::value::Value;

/// A question about one operand.
#[derive(Debug)]
pub(crate) struct Test {
    /// The operand, which says what it is whatever it is.
    pub(crate) operand: OpId,
    /// The argument that the operand is, by number in [`Code::paths`](super::Code::paths), or [`NO_PATH`].
    pub(crate) path: u32,
    /// Where else the JSON value of the operand is usually found at once.
    pub(crate) near: Near,
    /// What `contains` looks for: the commonest question, so it is known without looking at the others.
    pub(crate) needle: Option<Box<Needle>>,
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
#[derive(Debug)]
pub(crate) enum Question {
    /// `contains` of [`Test::needle`].
    Contains,
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Matches(Pattern),
    /// `==`, or `!=` where negated.
    Equals {
        text: Box<str>,
        negated: bool,
    },
    /// Membership in a list of nothing but text, sorted.
    OneOf(Box<[Box<str>]>),
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
    /// A comparison with anything else.
    Compare {
        relation: Relation,
        value: Value,
    },
}
