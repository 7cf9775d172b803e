//! The lowered form that is evaluated: small nodes in one vector, constants, paths, tests and patterns beside it.

mod inquiry;
mod questions;
mod reading;
mod test;
mod text;

pub(crate) use super::ast::Run;
use super::ast::{Arithmetic, Loop, Relation};
use super::function::Function;
use super::lib::regex::Pattern;
use super::source::{ArgPath, FieldName};
use super::span::Span;
use super::types::Record;
use super::value::Value;
pub(crate) use inquiry::{Ask, Inquiry, Next};
pub(crate) use questions::{Asked, Link, Questions};
pub use reading::Reading;
pub(crate) use test::{NO_PATH, Near, Question, Test};
pub(crate) use text::TextTest;

/// The number of an operation.
pub(crate) type OpId = u32;

/// A standard variable's field that is read without making a map of the variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    ToolName,
    ToolSource,
    ToolServer,
    ToolAnnotations,
    ToolIsNew,
    PrincipalId,
    PrincipalKind,
    PrincipalName,
    PrincipalRoles,
    PrincipalTeams,
    SessionId,
    SessionCalls,
    Context,
    Now,
    Justification,
}

/// No part of a run of fields is optional.
pub(crate) const NEVER: u16 = u16::MAX;

/// One operation. Children are numbers of operations.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Const(u32),
    /// An argument; from key `optional` on, absence is an empty optional rather than a failure.
    Path {
        path: u32,
        optional: u16,
    },
    /// `has` of an argument.
    HasPath {
        path: u32,
        optional: u16,
    },
    Field(Field),
    Record(Record),
    /// A field of the innermost macro's first variable.
    ItemField {
        name: u32,
    },
    /// A variable of the macro that many levels up.
    Local {
        hops: u16,
        second: bool,
    },
    /// A declared variable, by number in [`Code::names`].
    Variable(u32),
    /// An unknown name (only where unchecked).
    Unknown,
    Not(OpId),
    Negate(OpId),
    /// A number as a double; anything else as it is.
    Widen(OpId),
    And(Run),
    Or(Run),
    Arithmetic {
        sign: Arithmetic,
        left: OpId,
        right: OpId,
    },
    /// First operand, then operators (by number in [`Code::signs`]) and operands in turn.
    Chain {
        operands: Run,
        signs: u32,
    },
    Compare {
        relation: Relation,
        left: OpId,
        right: OpId,
    },
    /// One operand against constants, by number in [`Code::tests`].
    Test(u32),
    Conditional {
        condition: OpId,
        then: OpId,
        otherwise: OpId,
    },
    /// Elements; which of them are optional is told by [`Code::optional`].
    List(Run),
    Map(Run),
    /// Fields of a value: names in [`Code::names`].
    Fields {
        base: OpId,
        names: Run,
        optional: u16,
    },
    HasFields {
        base: OpId,
        names: Run,
        optional: u16,
    },
    Index {
        base: OpId,
        index: OpId,
        optional: bool,
    },
    Call {
        function: Function,
        arguments: Run,
    },
    /// `size` of something, which needs no value of its own to be passed.
    Size(OpId),
    /// A macro that gives a list or a map; its parts are at this place in [`Code::loops`].
    Loop(u32),
    /// A macro that gives true or false, likewise.
    Quantifier(u32),
    Bind {
        value: OpId,
        body: OpId,
    },
    OptionalMap {
        target: OpId,
        body: OpId,
        flat: bool,
    },
}

const _: () = assert!(size_of::<Op>() <= 16, "operations are meant to be small");

/// An operation with its place and price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    /// Fuel for the operation and the leaves directly below it; leaves have none of their own.
    pub(crate) cost: u32,
    pub(crate) span: Span,
    /// Whether the value depends on the input.
    pub(crate) reads: bool,
    /// Whether the short way knows the operation and all below it.
    pub(crate) quick: bool,
    /// How many enclosing macros' variables it needs.
    pub(crate) free: u16,
}

/// The parts of a macro over a list or map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopParts {
    pub(crate) kind: Loop,
    pub(crate) range: OpId,
    pub(crate) filter: Option<OpId>,
    pub(crate) body: OpId,
    /// Fuel for one time around, beside that of the operations inside.
    pub(crate) step_cost: u32,
    /// The macro has two variables.
    pub(crate) pairs: bool,
}

/// A lowered expression.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) nodes: Vec<Node>,
    pub(crate) children: Vec<OpId>,
    pub(crate) optional: Vec<bool>,
    pub(crate) signs: Vec<Arithmetic>,
    pub(crate) constants: Vec<Value>,
    pub(crate) names: Vec<FieldName>,
    pub(crate) paths: Vec<ArgPath>,
    pub(crate) loops: Vec<LoopParts>,
    pub(crate) tests: Vec<Test>,
    /// Patterns of functions that do more than test.
    pub(crate) patterns: Vec<Pattern>,
    /// The same in short, where the whole only asks things of arguments.
    pub(crate) inquiry: Option<Inquiry>,
    pub(crate) root: OpId,
}

impl Code {
    pub(crate) fn run(&self, run: Run) -> &[OpId] {
        let start = run.start as usize;
        self.children.get(start..start.saturating_add(run.len as usize)).unwrap_or(&[])
    }

    pub(crate) fn names(&self, run: Run) -> &[FieldName] {
        let start = run.start as usize;
        self.names.get(start..start.saturating_add(run.len as usize)).unwrap_or(&[])
    }

    pub(crate) fn is_optional(&self, run: Run, position: usize) -> bool {
        let at = (run.start as usize).saturating_add(position);
        self.optional.get(at).copied().unwrap_or(false)
    }

    pub(crate) fn constant(&self, id: OpId) -> Option<&Value> {
        match self.nodes.get(id as usize)?.op {
            Op::Const(constant) => self.constants.get(constant as usize),
            _ => None,
        }
    }

    /// Every pattern that was built beforehand.
    pub(crate) fn known_patterns(&self) -> impl Iterator<Item = &Pattern> {
        let tested = self.tests.iter().filter_map(|test| match &test.question {
            Question::Text(TextTest::Matches(pattern)) => Some(&**pattern),
            _ => None,
        });
        tested.chain(&self.patterns)
    }

    pub(crate) fn span(&self, id: OpId) -> Span {
        self.nodes.get(id as usize).map(|node| node.span).unwrap_or_default()
    }
}
