//! Values on the short way: what is read, numbers, and how many there are of something.

use super::{Found, Place, Quick, Walk, pay, pay_bytes};
use crate::cel::ast::Run;
use crate::cel::code::{NEVER, Node, Op, OpId};
use crate::cel::lib::text;
use crate::cel::program::arithmetic::{Plain, double};
use crate::cel::program::machine::ITEMS_MAX;
use crate::cel::program::records::plain_field;
use crate::cel::value::{Val, Value};

impl<'e, P: Place<'e>> Walk<'e, P> {
    /// The value of an operation; none for what is unusual.
    pub(super) fn value(&mut self, id: OpId, item: Option<P::Found>) -> Option<Val<'e>> {
        let node = self.code.nodes.get(id as usize)?;
        match node.op {
            Op::Arithmetic { .. } => self.number(id, item).map(Plain::value),
            Op::Const(_)
            | Op::Path { .. }
            | Op::ItemField { .. }
            | Op::Local { .. }
            | Op::Field(_) => self.leaf(node, item),
            _ => self.other_value(id, node, item),
        }
    }

    /// The number that an operation gives; none for what is unusual.
    fn number(&mut self, id: OpId, item: Option<P::Found>) -> Option<Plain> {
        let node = self.code.nodes.get(id as usize)?;
        let found = match node.op {
            Op::Arithmetic { sign, left, right } => {
                pay(&mut self.fuel, node.cost).then_some(())?;
                let left = self.number(left, item)?;
                let right = self.number(right, item)?;
                return left.and(sign, right);
            }
            Op::Const(constant) => {
                return match self.code.constants.get(constant as usize)? {
                    Value::Int(value) => Some(Plain::Int(*value)),
                    Value::Double(value) => Some(Plain::Double(*value)),
                    _ => None,
                };
            }
            Op::Path { path, optional: NEVER } => self.argument(path)?,
            Op::ItemField { name } => self.field(name, item)?,
            Op::Local { hops: 0, second: false } => item?,
            _ => return self.other_value(id, node, item).and_then(Plain::of),
        };
        found.number()
    }

    #[inline(never)]
    fn other_value(&mut self, id: OpId, node: &Node, item: Option<P::Found>) -> Option<Val<'e>> {
        let operand = match node.op {
            Op::Size(operand)
                if let Some(Node { op: Op::Loop(_), .. }) =
                    self.code.nodes.get(operand as usize) =>
            {
                pay(&mut self.fuel, node.cost).then_some(())?;
                return self.count(operand, item).map(Val::Int);
            }
            Op::Size(operand) | Op::Negate(operand) | Op::Widen(operand) => operand,
            Op::Chain { operands, signs } => {
                pay(&mut self.fuel, node.cost).then_some(())?;
                return self.chain(operands, signs, item);
            }
            _ => {
                return match self.holds(id, item) {
                    Quick::True => Some(Val::Bool(true)),
                    Quick::False => Some(Val::Bool(false)),
                    Quick::Unsure => None,
                };
            }
        };
        pay(&mut self.fuel, node.cost).then_some(())?;
        let value = self.value(operand, item)?;
        match (node.op, value) {
            (Op::Size(_), Val::Text(text)) => {
                pay_bytes(&mut self.fuel, text.len()).then(|| Val::Int(text::size(text)))
            }
            (Op::Size(_), Val::ListJson(items)) => i64::try_from(items.len()).ok().map(Val::Int),
            (Op::Size(_), Val::ListParts(list, parts)) => {
                i64::try_from(parts.count(list)).ok().map(Val::Int)
            }
            (Op::Negate(_), Val::Int(value)) => value.checked_neg().map(Val::Int),
            (Op::Negate(_), Val::Double(value)) => Some(Val::Double(-value)),
            (Op::Widen(_), value) => double(value).map(Val::Double),
            _ => None,
        }
    }

    /// How many elements a `filter` lets through.
    fn count(&mut self, id: OpId, item: Option<P::Found>) -> Option<i64> {
        let node = self.code.nodes.get(id as usize)?;
        let Op::Loop(number) = node.op else { return None };
        pay(&mut self.fuel, node.cost).then_some(())?;
        let parts = self.code.loops.get(number as usize)?;
        let items = self.found(parts.range, item)?.items()?;
        let mut count = 0_usize;
        for item in items {
            pay(&mut self.fuel, parts.step_cost).then_some(())?;
            match self.part(parts.body, Some(item)) {
                Quick::True => count = count.saturating_add(1),
                Quick::False => {}
                Quick::Unsure => return None,
            }
        }
        // A list of more is not made, so it has no size either.
        i64::try_from(count).ok().filter(|_| count <= ITEMS_MAX)
    }

    fn chain(&mut self, operands: Run, signs: u32, item: Option<P::Found>) -> Option<Val<'e>> {
        let (first, rest) = self.code.run(operands).split_first()?;
        let signs = self.code.signs.get(signs as usize..)?;
        let mut value = self.number(*first, item)?;
        for (operand, sign) in rest.iter().zip(signs) {
            let right = self.number(*operand, item)?;
            value = value.and(*sign, right)?;
        }
        Some(value.value())
    }

    /// The value of an operation without operands.
    #[inline]
    pub(super) fn leaf(&mut self, node: &Node, item: Option<P::Found>) -> Option<Val<'e>> {
        match node.op {
            Op::Const(constant) => self.code.constants.get(constant as usize).map(Val::of),
            Op::Path { path, optional: NEVER } => self.argument(path).map(Found::value),
            Op::ItemField { name } => self.field(name, item).map(Found::value),
            Op::Local { hops: 0, second: false } => item.map(Found::value),
            Op::Field(field) => plain_field(self.input, field),
            _ => None,
        }
    }
}
