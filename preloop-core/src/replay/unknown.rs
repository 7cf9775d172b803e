//! Why a recorded decision cannot be replayed: something that the rules would read is not in the log.

use serde_json::Value;

use super::line::Recorded;
use crate::call::Call;
use crate::cel::{ArgPath, Argument, Input, Lookup, Tri};
use crate::compile::{CompiledPolicy, Fits, Rule};
use crate::decision::Reason;
use crate::redact::{LEFT_OUT, MASK};

/// How deep and how much of an argument is looked at for something masked.
const NODES_MAX: usize = 10_000;

/// None where the answer follows from what is recorded.
pub(super) fn why(
    policy: &CompiledPolicy,
    recorded: &Recorded,
    call: &Call<'_>,
    is_masked: bool,
) -> Option<String> {
    let Some(reason) = recorded.reason else {
        return Some("no decision is recorded with the call".to_owned());
    };
    if let Some(said) = beside_rules(reason) {
        return Some(said.to_owned());
    }
    let is_whole = !is_masked && !recorded.is_from_trail && call.now.is_some();
    // Nearly every line: everything is there.
    if is_whole || (!is_masked && !recorded.is_from_trail && !policy.reads_now()) {
        return None;
    }
    // A call that contradicts itself is denied, whatever rules there are.
    let source = policy.source(call).ok()?;
    let entries = match policy.index.find(call.tool.name, source) {
        Fits::None => return None,
        Fits::One(entry) => vec![entry],
        Fits::Several(entries) => entries,
    };
    let input = policy.input(call, source);
    entries.into_iter().filter_map(|entry| policy.entries.get(entry)).find_map(|entry| {
        if entry.closed.is_some() {
            return None;
        }
        if entry.unjustified.is_some()
            && recorded.is_from_trail
            && reason != Reason::JustificationRequired
        {
            return Some(
                "the audit trail does not keep the justification, and the entry asks for one"
                    .to_owned(),
            );
        }
        if entry.evidence.is_some() && recorded.is_from_trail {
            return Some(
                "the audit trail does not keep the session, and the entry wants calls made before"
                    .to_owned(),
            );
        }
        for rule in &entry.rules {
            if let Some(missing) = missing(rule, recorded, &input, is_masked) {
                return Some(missing);
            }
            if policy.test(rule, &input) == Tri::True {
                return None;
            }
        }
        None
    })
}

/// Decisions that no rule of a policy makes.
const fn beside_rules(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Granted => Some("an approval decided, not a rule"),
        Reason::Halted => Some("the operator had halted enforcement"),
        Reason::PolicyUnavailable => Some("there was no policy to decide by"),
        Reason::PolicyStale => Some("the policy was too old to decide by"),
        Reason::InvalidCall => Some("the arguments were refused before any rule was asked"),
        _ => None,
    }
}

fn missing(rule: &Rule, recorded: &Recorded, input: &Input<'_>, is_masked: bool) -> Option<String> {
    let condition = rule.condition()?;
    let named = || {
        let decided = rule.answer.decision.rule.as_ref();
        let name = decided.and_then(|rule| rule.name.as_deref());
        name.unwrap_or_else(|| rule.path()).to_owned()
    };
    let reads = |name: &str| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        condition.source().split(|c| !is_part(c)).any(|word| word == name)
    };
    if input.now.is_none() && reads("now") {
        return Some(format!("the line has no time, and the rule `{}` reads `now`", named()));
    }
    if recorded.is_from_trail {
        let kept_out = ["context", "session", "annotations", "justification", "is_new"];
        if let Some(name) = kept_out.into_iter().find(|name| reads(name)) {
            return Some(format!(
                "the audit trail does not keep what the rule `{}` reads: `{name}`",
                named()
            ));
        }
    }
    if !is_masked {
        return None;
    }
    if let Some(path) = condition.arg_paths().find(|path| is_masked_at(path, input)) {
        return Some(format!("`{path}` is masked, and the rule `{}` reads it", named()));
    }
    let beside = [("context", input.context), ("annotations", input.tool.annotations)];
    for (name, map) in beside {
        let mut left = NODES_MAX;
        if reads(name)
            && map.is_some_and(|map| map.values().any(|value| has_mask(value, &mut left)))
        {
            return Some(format!(
                "`{name}` is masked in part, and the rule `{}` reads it",
                named()
            ));
        }
    }
    let mut left = NODES_MAX;
    let calls = input.session.into_iter().flat_map(|session| &session.calls);
    if reads("session") && calls.into_iter().any(|call| has_mask(&call.args, &mut left)) {
        return Some(format!("`session` is masked in part, and the rule `{}` reads it", named()));
    }
    None
}

fn is_masked_at(path: &ArgPath, input: &Input<'_>) -> bool {
    let mut left = NODES_MAX;
    match input.args.lookup(path) {
        Lookup::Found(Argument::Json(value)) => has_mask(value, &mut left),
        Lookup::Found(Argument::Object(map)) => {
            map.values().any(|value| has_mask(value, &mut left))
        }
        Lookup::Found(Argument::Text(text)) => is_mask(text),
        // What stood above a key may be masked as a whole.
        Lookup::NotAnObject(at) | Lookup::NullAbove(at) => {
            let above = ArgPath::new(path.keys().take(at), 0);
            matches!(input.args.lookup(&above), Lookup::Found(Argument::Json(Value::String(text))) if is_mask(text))
        }
        Lookup::Found(_) | Lookup::Missing(_) => false,
    }
}

fn is_mask(text: &str) -> bool {
    text == MASK || text == LEFT_OUT
}

/// True also where there is more than was looked at.
fn has_mask(value: &Value, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return true };
    *left = rest;
    match value {
        Value::String(text) => is_mask(text),
        Value::Array(items) => items.iter().any(|item| has_mask(item, left)),
        Value::Object(map) => {
            map.iter().any(|(key, value)| key == LEFT_OUT || has_mask(value, left))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
