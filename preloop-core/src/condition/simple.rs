//! A `simple` condition: what it looks at, what it asks, and how the question is answered.
//!
//! A missing field equals null, yet an allow rule does not take it for an answer unless it asks about null.
//! Text that is a JSON number is one in orderings against a number; nothing else converts.

use std::cmp::Ordering;

use super::subject::{Found, Subject};
use crate::cel::ast::Relation;
use crate::cel::lib::text::Needle;
use crate::cel::value::{Items, Standing, Val, from_json, order, scalar_equal};
use crate::cel::{
    self, ArgPath, Asked, Environment, Found as _, Fuel, Input, PathTable, Place, Problem,
    Questions, Reader, Reading, Span, TextTest, Tri,
};
use crate::decision::Action;

/// Scanned bytes that cost one unit of the budget.
const BYTES_PER_UNIT: u64 = 16;
/// Units that the field, the literal and the test cost.
const NODES: u64 = 3;

/// One comparison or text test of one field, or a constant.
#[derive(Clone, Debug)]
pub(super) struct Simple {
    pub(super) question: Question,
    /// The whole text.
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Question {
    Constant(bool),
    Field { subject: Subject, test: Test, span: Span },
}

/// What is asked of the field.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Compare {
        relation: Relation,
        literal: Literal,
    },
    /// A text function; `contains` also asks for a member of a list.
    Text(TextTest),
    /// `contains` with something else than text: a member of a list.
    HasMember(Literal),
}

#[derive(Clone, Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFunction {
    Contains,
    StartsWith,
    EndsWith,
    Matches,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The field is missing; the number tells which key of the path.
    Missing(usize),
    /// What should hold the field is no object; the number tells which key was asked for.
    NotAnObject(usize),
    /// Null where text is meant.
    Null,
    /// A list or object where one value is meant.
    Compound,
    /// Another type than the test is for.
    WrongType,
    /// Text that is no JSON number, in an ordering against a number.
    NotANumber,
    /// A list has no such member, but a member that contains the text.
    PartOfMember,
    /// The budget ran out.
    Budget,
}

// === impl Simple ===

impl Simple {
    pub(super) const fn constant_of(value: bool, span: Span) -> Self {
        Self { question: Question::Constant(value), span }
    }

    pub(super) const fn new(subject: Subject, test: Test, span: Span, path: Span) -> Self {
        Self { question: Question::Field { subject, test, span: path }, span }
    }

    /// The same with its places moved.
    pub(super) fn moved(mut self, to: impl Fn(Span) -> Span) -> Self {
        self.span = to(self.span);
        if let Question::Field { span, .. } = &mut self.question {
            *span = to(*span);
        }
        self
    }

    /// Asks the checker of CEL whether the tool's schema knows the argument.
    pub(super) fn check(&self, environment: &Environment) -> Result<(), Vec<Problem>> {
        let Question::Field { subject: Subject::Argument(path), span, .. } = &self.question else {
            return Ok(());
        };
        if environment.schema.is_none() {
            return Ok(());
        }
        let read = format!("dyn({path}) == null");
        cel::compile(&read, environment).map(drop).map_err(|mut problems| {
            for problem in &mut problems {
                problem.span = *span;
            }
            problems
        })
    }

    pub(super) const fn constant(&self) -> Option<bool> {
        match self.question {
            Question::Constant(value) => Some(value),
            Question::Field { .. } => None,
        }
    }

    pub(super) const fn arg_path(&self) -> Option<&ArgPath> {
        match &self.question {
            Question::Field { subject: Subject::Argument(path), .. } => Some(path),
            Question::Field { .. } | Question::Constant(_) => None,
        }
    }

    /// The argument that is read, and what is looked at of it.
    pub(super) fn reading(&self) -> Option<(&ArgPath, Reading)> {
        let Question::Field { subject: Subject::Argument(path), test, .. } = &self.question else {
            return None;
        };
        let mut reading = Reading::value();
        if matches!(test, Test::Text(TextTest::Contains(_)) | Test::HasMember(_)) {
            reading.merge(Reading::of_items(Reading::value()));
        }
        Some((path, reading))
    }

    pub(super) fn text_search(&self) -> Option<(&ArgPath, &str)> {
        match &self.question {
            Question::Field {
                subject: Subject::Argument(path),
                test: Test::Text(TextTest::Contains(needle)),
                ..
            } => Some((path, needle.text()?)),
            Question::Field { .. } | Question::Constant(_) => None,
        }
    }

    pub(super) fn share(&mut self, paths: &mut PathTable) {
        if let Question::Field { subject: Subject::Argument(path), .. } = &mut self.question {
            let slot = paths.slot(path);
            path.set_slot(slot);
        }
    }

    /// What is asked, where it is asked of an argument and answered at once for text or whole numbers.
    pub(super) fn questions(&self) -> Option<Questions> {
        let Question::Field { subject: Subject::Argument(path), test, .. } = &self.question else {
            return None;
        };
        let asked = match test {
            Test::Text(test) => Asked::Text(test.clone()),
            Test::Compare { relation: Relation::Equal, literal: Literal::Text(text) } => {
                Asked::Text(TextTest::Equals(text.clone()))
            }
            Test::Compare { relation: Relation::NotEqual, literal: Literal::Text(text) } => {
                Asked::Text(TextTest::Differs(text.clone()))
            }
            Test::Compare { relation, literal: Literal::Int(value) } => {
                Asked::Int { relation: *relation, value: *value }
            }
            Test::Compare { .. } | Test::HasMember(_) => return None,
        };
        Some(Questions::one(path.slot(), asked, NODES))
    }

    #[inline]
    pub(super) fn test<'e, P: Place<'e>>(
        &self,
        action: Action,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
        fuel: &mut Fuel,
    ) -> Tri {
        let mut left = fuel.left();
        // Nearly every call: text, which is looked at where it lies.
        let answer = match self.asked_of_text(reader) {
            Some((asked, text)) => {
                spend(&mut left, NODES).and_then(|()| asked.of_text(text, &mut left))
            }
            None => self.answer(action, input(), &mut left),
        };
        fuel.settle(left, answer == Err(Fault::Budget));
        match answer {
            Ok(true) => Tri::True,
            Ok(false) => Tri::False,
            Err(_) => Tri::Error,
        }
    }

    /// What is asked, and the text of which it is asked, where it is asked of an argument that is text.
    #[inline]
    fn asked_of_text<'e, P: Place<'e>>(
        &self,
        reader: &mut Reader<'e, P>,
    ) -> Option<(&Test, &'e str)> {
        match &self.question {
            Question::Field { subject: Subject::Argument(path), test, .. } => {
                Some((test, reader.find(path)?.text()?))
            }
            Question::Field { .. } | Question::Constant(_) => None,
        }
    }

    #[inline(never)]
    pub(super) fn answer(
        &self,
        action: Action,
        input: &Input<'_>,
        fuel: &mut u64,
    ) -> Result<bool, Fault> {
        spend(fuel, NODES)?;
        match &self.question {
            Question::Constant(value) => Ok(*value),
            Question::Field { subject, test, .. } => {
                test.of_found(subject.read(input), action, fuel)
            }
        }
    }
}

// === impl Test ===

impl Test {
    fn of_missing(&self, action: Action, key: usize) -> Result<bool, Fault> {
        match self {
            Self::Compare { relation, literal } => match (literal, relation) {
                (Literal::Null, _) => Ok(*relation == Relation::Equal),
                _ if action == Action::Allow => Err(Fault::Missing(key)),
                _ => Ok(*relation == Relation::NotEqual),
            },
            Self::Text(_) | Self::HasMember(_) => Err(Fault::Missing(key)),
        }
    }

    fn of_found(&self, found: Found<'_>, action: Action, fuel: &mut u64) -> Result<bool, Fault> {
        match found {
            Found::Value(Val::Text(text)) => self.of_text(text, fuel),
            Found::Value(value) => self.of_value(value, fuel),
            Found::Missing(key) => self.of_missing(action, key),
            Found::NotAnObject(key) => Err(Fault::NotAnObject(key)),
        }
    }

    #[inline]
    fn of_text(&self, text: &str, fuel: &mut u64) -> Result<bool, Fault> {
        let scanned = match self {
            Self::Text(TextTest::Matches(pattern)) => pattern.scanned(text),
            _ => text.len(),
        };
        scan(fuel, scanned)?;
        match self {
            Self::Compare { relation: Relation::Equal, literal: Literal::Text(wanted) } => {
                Ok(*text == **wanted)
            }
            Self::Compare { relation: Relation::NotEqual, literal: Literal::Text(wanted) } => {
                Ok(*text != **wanted)
            }
            Self::Compare { relation, literal } => compare(Val::Text(text), *relation, literal),
            Self::Text(asked) => Ok(asked.holds(text)),
            Self::HasMember(_) => Err(Fault::WrongType),
        }
    }

    /// The answer for everything but text.
    #[inline(never)]
    fn of_value(&self, value: Val<'_>, fuel: &mut u64) -> Result<bool, Fault> {
        match (self, value.items()) {
            (Self::Compare { relation, literal }, _) => compare(value, *relation, literal),
            (Self::Text(TextTest::Contains(needle)), Some(items)) => has_text(items, needle, fuel),
            (Self::HasMember(literal), Some(items)) => has_member(items, literal, fuel),
            _ => Err(match value {
                Val::Null => Fault::Null,
                other if is_compound(other) => Fault::Compound,
                _ => Fault::WrongType,
            }),
        }
    }
}

fn compare(value: Val<'_>, relation: Relation, literal: &Literal) -> Result<bool, Fault> {
    let wanted = literal.value();
    if matches!(relation, Relation::Equal | Relation::NotEqual) {
        // Asking about null means asking whether there is something, of whatever type.
        if is_compound(value) && !matches!(literal, Literal::Null) {
            return Err(Fault::Compound);
        }
        let is_equal = scalar_equal(value, wanted).unwrap_or(false);
        return Ok(is_equal == (relation == Relation::Equal));
    }
    let Some(found) = ordering(value, wanted)? else { return Ok(false) };
    Ok(match relation {
        Relation::Less => found == Ordering::Less,
        Relation::LessEqual => found != Ordering::Greater,
        Relation::Greater => found == Ordering::Greater,
        Relation::GreaterEqual => found != Ordering::Less,
        Relation::Equal | Relation::NotEqual | Relation::In => return Err(Fault::WrongType),
    })
}

/// How the value stands to the literal; none for null, which has no order.
fn ordering(value: Val<'_>, wanted: Val<'_>) -> Result<Option<Ordering>, Fault> {
    let (value, wanted) = match (value, wanted) {
        (Val::Null, _) => return Ok(None),
        (Val::Text(text), wanted) if is_number(wanted) => (number_in(text)?, wanted),
        (value, Val::Text(text)) if is_number(value) => (value, number_in(text)?),
        pair => pair,
    };
    if is_compound(value) {
        return Err(Fault::Compound);
    }
    match order(value, wanted) {
        Standing::Ordered(ordering) => Ok(Some(ordering)),
        // Only what is no number (NaN) has no order.
        Standing::Unordered => Err(Fault::NotANumber),
        Standing::Unrelated => Err(Fault::WrongType),
    }
}

/// Text that is a number in JSON's own spelling; everything else is no number.
fn number_in(text: &str) -> Result<Val<'static>, Fault> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return Err(Fault::NotANumber);
    }
    let number: serde_json::Number = serde_json::from_str(text).map_err(|_| Fault::NotANumber)?;
    Ok(from_json(&number))
}

/// A text among a list's members: a member, or part of one, which is no clear answer.
fn has_text(items: Items<'_>, needle: &Needle, fuel: &mut u64) -> Result<bool, Fault> {
    let wanted = needle.text();
    let mut unclear = None;
    for item in items.iter() {
        spend(fuel, 1)?;
        match item {
            Val::Text(text) => {
                scan(fuel, text.len())?;
                if Some(text) == wanted {
                    return Ok(true);
                }
                if needle.is_in(text) {
                    unclear = unclear.or(Some(Fault::PartOfMember));
                }
            }
            other if is_compound(other) => unclear = unclear.or(Some(Fault::Compound)),
            _ => {}
        }
    }
    unclear.map_or(Ok(false), Err)
}

fn has_member(items: Items<'_>, literal: &Literal, fuel: &mut u64) -> Result<bool, Fault> {
    let wanted = literal.value();
    let mut unclear = None;
    for item in items.iter() {
        spend(fuel, 1)?;
        if is_compound(item) {
            unclear = Some(Fault::Compound);
        } else if scalar_equal(item, wanted) == Some(true) {
            return Ok(true);
        }
    }
    unclear.map_or(Ok(false), Err)
}

fn is_compound(value: Val<'_>) -> bool {
    value.items().is_some() || value.is_map()
}

const fn is_number(value: Val<'_>) -> bool {
    matches!(value, Val::Int(_) | Val::Uint(_) | Val::Double(_))
}

pub(super) fn can_search(text: &str, mut fuel: u64) -> bool {
    spend(&mut fuel, NODES).and_then(|()| scan(&mut fuel, text.len())).is_ok()
}

fn spend(fuel: &mut u64, units: u64) -> Result<(), Fault> {
    *fuel = fuel.checked_sub(units).ok_or(Fault::Budget)?;
    Ok(())
}

fn scan(fuel: &mut u64, bytes: usize) -> Result<(), Fault> {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    spend(fuel, bytes.checked_div(BYTES_PER_UNIT).unwrap_or(0))
}

// === impl Literal ===

impl Literal {
    pub(super) fn value(&self) -> Val<'_> {
        match self {
            Self::Null => Val::Null,
            Self::Bool(value) => Val::Bool(*value),
            Self::Int(value) => Val::Int(*value),
            Self::Uint(value) => Val::Uint(*value),
            Self::Double(value) => Val::Double(*value),
            Self::Text(value) => Val::Text(value),
        }
    }
}

// === impl TextFunction ===

impl TextFunction {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Contains, Self::StartsWith, Self::EndsWith, Self::Matches]
            .into_iter()
            .find(|function| function.as_str() == name)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Matches => "matches",
        }
    }
}
