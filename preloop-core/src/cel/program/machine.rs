//! The evaluator: a walk over the code that borrows everything, spends fuel, and says no more of a failure than what
//! and where, unless it was asked to take notes.

use std::cell::{Cell, OnceCell};

use bumpalo::Bump;
use serde_json::{Map as JsonMap, Value as Json};

use super::Tri;
use super::notes::Notes;
use super::quick;
use crate::cel::ast::Arithmetic;
use crate::cel::code::{Code, NEVER, Node, Op, OpId};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::input::Input;
use crate::cel::lib::LibError;
use crate::cel::value::Val;

/// The longest text that an expression may make, in bytes.
pub(crate) const TEXT_MAX: usize = 1 << 20;

/// The longest list or map that an expression may make.
pub(crate) const ITEMS_MAX: usize = 10_000;

/// Room for the values that an expression makes; most make none.
pub(crate) type Arena = OnceCell<Bump>;

/// The variables of a macro, and those around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'s, 'e> {
    first: Val<'e>,
    pub(crate) second: Val<'e>,
    /// The first variable where it is a JSON value; it is then made a [`Val`] when somebody asks.
    pub(crate) json: Option<&'e Json>,
    pub(crate) outer: Scope<'s, 'e>,
}

impl<'s, 'e> Frame<'s, 'e> {
    pub(super) const fn new(first: Val<'e>, second: Val<'e>, outer: Scope<'s, 'e>) -> Self {
        Self { first, second, json: None, outer }
    }

    pub(super) const fn of_json(item: &'e Json, outer: Scope<'s, 'e>) -> Self {
        Self { first: Val::Null, second: Val::Null, json: Some(item), outer }
    }

    #[inline]
    pub(super) fn first(&self) -> Val<'e> {
        self.json.map_or(self.first, Val::of_json)
    }
}

/// The macros' variables that are in reach.
pub(crate) type Scope<'s, 'e> = Option<&'s Frame<'s, 'e>>;

/// One evaluation of some code against some input.
pub(crate) struct Machine<'e> {
    pub(crate) code: &'e Code,
    pub(crate) input: &'e Input<'e>,
    arena: &'e Arena,
    pub(crate) notes: Option<&'e Notes<'e>>,
    /// The arguments, where they are one JSON object.
    pub(super) object: Option<&'e JsonMap<String, Json>>,
    /// The path that was read last and what it led to: conditions often ask several things of one argument.
    pub(super) last: Cell<(u32, Option<&'e Json>)>,
    /// What went wrong last, where an answer is [`Tri::Error`](super::Tri::Error).
    pub(super) trouble: Cell<Trouble>,
    fuel: Cell<u64>,
}

impl<'e> Machine<'e> {
    #[inline]
    pub(crate) fn new(code: &'e Code, input: &'e Input<'e>, arena: &'e Arena, fuel: u64) -> Self {
        Self {
            code,
            input,
            arena,
            notes: None,
            object: input.args.object(),
            last: Cell::new((u32::MAX, None)),
            trouble: Cell::new(Trouble { kind: FailureKind::UnknownName, at: 0 }),
            fuel: Cell::new(fuel),
        }
    }

    /// Where values that an expression makes live until its evaluation ends.
    pub(crate) fn arena(&self) -> &'e Bump {
        self.arena.get_or_init(Bump::new)
    }

    pub(crate) fn with_notes(mut self, notes: &'e Notes<'e>) -> Self {
        self.notes = Some(notes);
        self
    }

    pub(crate) fn fuel_left(&self) -> u64 {
        self.fuel.get()
    }

    pub(super) fn set_fuel(&self, left: u64) {
        self.fuel.set(left);
    }

    /// Spends fuel; where there is not enough left, what is left is gone too.
    #[inline]
    pub(crate) fn charge(&self, units: u32, at: OpId) -> Result<(), Trouble> {
        if self.pay(units) { Ok(()) } else { Err(self.run_dry(at)) }
    }

    /// Spends fuel; where there is not enough left, says so and leaves the rest to [`Machine::spent`].
    #[inline]
    pub(super) fn pay(&self, units: u32) -> bool {
        let mut left = self.fuel.get();
        let is_paid = quick::pay(&mut left, units);
        self.fuel.set(left);
        is_paid
    }

    /// What could not be paid for.
    #[cold]
    #[inline(never)]
    pub(super) fn spent(&self, at: OpId) -> Tri {
        self.failed(self.run_dry(at))
    }

    /// Spends fuel for bytes scanned or made.
    #[inline]
    pub(crate) fn charge_bytes(&self, bytes: usize, at: OpId) -> Result<(), Trouble> {
        self.charge(u32::try_from(bytes >> 4).unwrap_or(u32::MAX), at)
    }

    /// Spends fuel for items visited or made.
    pub(crate) fn charge_items(&self, items: usize, at: OpId) -> Result<(), Trouble> {
        self.charge(u32::try_from(items).unwrap_or(u32::MAX), at)
    }

    #[cold]
    fn run_dry(&self, at: OpId) -> Trouble {
        self.fuel.set(0);
        self.fail(FailureKind::Budget, at, || FailureKind::Budget.describe().to_owned())
    }

    /// A failure; its words are made only where notes are taken.
    #[cold]
    pub(crate) fn fail(
        &self,
        kind: FailureKind,
        at: OpId,
        words: impl FnOnce() -> String,
    ) -> Trouble {
        let trouble = Trouble { kind, at };
        if let Some(notes) = self.notes {
            notes.say(trouble, words(), None);
        }
        trouble
    }

    /// A failure of one of the library's functions.
    #[cold]
    pub(crate) fn fail_with(&self, error: &LibError, at: OpId) -> Trouble {
        let kind = match error {
            LibError::OutOfRange(_) => FailureKind::OutOfRange,
            LibError::InvalidArgument(_) => FailureKind::InvalidArgument,
            LibError::Overflow => FailureKind::Overflow,
            LibError::DivideByZero => FailureKind::DivideByZero,
            LibError::TooLarge { .. } => FailureKind::TooLarge,
        };
        self.fail(kind, at, || error.to_string())
    }

    #[inline]
    pub(crate) fn lib<T>(&self, result: Result<T, LibError>, at: OpId) -> Result<T, Trouble> {
        result.map_err(|error| self.fail_with(&error, at))
    }

    /// Code that names an operation that is not there: cannot be lowered, and if it were, fails closed.
    #[cold]
    pub(crate) fn broken(&self, at: OpId) -> Trouble {
        self.fail(FailureKind::UnknownName, at, || "the expression is damaged".to_owned())
    }

    #[inline]
    pub(crate) fn node(&self, id: OpId) -> Result<&'e Node, Trouble> {
        match self.code.nodes.get(id as usize) {
            Some(node) => Ok(node),
            None => Err(self.broken(id)),
        }
    }

    #[inline]
    pub(crate) fn constant(&self, constant: u32, at: OpId) -> Result<Val<'e>, Trouble> {
        match self.code.constants.get(constant as usize) {
            Some(value) => Ok(Val::of(value)),
            None => Err(self.broken(at)),
        }
    }

    /// The value of an operand: as [`Machine::value`], with a short way for leaves.
    #[inline]
    pub(crate) fn operand(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<Val<'e>, Trouble> {
        if self.notes.is_none() {
            match self.node(id)?.op {
                Op::Const(constant) => return self.constant(constant, id),
                Op::Path { path, optional: NEVER } => return self.path(id, path),
                Op::ItemField { name } => return self.item_field(id, name, scope),
                Op::Local { hops: 0, second: false } => {
                    if let Some(frame) = scope {
                        return Ok(frame.first());
                    }
                }
                _ => {}
            }
        }
        self.value(id, scope)
    }

    /// The value of an operation. The nesting of code, and so of this recursion, is bounded by the parser.
    pub(crate) fn value(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<Val<'e>, Trouble> {
        let node = self.node(id)?;
        if is_condition(&node.op) {
            return self.decide(id, scope).map(Val::Bool);
        }
        let result = self.evaluate(id, node, scope);
        if let Some(notes) = self.notes {
            notes.step(id, &result);
        }
        result
    }

    fn evaluate(&self, id: OpId, node: &'e Node, scope: Scope<'_, 'e>) -> Result<Val<'e>, Trouble> {
        self.charge(node.cost, id)?;
        match node.op {
            Op::Const(constant) => self.constant(constant, id),
            Op::Path { path, optional: NEVER } => self.path(id, path),
            Op::Path { path, optional } => self.optional_path(id, path, optional),
            Op::Field(field) => self.field(id, field),
            Op::Record(record) => self.record(id, record),
            Op::ItemField { name } => self.item_field(id, name, scope),
            Op::Local { hops, second } => self.local(id, hops, second, scope),
            Op::Variable(name) => self.variable(id, name),
            Op::Negate(operand) => self.negate(id, operand, scope),
            Op::Widen(operand) => self.widen(operand, scope),
            Op::Arithmetic { sign, left, right } => self.binary(id, sign, left, right, scope),
            Op::Chain { operands, signs } => self.chain(id, operands, signs, scope),
            Op::Conditional { condition, then, otherwise } => {
                let next = if self.decide(condition, scope)? { then } else { otherwise };
                self.value(next, scope)
            }
            Op::List(run) => self.list(run, scope),
            Op::Map(run) => self.map(id, run, scope),
            Op::Fields { base, names, optional } => self.fields(id, base, names, optional, scope),
            Op::Index { base, index, optional } => self.index(id, base, index, optional, scope),
            Op::Call { function, arguments } => self.call(id, function, arguments, scope),
            Op::Size(operand) => self.size(id, operand, scope),
            Op::Loop(number) => self.gather(id, number, scope),
            Op::Bind { value, body } => {
                let first = self.value(value, scope)?;
                let frame = Frame::new(first, Val::Null, scope);
                self.value(body, Some(&frame))
            }
            Op::OptionalMap { target, body, flat } => {
                self.optional_map(id, target, body, flat, scope)
            }
            _ => Err(self.fail(FailureKind::UnknownName, id, || "unknown name".to_owned())),
        }
    }

    fn binary(
        &self,
        id: OpId,
        sign: Arithmetic,
        left: OpId,
        right: OpId,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let left = self.operand(left, scope)?;
        let right = self.operand(right, scope)?;
        self.arithmetic(id, sign, left, right)
    }

    fn local(
        &self,
        id: OpId,
        hops: u16,
        second: bool,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let mut frame = scope;
        for _ in 0..hops {
            frame = frame.and_then(|frame| frame.outer);
        }
        match frame {
            Some(frame) if second => Ok(frame.second),
            Some(frame) => Ok(frame.first()),
            None => Err(self.broken(id)),
        }
    }

    fn variable(&self, id: OpId, name: u32) -> Result<Val<'e>, Trouble> {
        let Some(name) = self.code.names.get(name as usize) else { return Err(self.broken(id)) };
        let known = self.input.variables.iter().find(|(known, _)| **known == **name);
        known.map(|(_, value)| Val::of(value)).ok_or_else(|| {
            self.fail(FailureKind::UnknownName, id, || format!("`{}` has no value", &**name))
        })
    }

    fn optional_map(
        &self,
        id: OpId,
        target: OpId,
        body: OpId,
        flat: bool,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let target = self.value(target, scope)?;
        let Val::Optional(inner) = target else {
            return Err(self.wrong_type(id, "an optional", target));
        };
        let Some(first) = inner else { return Ok(Val::Optional(None)) };
        let frame = Frame::new(*first, Val::Null, scope);
        let found = self.value(body, Some(&frame))?;
        match (flat, found) {
            (false, found) => Ok(self.some(found)),
            (true, Val::Optional(_)) => Ok(found),
            (true, found) => Err(self.wrong_type(id, "an optional", found)),
        }
    }

    /// A present optional.
    pub(crate) fn some(&self, inner: Val<'e>) -> Val<'e> {
        Val::Optional(Some(self.arena().alloc(inner)))
    }

    #[cold]
    pub(crate) fn wrong_type(&self, at: OpId, wanted: &str, got: Val<'_>) -> Trouble {
        self.fail(FailureKind::WrongType, at, || {
            format!("{wanted} is needed, this is of type {}", got.type_name().as_str())
        })
    }
}

/// Whether an operation only ever gives true or false.
pub(super) const fn is_condition(op: &Op) -> bool {
    matches!(
        op,
        Op::And(_)
            | Op::Or(_)
            | Op::Not(_)
            | Op::Compare { .. }
            | Op::Test(_)
            | Op::HasPath { .. }
            | Op::HasFields { .. }
            | Op::Quantifier(_)
    )
}
