//! From the rules of a kind of tool to the places they read and the parts they are made of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::{Place, Root, Shapes};
use super::reading::{Logic, Reader};
use super::schemas::KnownSchema;
use super::space::{Dimension, Part, RuleLogic, Space};
use super::{record, values};
use crate::call::CallRecord;
use crate::cel::{Environment, parse};
use crate::compile::{Matcher, Rule};
use crate::condition::{self, Condition};
use crate::decision::Action;
use crate::document::ConditionType;

/// Collects what the rules of a kind read.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) shapes: Shapes,
    parts: Vec<(Condition, Action, Vec<Place>)>,
    numbers: BTreeMap<(String, u8), usize>,
    unread: Vec<String>,
}

// === impl Builder ===

impl Builder {
    pub(super) fn rule(&mut self, rule: &Rule) -> RuleLogic {
        let condition = match &rule.matcher {
            Matcher::When(condition) => condition,
            Matcher::Always | Matcher::Broken => return RuleLogic { logic: None },
        };
        let logic = self.condition(condition, rule.action);
        if logic.is_none() {
            self.unread
                .push(format!("the condition `{}` cannot be taken apart", condition.source()));
        }
        RuleLogic { logic }
    }

    fn condition(&mut self, condition: &Condition, action: Action) -> Option<Logic> {
        let is_simple = condition.condition_type() == ConditionType::Simple;
        let spelled_out = format!("args.{}", condition.source().trim());
        let (text, tree) = match parse::parse(condition.source()) {
            Ok(tree) => (condition.source(), tree),
            // A bare name that is a word of the language.
            Err(_) => (spelled_out.as_str(), parse::parse(&spelled_out).ok()?),
        };
        let mut reader = Reader::new(text, &tree, is_simple, &mut self.shapes);
        let logic = reader.logic(tree.root);
        let parts = std::mem::take(&mut reader.parts);
        if is_simple {
            let places = parts.into_iter().flat_map(|part| part.places).collect();
            let kind = if action == Action::Allow { 2 } else { 1 };
            let compiled = condition::compile(
                condition.source(),
                Some(ConditionType::Simple),
                &Environment::policy(),
            );
            return Some(Logic::Part(self.part(
                condition.source(),
                kind,
                places,
                compiled.ok()?,
                action,
            )));
        }
        let environment = Environment::policy().any_result().unchecked();
        let numbers: Option<Vec<usize>> = parts
            .into_iter()
            .map(|part| {
                let compiled =
                    condition::compile(&part.text, Some(ConditionType::Cel), &environment).ok()?;
                Some(self.part(&part.text, 0, part.places, compiled, action))
            })
            .collect();
        Some(renumbered(&logic, &numbers?))
    }

    fn part(
        &mut self,
        text: &str,
        kind: u8,
        places: Vec<Place>,
        condition: Condition,
        action: Action,
    ) -> usize {
        let next = self.parts.len();
        let number = *self.numbers.entry((text.to_owned(), kind)).or_insert(next);
        if number == next {
            self.parts.push((condition, action, places));
        }
        number
    }

    pub(super) fn into_space(
        self,
        base: CallRecord,
        rules: [Vec<RuleLogic>; 2],
        schema: Option<&KnownSchema>,
    ) -> Space {
        let dimensions: Vec<Dimension> = self
            .shapes
            .iter()
            .filter(|(place, _)| place.root != Root::Tool)
            .map(|(place, shape)| Dimension {
                place: place.clone(),
                values: record::values(place, shape, || {
                    let schema = schema.filter(|_| place.root == Root::Args);
                    let mut all =
                        schema.map(|schema| schema.values(&place.keys)).unwrap_or_default();
                    all.extend(values::values(shape));
                    let taken = |value: &Value| {
                        schema.is_none_or(|schema| schema.permits(&place.keys, value))
                    };
                    all.retain(taken);
                    all
                }),
            })
            .filter(|dimension| dimension.values.len() > 1)
            .collect();
        let related = |places: &[Place]| {
            let all = dimensions.iter().enumerate();
            all.filter(|(_, dimension)| {
                places.iter().any(|place| place.is_related(&dimension.place))
            })
            .map(|(number, _)| number)
            .collect()
        };
        let parts = self
            .parts
            .into_iter()
            .map(|(condition, action, places)| {
                let dimensions = related(&places);
                Part { condition, action, dimensions }
            })
            .collect();
        Space { base, dimensions, parts, rules, unread: self.unread }
    }
}

fn renumbered(logic: &Logic, numbers: &[usize]) -> Logic {
    let all = |parts: &[Logic]| parts.iter().map(|part| renumbered(part, numbers)).collect();
    match logic {
        Logic::All(parts) => Logic::All(all(parts)),
        Logic::Any(parts) => Logic::Any(all(parts)),
        Logic::Not(inner) => Logic::Not(Box::new(renumbered(inner, numbers))),
        Logic::Part(part) => Logic::Part(numbers.get(*part).copied().unwrap_or(usize::MAX)),
    }
}
