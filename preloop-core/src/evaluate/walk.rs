//! A call's way through one entry, rule by rule: for those who look at evaluation from outside.

use super::first_match::is_blank;
use super::{FailureOutcome, outcome_of};
use crate::cel::{Input, Tri};
use crate::compile::{CompiledPolicy, Entry};

/// What a call met in an entry.
#[derive(Debug)]
pub(crate) struct Walk {
    /// What the rules answered that were asked, in order.
    pub(crate) answers: Vec<Tri>,
    /// What ended the walk.
    pub(crate) end: WalkEnd,
}

/// What ends a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalkEnd {
    Disabled,
    Unjustified,
    /// Calls that must come before are missing.
    Unproven,
    /// The last rule asked matched, or failed and denies.
    Decided,
    NoRuleMatched,
}

impl CompiledPolicy {
    /// The same walk as evaluation takes, one rule after the other.
    pub(crate) fn walk(&self, entry: &Entry, input: &Input<'_>) -> Walk {
        let mut answers = Vec::new();
        if entry.closed.is_some() {
            return Walk { answers, end: WalkEnd::Disabled };
        }
        if entry.unjustified.is_some() && is_blank(input.justification) {
            return Walk { answers, end: WalkEnd::Unjustified };
        }
        if let Some(evidence) = &entry.evidence
            && !evidence.missing(input.session).is_empty()
        {
            return Walk { answers, end: WalkEnd::Unproven };
        }
        for rule in &entry.rules {
            let answer = self.test(rule, input);
            answers.push(answer);
            let is_end = match answer {
                Tri::True => true,
                Tri::False => false,
                Tri::Error => {
                    let kind = self.failure(rule, input).map(|failure| failure.kind);
                    kind.is_some_and(|kind| outcome_of(kind, rule.action) == FailureOutcome::Denies)
                }
            };
            if is_end {
                return Walk { answers, end: WalkEnd::Decided };
            }
        }
        Walk { answers, end: WalkEnd::NoRuleMatched }
    }
}
