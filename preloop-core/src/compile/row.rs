//! The rules of one entry as one row of questions: each answer says which question comes next, or which rule decides.
//!
//! A condition that only asks things of arguments is as many steps as it has questions; where it fails, the first
//! question of the next rule follows. Any other rule is one step, which is to ask the whole rule.
//!
//! Nothing is paid on the way: a rule's questions are in the row only where its budget is enough for all of them, and
//! for texts up to [`Row::length_max`]. So a row can only ever be faster, and comes to what the rules come to one by one.

use super::entry::{Matcher, Rule};
use crate::cel::{Asked, Link, Next, Questions};
use crate::condition::Condition;

/// A budget that is not enough for so long a text is looked after question by question.
const LENGTH_LEAST: u64 = 1 << 14;
/// Bytes that cost a unit.
const BYTES_PER_UNIT: u64 = 16;
/// From this number on, what follows is the answer of a rule.
const ANSWERS: u32 = 1 << 31;

/// The steps, first to last.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) steps: Box<[Step]>,
    /// What to begin with.
    pub(crate) first: Goal,
    /// What to begin each rule with, and behind them the end: no rule matched.
    starts: Box<[Goal]>,
    /// Longer texts are for the rules themselves, which pay.
    pub(crate) length_max: usize,
}

/// One step and what follows from its answers.
#[derive(Debug)]
pub(crate) struct Step {
    /// The slot of the argument.
    pub(crate) slot: u32,
    /// The rule that asks.
    pub(crate) rule: u32,
    /// The question; none where the whole rule has to be asked.
    pub(crate) asked: Option<Asked>,
    pub(crate) then: Goal,
    pub(crate) otherwise: Goal,
}

/// Where to go on: a step by its number, or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goal(u32);

/// A rule on its way into a row.
enum Part {
    Always,
    Questions(Questions),
    Whole,
}

// === impl Row ===

impl Row {
    /// The row of some rules, each of which may spend `fuel`; none where it would ask each rule as a whole.
    pub(crate) fn of(rules: &[Rule], fuel: u64) -> Option<Self> {
        let mut length_max = u64::MAX;
        let mut parts = Vec::with_capacity(rules.len());
        for rule in rules {
            let part = match &rule.matcher {
                Matcher::Always => Part::Always,
                Matcher::When(condition) => match affordable(condition, fuel) {
                    Some((questions, length)) => {
                        length_max = length_max.min(length);
                        Part::Questions(questions)
                    }
                    None => Part::Whole,
                },
                Matcher::Broken => Part::Whole,
            };
            parts.push(part);
        }
        if !parts.iter().any(|part| matches!(part, Part::Questions(_))) {
            return None;
        }
        let starts = starts(&parts)?;
        let first = starts.first().copied()?;
        let mut steps = Vec::new();
        for ((part, rule), behind) in parts.into_iter().zip(0_u32..).zip(starts.iter().skip(1)) {
            let first = Goal(u32::try_from(steps.len()).ok()?);
            steps.extend(part.steps(rule, first, *behind));
        }
        let length_max = usize::try_from(length_max).unwrap_or(usize::MAX);
        Some(Self { steps: steps.into(), first, starts, length_max })
    }

    /// What a rule begins with; behind the last one it is the end.
    #[inline]
    pub(crate) fn start(&self, rule: usize) -> Goal {
        self.starts.get(rule).copied().unwrap_or(Goal::END)
    }

    /// Asks what is asked of one text, until something else comes.
    #[inline(never)]
    pub(crate) fn of_text(&self, from: Goal, slot: u32, text: &str) -> Goal {
        let mut next = from;
        while let Some(step) = self.step(next)
            && step.slot == slot
            && let Some(Asked::Text(test)) = &step.asked
        {
            next = if test.holds(text) { step.then } else { step.otherwise };
        }
        next
    }

    /// The step, if it is one.
    #[inline]
    pub(crate) fn step(&self, goal: Goal) -> Option<&Step> {
        self.steps.get(goal.0 as usize)
    }
}

/// The questions of a condition and the longest text that its budget is enough for, whichever way they go.
fn affordable(condition: &Condition, fuel: u64) -> Option<(Questions, u64)> {
    let questions = condition.questions()?;
    let left = fuel.checked_sub(questions.cost)?;
    let length = match questions.looks {
        0 => u64::MAX,
        looks => left.saturating_mul(BYTES_PER_UNIT).checked_div(looks)?,
    };
    (length >= LENGTH_LEAST).then_some((questions, length))
}

/// What to begin each rule with.
fn starts(parts: &[Part]) -> Option<Box<[Goal]>> {
    let mut starts = Vec::with_capacity(parts.len().saturating_add(1));
    let mut steps = 0_usize;
    for (part, rule) in parts.iter().zip(0_u32..) {
        starts.push(match part {
            Part::Always => Goal::answer(rule),
            Part::Questions(_) | Part::Whole => Goal(u32::try_from(steps).ok()?),
        });
        steps = steps.saturating_add(part.len());
    }
    starts.push(Goal::END);
    (steps < ANSWERS as usize).then(|| starts.into())
}

// === impl Part ===

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Always => 0,
            Self::Questions(questions) => questions.links.len(),
            Self::Whole => 1,
        }
    }

    /// The steps of rule number `rule`, of which the first is `first`; `behind` is what the next rule begins with.
    fn steps(self, rule: u32, first: Goal, behind: Goal) -> Vec<Step> {
        let found = Goal::answer(rule);
        match self {
            Self::Always => Vec::new(),
            Self::Whole => {
                let whole =
                    Step { slot: u32::MAX, rule, asked: None, then: found, otherwise: behind };
                vec![whole]
            }
            Self::Questions(questions) => {
                let goal = |next| match next {
                    Next::HOLDS => found,
                    Next::FAILS => behind,
                    Next(step) => Goal(first.0.saturating_add(step)),
                };
                let step = |Link { slot, asked, then, otherwise }| {
                    let (then, otherwise) = (goal(then), goal(otherwise));
                    Step { slot, rule, asked: Some(asked), then, otherwise }
                };
                questions.links.into_iter().map(step).collect()
            }
        }
    }
}

// === impl Goal ===

impl Goal {
    /// No rule matched.
    const END: Self = Self(u32::MAX);

    const fn answer(rule: u32) -> Self {
        Self(rule | ANSWERS)
    }

    /// The rule that decides, where this is no step; none has this number where none matched.
    #[inline]
    pub(crate) const fn rule(self) -> usize {
        (self.0 ^ ANSWERS) as usize
    }
}
