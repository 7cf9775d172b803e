//! A flat policy as the document that means the same, and where each part of it comes from.
//!
//! Each action that is treated in a way of its own gets an entry with everything that holds for it; what holds for
//! all others stands in a last entry, a glob, so that it also holds before the policies of scopes above.

use std::collections::HashMap;

use super::{FlatPolicy, Lookup};
use crate::decision::Action;
use crate::diagnostic::Diagnostic;
use crate::document::{Condition, ConditionType, Metadata, PolicyDocument, Tool};

/// From the parts of the document back to those of the flat policy.
pub(super) struct Origins {
    /// The path that made each entry.
    entries: Vec<String>,
    /// The action of each entry.
    actions: Vec<String>,
}

/// What is asked of actions that have no list of their own to be in.
const EVERYTHING_ELSE: &str = "*";

/// The document, and where its entries come from.
pub(super) fn document(flat: &FlatPolicy) -> (PolicyDocument, Origins) {
    let (lookup, named) = (&Lookup::new(flat), places(flat));
    // An action that is told apart by nothing is left to the last entry.
    let blanket = otherwise(flat);
    let mut origins = Origins { entries: Vec::new(), actions: Vec::new() };
    let mut tools = Vec::new();
    for action in flat.actions() {
        if !lookup.is_denied(action) && lookup.is_left_out(action) {
            continue;
        }
        let tool = entry(lookup, action);
        if tool.evidence_required.is_empty() && tool.conditions == blanket {
            continue;
        }
        origins.entries.push(named.get(action).cloned().unwrap_or_default());
        origins.actions.push(action.to_owned());
        tools.push(tool);
    }
    if !blanket.is_empty() {
        tools.push(Tool { conditions: blanket, ..Tool::named(EVERYTHING_ELSE) });
    }
    let metadata = Metadata {
        name: flat.name.clone(),
        description: flat.description.clone(),
        author: None,
        tags: Vec::new(),
        created_at: None,
    };
    let document = PolicyDocument {
        version: "1.0".to_owned(),
        metadata,
        mcp_servers: Vec::new(),
        approval_workflows: Vec::new(),
        tools,
        defaults: None,
    };
    (document, origins)
}

/// Where each action is first named.
fn places(flat: &FlatPolicy) -> HashMap<&str, String> {
    let mut places = HashMap::new();
    let lists = [
        ("denied_actions", &flat.denied_actions),
        ("allowed_actions", &flat.allowed_actions),
        ("approval_actions", &flat.approval_actions),
    ];
    for (list, actions) in lists {
        for (index, action) in actions.iter().enumerate() {
            places.entry(action.as_str()).or_insert_with(|| format!("{list}[{index}]"));
        }
    }
    for action in flat.evidence_requirements.keys() {
        places.entry(action.as_str()).or_insert_with(|| format!("evidence_requirements.{action}"));
    }
    places
}

fn entry(lookup: &Lookup<'_>, action: &str) -> Tool {
    let flat = lookup.flat;
    if lookup.is_denied(action) {
        let rule = rule("denied", Action::Deny, "it is one of the denied actions");
        return Tool { conditions: vec![rule], ..Tool::named(action) };
    }
    let evidence = flat.evidence_requirements.get(action);
    Tool {
        evidence_required: evidence.cloned().unwrap_or_default(),
        conditions: if lookup.needs_approval(action) { approval(flat) } else { Vec::new() },
        ..Tool::named(action)
    }
}

/// The rules for actions that are not named.
fn otherwise(flat: &FlatPolicy) -> Vec<Condition> {
    if !flat.allowed_actions.is_empty() {
        return vec![rule("not_allowed", Action::Deny, "it is not one of the allowed actions")];
    }
    if flat.require_approval == Some(true) && flat.approval_actions.is_empty() {
        return approval(flat);
    }
    Vec::new()
}

/// An approval, except for amounts up to the threshold. What is no number, or is not there, is never up to it.
fn approval(flat: &FlatPolicy) -> Vec<Condition> {
    let Some(threshold) = flat.approval_threshold_usd else {
        return vec![rule("approval", Action::RequireApproval, "this action needs an approval")];
    };
    let up_to = |name: &str, amount: &str, unless: &str| {
        let expression = format!(
            "{unless}has(args.{amount}) && type(args.{amount}) in [int, uint, double] && args.{amount} <= {threshold:?}"
        );
        Condition {
            expression: Some(expression),
            condition_type: Some(ConditionType::Cel),
            ..rule(name, Action::Allow, "the amount is not over the threshold")
        }
    };
    let why =
        format!("amounts over {threshold} USD, and amounts that are not said, need an approval");
    vec![
        up_to("amount_usd_within_threshold", "amount_usd", ""),
        up_to("amount_within_threshold", "amount", "!has(args.amount_usd) && "),
        rule("over_threshold", Action::RequireApproval, &why),
    ]
}

fn rule(name: &str, action: Action, description: &str) -> Condition {
    Condition {
        name: Some(name.to_owned()),
        action: Some(action),
        description: Some(description.to_owned()),
        ..Condition::default()
    }
}

// === impl Origins ===

impl Origins {
    /// What validation says of the document, said of the flat policy.
    pub(super) fn told(&self, problem: &Diagnostic) -> Diagnostic {
        let path = self.path(&problem.path).unwrap_or_default();
        Diagnostic { path, line: None, column: None, ..problem.clone() }
    }

    fn path(&self, path: &str) -> Option<String> {
        let (index, rest) = path.strip_prefix("tools[")?.split_once(']')?;
        let index: usize = index.parse().ok()?;
        match rest.strip_prefix(".evidence_required") {
            Some(item) => Some(format!("evidence_requirements.{}{item}", self.actions.get(index)?)),
            None => self.entries.get(index).cloned(),
        }
    }
}
