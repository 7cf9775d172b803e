//! The same decision with its story: each rule, what its parts were, why it did or did not match.

use super::first_match::is_blank;
use super::{errors, message};
use crate::call::Call;
use crate::cel::{Input, Span, Step, Tri};
use crate::compile::{CallSource, CompiledPolicy, Entry, Fits, Rule};
use crate::condition::Condition;
use crate::decision::{Action, Decision, TraceItem};
use crate::redact::{self, Secrets};

/// The message of the part that made a condition false.
pub const FIRST_FALSE: &str = "the first that is false";
/// Most lines of an explanation; the rest is counted.
const TRACE_MAX: usize = 2_000;

impl CompiledPolicy {
    /// Decides a call and tells, rule by rule, how; secret-looking values are masked.
    pub fn explain(&self, call: &Call<'_>) -> Decision {
        let mut decision = self.evaluate(call).into_owned();
        decision.trace = Some(self.story(call));
        decision
    }

    /// How the policy sees a call, rule by rule.
    pub(super) fn story(&self, call: &Call<'_>) -> Vec<TraceItem> {
        match self.source(call) {
            Ok(source) => self.trace(call, source),
            Err(problem) => vec![plain(String::new(), "error", problem.message)],
        }
    }

    fn trace(&self, call: &Call<'_>, source: CallSource<'_>) -> Vec<TraceItem> {
        let entries = match self.index.find(call.tool.name, source) {
            Fits::None => {
                let message = "no entry names this tool".to_owned();
                return vec![plain(String::new(), "not_matched", message)];
            }
            Fits::One(entry) => vec![entry],
            Fits::Several(entries) => entries,
        };
        let input = self.input(call, source);
        let mut trace = Vec::new();
        let secrets = errors::secrets(&input);
        for entry in entries.into_iter().filter_map(|entry| self.entries.get(entry)) {
            self.trace_entry(entry, &input, &secrets, &mut trace);
        }
        shortened(trace)
    }

    fn trace_entry(
        &self,
        entry: &Entry,
        input: &Input<'_>,
        secrets: &Secrets,
        trace: &mut Vec<TraceItem>,
    ) {
        if entry.closed.is_some() {
            trace.push(plain(entry.path.clone(), "matched", "the tool is disabled".to_owned()));
            return;
        }
        if entry.unjustified.is_some() && is_blank(input.justification) {
            let message = "the tool asks for a justification".to_owned();
            trace.push(plain(entry.path.clone(), "matched", message));
            return;
        }
        let missing = entry.evidence.as_ref().map(|evidence| evidence.missing(input.session));
        if let Some(missing) = missing.filter(|missing| !missing.is_empty()) {
            let message = message::evidence_missing(&missing);
            trace.push(plain(entry.path.clone(), "matched", message));
            return;
        }
        let mut skipped = entry.skipped.iter().peekable();
        let mut is_decided = false;
        for (number, rule) in entry.rules.iter().enumerate() {
            while let Some(off) = skipped.next_if(|off| off.before <= number) {
                trace.push(switched_off(off.path.clone(), off.expression.clone()));
            }
            if is_decided {
                let message = "an earlier rule decided".to_owned();
                trace.push(self.of_rule(rule, "skipped", message));
                continue;
            }
            is_decided = self.trace_rule(rule, input, secrets, trace);
        }
        trace.extend(skipped.map(|off| switched_off(off.path.clone(), off.expression.clone())));
        if !is_decided {
            trace.push(plain(entry.path.clone(), "not_matched", "no rule matched".to_owned()));
        }
    }

    /// True when the rule ends the walk.
    fn trace_rule(
        &self,
        rule: &Rule,
        input: &Input<'_>,
        secrets: &Secrets,
        trace: &mut Vec<TraceItem>,
    ) -> bool {
        let (kind, message) = match self.test(rule, input) {
            Tri::True => ("matched", format!("matched: {}", rule.action)),
            Tri::False => ("not_matched", "did not match".to_owned()),
            Tri::Error => {
                let failure = self.failure(rule, input);
                let source = rule.condition().map_or("", Condition::source);
                let message = failure.map(|failure| errors::message(&failure, source, secrets));
                ("error", message.unwrap_or_default())
            }
        };
        trace.push(self.of_rule(rule, kind, message));
        if let Some(condition) = rule.condition() {
            let steps = condition.trace(rule.action, input, self.fuel);
            let culprit = if kind == "not_matched" { first_false(&steps) } else { None };
            trace.extend(steps.iter().enumerate().map(|(number, step)| {
                let item = self.of_step(rule, condition, step, secrets);
                if Some(number) != culprit {
                    return item;
                }
                TraceItem { message: FIRST_FALSE.to_owned(), ..item }
            }));
        }
        kind == "matched" || (kind == "error" && rule.action == Action::Deny)
    }

    fn of_rule(&self, rule: &Rule, kind: &str, message: String) -> TraceItem {
        let source = rule.condition().map(Condition::source);
        let span = Span::new(0, 0);
        let (line, column) = source.map(|source| self.place(rule.path(), source, span)).unzip();
        TraceItem {
            expression: source.map(str::to_owned),
            file: self.file(rule.path()),
            line,
            column,
            ..plain(rule.path().to_owned(), kind, message)
        }
    }

    fn of_step(
        &self,
        rule: &Rule,
        condition: &Condition,
        step: &Step,
        secrets: &Secrets,
    ) -> TraceItem {
        let text = step.span.text(condition.source());
        let (line, column) = self.place(rule.path(), condition.source(), step.span);
        let (kind, message, value) = match &step.outcome {
            Ok(value) => {
                let value = redact::redact_at(text, value);
                let value = secrets.mask(value, text, condition.source());
                ("value", String::new(), Some(value))
            }
            Err(kind) => ("error", kind.as_str().to_owned(), None),
        };
        TraceItem {
            expression: Some(text.to_owned()),
            file: self.file(rule.path()),
            line: Some(line),
            column: Some(column),
            value,
            ..plain(rule.path().to_owned(), kind, message)
        }
    }
}

/// The part that made the whole false: from the whole inwards, the first part that is false too.
///
/// A part that was looked at several times is the body of a macro, where no one time is to blame.
fn first_false(steps: &[Step]) -> Option<usize> {
    let is_false = |step: &Step| matches!(step.outcome, Ok(serde_json::Value::Bool(false)));
    let mut found = steps.len().checked_sub(1)?;
    let mut whole = steps.get(found).filter(|step| is_false(step))?.span;
    // Each round goes to a smaller part, so there are no more rounds than parts.
    for _ in steps {
        let truths: Vec<(usize, &Step)> = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| is_inside(step.span, whole))
            .filter(|(_, step)| matches!(step.outcome, Ok(serde_json::Value::Bool(_))))
            .collect();
        let part = truths.iter().find(|(number, step)| {
            is_false(step)
                && truths.iter().all(|(other, outer)| {
                    other == number
                        || (outer.span != step.span && !is_inside(step.span, outer.span))
                })
        });
        let Some((number, step)) = part else { break };
        (found, whole) = (*number, step.span);
    }
    Some(found)
}

fn is_inside(part: Span, whole: Span) -> bool {
    part != whole && part.start >= whole.start && part.end <= whole.end
}

/// As many lines as an explanation may have.
pub(super) fn shortened(mut trace: Vec<TraceItem>) -> Vec<TraceItem> {
    let left_out = trace.len().saturating_sub(TRACE_MAX);
    if left_out > 0 {
        trace.truncate(TRACE_MAX);
        trace.push(plain(String::new(), "skipped", format!("{left_out} more lines")));
    }
    trace
}

fn switched_off(path: String, expression: Option<String>) -> TraceItem {
    let message = "the rule is switched off".to_owned();
    TraceItem { expression, ..plain(path, "skipped", message) }
}

fn plain(rule: String, kind: &str, message: String) -> TraceItem {
    TraceItem {
        rule,
        message,
        kind: kind.to_owned(),
        scope: None,
        expression: None,
        file: None,
        line: None,
        column: None,
        value: None,
    }
}
