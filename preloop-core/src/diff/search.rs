//! The search for calls of one kind that two policies answer otherwise.
//!
//! Where the combinations are few enough all of them are tried; else the search climbs towards each rule in turn.
//! Whatever it comes upon counts only because both policies were asked.

use std::collections::HashMap;

use super::compared::{Compared, Group, compare};
use super::kinds::Kind;
use super::normal::Side;
use super::record;
use super::schemas::KnownSchema;
use super::space::{Chance, RuleLogic, Space, State};
use crate::call::CallRecord;
use crate::cel::Input;
use crate::decision::Decision;

/// Rounds of improving one climb.
const STEPS_MAX: usize = 24;

/// The best call of a group so far.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) state: State,
    pub(super) score: (bool, usize, usize),
    pub(super) compared: Compared,
    pub(super) before: Decision,
    pub(super) after: Decision,
}

/// One search.
pub(super) struct Search<'s, 'd> {
    pub(super) space: Space,
    schema: Option<&'s KnownSchema>,
    sides: [&'s Side<'d>; 2],
    pub(super) found: HashMap<Group, Witness>,
    pub(super) calls: u64,
    budget: u64,
    pub(super) is_exhausted: bool,
}

impl<'s, 'd> Search<'s, 'd> {
    pub(super) fn new(
        sides: [&'s Side<'d>; 2],
        kind: &Kind,
        budget: u64,
        schema: Option<&'s KnownSchema>,
    ) -> Self {
        let space = Space::new(sides, kind, schema);
        Self { space, schema, sides, found: HashMap::new(), calls: 0, budget, is_exhausted: false }
    }

    /// Looks until everything was tried or the budget is spent, then makes what was found small.
    pub(super) fn run(&mut self) {
        if self.space.size() <= self.budget {
            let mut state: State = vec![0; self.space.dimensions.len()];
            loop {
                self.attempt(&state);
                if !self.space.advance(&mut state) {
                    break;
                }
            }
            self.is_exhausted = true;
        } else {
            self.vary();
            self.climb();
        }
        self.shrink();
    }

    /// Each place and each pair of places varied alone.
    fn vary(&mut self) {
        let lengths: Vec<usize> =
            self.space.dimensions.iter().map(|dimension| dimension.values.len()).collect();
        let base: State = vec![0; lengths.len()];
        let limit = self.budget / 3;
        for (one, first) in lengths.iter().enumerate() {
            for left in 0..*first {
                let mut state = base.clone();
                choose(&mut state, one, left);
                self.attempt(&state);
                for (other, second) in lengths.iter().enumerate().skip(one.saturating_add(1)) {
                    for right in 1..*second {
                        if self.calls >= limit {
                            return;
                        }
                        let mut state = state.clone();
                        choose(&mut state, other, right);
                        self.attempt(&state);
                    }
                }
            }
        }
    }

    /// Climbs towards each rule of each policy again and again, from other places.
    fn climb(&mut self) {
        let lengths: Vec<usize> =
            self.space.dimensions.iter().map(|dimension| dimension.values.len()).collect();
        let mut chance = Chance::new(7);
        let counts = self.space.rules.each_ref().map(Vec::len);
        // The way on from the last rule is the answer where none matches.
        let goals: Vec<(usize, usize)> = (0..2)
            .flat_map(|side| {
                let count = counts.get(side).copied().unwrap_or(0);
                (0..=count).map(move |rule| (side, rule))
            })
            .collect();
        let mut round = 0_usize;
        while self.calls < self.budget {
            for (side, rule) in &goals {
                if self.calls >= self.budget {
                    return;
                }
                let start: State = lengths
                    .iter()
                    .map(|length| {
                        // The first round starts from nothing, later ones from anywhere.
                        if round == 0 { 0 } else { chance.below(*length) }
                    })
                    .collect();
                self.climb_from(start, *side, *rule, &lengths, &mut chance);
            }
            round = round.saturating_add(1);
        }
    }

    fn climb_from(
        &mut self,
        start: State,
        side: usize,
        rule: usize,
        lengths: &[usize],
        chance: &mut Chance,
    ) {
        let mut state = start;
        let mut height = self.attempt_for(&state, side, rule);
        for _ in 0..STEPS_MAX {
            let mut is_better = false;
            let offset = chance.below(lengths.len());
            for number in 0..lengths.len() {
                let dimension = number.saturating_add(offset) % lengths.len().max(1);
                let own = state.get(dimension).copied().unwrap_or(0);
                let mut best = own;
                for at in 0..lengths.get(dimension).copied().unwrap_or(0) {
                    if at == own {
                        continue;
                    }
                    if self.calls >= self.budget {
                        return;
                    }
                    choose(&mut state, dimension, at);
                    let reached = self.attempt_for(&state, side, rule);
                    if reached > height {
                        (height, best, is_better) = (reached, at, true);
                    }
                }
                choose(&mut state, dimension, best);
            }
            if !is_better {
                return;
            }
        }
    }

    /// Tries a call, and tells how near it came to be decided by a rule: up to 2 where it is.
    fn attempt_for(&mut self, state: &State, side: usize, rule: usize) -> f64 {
        let record = self.attempt(state);
        let call = record.call();
        let input = record::input(&call);
        let rules = self.space.rules.get(side).map_or(&[][..], Vec::as_slice);
        let earlier = rules.iter().take(rule);
        let passed = earlier.map(|rule| 1.0 - self.nearness(rule, &input)).fold(1.0, f64::min);
        let own = rules.get(rule).map_or(1.0, |rule| self.nearness(rule, &input));
        passed + own
    }

    fn nearness(&self, rule: &RuleLogic, input: &Input<'_>) -> f64 {
        rule.logic.as_ref().map_or(1.0, |logic| self.space.nearness(logic, input))
    }

    /// Runs a call through both policies, and keeps it where the answers differ.
    fn attempt(&mut self, state: &State) -> CallRecord {
        let record = self.space.record(state);
        self.calls = self.calls.saturating_add(1);
        if let Some((group, witness)) = self.witness(state, &record) {
            let known = self.found.get(&group);
            if known.is_none_or(|known| witness.score < known.score) {
                self.found.insert(group, witness);
            }
        }
        record
    }

    fn witness(&self, state: &State, record: &CallRecord) -> Option<(Group, Witness)> {
        let mut call = record.call();
        call.schema = self.schema.map(|schema| &schema.compiled);
        let [one, other] = self.sides;
        let (before, after) = (one.policy.evaluate(&call), other.policy.evaluate(&call));
        let compared = compare([one.document, other.document], &before, &after)?;
        let has_errors = !before.errors.is_empty() || !after.errors.is_empty();
        let set = state.iter().filter(|at| **at > 0).count();
        let length = serde_json::to_string(record).map_or(usize::MAX, |text| text.len());
        let group = Group::of(&before, &after, compared.verdict);
        let witness = Witness {
            state: state.clone(),
            score: (has_errors, set, length),
            compared,
            before: before.into_owned(),
            after: after.into_owned(),
        };
        Some((group, witness))
    }

    /// Leaves out of each found call what it does not need to be answered otherwise in the same way.
    fn shrink(&mut self) {
        let groups: Vec<(Group, State)> = self
            .found
            .iter()
            .map(|(group, witness)| (group.clone(), witness.state.clone()))
            .collect();
        for (group, mut state) in groups {
            for dimension in 0..state.len() {
                let own = state.get(dimension).copied().unwrap_or(0);
                for at in 0..own {
                    choose(&mut state, dimension, at);
                    let record = self.space.record(&state);
                    self.calls = self.calls.saturating_add(1);
                    let Some((same, witness)) = self.witness(&state, &record) else { continue };
                    let is_better =
                        self.found.get(&group).is_some_and(|known| witness.score < known.score);
                    if same == group && is_better {
                        self.found.insert(same, witness);
                        break;
                    }
                }
                let best = self.found.get(&group).and_then(|known| known.state.get(dimension));
                choose(&mut state, dimension, best.copied().unwrap_or(own));
            }
        }
    }
}

fn choose(state: &mut State, dimension: usize, at: usize) {
    if let Some(choice) = state.get_mut(dimension) {
        *choice = at;
    }
}
