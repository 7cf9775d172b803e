//! What an expression looks at of each argument: a binding that has to carry values elsewhere carries no more.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Code, NEVER, Op, OpId, Question, Run};
use crate::cel::ast::{Loop, Relation};
use crate::cel::value::Value;

/// What is looked at of a value. What is not is never asked for: with all of the rest left out, every answer is the same.
///
/// That a value is there, and whether it is a list, an object or something else, is always looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The value itself, where it is neither list nor object.
    #[serde(skip_serializing_if = "is_false")]
    pub value: bool,
    /// How many items or entries there are.
    #[serde(skip_serializing_if = "is_false")]
    pub count: bool,
    /// Everything, whatever it is.
    #[serde(skip_serializing_if = "is_false")]
    pub all: bool,
    /// These fields of an object; in JSON a list of pairs, which has an order everywhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "pairs")]
    pub fields: BTreeMap<Box<str>, Self>,
    /// The keys of an object, and this of each value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Box<Self>>,
    /// This of each of a list's first items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Self>>,
    /// How many of its items; none for each of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn pairs<S: Serializer>(
    fields: &BTreeMap<Box<str>, Reading>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields)
}

impl Reading {
    pub(crate) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// What is looked at of a value that stands for itself.
    pub(crate) fn value() -> Self {
        Self { value: true, ..Self::default() }
    }

    /// This of each item of a list.
    pub(crate) fn of_items(item: Self) -> Self {
        Self { items: Some(Box::new(item)), ..Self::default() }
    }

    fn of_field(name: &str, field: Self) -> Self {
        Self { fields: BTreeMap::from([(name.into(), field)]), ..Self::default() }
    }

    /// Looks at what the other one looks at, too.
    pub(crate) fn merge(&mut self, other: Self) {
        self.value |= other.value;
        self.count |= other.count;
        self.all |= other.all;
        for (name, field) in other.fields {
            self.fields.entry(name).or_default().merge(field);
        }
        if let Some(value) = other.entries {
            self.entries.get_or_insert_default().merge(*value);
        }
        if let Some(item) = other.items {
            self.first = match (&self.items, self.first, other.first) {
                (None, _, first) => first,
                (Some(_), Some(first), Some(more)) => Some(first.max(more)),
                (Some(_), _, _) => None,
            };
            self.items.get_or_insert_default().merge(*item);
        }
    }
}

/// What is looked at of a macro's variables.
#[derive(Default)]
struct Variables {
    first: Reading,
    second: Reading,
}

impl Variables {
    /// All there is, where it is not known what.
    fn all() -> Self {
        Self { first: Reading::all(), second: Reading::all() }
    }
}

struct Walk<'c> {
    code: &'c Code,
    readings: Vec<Reading>,
    scopes: Vec<Variables>,
}

impl Code {
    /// What is looked at of each argument, in the order of [`Code::paths`].
    pub(crate) fn readings(&self) -> Vec<Reading> {
        let readings = self.paths.iter().map(|_| Reading::default()).collect();
        let mut walk = Walk { code: self, readings, scopes: Vec::new() };
        walk.look(self.root, Reading::value());
        walk.readings
    }
}

impl Walk<'_> {
    /// Takes down what an operation whose value is looked at in this way looks at. The nesting of code, and so of this
    /// recursion, is bounded by the parser.
    fn look(&mut self, id: OpId, wanted: Reading) {
        let code = self.code;
        let Some(node) = code.nodes.get(id as usize) else { return };
        match node.op {
            Op::Path { path, optional: NEVER } => self.argument(path, wanted),
            Op::Path { path, .. } => self.argument(path, Reading::all()),
            Op::HasPath { path, .. } => self.argument(path, Reading::default()),
            Op::ItemField { name } => {
                if let Some(name) = code.names.get(name as usize) {
                    self.variable(0, false, Reading::of_field(name, wanted));
                }
            }
            Op::Local { hops, second } => self.variable(hops, second, wanted),
            Op::Fields { base, names, optional: NEVER } => self.fields(base, names, wanted),
            Op::HasFields { base, names, optional: NEVER } => {
                self.fields(base, names, Reading::default());
            }
            Op::Fields { base, .. } | Op::HasFields { base, .. } => self.look(base, Reading::all()),
            Op::Size(operand) => {
                self.look(operand, Reading { count: true, ..Reading::value() });
            }
            Op::Not(operand) => self.look(operand, Reading::value()),
            Op::And(run) | Op::Or(run) => self.each(run, &Reading::value()),
            Op::Compare { relation, left, right } => self.compare(relation, left, right),
            Op::Test(number) => self.test(number),
            Op::Conditional { condition, then, otherwise } => {
                self.look(condition, Reading::value());
                self.look(then, wanted.clone());
                self.look(otherwise, wanted);
            }
            Op::Index { base, index, optional } => self.index(base, index, optional, wanted),
            Op::Loop(number) | Op::Quantifier(number) => self.macro_over(number, wanted),
            Op::Bind { value, body } => {
                self.scopes.push(Variables::default());
                self.look(body, wanted);
                let variables = self.scopes.pop().unwrap_or_else(Variables::all);
                self.look(value, variables.first);
            }
            Op::OptionalMap { target, body, .. } => {
                self.scopes.push(Variables::default());
                self.look(body, Reading::all());
                self.scopes.pop();
                self.look(target, Reading::all());
            }
            Op::Negate(operand) | Op::Widen(operand) => self.look(operand, Reading::all()),
            Op::Arithmetic { left, right, .. } => {
                self.look(left, Reading::all());
                self.look(right, Reading::all());
            }
            Op::Chain { operands: run, .. }
            | Op::List(run)
            | Op::Map(run)
            | Op::Call { arguments: run, .. } => self.each(run, &Reading::all()),
            Op::Const(_) | Op::Field(_) | Op::Record(_) | Op::Variable(_) | Op::Unknown => {}
        }
    }

    fn each(&mut self, run: Run, wanted: &Reading) {
        for operand in self.code.run(run) {
            self.look(*operand, wanted.clone());
        }
    }

    fn argument(&mut self, path: u32, wanted: Reading) {
        if let Some(reading) = self.readings.get_mut(path as usize) {
            reading.merge(wanted);
        }
    }

    fn variable(&mut self, hops: u16, second: bool, wanted: Reading) {
        let scope = self.scopes.iter_mut().rev().nth(usize::from(hops));
        if let Some(variables) = scope {
            if second { &mut variables.second } else { &mut variables.first }.merge(wanted);
        }
    }

    fn fields(&mut self, base: OpId, names: Run, wanted: Reading) {
        let names = self.code.names(names).iter().rev();
        let wanted = names.fold(wanted, |wanted, name| Reading::of_field(name, wanted));
        self.look(base, wanted);
    }

    fn compare(&mut self, relation: Relation, left: OpId, right: OpId) {
        let code = self.code;
        let plain = |id| code.constant(id).filter(|value| is_plain(value));
        let (left_constant, right_constant) = (plain(left), plain(right));
        match (relation, left_constant) {
            (Relation::In, Some(wanted)) => {
                let mut among = Reading::of_items(Reading::value());
                if let Value::Text(key) = wanted {
                    among.merge(Reading::of_field(key, Reading::default()));
                }
                self.look(right, among);
            }
            (Relation::In, None) => {
                self.look(left, Reading::all());
                self.look(right, Reading::all());
            }
            // What is neither list nor object is never equal to one, and has no order with one.
            _ if left_constant.is_some() || right_constant.is_some() => {
                self.look(left, Reading::value());
                self.look(right, Reading::value());
            }
            _ => {
                self.look(left, Reading::all());
                self.look(right, Reading::all());
            }
        }
    }

    fn test(&mut self, number: u32) {
        let Some(test) = self.code.tests.get(number as usize) else { return };
        let wanted = match &test.question {
            Question::Compare { value, .. } if !is_plain(value) => Reading::all(),
            _ => Reading::value(),
        };
        self.look(test.operand, wanted);
    }

    fn index(&mut self, base: OpId, index: OpId, optional: bool, wanted: Reading) {
        if optional {
            self.look(index, Reading::value());
            return self.look(base, Reading::all());
        }
        let position = match self.code.constant(index) {
            Some(Value::Int(position)) => u32::try_from(*position).ok(),
            _ => None,
        };
        let first = position.and_then(|position| position.checked_add(1));
        self.look(index, Reading::value());
        let entries = Some(Box::new(wanted.clone()));
        self.look(base, Reading { entries, first, ..Reading::of_items(wanted) });
    }

    fn macro_over(&mut self, number: u32, wanted: Reading) {
        let Some(parts) = self.code.loops.get(number as usize).copied() else { return };
        let mut variables = Variables::default();
        let body = match parts.kind {
            Loop::All | Loop::Exists | Loop::ExistsOne => Reading::value(),
            Loop::Filter => {
                let kept = if wanted.all { Reading::all() } else { item_of(wanted) };
                variables.first.merge(kept.clone());
                variables.second.merge(kept);
                Reading::value()
            }
            Loop::SortBy => {
                variables.first.merge(Reading::all());
                Reading::all()
            }
            Loop::Map | Loop::TransformMap | Loop::TransformMapEntry => Reading::all(),
        };
        self.scopes.push(variables);
        if let Some(filter) = parts.filter {
            self.look(filter, Reading::value());
        }
        self.look(parts.body, body);
        let Variables { first, second } = self.scopes.pop().unwrap_or_else(Variables::all);
        let (item, value) =
            if parts.pairs { (second.clone(), second) } else { (first, Reading::default()) };
        self.look(
            parts.range,
            Reading { entries: Some(Box::new(value)), ..Reading::of_items(item) },
        );
    }
}

/// What is looked at of the items of a list that is looked at in this way.
fn item_of(list: Reading) -> Reading {
    let mut item = list.items.map_or_else(Reading::default, |item| *item);
    if let Some(value) = list.entries {
        item.merge(*value);
    }
    item
}

/// Whether a value is neither list nor map, nor may hold one.
const fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_) | Value::Optional(_))
}
