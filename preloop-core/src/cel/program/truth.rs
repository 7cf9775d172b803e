//! The hot path: operations that give true or false, decided without making a value.
//!
//! Here an answer is one byte. What went wrong is kept by the machine, since it seldom is asked for.

use serde_json::Value as Json;

use super::Tri;
use super::machine::{Frame, Machine, Scope, is_condition};
use crate::cel::ast::{Loop, Relation, Run};
use crate::cel::code::{LoopParts, Node, Op, OpId};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::value::Val;

impl<'e> Machine<'e> {
    /// Whether an operation holds, or why there is no answer.
    pub(crate) fn decide(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        match self.holds(id, scope) {
            Tri::True => Ok(true),
            Tri::False => Ok(false),
            Tri::Error => Err(self.trouble()),
        }
    }

    /// Whether an operation holds.
    #[inline]
    pub(crate) fn holds(&self, id: OpId, scope: Scope<'_, 'e>) -> Tri {
        if self.notes.is_none() { self.dispatch(id, scope) } else { self.holds_noted(id, scope) }
    }

    #[cold]
    fn holds_noted(&self, id: OpId, scope: Scope<'_, 'e>) -> Tri {
        let answer = self.dispatch(id, scope);
        if let Some(notes) = self.notes
            && let Some(node) = self.code.nodes.get(id as usize)
            && is_condition(&node.op)
        {
            let result = match answer {
                Tri::Error => Err(self.trouble()),
                _ => Ok(Val::Bool(answer == Tri::True)),
            };
            notes.step(id, &result);
        }
        answer
    }

    /// A table of jumps: what each operation needs of the stack, it takes itself.
    fn dispatch(&self, id: OpId, scope: Scope<'_, 'e>) -> Tri {
        let Some(node) = self.code.nodes.get(id as usize) else { return self.damaged(id) };
        match node.op {
            Op::Test(number) => self.test(id, node, number, scope),
            Op::And(run) => self.every(id, node, run, scope),
            Op::Or(run) => self.any(id, node, run, scope),
            Op::Not(operand) => self.not(id, node, operand, scope),
            Op::Compare { .. } => self.comparison(id, node, scope),
            Op::HasPath { path, optional } => self.has_path(id, path, optional),
            Op::HasFields { .. } => self.has_fields(id, node, scope),
            Op::Quantifier(number) => self.quantify(id, node, number, scope),
            Op::Conditional { .. } => self.choose(id, node, scope),
            _ => self.truth(id, scope),
        }
    }

    /// The failure behind the last [`Tri::Error`].
    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.get()
    }

    #[cold]
    pub(super) fn failed(&self, trouble: Trouble) -> Tri {
        self.trouble.set(trouble);
        Tri::Error
    }

    #[cold]
    #[inline(never)]
    pub(super) fn damaged(&self, id: OpId) -> Tri {
        self.failed(self.broken(id))
    }

    #[inline]
    pub(super) fn tri(&self, result: Result<bool, Trouble>) -> Tri {
        match result {
            Ok(true) => Tri::True,
            Ok(false) => Tri::False,
            Err(trouble) => self.failed(trouble),
        }
    }

    /// The truth of an operation that may give anything.
    #[inline(never)]
    fn truth(&self, id: OpId, scope: Scope<'_, 'e>) -> Tri {
        if let Some(Json::Bool(holds)) = self.json(id, scope) {
            return Tri::from(*holds);
        }
        let value = self.operand(id, scope);
        self.truth_of(id, value)
    }

    fn truth_of(&self, id: OpId, value: Result<Val<'e>, Trouble>) -> Tri {
        match value {
            Ok(Val::Bool(holds)) => Tri::from(holds),
            Ok(other) => self.failed(self.not_bool(id, other)),
            Err(trouble) => self.failed(trouble),
        }
    }

    #[cold]
    fn not_bool(&self, id: OpId, value: Val<'_>) -> Trouble {
        let is_whole = id == self.code.root;
        let kind = if is_whole { FailureKind::NotBool } else { FailureKind::WrongType };
        self.fail(kind, id, || {
            format!("true or false is needed, this is of type {}", value.type_name().as_str())
        })
    }

    #[inline(never)]
    fn not(&self, id: OpId, node: &Node, operand: OpId, scope: Scope<'_, 'e>) -> Tri {
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        match self.holds(operand, scope) {
            Tri::True => Tri::False,
            Tri::False => Tri::True,
            Tri::Error => Tri::Error,
        }
    }

    #[inline(never)]
    fn every(&self, id: OpId, node: &Node, run: Run, scope: Scope<'_, 'e>) -> Tri {
        self.logic(id, node, run, (Tri::True, Tri::False), scope)
    }

    #[inline(never)]
    fn any(&self, id: OpId, node: &Node, run: Run, scope: Scope<'_, 'e>) -> Tri {
        self.logic(id, node, run, (Tri::False, Tri::True), scope)
    }

    /// `&&` or `||`, by what each of them is where nothing decides, and what decides: that wins over failures on either
    /// side, but for a spent budget.
    #[inline]
    fn logic(
        &self,
        id: OpId,
        node: &Node,
        run: Run,
        (otherwise, decisive): (Tri, Tri),
        scope: Scope<'_, 'e>,
    ) -> Tri {
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        let mut failed: Option<Trouble> = None;
        for operand in self.code.run(run) {
            let answer = self.holds(*operand, scope);
            if answer == decisive {
                return answer;
            }
            if answer == Tri::Error {
                let trouble = self.trouble();
                if trouble.kind == FailureKind::Budget {
                    return Tri::Error;
                }
                failed = failed.or(Some(trouble));
            }
        }
        failed.map_or(otherwise, |trouble| self.failed(trouble))
    }

    /// How two operands stand to each other.
    #[inline(never)]
    fn comparison(&self, id: OpId, node: &Node, scope: Scope<'_, 'e>) -> Tri {
        let Op::Compare { relation, left, right } = node.op else { return self.damaged(id) };
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        if let (Some(Json::Number(first)), Some(Json::Number(second))) =
            (self.json(left, scope), self.json(right, scope))
            && let (Some(first), Some(second)) = (first.as_i64(), second.as_i64())
            && relation != Relation::In
        {
            return Tri::from(relation.holds(first.cmp(&second)));
        }
        let compared = || {
            let left = self.operand(left, scope)?;
            let right = self.operand(right, scope)?;
            self.compare(id, relation, left, right)
        };
        self.tri(compared())
    }

    /// `condition ? then : otherwise` where true or false is wanted.
    #[inline(never)]
    fn choose(&self, id: OpId, node: &Node, scope: Scope<'_, 'e>) -> Tri {
        let Op::Conditional { condition, then, otherwise } = node.op else {
            return self.damaged(id);
        };
        if self.notes.is_some() {
            return self.truth(id, scope);
        }
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        let next = match self.holds(condition, scope) {
            Tri::True => then,
            Tri::False => otherwise,
            Tri::Error => return Tri::Error,
        };
        match self.code.nodes.get(next as usize) {
            Some(node) if is_condition(&node.op) => self.holds(next, scope),
            _ => self.truth_of(id, self.value(next, scope)),
        }
    }

    /// `all`, `exists` and `exists_one`.
    #[inline(never)]
    fn quantify(&self, id: OpId, node: &Node, number: u32, scope: Scope<'_, 'e>) -> Tri {
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        let Some(parts) = self.code.loops.get(number as usize) else { return self.damaged(id) };
        let mut tally = Tally::default();
        // The usual list is walked where it is: copying each element would cost more than most conditions.
        if let Some(Json::Array(items)) = self.json(parts.range, scope)
            && !parts.pairs
        {
            for item in items {
                let frame = Frame::of_json(item, scope);
                if let Some(answer) = self.quantify_step(id, parts, &frame, &mut tally) {
                    return answer;
                }
            }
            return self.tally(parts.kind, &tally);
        }
        let elements =
            self.operand(parts.range, scope).and_then(|range| self.elements(id, parts, range));
        let elements = match elements {
            Ok(elements) => elements,
            Err(trouble) => return self.failed(trouble),
        };
        for position in 0..elements.len() {
            let frame = elements.frame(position, scope);
            if let Some(answer) = self.quantify_step(id, parts, &frame, &mut tally) {
                return answer;
            }
        }
        self.tally(parts.kind, &tally)
    }

    /// One time around: the answer, if this element decides it.
    #[inline]
    fn quantify_step(
        &self,
        id: OpId,
        parts: &LoopParts,
        frame: &Frame<'_, 'e>,
        tally: &mut Tally,
    ) -> Option<Tri> {
        if !self.pay(parts.step_cost) {
            return Some(self.spent(id));
        }
        match (parts.kind, self.holds(parts.body, Some(frame))) {
            (Loop::ExistsOne, Tri::Error) => return Some(Tri::Error),
            (Loop::All, Tri::False) => return Some(Tri::False),
            (Loop::Exists, Tri::True) => return Some(Tri::True),
            (_, Tri::True) => tally.count = tally.count.saturating_add(1),
            (_, Tri::False) => {}
            (_, Tri::Error) => {
                let trouble = self.trouble();
                if trouble.kind == FailureKind::Budget {
                    return Some(Tri::Error);
                }
                tally.failed = tally.failed.or(Some(trouble));
            }
        }
        None
    }

    /// The answer where no element decided it.
    fn tally(&self, kind: Loop, tally: &Tally) -> Tri {
        if kind == Loop::ExistsOne {
            return Tri::from(tally.count == 1);
        }
        tally.failed.map_or(Tri::from(kind == Loop::All), |trouble| self.failed(trouble))
    }
}

/// What a quantifier has seen so far.
#[derive(Default)]
struct Tally {
    /// How many elements held.
    count: usize,
    /// The first failure.
    failed: Option<Trouble>,
}
