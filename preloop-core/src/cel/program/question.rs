//! Tests of one operand against constants: asked of the JSON value where it lies, else of the operand's value.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::Tri;
use super::machine::{Machine, Scope};
use super::quick::{Quick, pay, pay_bytes};
use crate::cel::ast::Relation;
use crate::cel::code::{NO_PATH, Near, Node, OpId, Question, Test, TextTest};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::lib::text::size;
use crate::cel::value::{Items, Standing, Val, order, scalar_equal};

impl Test {
    /// The answer for a JSON value, without the fuel of [`Test::operand`] but for that of a size.
    #[inline]
    pub(super) fn of_json(&self, found: &Json, fuel: &mut u64) -> Quick {
        match (&self.question, found) {
            (Question::Text(TextTest::Contains(needle)), Json::String(text)) => {
                answer(pay_bytes(fuel, text.len()), || needle.is_in(text))
            }
            _ => self.of_other_json(found, fuel),
        }
    }

    #[inline(never)]
    fn of_other_json(&self, found: &Json, fuel: &mut u64) -> Quick {
        match (found, &self.question) {
            (Json::String(text), _) => self.of_text(text, fuel),
            (Json::Number(found), Question::Int { relation, value })
                if let Some(found) = found.as_i64() =>
            {
                Quick::from(relation.holds(found.cmp(value)))
            }
            (_, Question::Size { relation, value, cost }) => {
                let length = match found {
                    Json::Array(items) => items.len(),
                    Json::Object(entries) => entries.len(),
                    _ => return Quick::Unsure,
                };
                if !pay(fuel, *cost) {
                    return Quick::Unsure;
                }
                let length = i64::try_from(length).unwrap_or(i64::MAX);
                Quick::from(relation.holds(length.cmp(value)))
            }
            _ => self.of_value(Val::of_json(found), fuel),
        }
    }

    /// The answer for an argument that is neither text nor JSON, as [`Self::of_json`] gives it.
    #[inline(never)]
    pub(super) fn of_argument(&self, found: Val<'_>, fuel: &mut u64) -> Quick {
        match (found, &self.question) {
            (Val::Int(found), Question::Int { relation, value }) => {
                Quick::from(relation.holds(found.cmp(value)))
            }
            (_, Question::Size { relation, value, cost }) => {
                let length = found.items().map(Items::len).or_else(|| found.map_len());
                match length.map(i64::try_from) {
                    Some(Ok(length)) if pay(fuel, *cost) => {
                        Quick::from(relation.holds(length.cmp(value)))
                    }
                    _ => Quick::Unsure,
                }
            }
            _ => self.of_value(found, fuel),
        }
    }

    /// The answer for the value of the operand.
    #[inline(never)]
    pub(super) fn of_value(&self, found: Val<'_>, fuel: &mut u64) -> Quick {
        match (&self.question, found) {
            (Question::Int { relation, value } | Question::Size { relation, value, .. }, _) => {
                compare(found, *relation, Val::Int(*value), fuel)
            }
            (Question::Compare { relation, value }, _) => {
                compare(found, *relation, Val::of(value), fuel)
            }
            (_, Val::Text(text)) => self.of_text(text, fuel),
            (Question::Text(TextTest::Equals(_) | TextTest::OneOf(_)), _) => Quick::False,
            (Question::Text(TextTest::Differs(_)), _) => Quick::True,
            (Question::Text(_), _) => Quick::Unsure,
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "most questions are of text, and a call costs as much as asking"
    )]
    #[inline(always)]
    pub(super) fn of_text(&self, text: &str, fuel: &mut u64) -> Quick {
        if let Question::Text(test) = &self.question {
            return test.paid(text, |bytes| pay_bytes(fuel, bytes)).into();
        }
        self.of_other_text(text, fuel)
    }

    fn of_other_text(&self, text: &str, fuel: &mut u64) -> Quick {
        match &self.question {
            Question::Text(_) => Quick::Unsure,
            Question::Size { relation, value, cost } => {
                let paid = pay(fuel, *cost) && pay_bytes(fuel, text.len());
                answer(paid, || relation.holds(size(text).cmp(value)))
            }
            Question::Int { relation, value } => {
                compare(Val::Text(text), *relation, Val::Int(*value), fuel)
            }
            Question::Compare { relation, value } => {
                compare(Val::Text(text), *relation, Val::of(value), fuel)
            }
        }
    }
}

/// The answer to a question that was paid for.
#[inline]
fn answer(paid: bool, holds: impl FnOnce() -> bool) -> Quick {
    if paid { Quick::from(holds()) } else { Quick::Unsure }
}

impl<'e> Machine<'e> {
    /// Asks a question of its operand.
    #[inline(never)]
    pub(super) fn test(&self, id: OpId, node: &Node, number: u32, scope: Scope<'_, 'e>) -> Tri {
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        let Some(asked) = self.code.tests.get(number as usize) else { return self.damaged(id) };
        if let Some(found) = self.near(asked, scope)
            && let Some(answer) = self.ask(|fuel| asked.of_json(found, fuel))
        {
            return answer;
        }
        self.ask_operand(id, asked, scope)
    }

    /// A question with an answer; one without costs nothing, since it is asked again the long way.
    #[inline]
    fn ask(&self, question: impl FnOnce(&mut u64) -> Quick) -> Option<Tri> {
        let mut fuel = self.fuel_left();
        let answer = match question(&mut fuel) {
            Quick::True => Tri::True,
            Quick::False => Tri::False,
            Quick::Unsure => return None,
        };
        self.set_fuel(fuel);
        Some(answer)
    }

    /// The JSON value in a place, for those that usually have one; none says nothing but "go the long way".
    #[inline]
    fn near(&self, asked: &Test, scope: Scope<'_, 'e>) -> Option<&'e Json> {
        if self.notes.is_some() {
            return None;
        }
        if asked.path != NO_PATH {
            return self.json_path(asked.path);
        }
        match asked.near {
            Near::ItemField(name) => self.json_field(name, scope),
            Near::Item => scope?.json,
            Near::Nowhere => None,
        }
    }

    /// The same question, asked of the operand's value, and what is wrong where there is no answer.
    #[inline(never)]
    fn ask_operand(&self, id: OpId, asked: &'e Test, scope: Scope<'_, 'e>) -> Tri {
        let value = match self.operand(asked.operand, scope) {
            Ok(value) => value,
            Err(trouble) => return self.failed(trouble),
        };
        if let Some(answer) = self.ask(|fuel| asked.of_value(value, fuel)) {
            return answer;
        }
        match (&asked.question, value) {
            (
                Question::Int { relation, value: wanted }
                | Question::Size { relation, value: wanted, .. },
                _,
            ) => self.tri(self.compare(id, *relation, value, Val::Int(*wanted))),
            (Question::Compare { relation, value: wanted }, _) => {
                self.tri(self.compare(id, *relation, value, Val::of(wanted)))
            }
            (_, Val::Text(_)) => self.spent(id),
            (_, other) => self.failed(self.wrong_type(asked.operand, "text", other)),
        }
    }

    /// How two values stand to each other.
    pub(super) fn compare(
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
                    Standing::Ordered(found) => Ok(relation.holds(found)),
                    // Not a number: nothing is less, equal or greater.
                    Standing::Unordered => Ok(false),
                    Standing::Unrelated => Err(self.no_order(id, relation, left, right)),
                }
            }
        }
    }

    #[cold]
    fn no_order(&self, id: OpId, relation: Relation, left: Val<'_>, right: Val<'_>) -> Trouble {
        self.fail(FailureKind::WrongType, id, || {
            format!(
                "`{}` does not work on {} and {}",
                relation.sign(),
                left.type_name().as_str(),
                right.type_name().as_str()
            )
        })
    }
}

/// How two values stand to each other, where that needs no walk and is no failure.
pub(super) fn compare(left: Val<'_>, relation: Relation, right: Val<'_>, fuel: &mut u64) -> Quick {
    let paid = match (left, right) {
        (Val::Int(left), Val::Int(right)) if relation != Relation::In => {
            return Quick::from(relation.holds(left.cmp(&right)));
        }
        (Val::Text(left), Val::Text(right)) => pay_bytes(fuel, left.len().min(right.len())),
        (Val::Bytes(_), Val::Bytes(_)) => false,
        _ => true,
    };
    if !paid {
        return Quick::Unsure;
    }
    match relation {
        Relation::In => Quick::Unsure,
        Relation::Equal | Relation::NotEqual => match scalar_equal(left, right) {
            Some(equal) => Quick::from(equal == (relation == Relation::Equal)),
            None => Quick::Unsure,
        },
        _ => match relational(left, right) {
            Standing::Ordered(found) => Quick::from(relation.holds(found)),
            Standing::Unordered => Quick::False,
            Standing::Unrelated => Quick::Unsure,
        },
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
