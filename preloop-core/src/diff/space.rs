//! The calls of one kind of tool that are worth telling apart: for each place that its rules read, the values that
//! some part of some rule answers otherwise.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::builder::Builder;
use super::kinds::{Kind, positions};
use super::normal::Side;
use super::place::{Place, Root};
use super::reading::Logic;
use super::record;
use super::schemas::KnownSchema;
use crate::call::CallRecord;
use crate::cel::{Fuel, Input, Tri};
use crate::condition::Condition;
use crate::decision::Action;

/// How many settings of the other places of a part each value is tried with.
const SETTINGS_MAX: usize = 40;
/// How many of them the edges between numbers are looked for in.
const EDGE_SETTINGS_MAX: usize = 16;
/// Rounds of looking for the number between two at which a part changes its answer.
const HALVINGS: usize = 64;
/// What one part may spend: the same as a condition of a policy.
const FUEL: u64 = crate::limits::FUEL_DEFAULT;

/// A place and its values; the first one is what holds where nothing is said.
#[derive(Debug)]
pub(super) struct Dimension {
    pub(super) place: Place,
    pub(super) values: Vec<Option<Value>>,
}

/// A part of a rule, asked on its own.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) condition: Condition,
    pub(super) action: Action,
    pub(super) dimensions: Vec<usize>,
}

/// A rule as parts; none where it always matches or cannot be read.
#[derive(Debug)]
pub(super) struct RuleLogic {
    pub(super) logic: Option<Logic>,
}

/// A choice of a value for each dimension, by number.
pub(super) type State = Vec<usize>;

/// Every call of a kind that is worth trying.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) base: CallRecord,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) parts: Vec<Part>,
    pub(super) rules: [Vec<RuleLogic>; 2],
    /// What could not be taken apart.
    pub(super) unread: Vec<String>,
}

// === impl Space ===

impl Space {
    pub(super) fn new(sides: [&Side<'_>; 2], kind: &Kind, schema: Option<&KnownSchema>) -> Self {
        let mut builder = Builder::default();
        let mut justification_matters = false;
        let [before, after] =
            [(sides[0], &kind.before), (sides[1], &kind.after)].map(|(side, fits)| {
                let mut rules = Vec::new();
                for entry in
                    positions(fits).into_iter().filter_map(|at| side.policy.entries.get(at))
                {
                    justification_matters |= entry.unjustified.is_some();
                    if let Some(evidence) = &entry.evidence {
                        let shape = builder.shapes.entry(Place::new(Root::Evidence)).or_default();
                        shape.facts.wholes.push(Value::from(evidence.tools.clone()));
                    }
                    rules.extend(entry.rules.iter().map(|rule| builder.rule(rule)));
                }
                rules
            });
        let is_new_matters = kind.is_new_matters;
        if is_new_matters {
            builder.shapes.entry(Place::new(Root::IsNew)).or_default();
        }
        if justification_matters {
            builder.shapes.entry(Place::new(Root::Justification)).or_default();
        }
        let mut base = CallRecord::new(kind.name.clone(), Map::new());
        base.tool.source.clone_from(&kind.source);
        if let Some(schema) = schema {
            base.args = schema.fewest();
        }
        let mut space = builder.into_space(base, [before, after], schema);
        space.find_edges();
        space.reduce(justification_matters, is_new_matters);
        space
    }

    /// The call of a state.
    pub(super) fn record(&self, state: &[usize]) -> CallRecord {
        let mut call = self.base.clone();
        for (dimension, at) in self.dimensions.iter().zip(state) {
            if let Some(Some(value)) = dimension.values.get(*at) {
                record::set(&mut call, &dimension.place, value);
            }
        }
        call
    }

    /// How many states there are, as far as one can count.
    pub(super) fn size(&self) -> u64 {
        self.dimensions.iter().fold(1_u64, |size, dimension| {
            size.saturating_mul(u64::try_from(dimension.values.len()).unwrap_or(u64::MAX))
        })
    }

    /// The state after this one, as an odometer counts; false at the end.
    pub(super) fn advance(&self, state: &mut [usize]) -> bool {
        for (dimension, at) in self.dimensions.iter().zip(state) {
            *at = at.saturating_add(1);
            if *at < dimension.values.len() {
                return true;
            }
            *at = 0;
        }
        false
    }

    /// How near a call is to making a condition true, from 0 to 1.
    pub(super) fn nearness(&self, logic: &Logic, input: &Input<'_>) -> f64 {
        match logic {
            Logic::All(parts) => {
                let sum: f64 = parts.iter().map(|part| self.nearness(part, input)).sum();
                #[expect(clippy::cast_precision_loss, reason = "conditions have few parts")]
                let count = parts.len().max(1) as f64;
                sum / count
            }
            Logic::Any(parts) => {
                parts.iter().map(|part| self.nearness(part, input)).fold(0.0, f64::max)
            }
            Logic::Not(inner) => 1.0 - self.nearness(inner, input),
            Logic::Part(number) => match self.parts.get(*number).map(|part| part.test(input)) {
                Some(Tri::True) => 1.0,
                Some(Tri::Error) => 0.3,
                Some(Tri::False) | None => 0.0,
            },
        }
    }

    /// What each part that reads a dimension answers for one of its values, in several settings of the others.
    fn signature(&self, dimension: usize, at: usize, settings: &[(usize, Vec<State>)]) -> Vec<Tri> {
        let mut answers = Vec::new();
        for (number, states) in settings {
            let Some(part) = self.parts.get(*number) else { continue };
            for state in states {
                let mut state = state.clone();
                if let Some(choice) = state.get_mut(dimension) {
                    *choice = at;
                }
                answers.push(part.test(&record::input(&self.record(&state).call())));
            }
        }
        answers
    }

    /// For each part that reads a dimension, settings of what else it reads.
    fn settings(&self, dimension: usize, most: usize) -> Vec<(usize, Vec<State>)> {
        let parts = self.parts.iter().enumerate();
        parts
            .filter(|(_, part)| part.dimensions.contains(&dimension))
            .map(|(number, part)| {
                let others: Vec<usize> =
                    part.dimensions.iter().copied().filter(|other| *other != dimension).collect();
                (number, self.states_of(&others, most))
            })
            .collect()
    }

    /// States in which only these dimensions vary.
    fn states_of(&self, dimensions: &[usize], most: usize) -> Vec<State> {
        let base: State = vec![0; self.dimensions.len()];
        let lengths: Vec<usize> = dimensions
            .iter()
            .map(|at| self.dimensions.get(*at).map_or(1, |dimension| dimension.values.len()))
            .collect();
        let product =
            lengths.iter().fold(1_usize, |product, length| product.saturating_mul(*length));
        let count = product.min(most);
        let mut chance = Chance::new(product as u64);
        (0..count)
            .map(|number| {
                let mut rest = if product <= most {
                    number
                } else if let [_] = lengths.as_slice() {
                    // One other place: evenly over its values, the telling first ones densely.
                    if number < count / 2 {
                        number
                    } else {
                        number.saturating_mul(product) / count.max(1)
                    }
                } else {
                    chance.below(product)
                };
                let mut state = base.clone();
                for (at, length) in dimensions.iter().zip(&lengths) {
                    let length = (*length).max(1);
                    if let Some(choice) = state.get_mut(*at) {
                        *choice = rest % length;
                    }
                    rest /= length;
                }
                state
            })
            .collect()
    }

    /// Adds the numbers at which parts change their answer, found by halving.
    fn find_edges(&mut self) {
        for number in 0..self.dimensions.len() {
            for (part, states) in self.settings(number, EDGE_SETTINGS_MAX) {
                for state in states {
                    self.edges_of(number, part, state);
                }
            }
        }
    }

    fn edges_of(&mut self, number: usize, part: usize, mut state: State) {
        let Some(dimension) = self.dimensions.get(number) else { return };
        if dimension.values.len() > 1_000 {
            return;
        }
        let mut known: Vec<i64> =
            dimension.values.iter().flatten().filter_map(Value::as_i64).collect();
        known.retain(|value| value.abs() < (1 << 53));
        known.sort_unstable();
        known.dedup();
        let scratch = dimension.values.len();
        if let Some(at) = state.get_mut(number) {
            *at = scratch;
        }
        // One more value, which takes each number that is asked about.
        if let Some(dimension) = self.dimensions.get_mut(number) {
            dimension.values.push(None);
        }
        let mut found = Vec::new();
        let ask = |space: &mut Self, value: i64| {
            let slot =
                space.dimensions.get_mut(number).and_then(|each| each.values.get_mut(scratch));
            if let Some(slot) = slot {
                *slot = Some(Value::from(value));
            }
            let call = space.record(&state);
            space.parts.get(part).map(|part| part.test(&record::input(&call.call())))
        };
        let answers: Vec<_> = known.iter().map(|value| (*value, ask(self, *value))).collect();
        for pair in answers.windows(2) {
            let [(low, below), (high, above)] = *pair else { continue };
            if below == above || high.saturating_sub(low) <= 1 {
                continue;
            }
            let (mut low, mut high) = (low, high);
            for _ in 0..HALVINGS {
                if high.saturating_sub(low) <= 1 {
                    break;
                }
                let middle = i64::midpoint(low, high);
                if ask(self, middle) == below {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            found.extend([low, high]);
        }
        if let Some(dimension) = self.dimensions.get_mut(number) {
            dimension.values.truncate(scratch);
            for value in found {
                let value = Some(Value::from(value));
                if !dimension.values.contains(&value) {
                    dimension.values.push(value);
                }
            }
        }
    }

    /// Of values that every part answers alike, the first one stays.
    fn reduce(&mut self, justification_matters: bool, is_new_matters: bool) {
        let kept: Vec<Vec<Option<Value>>> = (0..self.dimensions.len())
            .map(|number| {
                let settings = self.settings(number, SETTINGS_MAX);
                let Some(dimension) = self.dimensions.get(number) else { return Vec::new() };
                // What is asked besides the conditions.
                let kept = match dimension.place.root {
                    Root::Justification if justification_matters => 2,
                    Root::IsNew if is_new_matters => 2,
                    Root::Evidence => usize::MAX,
                    _ => 0,
                };
                let mut met = HashSet::new();
                let values = dimension.values.iter().enumerate();
                values
                    .filter(|(at, _)| {
                        met.insert(self.signature(number, *at, &settings)) || *at < kept
                    })
                    .map(|(_, value)| value.clone())
                    .collect()
            })
            .collect();
        for (dimension, values) in self.dimensions.iter_mut().zip(kept) {
            dimension.values = values;
        }
    }
}

impl Part {
    fn test(&self, input: &Input<'_>) -> Tri {
        self.condition.test(self.action, input, &mut Fuel::new(FUEL))
    }
}

/// Numbers that look like chance and are the same every time.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.0 >> 11) % end).unwrap_or(0)
    }
}
