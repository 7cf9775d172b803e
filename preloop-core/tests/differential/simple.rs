//! The simple grammar, read off its table in docs/conditions.md row by row.

use std::cmp::Ordering;

use preloop_core::Action;
use preloop_core::cel::FailureKind;
use serde_json::Value as Json;

use crate::expression::Expression;
use crate::functions;
use crate::generate::{DOUBLES, Dice, INTS, PATTERNS, TEXTS};
use crate::naive::{Answer, Value, equal, is_number, order};

const WRONG: FailureKind = FailureKind::WrongType;

/// One comparison or one text test.
#[derive(Clone, Debug)]
pub(crate) struct Simple {
    path: Vec<&'static str>,
    /// An operator, or the name of a text function.
    test: &'static str,
    literal: Expression,
}

const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
const TESTS: [&str; 5] = ["contains", "contains", "startsWith", "endsWith", "matches"];

impl Simple {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let mut path = vec![dice.pick(&["t", "n", "u", "d", "s", "s", "l", "m", "nope"])];
        if dice.one_in(4) {
            path.push(dice.pick(&["a", "b", "k", "s"]));
        }
        if dice.one_in(2) {
            let test = dice.pick(&TESTS);
            let texts = if test == "matches" { PATTERNS.as_slice() } else { TEXTS.as_slice() };
            return Self { path, test, literal: Expression::Text(dice.pick(texts).to_owned()) };
        }
        let literal = match dice.below(8) {
            0 => Expression::Null,
            1 => Expression::Bool(dice.one_in(2)),
            2 => Expression::Uint(dice.below(4) as u64),
            3 => Expression::Double(dice.pick(&DOUBLES)),
            4 | 5 => Expression::Int(dice.pick(&INTS)),
            _ => Expression::Text(dice.pick(&TEXTS).to_owned()),
        };
        Self { path, test: dice.pick(&OPERATORS), literal }
    }

    pub(crate) fn written(&self) -> String {
        let (path, literal) = (self.path.join("."), self.literal.written());
        if OPERATORS.contains(&self.test) {
            format!("args.{path} {} {literal}", self.test)
        } else {
            format!("args.{path}.{}({literal})", self.test)
        }
    }

    /// What stands under the path; none where it is missing or below null.
    fn found(&self, args: &Json) -> Result<Option<Value>, FailureKind> {
        let mut value = Value::of_json(args);
        for key in &self.path {
            value = match &value {
                Value::Null => return Ok(None),
                Value::Map(_) => match value.entry(&Value::Text((*key).to_owned())) {
                    Some(found) => found.clone(),
                    None => return Ok(None),
                },
                _ => return Err(WRONG),
            };
        }
        Ok(Some(value))
    }

    fn literal(&self) -> Value {
        match &self.literal {
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Int(value) => Value::Int(*value),
            Expression::Uint(value) => Value::Uint(*value),
            Expression::Double(value) => Value::Double(*value),
            Expression::Text(value) => Value::Text(value.clone()),
            _ => Value::Null,
        }
    }

    pub(crate) fn answer(&self, action: Action, args: &Json) -> Answer {
        let found = self.found(args)?;
        let literal = self.literal();
        let holds = match self.test {
            "==" => is_equal(found, &literal, action)?,
            "!=" => !is_equal(found, &literal, action)?,
            "<" | "<=" | ">" | ">=" => self.stands(found, &literal, action)?,
            _ => return self.text_test(found, &literal),
        };
        Ok(Value::Bool(holds))
    }

    fn stands(
        &self,
        found: Option<Value>,
        literal: &Value,
        action: Action,
    ) -> Result<bool, FailureKind> {
        let order = match found {
            None if action == Action::Allow => return Err(FailureKind::NoSuchKey),
            None | Some(Value::Null) => return Ok(false),
            Some(Value::Text(text)) if is_number(literal) => {
                order(&number_of(&text).ok_or(WRONG)?, literal)?
            }
            Some(number) if is_number(&number) => match literal {
                Value::Text(text) => order(&number, &number_of(text).ok_or(WRONG)?)?,
                _ => order(&number, literal)?,
            },
            Some(other @ (Value::Text(_) | Value::Bool(_))) => order(&other, literal)?,
            Some(_) => return Err(WRONG),
        };
        Ok(match (self.test, order) {
            (_, None) => false,
            ("<", Some(order)) => order == Ordering::Less,
            ("<=", Some(order)) => order != Ordering::Greater,
            (">", Some(order)) => order == Ordering::Greater,
            (_, Some(order)) => order != Ordering::Less,
        })
    }

    fn text_test(&self, found: Option<Value>, literal: &Value) -> Answer {
        match (found, literal) {
            (None, _) => Err(FailureKind::NoSuchKey),
            (Some(text @ Value::Text(_)), _) => {
                functions::apply(self.test, &[text, literal.clone()])
            }
            (Some(Value::List(items)), Value::Text(wanted)) if self.test == "contains" => {
                if items.iter().any(|item| equal(item, literal)) {
                    return Ok(Value::Bool(true));
                }
                let unclear = |item: &Value| match item {
                    Value::Text(text) => text.contains(wanted.as_str()),
                    Value::List(_) | Value::Map(_) => true,
                    _ => false,
                };
                if items.iter().any(unclear) { Err(WRONG) } else { Ok(Value::Bool(false)) }
            }
            _ => Err(WRONG),
        }
    }
}

fn is_equal(found: Option<Value>, literal: &Value, action: Action) -> Result<bool, FailureKind> {
    let with_null = matches!(literal, Value::Null);
    match found {
        None if action == Action::Allow && !with_null => Err(FailureKind::NoSuchKey),
        None => Ok(with_null),
        Some(Value::List(_) | Value::Map(_)) if !with_null => Err(WRONG),
        Some(value) => Ok(equal(&value, literal)),
    }
}

/// The number that a text spells in JSON.
fn number_of(text: &str) -> Option<Value> {
    if !text.ends_with(|last: char| last.is_ascii_digit()) || text.starts_with(char::is_whitespace)
    {
        return None;
    }
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    Some(Value::of_json(&Json::Number(number)))
}
