//! A compiled expression, ready to be evaluated any number of times, from any thread.

mod aggregate;
mod arithmetic;
mod call;
mod equality;
mod fields;
mod loops;
mod machine;
mod notes;
mod question;
mod quick;
mod records;
mod truth;

use bumpalo::Bump;

use super::ast::Relation;
use super::code::{Code, Op, Question, Questions, Reading, TextTest};
use super::failure::{Failure, FailureKind, Trouble};
use super::fuel::Fuel;
use super::input::Input;
use super::lower::Lowered;
use super::problem::Problem;
use super::source::{ArgPath, PathTable};
use super::span::Span;
use super::types::Declared;
use super::value::{TypeName, Val, Value};
pub(crate) use machine::{Arena, Machine};
pub use notes::Truths;
pub(crate) use notes::{Notes, kept_alone};
pub(crate) use quick::{AskedFor, Found, InObject, Place, Reader};
use quick::{Quick, Walk};

/// A compiled expression. It never changes, so threads can share it.
#[derive(Debug)]
pub struct Program {
    source: Box<str>,
    code: Code,
    result: Declared,
    warnings: Vec<Problem>,
}

/// What a condition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tri {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It has no answer; [`Program::failure`] tells why.
    Error,
}

/// A sub-expression that an evaluation looked at, and what it gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The sub-expression.
    pub span: Span,
    /// Its value, or how it failed.
    pub outcome: Result<serde_json::Value, FailureKind>,
}

impl From<bool> for Tri {
    #[inline]
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Program {
    pub(crate) fn new(source: &str, lowered: Lowered) -> Self {
        Self {
            source: source.into(),
            code: lowered.code,
            result: lowered.result,
            warnings: lowered.warnings,
        }
    }

    /// The expression's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The answer that the condition always has, if it depends on nothing.
    pub fn constant(&self) -> Option<bool> {
        match self.code.constant(self.code.root) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// The arguments that the expression reads; an empty path where it uses `args` as a whole.
    pub fn arg_paths(&self) -> impl Iterator<Item = &ArgPath> {
        self.code.paths.iter()
    }

    /// The arguments that the expression reads, and what it looks at of each.
    pub fn readings(&self) -> impl Iterator<Item = (&ArgPath, Reading)> {
        self.code.paths.iter().zip(self.code.readings())
    }

    /// The type of the result, as far as it is known.
    pub fn result_type(&self) -> &Declared {
        &self.result
    }

    /// What is odd about the expression though nothing is wrong with it.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The most that an evaluation can cost, whatever the arguments are; none where the cost grows with them. Reads the
    /// text anew, so it is for checks and not for calls.
    pub fn cost_bound(&self) -> Option<u64> {
        super::cost::bound(&super::parse::parse(&self.source).ok()?)
    }

    /// Shares path slots with the other programs of the table.
    pub fn share_paths(&mut self, table: &mut PathTable) {
        for path in &mut self.code.paths {
            let slot = table.slot(path);
            path.set_slot(slot);
        }
        for name in &mut self.code.names {
            name.set_number(table.number(name));
        }
        let asked = self.code.nodes.iter().filter_map(|node| match node.op {
            Op::Compare { relation: Relation::In, left, .. } => self.code.constant(left),
            _ => None,
        });
        for key in asked {
            if let Value::Text(key) = key {
                table.number(key);
            }
        }
    }

    /// The text that the whole condition looks for in one argument, if that is all it does.
    ///
    /// Many rules of this shape can share one pass over the argument.
    pub fn contains_literal(&self) -> Option<(&ArgPath, &str)> {
        let Op::Test(number) = self.code.nodes.get(self.code.root as usize)?.op else {
            return None;
        };
        let test = self.code.tests.get(number as usize)?;
        let Question::Text(TextTest::Contains(needle)) = &test.question else { return None };
        Some((self.code.paths.get(test.path as usize)?, needle.text()?))
    }

    /// What the condition asks of arguments, if that is all it does.
    pub(crate) fn questions(&self) -> Option<Questions> {
        Questions::of(&self.code)
    }

    /// Whether the condition holds. Usual conditions allocate nothing.
    pub fn test(&self, input: &Input<'_>, fuel: &mut Fuel) -> Tri {
        match input.args.object() {
            Some(object) => self.test_at(InObject(object), input, fuel),
            None => self.test_at(AskedFor(input.args), input, fuel),
        }
    }

    #[inline]
    fn test_at<'e>(&'e self, place: impl Place<'e>, input: &'e Input<'e>, fuel: &mut Fuel) -> Tri {
        match quick::single(&self.code, place, fuel.left()) {
            Some((holds, left)) => {
                fuel.settle(left, false);
                Tri::from(holds)
            }
            None => self.test_in(&mut Reader::new(place), &|| input, fuel),
        }
    }

    /// The same for a condition that shares what it reads of the arguments with others. The whole input is asked for
    /// where the condition does more than ask things of arguments.
    #[inline(never)]
    pub(crate) fn test_in<'e, P: Place<'e>>(
        &'e self,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
        fuel: &mut Fuel,
    ) -> Tri {
        let (answer, left) = match &self.code.inquiry {
            Some(inquiry) => inquiry.answer(&self.code, reader, fuel.left()),
            None => self.walk_quickly(*reader, input(), fuel.left()),
        };
        if answer == Quick::Unsure {
            return self.test_with_care(input(), fuel);
        }
        fuel.settle(left, false);
        Tri::from(answer == Quick::True)
    }

    /// The same condition, evaluated operation by operation.
    #[cfg(test)]
    pub(crate) fn without_inquiry(mut self) -> Self {
        self.code.inquiry = None;
        self
    }

    #[cfg(test)]
    pub(crate) const fn has_inquiry(&self) -> bool {
        self.code.inquiry.is_some()
    }

    #[inline(never)]
    fn walk_quickly<'e, P: Place<'e>>(
        &'e self,
        reader: Reader<'e, P>,
        input: &'e Input<'e>,
        fuel: u64,
    ) -> (Quick, u64) {
        if !self.code.nodes.get(self.code.root as usize).is_some_and(|root| root.quick) {
            return (Quick::Unsure, fuel);
        }
        let mut walk = Walk::new(&self.code, input, reader, fuel);
        let answer = walk.holds(self.code.root, None);
        (answer, walk.fuel)
    }

    /// The same where the short way gives up, or there is none.
    #[inline(never)]
    fn test_with_care(&self, input: &Input<'_>, fuel: &mut Fuel) -> Tri {
        let arena = Arena::new();
        let machine = Machine::new(&self.code, input, &arena, fuel.left());
        let answer = machine.holds(self.code.root, None);
        let spent_out = answer == Tri::Error && machine.trouble().kind == FailureKind::Budget;
        fuel.settle(machine.fuel_left(), spent_out);
        answer
    }

    /// Why the condition has no answer for this input; none if it has one. Evaluates it again, slowly.
    pub fn failure(&self, input: &Input<'_>, fuel_limit: u64) -> Option<Failure> {
        let arena = Arena::new();
        let fuel = Fuel::new(fuel_limit).left();
        let notes = Notes::new(&self.source);
        let machine = Machine::new(&self.code, input, &arena, fuel).with_notes(&notes);
        let trouble = machine.decide(self.code.root, None).err()?;
        Some(explain(&machine, trouble))
    }

    /// Each sub-expression that an evaluation looks at, in order, with what it gave.
    pub fn trace(&self, input: &Input<'_>, fuel_limit: u64) -> Vec<Step> {
        let arena = Arena::new();
        let fuel = Fuel::new(fuel_limit).left();
        let notes = Notes::new(&self.source);
        let machine = Machine::new(&self.code, input, &arena, fuel).with_notes(&notes);
        notes.keep_steps();
        let _ = machine.value(self.code.root, None);
        let kept = notes.take_steps();
        let step = |(id, outcome)| Step { span: self.code.span(id), outcome };
        kept.into_iter().map(step).collect()
    }

    /// Which answers each sub-expression gives that an evaluation looks at; none is left out, however many steps it takes.
    pub fn truths(&self, input: &Input<'_>, fuel_limit: u64) -> Vec<(Span, Truths)> {
        let arena = Arena::new();
        let fuel = Fuel::new(fuel_limit).left();
        let notes = Notes::new(&self.source);
        let machine = Machine::new(&self.code, input, &arena, fuel).with_notes(&notes);
        notes.keep_truths(self.code.nodes.len());
        let _ = machine.decide(self.code.root, None);
        let spans = self.code.nodes.iter().map(|node| node.span);
        spans.zip(notes.take_truths()).filter(|(_, truths)| truths.was_asked()).collect()
    }

    /// The value of the expression, which need not be true or false.
    pub fn evaluate(&self, input: &Input<'_>, fuel_limit: u64) -> Result<Value, Failure> {
        let arena = Arena::new();
        let fuel = Fuel::new(fuel_limit).left();
        let notes = Notes::new(&self.source);
        let machine = Machine::new(&self.code, input, &arena, fuel).with_notes(&notes);
        match machine.value(self.code.root, None) {
            Ok(value) => to_owned(value, super::value::VALUE_DEPTH_MAX).ok_or_else(|| Failure {
                kind: FailureKind::TooLarge,
                message: "the result nests too deep".to_owned(),
                span: self.code.span(self.code.root),
                path: None,
            }),
            Err(trouble) => Err(explain(&machine, trouble)),
        }
    }
}

/// A failure in words, from the notes that were taken.
pub(crate) fn explain(machine: &Machine<'_>, trouble: Trouble) -> Failure {
    let said = machine.notes.and_then(|notes| notes.said(trouble));
    let (message, path) = match said {
        Some(said) => (said.message, said.path),
        None => (trouble.kind.describe().to_owned(), None),
    };
    let span = machine.code.span(trouble.at);
    let path = path.or_else(|| {
        let source = machine.notes.map_or("", |notes| notes.source);
        let text = span.text(source);
        let is_path = trouble.kind == FailureKind::NoSuchKey
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._[]'\"?".contains(&byte));
        is_path.then(|| super::problem::cut(text))
    });
    Failure { kind: trouble.kind, message, span, path }
}

/// The value as one of its own; none if it nests deeper than values may.
fn to_owned(value: Val<'_>, levels: usize) -> Option<Value> {
    let levels = levels.checked_sub(1)?;
    // Loops rather than iterators: their frames are small, and this is as deep as values may be.
    if let Some(items) = value.items() {
        let mut owned = Vec::with_capacity(items.len());
        for position in 0..items.len() {
            owned.push(to_owned(items.get(position)?, levels)?);
        }
        return Some(Value::List(owned));
    }
    if value.type_name() == TypeName::Map {
        let arena = Bump::new();
        let entries = super::value::entries_of(value, &arena)?;
        let mut owned = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            owned.push((to_owned(*key, levels)?, to_owned(*value, levels)?));
        }
        return Some(Value::Map(owned));
    }
    Some(match value {
        Val::Bool(value) => Value::Bool(value),
        Val::Int(value) => Value::Int(value),
        Val::Uint(value) => Value::Uint(value),
        Val::Double(value) => Value::Double(value),
        Val::Text(value) => Value::Text(value.into()),
        Val::Bytes(value) => Value::Bytes(value.into()),
        Val::Timestamp(value) => Value::Timestamp(value),
        Val::Duration(value) => Value::Duration(value),
        Val::Ip(value) => Value::Ip(value),
        Val::Cidr(value) => Value::Cidr(value),
        Val::Type(value) => Value::Type(value),
        Val::Optional(None) => Value::Optional(None),
        Val::Optional(Some(inner)) => Value::Optional(Some(Box::new(to_owned(*inner, levels)?))),
        _ => Value::Null,
    })
}
