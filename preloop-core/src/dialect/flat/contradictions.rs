//! What a flat policy says and does not mean: fields that stand against each other, and those that do nothing.

use std::collections::BTreeSet;

use super::{FlatPolicy, Lookup};
use crate::diagnostic::{Code, Diagnostic};

/// Every contradiction; their places are those of their paths.
pub(super) fn of(flat: &FlatPolicy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    repetitions(flat, &mut found);
    allowed_and_denied(flat, &mut found);
    let lookup = &Lookup::new(flat);
    approvals(lookup, &mut found);
    evidence(lookup, &mut found);
    if *flat
        == (FlatPolicy {
            name: flat.name.clone(),
            description: flat.description.clone(),
            ..FlatPolicy::default()
        })
    {
        let message = "the policy says nothing of any action, so it allows every call";
        let help = "add `allowed_actions`, `denied_actions` or `require_approval: true`";
        found.push(Diagnostic::new(Code::NoEffect, "", message).help(help));
    }
    found
}

fn lists(flat: &FlatPolicy) -> [(&'static str, &[String]); 3] {
    [
        ("allowed_actions", &flat.allowed_actions),
        ("denied_actions", &flat.denied_actions),
        ("approval_actions", &flat.approval_actions),
    ]
}

fn repetitions(flat: &FlatPolicy, found: &mut Vec<Diagnostic>) {
    for (list, actions) in lists(flat) {
        let mut met = BTreeSet::new();
        for (index, action) in actions.iter().enumerate() {
            if !met.insert(action) {
                let message = format!("`{action}` stands in `{list}` twice");
                let path = format!("{list}[{index}]");
                found.push(
                    Diagnostic::new(Code::NoEffect, path, message).help("remove one of the two"),
                );
            }
        }
    }
}

fn allowed_and_denied(flat: &FlatPolicy, found: &mut Vec<Diagnostic>) {
    let denied: BTreeSet<&String> = flat.denied_actions.iter().collect();
    for (index, action) in flat.allowed_actions.iter().enumerate() {
        if denied.contains(action) {
            let message = format!("`{action}` is allowed and denied: deny wins");
            let path = format!("allowed_actions[{index}]");
            let help = format!("take `{action}` out of one of the two lists");
            found.push(Diagnostic::new(Code::Contradiction, path, message).help(help));
        }
    }
}

/// Why calls of an action are denied, whatever else is said of it.
fn why_denied(lookup: &Lookup<'_>, action: &str) -> Option<&'static str> {
    if lookup.is_denied(action) {
        return Some("it is denied");
    }
    lookup.is_left_out(action).then_some("it is not one of the allowed actions")
}

fn approvals(lookup: &Lookup<'_>, found: &mut Vec<Diagnostic>) {
    let flat = lookup.flat;
    if flat.require_approval == Some(true) {
        for (index, action) in flat.approval_actions.iter().enumerate() {
            let Some(why) = why_denied(lookup, action) else { continue };
            let message = format!("no approval is ever asked for `{action}`: {why}");
            let path = format!("approval_actions[{index}]");
            let help = "deny wins over approvals: say only one of the two";
            found.push(Diagnostic::new(Code::Contradiction, path, message).help(help));
        }
        return;
    }
    let fields = [
        ("approval_actions", !flat.approval_actions.is_empty()),
        ("approval_threshold_usd", flat.approval_threshold_usd.is_some()),
    ];
    for (field, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
        let what = match flat.require_approval {
            Some(_) => "`require_approval` is false",
            None => "`require_approval` is not there",
        };
        let message = format!("`{field}` does nothing and approvals will not fire: {what}");
        let help = "write `require_approval: true`, or remove the field";
        found.push(Diagnostic::new(Code::Contradiction, field, message).help(help));
    }
}

fn evidence(lookup: &Lookup<'_>, found: &mut Vec<Diagnostic>) {
    let flat = lookup.flat;
    for (action, tools) in &flat.evidence_requirements {
        let path = format!("evidence_requirements.{action}");
        if let Some(why) = why_denied(lookup, action) {
            let message = format!("no evidence is ever asked for `{action}`: {why}");
            let help = "remove it, or allow the action";
            found.push(Diagnostic::new(Code::Contradiction, path, message).help(help));
            continue;
        }
        if tools.is_empty() {
            let message = format!("no tool is named that must come before `{action}`");
            let help = "name one, or remove the key";
            found.push(Diagnostic::new(Code::NoEffect, path.clone(), message).help(help));
        }
        for (index, tool) in tools.iter().enumerate() {
            let Some(why) = why_denied(lookup, tool) else { continue };
            let message =
                format!("`{action}` can never be called: `{tool}` must come first, and {why}");
            let path = format!("{path}[{index}]");
            let help = format!("allow `{tool}`, or name another tool");
            found.push(Diagnostic::new(Code::Contradiction, path, message).help(help));
        }
    }
}
