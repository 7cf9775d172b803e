//! What an expression costs at worst, as far as its text says: whatever grows with the arguments has no such bound, and
//! is stopped by the budget when it runs.

use super::ast::{Arithmetic, Comprehension, Expr, Id, Loop, Relation, Run, Tree};
use super::value::Value;

/// An operation is paid for beside each of its operands, a step of a macro beside what is inside.
const STEP: u64 = 3;

/// Functions that cost what they are called, whatever they are called with.
const FLAT: [&str; 22] = [
    "family",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "hasValue",
    "isGlobalUnicast",
    "isLoopback",
    "isUnspecified",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.round",
    "math.trunc",
    "prefixLength",
    "type",
];

/// Functions that look at their operands once.
const SCANS: [&str; 5] = ["contains", "double", "int", "size", "uint"];

/// The cost of a sub-expression, and the most that its value may cost to be looked at once: none where that is up to
/// the arguments.
#[derive(Clone, Copy, Debug)]
struct Bound {
    cost: u64,
    size: Option<u64>,
    /// How many elements a list has that is written out, and the size of the largest.
    items: Option<(u64, Option<u64>)>,
}

impl Bound {
    const fn of(cost: u64, size: Option<u64>) -> Self {
        Self { cost, size, items: None }
    }

    const fn add(self, cost: u64) -> Self {
        Self { cost: self.cost.saturating_add(cost), ..self }
    }
}

/// The most that evaluating the tree can cost; none where it grows with the arguments.
pub(super) fn bound(tree: &Tree<'_>) -> Option<u64> {
    Reader { tree, locals: Vec::new() }.read(tree.root).map(|bound| bound.cost)
}

struct Reader<'t, 's> {
    tree: &'t Tree<'s>,
    /// The variables of macros, with the size of their values.
    locals: Vec<(&'s str, Option<u64>)>,
}

impl<'s> Reader<'_, 's> {
    /// Height of the tree, and so of this recursion, is bounded by the parser.
    fn read(&mut self, id: Id) -> Option<Bound> {
        match self.tree.node(id)? {
            Expr::Literal(number) => {
                let bytes = match self.tree.literal(number)? {
                    Value::Text(text) => units(text.len()),
                    Value::Bytes(bytes) => units(bytes.len()),
                    _ => 0,
                };
                Some(Bound::of(1, Some(bytes)))
            }
            // Reading the calls of a session makes a record of each; how entries are compared is up to their keys.
            Expr::Name { name: "session", .. } | Expr::Map(_) | Expr::OptionalMap { .. } => None,
            Expr::Name { name, .. } => {
                let local = self.locals.iter().rev().find(|local| local.0 == name);
                Some(Bound::of(1, local.and_then(|local| local.1)))
            }
            Expr::Select { base, .. } | Expr::Has { base, .. } => {
                Some(Bound::of(self.read(base)?.cost, None).add(1))
            }
            Expr::Index { base, index, .. } => {
                let base = self.read(base)?.cost;
                Some(Bound::of(self.read(index)?.cost, None).add(base).add(1))
            }
            Expr::Call { target, function, arguments, .. } => {
                self.call(target, function, arguments)
            }
            Expr::Not(operand) | Expr::Negate(operand) => {
                Some(Bound::of(self.read(operand)?.cost, Some(1)).add(1))
            }
            Expr::And(run) | Expr::Or(run) => Some(Bound::of(self.all(run)?.cost, Some(1)).add(1)),
            Expr::Chain { operands, signs } => self.chain(operands, signs),
            Expr::Relation { relation, left, right } => self.relation(relation, left, right),
            Expr::Conditional { condition, then, otherwise } => {
                let condition = self.read(condition)?;
                let (then, otherwise) = (self.read(then)?, self.read(otherwise)?);
                let size = then.size.zip(otherwise.size).map(|(then, other)| then.max(other));
                let cost = condition.cost.saturating_add(then.cost).saturating_add(otherwise.cost);
                Some(Bound::of(cost, size).add(1))
            }
            Expr::List(run) => {
                let all = self.all(run)?;
                let count = u64::from(run.len);
                let size = all.size.map(|size| size.saturating_add(count));
                Some(Bound { size, ..all.add(count).add(1) })
            }
            Expr::Comprehension(number) => {
                let parts = *self.tree.comprehensions.get(number as usize)?;
                self.comprehension(parts)
            }
            Expr::Bind { name, value, body } => {
                let value = self.read(value)?;
                self.locals.push((name, value.size));
                let body = self.read(body);
                self.locals.pop();
                Some(body?.add(value.cost).add(1))
            }
        }
    }

    /// All operands together.
    fn all(&mut self, run: Run) -> Option<Bound> {
        let ids: Vec<Id> = self.tree.run(run).to_vec();
        let mut all = Bound::of(0, Some(0));
        let mut largest = Some(0);
        for id in ids {
            let operand = self.read(id)?;
            let size = all.size.zip(operand.size).map(|(all, one)| all.saturating_add(one));
            largest = largest.zip(operand.size).map(|(most, one)| most.max(one));
            all = Bound::of(all.cost.saturating_add(operand.cost), size);
        }
        Some(Bound { items: Some((u64::from(run.len), largest)), ..all })
    }

    fn chain(&mut self, operands: Run, signs: u32) -> Option<Bound> {
        let all = self.all(operands)?;
        let first = signs as usize;
        let count = (operands.len as usize).saturating_sub(1);
        let signs = self.tree.signs.get(first..first.saturating_add(count))?;
        if !signs.contains(&Arithmetic::Add) {
            return Some(Bound::of(all.cost, Some(1)).add(1));
        }
        // What is added may be text or a list, and then it is made anew at each sign.
        let made = all.size?.saturating_mul(u64::from(operands.len));
        Some(Bound::of(all.cost, all.size).add(made).add(1))
    }

    fn relation(&mut self, relation: Relation, left: Id, right: Id) -> Option<Bound> {
        let (left, right) = (self.read(left)?, self.read(right)?);
        let looked_at = match (relation, left.size, right.size) {
            (Relation::In, Some(left), Some(right)) => {
                right.saturating_add(left.saturating_mul(right.saturating_add(1)))
            }
            (Relation::In, ..) | (_, None, None) => return None,
            (_, Some(left), Some(right)) => left.min(right),
            (_, Some(one), None) | (_, None, Some(one)) => one,
        };
        let cost = left.cost.saturating_add(right.cost).saturating_add(looked_at);
        Some(Bound::of(cost, Some(1)).add(1))
    }

    fn call(&mut self, target: Option<Id>, function: &str, arguments: Run) -> Option<Bound> {
        let is_namespace = target.is_some_and(|target| {
            matches!(self.tree.node(target), Some(Expr::Name { name: "math", .. }))
        });
        let full;
        let (target, function) = if is_namespace {
            full = format!("math.{function}");
            (None, full.as_str())
        } else {
            (target, function)
        };
        let with_text = matches!(self.tree.run(arguments), [only] if self.is_text(*only));
        let arguments = self.all(arguments)?;
        let target = match target {
            Some(target) => self.read(target)?,
            None => Bound::of(0, Some(0)),
        };
        let both = target.size.zip(arguments.size);
        let scanned = if FLAT.contains(&function) {
            // A zone, or nothing, is all that may stand behind those that are methods.
            arguments.size.or(is_namespace.then_some(1))?
        } else if matches!(function, "startsWith" | "endsWith") && with_text {
            arguments.size?
        } else if SCANS.contains(&function) {
            both.map(|(target, rest)| target.saturating_add(rest))?
        } else {
            return None;
        };
        let cost = target.cost.saturating_add(arguments.cost).saturating_add(scanned);
        Some(Bound::of(cost, Some(1)).add(1))
    }

    fn is_text(&self, id: Id) -> bool {
        let Some(Expr::Literal(number)) = self.tree.node(id) else { return false };
        matches!(self.tree.literal(number), Some(Value::Text(_)))
    }

    fn comprehension(&mut self, parts: Comprehension<'s>) -> Option<Bound> {
        if matches!(parts.kind, Loop::SortBy | Loop::TransformMap | Loop::TransformMapEntry) {
            return None;
        }
        let range = self.read(parts.range)?;
        let (count, element) = range.items?;
        let before = self.locals.len();
        self.locals.push((parts.first, element));
        self.locals.extend(parts.second.map(|second| (second, element)));
        let filter = parts.filter.map(|filter| self.read(filter));
        let body = self.read(parts.body);
        self.locals.truncate(before);
        let (filter, body) = (filter.map_or(Some(Bound::of(0, None)), |filter| filter)?, body?);
        let around = body.cost.saturating_add(filter.cost).saturating_add(STEP);
        let cost = range.cost.saturating_add(around.saturating_mul(count)).saturating_add(count);
        let size = match parts.kind {
            Loop::All | Loop::Exists | Loop::ExistsOne => Some(1),
            Loop::Filter => range.size,
            _ => body.size.map(|size| size.saturating_add(1).saturating_mul(count)),
        };
        let items = match parts.kind {
            Loop::Filter => range.items,
            Loop::Map => Some((count, body.size)),
            _ => None,
        };
        Some(Bound { cost, size, items }.add(1))
    }
}

/// What looking at so many bytes costs.
fn units(bytes: usize) -> u64 {
    u64::try_from(bytes >> 4).unwrap_or(u64::MAX).saturating_add(1)
}
