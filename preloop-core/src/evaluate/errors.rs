//! A failing condition in full: which rule, which part of it, where in the document, what was met there.

use serde_json::Value;

use crate::call::Principal;
use crate::cel::{ArgPath, Argument, Failure, FailureKind, Input, Lookup, Span, Step};
use crate::compile::{CompiledPolicy, Rule};
use crate::decision::ConditionError;
use crate::limits::NESTING_MAX;
use crate::redact::{self, Secrets};

/// The secrets of a call, as far as the whole of it can be seen.
pub(super) fn secrets(input: &Input<'_>) -> Secrets {
    let mut secrets = Secrets::new();
    match input.args.lookup(&ArgPath::whole()) {
        Lookup::Found(Argument::Json(args)) => secrets.collect(args),
        Lookup::Found(Argument::Object(args)) => secrets.collect_map(args),
        // What cannot be seen may hold any secret.
        _ => secrets.assume(),
    }
    input.context.into_iter().for_each(|context| secrets.collect_map(context));
    input.tool.annotations.into_iter().for_each(|map| secrets.collect_map(map));
    if let Some(principal) = input.principal {
        let Principal { id, kind, name, roles, teams } = principal;
        [id, kind, name].into_iter().chain(roles).chain(teams).for_each(|text| secrets.show(text));
    }
    for call in input.session.into_iter().flat_map(|session| &session.calls) {
        secrets.collect(&call.args);
    }
    secrets
}

/// The wire form of a failure.
pub(super) fn condition_error(
    policy: &CompiledPolicy,
    rule: &Rule,
    failure: &Failure,
    input: &Input<'_>,
    secrets: &Secrets,
) -> ConditionError {
    let source = rule.condition().map_or("", |condition| condition.source());
    let path = rule.path();
    let (line, column) = policy.place(path, source, failure.span);
    ConditionError {
        rule: path.to_owned(),
        message: message(failure, source, secrets),
        kind: failure.kind.as_str().to_owned(),
        expression: Some(failure.span.text(source).to_owned()).filter(|text| !text.is_empty()),
        file: policy.file(path),
        line: Some(line),
        column: Some(column),
        value: value_met(policy, rule, failure, input)
            .map(|(value, part)| redact::cut(secrets.mask(value, part, source))),
    }
}

/// The failure in words. Some kinds quote the value they met, which is not for a secret's part.
pub(super) fn message(failure: &Failure, source: &str, secrets: &Secrets) -> String {
    let part = failure.span.text(source);
    let is_secret = failure.kind != FailureKind::NoSuchKey && redact::reads_secret(part);
    if is_secret || secrets.are_told_by(&failure.message, part) {
        return failure.kind.describe().to_owned();
    }
    failure.message.clone()
}

/// The value that the failing part was given, without secrets: the last one that evaluation saw inside of it.
fn value_met<'a>(
    policy: &CompiledPolicy,
    rule: &'a Rule,
    failure: &Failure,
    input: &Input<'_>,
) -> Option<(Value, &'a str)> {
    let condition = rule.condition()?;
    let steps = condition.trace(rule.action, input, policy.fuel);
    let inside =
        |step: &&Step| step.span.start >= failure.span.start && step.span.end <= failure.span.end;
    steps.iter().filter(inside).find_map(|step| {
        let text = step.span.text(condition.source());
        // A literal says nothing that the expression does not.
        let is_read = text.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && !matches!(text, "true" | "false" | "null");
        let value = step.outcome.as_ref().ok()?;
        is_read.then(|| (redact::redact_at(text, value), text))
    })
}

/// The fault of the call where a condition failed over arguments that nest deeper than any text may: then nothing is
/// wrong with the rule. Only arguments that a program made can, since every reader refuses such text before.
pub(super) fn nesting(failure: &Failure, input: &Input<'_>) -> Option<ConditionError> {
    let args = input.args.object().filter(|_| failure.kind == FailureKind::TooLarge)?;
    let levels = NESTING_MAX.saturating_sub(1);
    let is_at_fault = args.values().any(|value| nests_deeper(value, levels));
    let words = || format!("the arguments nest deeper than {NESTING_MAX} levels");
    is_at_fault.then(|| ConditionError::of_call(words(), None))
}

/// Whether so many levels of lists and objects are too few for the value.
fn nests_deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return value.is_array() || value.is_object() };
    match value {
        Value::Array(items) => items.iter().any(|item| nests_deeper(item, below)),
        Value::Object(entries) => entries.values().any(|entry| nests_deeper(entry, below)),
        _ => false,
    }
}

/// A condition that failed once and gave an answer when it was asked why: it stays a failure.
pub(super) fn unexplained() -> Failure {
    Failure {
        kind: FailureKind::InvalidArgument,
        message: "the condition could not be evaluated".to_owned(),
        span: Span::default(),
        path: None,
    }
}
