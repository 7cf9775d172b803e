//! Writing operations: price, dependence on input, and folding of what depends on nothing.

use super::{Compiler, Out};
use crate::cel::ast::Loop;
use crate::cel::code::{Field, LoopParts, NEVER, Node, Op, OpId, Run};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::input::Input;
use crate::cel::problem::{Problem, ProblemKind, cut};
use crate::cel::program::{Arena, Machine};
use crate::cel::span::Span;
use crate::cel::types::Type;
use crate::cel::value::{Val, Value};

/// The largest constant that folding may make, in values and in bytes of text.
const FOLDED_MAX: usize = 1_000;

impl Compiler<'_, '_> {
    pub(super) fn leaf(&mut self, op: Op, span: Span, reads: bool, free: u16) -> OpId {
        let quick = match op {
            Op::Path { path, optional } | Op::HasPath { path, optional } => {
                let path = self.code.paths.get(path as usize);
                optional == NEVER && path.is_some_and(|path| !path.segments().is_empty())
            }
            Op::ItemField { .. } | Op::Local { hops: 0, second: false } | Op::Const(_) => true,
            Op::Field(field) => !matches!(field, Field::SessionCalls | Field::Now),
            _ => false,
        };
        self.push(Node { op, cost: 0, span, reads, free, quick })
    }

    fn push(&mut self, node: Node) -> OpId {
        let id = u32::try_from(self.code.nodes.len()).unwrap_or(u32::MAX);
        self.code.nodes.push(node);
        id
    }

    fn is_leaf(&self, id: OpId) -> bool {
        self.code.nodes.get(id as usize).is_some_and(|node| node.cost == 0)
    }

    /// Writes an operation whose operands are all evaluated in the same scope.
    pub(super) fn emit(&mut self, op: Op, span: Span, operands: &[OpId]) -> OpId {
        let mut node = self.node(op, span);
        for operand in operands {
            self.weigh(&mut node, *operand, 0);
        }
        let id = self.push(node);
        self.fold(id);
        id
    }

    /// Writes an operation with operands inside of one more macro's scope.
    pub(super) fn emit_scoped(
        &mut self,
        op: Op,
        span: Span,
        outside: &[OpId],
        inside: &[OpId],
    ) -> OpId {
        let mut node = self.node(op, span);
        for operand in outside {
            self.weigh(&mut node, *operand, 0);
        }
        let price = node.cost;
        for operand in inside {
            self.weigh(&mut node, *operand, 1);
        }
        // What is inside is paid for each time around.
        if matches!(op, Op::Loop(_) | Op::Quantifier(_)) {
            node.cost = price;
        }
        let id = self.push(node);
        self.fold(id);
        id
    }

    /// An operation with operands that are still to be weighed.
    fn node(&self, op: Op, span: Span) -> Node {
        let quick = match op {
            Op::Test(_)
            | Op::And(_)
            | Op::Or(_)
            | Op::Not(_)
            | Op::Compare { .. }
            | Op::Conditional { .. }
            | Op::Arithmetic { .. }
            | Op::Chain { .. }
            | Op::Negate(_)
            | Op::Widen(_)
            | Op::Size(_) => true,
            Op::Quantifier(number) => {
                self.code.loops.get(number as usize).is_some_and(|parts| !parts.pairs)
            }
            // To be counted; the list itself, the short way does not make.
            Op::Loop(number) => self.code.loops.get(number as usize).is_some_and(|parts| {
                parts.kind == Loop::Filter && !parts.pairs && parts.filter.is_none()
            }),
            _ => false,
        };
        Node { op, cost: 1, span, reads: false, free: 0, quick }
    }

    fn weigh(&self, node: &mut Node, operand: OpId, scopes: u16) {
        let Some(below) = self.code.nodes.get(operand as usize) else { return };
        node.cost = node.cost.saturating_add(u32::from(below.cost == 0));
        node.reads |= below.reads;
        node.quick &= below.quick;
        node.free = node.free.max(below.free.saturating_sub(scopes));
    }

    /// What one time around costs beside the operations inside: the step, and the leaves directly below.
    pub(super) fn step_cost(&self, parts: &LoopParts) -> u32 {
        let filter = parts.filter.is_some_and(|filter| self.is_leaf(filter));
        1_u32.saturating_add(u32::from(self.is_leaf(parts.body))).saturating_add(u32::from(filter))
    }

    pub(super) fn constant(&mut self, value: Value) -> u32 {
        let number = u32::try_from(self.code.constants.len()).unwrap_or(u32::MAX);
        self.code.constants.push(value);
        number
    }

    pub(super) fn literal(&mut self, number: u32, span: Span) -> Out {
        let value = self.tree.literal(number).cloned().unwrap_or(Value::Null);
        self.constant_out(value, span)
    }

    pub(super) fn constant_out(&mut self, value: Value, span: Span) -> Out {
        let found = match &value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::Text(_) => Type::Text,
            Value::Bytes(_) => Type::Bytes,
            Value::Type(name) => self.types.of_name(*name),
            _ => Type::Dyn,
        };
        let constant = self.constant(value);
        let op = self.leaf(Op::Const(constant), span, false, 0);
        Out { found, op }
    }

    /// Moves operands into the code's list of children.
    pub(super) fn children(&mut self, operands: &[OpId], optional: &[bool]) -> Run {
        let start = u32::try_from(self.code.children.len()).unwrap_or(u32::MAX);
        self.code.children.extend_from_slice(operands);
        self.code.optional.extend_from_slice(optional);
        self.code.optional.resize(self.code.children.len(), false);
        Run { start, len: u32::try_from(operands.len()).unwrap_or(u32::MAX) }
    }

    pub(super) fn visit_run(&mut self, run: Run) -> Vec<Out> {
        let tree = self.tree;
        tree.run(run).iter().map(|id| self.visit(*id)).collect()
    }

    /// Replaces an operation that depends on nothing by its value, unless computing it fails: then it fails when met.
    fn fold(&mut self, id: OpId) {
        let Some(node) = self.code.nodes.get(id as usize) else { return };
        if node.reads || node.free > 0 || !self.problems.is_empty() {
            return;
        }
        let Some(value) = self.compute(id) else { return };
        let constant = self.constant(value);
        if let Some(node) = self.code.nodes.get_mut(id as usize) {
            node.op = Op::Const(constant);
            node.cost = 0;
            node.quick = true;
        }
    }

    fn compute(&mut self, id: OpId) -> Option<Value> {
        let arena = Arena::new();
        let nothing = serde_json::Value::Null;
        let input = Input::new(&nothing);
        let machine = Machine::new(&self.code, &input, &arena, self.fold_fuel);
        let result = machine.value(id, None);
        self.fold_fuel = machine.fuel_left();
        let mut size = FOLDED_MAX;
        match result {
            Ok(value) => owned(value, &mut size, 32),
            Err(trouble) => {
                self.always_fails(id, trouble);
                None
            }
        }
    }

    /// Warns of a part without input that fails, where a larger budget would not help it.
    fn always_fails(&mut self, id: OpId, trouble: Trouble) {
        let span = self.code.span(trouble.at);
        let is_told = self.warnings.iter().any(|warning| warning.span == span);
        let is_bounded = matches!(trouble.kind, FailureKind::Budget | FailureKind::TooLarge);
        if is_told || is_bounded || self.environment.unchecked {
            return;
        }
        let Some(why) = self.explain(id) else { return };
        let part = cut(span.text(self.source));
        let message = format!("`{part}` fails whenever it is evaluated: {why}");
        let problem = Problem::new(ProblemKind::AlwaysFails, span, message);
        self.warnings.push(problem.help("repair or remove it; no arguments make a difference"));
    }
}

/// The value as one of its own; none where it is too large, too deep or holds an optional.
fn owned(value: Val<'_>, left: &mut usize, levels: usize) -> Option<Value> {
    let levels = levels.checked_sub(1)?;
    *left = left.checked_sub(1)?;
    if let Some(items) = value.items() {
        let items: Option<Vec<Value>> =
            items.iter().map(|item| owned(item, left, levels)).collect();
        return items.map(Value::List);
    }
    Some(match value {
        Val::Null => Value::Null,
        Val::Bool(value) => Value::Bool(value),
        Val::Int(value) => Value::Int(value),
        Val::Uint(value) => Value::Uint(value),
        Val::Double(value) => Value::Double(value),
        Val::Text(value) => {
            *left = left.checked_sub(value.len())?;
            Value::Text(value.into())
        }
        Val::Bytes(value) => {
            *left = left.checked_sub(value.len())?;
            Value::Bytes(value.into())
        }
        Val::Timestamp(value) => Value::Timestamp(value),
        Val::Duration(value) => Value::Duration(value),
        Val::Ip(value) => Value::Ip(value),
        Val::Cidr(value) => Value::Cidr(value),
        Val::Type(value) => Value::Type(value),
        Val::Map(entries) => {
            let entries: Option<Vec<(Value, Value)>> = entries
                .iter()
                .map(|(key, value)| {
                    Some((owned(*key, left, levels)?, owned(*value, left, levels)?))
                })
                .collect();
            Value::Map(entries?)
        }
        Val::MapOwned(entries) => Value::Map(entries.to_vec()),
        _ => return None,
    })
}
