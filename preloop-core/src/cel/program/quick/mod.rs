//! The short way: the usual operations on arguments, when all goes well.
//!
//! It makes no values, takes no notes and knows no failures: where anything is unusual it is [`Quick::Unsure`], and the
//! machine starts over from the beginning. So it can only ever be faster, as long as it spends the same fuel.

mod inquiry;
mod place;
mod row;
mod value;

pub(crate) use place::{AskedFor, Found, InObject, Place, Reader};

use super::question::compare;
use crate::cel::ast::{Loop, Relation, Run};
use crate::cel::code::{Code, NEVER, NO_PATH, Near, Node, Op, OpId, Test};
use crate::cel::input::Input;
use crate::cel::value::{Items, Val};

/// What the short way came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quick {
    False,
    True,
    /// A failure, or something that only the machine knows how to handle.
    Unsure,
}

impl From<bool> for Quick {
    #[inline]
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Quick {
    #[inline]
    fn from(answer: Option<bool>) -> Self {
        answer.map_or(Self::Unsure, Self::from)
    }
}

/// One evaluation of code that is [`Node::quick`] throughout.
pub(super) struct Walk<'e, P: Place<'e>> {
    code: &'e Code,
    input: &'e Input<'e>,
    reader: Reader<'e, P>,
    pub(super) fuel: u64,
}

/// The answer of code that is one test of one argument, as most code is, and the fuel that is left; none for any other,
/// and where there is no answer.
#[inline]
pub(super) fn single<'e>(code: &Code, place: impl Place<'e>, fuel: u64) -> Option<(bool, u64)> {
    let root = code.nodes.get(code.root as usize).filter(|root| root.quick)?;
    let Op::Test(number) = root.op else { return None };
    let asked = code.tests.get(number as usize)?;
    let mut left = fuel;
    pay(&mut left, root.cost).then_some(())?;
    let found = place.find(code.paths.get(asked.path as usize)?)?;
    match found.answer(asked, &mut left) {
        Quick::True => Some((true, left)),
        Quick::False => Some((false, left)),
        Quick::Unsure => None,
    }
}

impl<'e, P: Place<'e>> Walk<'e, P> {
    #[inline]
    pub(super) const fn new(
        code: &'e Code,
        input: &'e Input<'e>,
        reader: Reader<'e, P>,
        fuel: u64,
    ) -> Self {
        Self { code, input, reader, fuel }
    }

    /// Whether an operation holds; `item` is the innermost macro's variable. A table of jumps: what each operation needs of the stack, it takes itself.
    pub(super) fn holds(&mut self, id: OpId, item: Option<P::Found>) -> Quick {
        let Some(node) = self.code.nodes.get(id as usize) else { return Quick::Unsure };
        if !pay(&mut self.fuel, node.cost) {
            return Quick::Unsure;
        }
        match node.op {
            Op::Test(number) => self.test(number, item),
            Op::And(run) => self.every(run, item),
            Op::Or(run) => self.any(run, item),
            Op::Not(operand) => self.not(operand, item),
            Op::HasPath { path, .. } => self.has(path),
            Op::Quantifier(number) => self.quantify(number, item),
            Op::Conditional { .. } => self.choose(node, item),
            Op::Compare { .. } => self.compare(node, item),
            _ => self.truth(node, item),
        }
    }

    #[inline(never)]
    fn not(&mut self, operand: OpId, item: Option<P::Found>) -> Quick {
        match self.holds(operand, item) {
            Quick::True => Quick::False,
            Quick::False => Quick::True,
            Quick::Unsure => Quick::Unsure,
        }
    }

    #[inline(never)]
    fn choose(&mut self, node: &Node, item: Option<P::Found>) -> Quick {
        let Op::Conditional { condition, then, otherwise } = node.op else { return Quick::Unsure };
        match self.holds(condition, item) {
            Quick::True => self.holds(then, item),
            Quick::False => self.holds(otherwise, item),
            Quick::Unsure => Quick::Unsure,
        }
    }

    #[inline(never)]
    fn truth(&mut self, node: &Node, item: Option<P::Found>) -> Quick {
        match self.leaf(node, item) {
            Some(Val::Bool(holds)) => Quick::from(holds),
            _ => Quick::Unsure,
        }
    }

    #[inline(never)]
    fn every(&mut self, run: Run, item: Option<P::Found>) -> Quick {
        for operand in self.code.run(run) {
            let answer = self.part(*operand, item);
            if answer != Quick::True {
                return answer;
            }
        }
        Quick::True
    }

    #[inline(never)]
    fn any(&mut self, run: Run, item: Option<P::Found>) -> Quick {
        for operand in self.code.run(run) {
            let answer = self.part(*operand, item);
            if answer != Quick::False {
                return answer;
            }
        }
        Quick::False
    }

    /// One of several: mostly a test.
    #[inline]
    fn part(&mut self, id: OpId, item: Option<P::Found>) -> Quick {
        if let Some(node) = self.code.nodes.get(id as usize)
            && let Op::Test(number) = node.op
        {
            if !pay(&mut self.fuel, node.cost) {
                return Quick::Unsure;
            }
            return self.test(number, item);
        }
        self.holds(id, item)
    }

    #[inline(never)]
    fn has(&mut self, path: u32) -> Quick {
        let path = self.code.paths.get(path as usize);
        path.and_then(|path| self.reader.has(path)).map_or(Quick::Unsure, Quick::from)
    }

    #[inline]
    fn argument(&mut self, path: u32) -> Option<P::Found> {
        self.reader.find(self.code.paths.get(path as usize)?)
    }

    #[inline(never)]
    fn test(&mut self, number: u32, item: Option<P::Found>) -> Quick {
        let Some(asked) = self.code.tests.get(number as usize) else { return Quick::Unsure };
        if asked.path != NO_PATH {
            return self.test_argument(asked);
        }
        match asked.near {
            Near::ItemField(name) => self.test_field(asked, name, item),
            Near::Item => self.test_item(asked, item),
            Near::Nowhere => self.test_value(asked, item),
        }
    }

    #[inline(never)]
    fn test_item(&mut self, asked: &Test, item: Option<P::Found>) -> Quick {
        match item {
            Some(found) => found.answer(asked, &mut self.fuel),
            None => Quick::Unsure,
        }
    }

    #[inline(never)]
    fn test_argument(&mut self, asked: &Test) -> Quick {
        match self.argument(asked.path) {
            Some(found) => found.answer(asked, &mut self.fuel),
            None => Quick::Unsure,
        }
    }

    #[inline(never)]
    fn test_field(&mut self, asked: &Test, name: u32, item: Option<P::Found>) -> Quick {
        match self.field(name, item) {
            Some(found) => found.answer(asked, &mut self.fuel),
            None => Quick::Unsure,
        }
    }

    #[inline(never)]
    fn test_value(&mut self, asked: &Test, item: Option<P::Found>) -> Quick {
        match self.value(asked.operand, item) {
            Some(value) => asked.of_value(value, &mut self.fuel),
            None => Quick::Unsure,
        }
    }

    #[inline]
    fn field(&self, name: u32, item: Option<P::Found>) -> Option<P::Found> {
        item?.field(self.code.names.get(name as usize)?)
    }

    #[inline(never)]
    fn quantify(&mut self, number: u32, item: Option<P::Found>) -> Quick {
        let Some(parts) = self.code.loops.get(number as usize) else { return Quick::Unsure };
        let Some(items) = self.found(parts.range, item).and_then(Found::items) else {
            return Quick::Unsure;
        };
        let mut count = 0_usize;
        for item in items {
            if !pay(&mut self.fuel, parts.step_cost) {
                return Quick::Unsure;
            }
            match (parts.kind, self.part(parts.body, Some(item))) {
                (_, Quick::Unsure) => return Quick::Unsure,
                (Loop::All, Quick::False) => return Quick::False,
                (Loop::Exists, Quick::True) => return Quick::True,
                (_, Quick::True) => count = count.saturating_add(1),
                (_, Quick::False) => {}
            }
        }
        match parts.kind {
            Loop::All => Quick::True,
            Loop::Exists => Quick::False,
            Loop::ExistsOne => Quick::from(count == 1),
            _ => Quick::Unsure,
        }
    }

    /// What an operand reads, if it does nothing else.
    #[inline]
    fn found(&mut self, id: OpId, item: Option<P::Found>) -> Option<P::Found> {
        match self.code.nodes.get(id as usize)?.op {
            Op::Path { path, optional: NEVER } => self.argument(path),
            Op::ItemField { name } => self.field(name, item),
            Op::Local { hops: 0, second: false } => item,
            _ => None,
        }
    }

    #[inline(never)]
    fn compare(&mut self, node: &Node, item: Option<P::Found>) -> Quick {
        let Op::Compare { relation, left, right } = node.op else { return Quick::Unsure };
        let (Some(left), Some(right)) = (self.value(left, item), self.value(right, item)) else {
            return Quick::Unsure;
        };
        if relation == Relation::In {
            return match right {
                Val::MapJson(_) | Val::MapParts(..) => Quick::from(right.entry(left).is_some()),
                other => other.items().map_or(Quick::Unsure, |items| self.is_member(left, items)),
            };
        }
        compare(left, relation, right, &mut self.fuel)
    }

    fn is_member(&mut self, wanted: Val<'e>, items: Items<'e>) -> Quick {
        for item in items.iter() {
            if !pay(&mut self.fuel, 1) {
                return Quick::Unsure;
            }
            match compare(item, Relation::Equal, wanted, &mut self.fuel) {
                Quick::False => {}
                other => return other,
            }
        }
        Quick::False
    }
}

/// Spends fuel, if there is enough.
#[inline]
pub(super) fn pay(fuel: &mut u64, units: u32) -> bool {
    let left = fuel.checked_sub(u64::from(units));
    if let Some(left) = left {
        *fuel = left;
    }
    left.is_some()
}

/// The same for bytes scanned.
#[inline]
pub(super) fn pay_bytes(fuel: &mut u64, bytes: usize) -> bool {
    let left = fuel.checked_sub(u64::try_from(bytes >> 4).unwrap_or(u64::MAX));
    if let Some(left) = left {
        *fuel = left;
    }
    left.is_some()
}
