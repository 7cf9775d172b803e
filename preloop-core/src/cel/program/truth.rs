//! The hot path: operations that give true or false, decided without making a value.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::machine::{Frame, Machine, Scope, is_condition};
use crate::cel::ast::{Loop, Relation, Run};
use crate::cel::code::{LoopParts, Node, Op, OpId};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::value::{Standing, Val, Value, order};

impl<'e> Machine<'e> {
    /// Whether an operation holds.
    #[inline]
    pub(crate) fn decide(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        if self.notes.is_none() {
            return self.dispatch(id, scope);
        }
        self.decide_noted(id, scope)
    }

    fn decide_noted(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        let result = self.dispatch(id, scope);
        if let Some(notes) = self.notes
            && let Some(node) = self.code.nodes.get(id as usize)
            && is_condition(&node.op)
        {
            notes.step(id, &result.map(Val::Bool));
        }
        result
    }

    /// A table of jumps: what each operation needs of the stack, it takes itself.
    fn dispatch(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        let node = self.node(id)?;
        match node.op {
            Op::And(run) => self.logic(id, node, run, true, scope),
            Op::Or(run) => self.logic(id, node, run, false, scope),
            Op::Not(operand) => {
                self.charge(node.cost, id)?;
                self.decide(operand, scope).map(|holds| !holds)
            }
            Op::CompareInt { relation, left, constant } => {
                self.compare_int(id, node, (relation, left, constant), scope)
            }
            Op::Compare { .. } | Op::EqualsText { .. } => self.comparison(id, node, scope),
            Op::InTexts { left, set } => self.in_texts(id, node, left, set, scope),
            Op::ContainsText { left, finder } => self.contains_text(id, node, left, finder, scope),
            Op::StartsWith { .. } | Op::EndsWith { .. } | Op::MatchesPattern { .. } => {
                self.text_test(id, node, scope)
            }
            Op::HasPath { path, optional } => self.has_path(id, path, optional),
            Op::HasFields { base, names, optional } => {
                self.charge(node.cost, id)?;
                self.has_fields(id, base, names, optional, scope)
            }
            Op::Quantifier(number) => {
                self.charge(node.cost, id)?;
                self.quantify(id, number, scope)
            }
            _ => self.truth(id, scope),
        }
    }

    /// The truth of an operation that may give anything.
    #[inline(never)]
    fn truth(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        match self.operand(id, scope)? {
            Val::Bool(holds) => Ok(holds),
            other => {
                let kind = if id == self.code.root {
                    FailureKind::NotBool
                } else {
                    FailureKind::WrongType
                };
                Err(self.fail(kind, id, || {
                    format!(
                        "true or false is needed, this is of type {}",
                        other.type_name().as_str()
                    )
                }))
            }
        }
    }

    /// `&&` where `every`, else `||`: what decides wins over failures on either side, but for a spent budget.
    #[inline(never)]
    fn logic(
        &self,
        id: OpId,
        node: &Node,
        run: Run,
        every: bool,
        scope: Scope<'_, 'e>,
    ) -> Result<bool, Trouble> {
        self.charge(node.cost, id)?;
        let mut failed: Option<Trouble> = None;
        for operand in self.code.run(run) {
            match self.decide(*operand, scope) {
                Ok(holds) if holds != every => return Ok(holds),
                Ok(_) => {}
                Err(trouble) if trouble.kind == FailureKind::Budget => return Err(trouble),
                Err(trouble) => failed = failed.or(Some(trouble)),
            }
        }
        failed.map_or(Ok(every), Err)
    }

    #[inline(never)]
    fn compare_int(
        &self,
        id: OpId,
        node: &Node,
        (relation, left, constant): (Relation, OpId, u32),
        scope: Scope<'_, 'e>,
    ) -> Result<bool, Trouble> {
        self.charge(node.cost, id)?;
        let Some(Value::Int(right)) = self.code.constants.get(constant as usize) else {
            return Err(self.broken(id));
        };
        if let Some(Json::Number(left)) = self.json(left, scope)
            && let Some(left) = left.as_i64()
        {
            return Ok(stands(relation, left.cmp(right)));
        }
        let left = self.operand(left, scope)?;
        self.compare(id, relation, left, Val::Int(*right))
    }

    #[inline(never)]
    fn comparison(&self, id: OpId, node: &Node, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        self.charge(node.cost, id)?;
        match node.op {
            Op::EqualsText { left, constant, negated } => {
                let left = self.operand(left, scope)?;
                let Some(Value::Text(right)) = self.code.constants.get(constant as usize) else {
                    return Err(self.broken(id));
                };
                let equal = match left {
                    Val::Text(left) => {
                        self.charge_bytes(left.len().min(right.len()), id)?;
                        *left == **right
                    }
                    _ => false,
                };
                Ok(equal != negated)
            }
            Op::Compare { relation, left, right } => {
                let left = self.operand(left, scope)?;
                let right = self.operand(right, scope)?;
                self.compare(id, relation, left, right)
            }
            _ => Err(self.broken(id)),
        }
    }

    /// How two values stand to each other.
    fn compare(
        &self,
        id: OpId,
        relation: Relation,
        left: Val<'e>,
        right: Val<'e>,
    ) -> Result<bool, Trouble> {
        match relation {
            Relation::Equal => self.equal(id, left, right),
            Relation::NotEqual => self.equal(id, left, right).map(|equal| !equal),
            Relation::In => self.is_in(id, left, right),
            _ => {
                if let (Val::Text(left), Val::Text(right)) = (left, right) {
                    self.charge_bytes(left.len().min(right.len()), id)?;
                }
                match relational(left, right) {
                    Standing::Ordered(found) => Ok(stands(relation, found)),
                    // Not a number: nothing is less, equal or greater.
                    Standing::Unordered => Ok(false),
                    Standing::Unrelated => Err(self.fail(FailureKind::WrongType, id, || {
                        format!(
                            "`{}` does not work on {} and {}",
                            relation.sign(),
                            left.type_name().as_str(),
                            right.type_name().as_str()
                        )
                    })),
                }
            }
        }
    }

    #[inline(never)]
    fn in_texts(
        &self,
        id: OpId,
        node: &Node,
        left: OpId,
        set: u32,
        scope: Scope<'_, 'e>,
    ) -> Result<bool, Trouble> {
        self.charge(node.cost, id)?;
        let Some(set) = self.code.text_sets.get(set as usize) else {
            return Err(self.broken(id));
        };
        let text = if let Some(Json::String(text)) = self.json(left, scope) {
            text.as_str()
        } else {
            let Val::Text(text) = self.operand(left, scope)? else { return Ok(false) };
            text
        };
        self.charge_bytes(text.len(), id)?;
        if set.len() <= 8 {
            return Ok(set.iter().any(|known| **known == *text));
        }
        Ok(set.binary_search_by(|known| (**known).cmp(text)).is_ok())
    }

    /// The text of an operand that must be text.
    #[inline]
    fn text(&self, id: OpId, scope: Scope<'_, 'e>) -> Result<&'e str, Trouble> {
        if let Some(Json::String(text)) = self.json(id, scope) {
            return Ok(text);
        }
        match self.operand(id, scope)? {
            Val::Text(text) => Ok(text),
            other => Err(self.wrong_type(id, "text", other)),
        }
    }

    #[inline(never)]
    fn contains_text(
        &self,
        id: OpId,
        node: &Node,
        left: OpId,
        finder: u32,
        scope: Scope<'_, 'e>,
    ) -> Result<bool, Trouble> {
        self.charge(node.cost, id)?;
        let text = self.text(left, scope)?;
        self.charge_bytes(text.len(), id)?;
        match self.code.finders.get(finder as usize) {
            Some(finder) => Ok(finder.find(text.as_bytes()).is_some()),
            None => Err(self.broken(id)),
        }
    }

    #[inline(never)]
    fn text_test(&self, id: OpId, node: &Node, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        self.charge(node.cost, id)?;
        match node.op {
            Op::MatchesPattern { left, pattern } => {
                let text = self.text(left, scope)?;
                self.charge_bytes(text.len(), id)?;
                let pattern = self.code.patterns.get(pattern as usize);
                pattern.map(|pattern| pattern.is_match(text)).ok_or_else(|| self.broken(id))
            }
            Op::StartsWith { left, constant } => {
                let text = self.text(left, scope)?;
                let part = self.constant_text(id, constant)?;
                Ok(text.starts_with(part))
            }
            Op::EndsWith { left, constant } => {
                let text = self.text(left, scope)?;
                let part = self.constant_text(id, constant)?;
                Ok(text.ends_with(part))
            }
            _ => Err(self.broken(id)),
        }
    }

    /// A constant text, and the price of comparing with it.
    #[inline]
    fn constant_text(&self, id: OpId, constant: u32) -> Result<&'e str, Trouble> {
        match self.code.constants.get(constant as usize) {
            Some(Value::Text(part)) => {
                self.charge_bytes(part.len(), id)?;
                Ok(part)
            }
            _ => Err(self.broken(id)),
        }
    }

    /// `all`, `exists` and `exists_one`.
    #[inline(never)]
    fn quantify(&self, id: OpId, number: u32, scope: Scope<'_, 'e>) -> Result<bool, Trouble> {
        let Some(parts) = self.code.loops.get(number as usize) else {
            return Err(self.broken(id));
        };
        let mut tally = Tally::default();
        // The usual list is walked where it is: copying each element would cost more than most conditions.
        if let Some(Json::Array(items)) = self.json(parts.range, scope)
            && !parts.pairs
        {
            for item in items {
                let frame = Frame { first: Val::of_json(item), second: Val::Null, outer: scope };
                if let Some(answer) = self.quantify_step(id, parts, &frame, &mut tally)? {
                    return Ok(answer);
                }
            }
            return tally.answer(parts.kind);
        }
        let range = self.operand(parts.range, scope)?;
        let elements = self.elements(id, parts, range)?;
        for position in 0..elements.len() {
            let (first, second) = elements.get(position);
            let frame = Frame { first, second, outer: scope };
            if let Some(answer) = self.quantify_step(id, parts, &frame, &mut tally)? {
                return Ok(answer);
            }
        }
        tally.answer(parts.kind)
    }

    /// One time around: the answer, if this element decides it.
    #[inline]
    fn quantify_step(
        &self,
        id: OpId,
        parts: &LoopParts,
        frame: &Frame<'_, 'e>,
        tally: &mut Tally,
    ) -> Result<Option<bool>, Trouble> {
        self.charge(parts.step_cost, id)?;
        match (parts.kind, self.decide(parts.body, Some(frame))) {
            (Loop::ExistsOne, holds) => {
                tally.count = tally.count.saturating_add(usize::from(holds?));
            }
            (Loop::All, Ok(false)) => return Ok(Some(false)),
            (Loop::Exists, Ok(true)) => return Ok(Some(true)),
            (_, Ok(_)) => {}
            (_, Err(trouble)) if trouble.kind == FailureKind::Budget => return Err(trouble),
            (_, Err(trouble)) => tally.failed = tally.failed.or(Some(trouble)),
        }
        Ok(None)
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

impl Tally {
    /// The answer where no element decided it.
    fn answer(self, kind: Loop) -> Result<bool, Trouble> {
        if kind == Loop::ExistsOne {
            return Ok(self.count == 1);
        }
        self.failed.map_or(Ok(kind == Loop::All), Err)
    }
}

/// The order that `<` and its like see. They take 2^63 as a double for the largest int, as the specification's tests
/// ask; everywhere else numbers are compared exactly.
fn relational(left: Val<'_>, right: Val<'_>) -> Standing {
    const INT_END: f64 = 9_223_372_036_854_775_808.0;
    match (left, right) {
        (Val::Int(i64::MAX), Val::Double(INT_END)) | (Val::Double(INT_END), Val::Int(i64::MAX)) => {
            Standing::Ordered(Ordering::Equal)
        }
        _ => order(left, right),
    }
}

/// Whether an order is what the relation asks for.
const fn stands(relation: Relation, order: Ordering) -> bool {
    match relation {
        Relation::Equal | Relation::In => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
        Relation::Less => order.is_lt(),
        Relation::LessEqual => order.is_le(),
        Relation::Greater => order.is_gt(),
        Relation::GreaterEqual => order.is_ge(),
    }
}
