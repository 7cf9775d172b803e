//! Steps 3 to 6 for one entry: enabled, justification, evidence, rules in order, what holds when none matches.

use std::cell::LazyCell;

use super::{FailureOutcome, Verdict, errors, message, outcome_of};
use crate::call::Call;
use crate::cel::{ArgumentSource, AskedFor, Failure, Fuel, InObject, Input, Place, Reader, Tri};
use crate::compile::{
    Answer, CallSource, CompiledPolicy, Entry, Findings, GROUPS_MAX, Matcher, Rule,
};
use crate::decision::{Action, ConditionError, Decision, Reason};

/// Arguments that the rules of an entry are asked about, each kind read as is quickest.
pub(crate) trait Arguments {
    /// Asks the rules of an entry, by [`CompiledPolicy::first_in`].
    fn ask<'p: 'e, 'e>(
        &'e self,
        policy: &'p CompiledPolicy,
        entry: &'p Entry,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Verdict<'p>;
}

impl Arguments for dyn ArgumentSource + '_ {
    #[inline]
    fn ask<'p: 'e, 'e>(
        &'e self,
        policy: &'p CompiledPolicy,
        entry: &'p Entry,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Verdict<'p> {
        match self.object() {
            Some(object) => policy.first_in(entry, InObject(object), input),
            None => policy.first_in(entry, AskedFor(self), input),
        }
    }
}

impl CompiledPolicy {
    #[expect(
        clippy::inline_always,
        reason = "each call goes through it, and has much in hand there"
    )]
    #[inline(always)]
    pub(super) fn first_match<'p, A: Arguments + ?Sized>(
        &'p self,
        entry: &'p Entry,
        call: &Call<'_>,
        args: &A,
        source: &CallSource<'_>,
    ) -> Verdict<'p> {
        if let Some(closed) = &entry.closed {
            return Verdict::Known(closed);
        }
        if let Some(unjustified) = &entry.unjustified
            && is_blank(call.justification)
        {
            return Verdict::Known(unjustified);
        }
        if let Some(evidence) = &entry.evidence {
            let missing = evidence.missing(call.session);
            if !missing.is_empty() {
                return Verdict::Made(Box::new(evidence.denial(&missing)));
            }
        }
        // Large, and most rules ask for no more than arguments.
        let input = LazyCell::new(|| self.input(call, *source));
        args.ask(self, entry, &|| &*input)
    }

    /// The rules in order, which share what they read of the arguments.
    #[inline(never)]
    pub(crate) fn first_in<'p: 'e, 'e, P: Place<'e>>(
        &'p self,
        entry: &'p Entry,
        place: P,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Verdict<'p> {
        let mut reader = Reader::new(place);
        match entry.row(self.fuel) {
            Some(row) => self.walk_row(entry, row, &mut reader, input),
            None => self.match_one_by_one(entry, &mut reader, input),
        }
    }

    /// The same rule by rule, where one search may answer for many of them.
    #[inline(never)]
    pub(super) fn match_one_by_one<'p: 'e, 'e, P: Place<'e>>(
        &'p self,
        entry: &'p Entry,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Verdict<'p> {
        let mut searches = [Findings::Unknown; GROUPS_MAX];
        let mut number = 0_usize;
        while let Some(rule) = entry.rules.get(number) {
            if let Some(end) = self.skipped_to(entry, rule, reader, &mut searches) {
                // Nothing matches before it; at it, the search says that the rule does.
                match entry.rules.get(end) {
                    Some(found) if is_found(found, end, &searches) => {
                        return Verdict::Known(&found.answer.decision);
                    }
                    _ => number = end,
                }
                continue;
            }
            match self.test_in(rule, reader, input) {
                Tri::False => number = number.saturating_add(1),
                Tri::True => return Verdict::Known(&rule.answer.decision),
                Tri::Error => return self.match_with_errors(entry, number, input()),
            }
        }
        Verdict::Known(&entry.otherwise)
    }

    /// Where a search of many rules answers for this one: the rule to go on with.
    fn skipped_to<'e, P: Place<'e>>(
        &self,
        entry: &Entry,
        rule: &Rule,
        reader: &mut Reader<'e, P>,
        searches: &mut [Findings; GROUPS_MAX],
    ) -> Option<usize> {
        let membership = rule.membership?;
        let findings = searches.get_mut(membership.group)?;
        if matches!(findings, Findings::Unknown) {
            *findings = entry.searches.get(membership.group)?.run(reader, self.fuel);
        }
        match findings {
            Findings::First(first) => Some(membership.run_end.min(*first)),
            Findings::OneByOne | Findings::Unknown => None,
        }
    }

    #[inline]
    pub(super) fn test_in<'p: 'e, 'e, P: Place<'e>>(
        &self,
        rule: &'p Rule,
        reader: &mut Reader<'e, P>,
        input: &impl Fn() -> &'e Input<'e>,
    ) -> Tri {
        match &rule.matcher {
            Matcher::Always => Tri::True,
            Matcher::When(condition) => {
                condition.test_in(rule.action, reader, input, &mut Fuel::new(self.fuel))
            }
            Matcher::Broken => Tri::Error,
        }
    }

    /// Whether a rule matches that is asked on its own.
    pub(crate) fn test(&self, rule: &Rule, input: &Input<'_>) -> Tri {
        match &rule.matcher {
            Matcher::Always => Tri::True,
            Matcher::When(condition) => {
                condition.test(rule.action, input, &mut Fuel::new(self.fuel))
            }
            Matcher::Broken => Tri::Error,
        }
    }

    /// What went wrong in a rule's condition.
    pub(super) fn failure(&self, rule: &Rule, input: &Input<'_>) -> Option<Failure> {
        rule.condition()?.failure(rule.action, input, self.fuel)
    }

    /// The walk from rule `start` on, which is the first one that fails; slow, since it keeps account of errors.
    #[cold]
    pub(super) fn match_with_errors<'p>(
        &self,
        entry: &Entry,
        start: usize,
        input: &Input<'_>,
    ) -> Verdict<'p> {
        let mut errors: Vec<ConditionError> = Vec::new();
        let secrets = errors::secrets(input);
        // The first rule that raised the answer: it is the reason if nothing stricter decides.
        let mut raised_by: Option<&Answer> = None;
        for rule in entry.rules.iter().skip(start) {
            let answer = &*rule.answer;
            match self.test(rule, input) {
                Tri::False => {}
                Tri::True => {
                    let decision = answer.decision.decision.clone();
                    return Verdict::Made(Box::new(settled(decision, raised_by, errors)));
                }
                Tri::Error => {
                    let failure = self.failure(rule, input).unwrap_or_else(errors::unexplained);
                    if let Some(fault) = errors::nesting(&failure, input) {
                        return Verdict::Made(Box::new(self.invalid_call(fault)));
                    }
                    let outcome = outcome_of(failure.kind, rule.action);
                    errors.push(errors::condition_error(self, rule, &failure, input, &secrets));
                    if outcome == FailureOutcome::Denies {
                        return Verdict::Made(Box::new(failed(Action::Deny, answer, errors)));
                    }
                    raised_by = raised_by.or(Some(answer));
                }
            }
        }
        Verdict::Made(Box::new(settled(entry.otherwise.decision.clone(), raised_by, errors)))
    }
}

/// A decision that the rules came to, at least an approval where a condition failed on the way.
fn settled(
    decision: Decision,
    raised_by: Option<&Answer>,
    errors: Vec<ConditionError>,
) -> Decision {
    match raised_by {
        Some(answer) if decision.action == Action::Allow => {
            failed(Action::RequireApproval, answer, errors)
        }
        _ => Decision { errors, ..decision },
    }
}

/// A failing condition decided.
fn failed(action: Action, answer: &Answer, errors: Vec<ConditionError>) -> Decision {
    let failure = match action {
        Action::Deny => errors.last(),
        Action::Allow | Action::RequireApproval => errors.first(),
    };
    let message =
        message::condition_error(action, failure.map_or("", |failure| failure.message.as_str()));
    let needs_approval = action == Action::RequireApproval;
    Decision {
        action,
        reason: Reason::ConditionError,
        message,
        approval_workflow: needs_approval.then(|| answer.workflow.clone()),
        errors,
        ..answer.decision.decision.clone()
    }
}

/// True where a search has found that this rule matches.
fn is_found(rule: &Rule, number: usize, searches: &[Findings; GROUPS_MAX]) -> bool {
    let findings = rule.membership.and_then(|membership| searches.get(membership.group));
    matches!(findings, Some(Findings::First(first)) if *first == number)
}

/// No text that a reader could see: blanks, controls, and what is drawn as nothing.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|character| {
        character.is_whitespace()
            || character.is_control()
            || matches!(
                character,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                    | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                    | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                    | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            )
    })
}
