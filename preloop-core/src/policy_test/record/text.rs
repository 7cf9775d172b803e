//! The text of recorded tests: groups by tool, tests by outcome, a line for each case.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::call::{CallRecord, Session};
use crate::decision::{Action, Reason};
use crate::limits::NAME_CHARS_MAX;
use crate::policy_test::flow::{flow, text};

/// Longest name that we make, so that a number behind it finds room.
const MADE_NAME_CHARS_MAX: usize = NAME_CHARS_MAX - 8;

/// The tool of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Callee {
    pub(super) tool: String,
    pub(super) source: Option<String>,
    pub(super) server: Option<String>,
}

/// What was decided of the cases of a test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Outcome {
    pub(super) action: Action,
    pub(super) reason: &'static str,
    pub(super) rule: Option<String>,
}

/// A case as it will be written, and the time of its call.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) fields: String,
    pub(super) now: Option<String>,
}

// === impl Callee ===

impl Callee {
    pub(super) fn name(&self) -> String {
        let Self { tool, source, server } = self;
        let from = [source, server].into_iter().flatten().map(String::as_str);
        let from: Vec<&str> = from.collect();
        let name =
            if from.is_empty() { tool.clone() } else { format!("{tool} of {}", from.join(", ")) };
        shortened(&name)
    }

    pub(super) fn write(&self, out: &mut String, name: &str) {
        let Self { tool, source, server } = self;
        line(out, 2, &format!("- name: {}", text(name)));
        line(out, 4, &format!("tool: {}", text(tool)));
        for (field, value) in [("source", source), ("server", server)] {
            if let Some(value) = value {
                line(out, 4, &format!("{field}: {}", text(value)));
            }
        }
        line(out, 4, "tests:");
    }
}

// === impl Outcome ===

impl Outcome {
    pub(super) fn name(&self) -> String {
        let Self { action, reason, rule } = self;
        let why =
            rule.as_ref().map_or_else(|| reason.replace('_', " "), |rule| format!("by {rule}"));
        let mut name: String = format!("{action} {why}");
        if rule.is_some() && *reason != Reason::RuleMatched.as_str() {
            name = format!("{name}, {}", reason.replace('_', " "));
        }
        shortened(&name)
    }

    pub(super) fn write(&self, out: &mut String, name: &str) {
        let Self { action, reason, rule } = self;
        line(out, 6, &format!("- name: {}", text(name)));
        let rule = rule.as_ref().map(|rule| format!(", rule: {}", text(rule))).unwrap_or_default();
        line(out, 8, &format!("expect: {{action: {action}, reason: {reason}{rule}}}"));
        line(out, 8, "cases:");
    }
}

// === impl Case ===

impl Case {
    pub(super) fn write(&self, out: &mut String) {
        let now = self.now.as_ref().map(|now| format!(", now: {}", text(now)));
        line(out, 10, &format!("- {{{}{}}}", self.fields, now.unwrap_or_default()));
    }
}

pub(super) fn write_principals(out: &mut String, principals: &[(String, String)]) {
    for (name, facts) in principals {
        line(out, 4, &format!("{}: {facts}", text(name)));
    }
}

fn shortened(name: &str) -> String {
    let name: String = name.chars().take(MADE_NAME_CHARS_MAX).collect();
    name.trim_end().to_owned()
}

/// The name, with a number where it is taken.
pub(super) fn unlike(name: &str, taken: &HashSet<String>) -> String {
    let numbered = (2..).map(|number: usize| format!("{name} {number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

pub(super) fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{text}", "");
}

/// What a case says of its call, but for the tool and the time.
pub(super) fn fields(record: &CallRecord, principal: Option<&str>) -> String {
    let mut fields = vec![format!("args: {}", flow(&record.args))];
    if let Some(principal) = principal {
        fields.push(format!("principal: {}", text(principal)));
    }
    if record.session != Session::default() {
        let session = serde_json::to_value(&record.session).unwrap_or_default();
        fields.push(format!("session: {}", flow(&without_empty(session))));
    }
    let facts = [("context", &record.context), ("annotations", &record.tool.annotations)];
    for (name, facts) in facts.into_iter().filter(|(_, facts)| !facts.is_empty()) {
        fields.push(format!("{name}: {}", flow(&Value::Object(facts.clone()))));
    }
    if record.tool.is_new {
        fields.push("is_new: true".to_owned());
    }
    if let Some(justification) = &record.justification {
        fields.push(format!("justification: {}", text(justification)));
    }
    fields.join(", ")
}

/// Principals and sessions without the members that say nothing.
pub(super) fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| {
        value.is_null()
            || value.as_str().is_some_and(str::is_empty)
            || value.as_array().is_some_and(Vec::is_empty)
    };
    match value {
        Value::Object(mut members) => {
            // The arguments of earlier calls are facts, whatever they are.
            for (_, value) in members.iter_mut().filter(|(name, _)| *name == "calls") {
                let calls = value.as_array_mut().map(std::mem::take).unwrap_or_default();
                *value = Value::Array(calls.into_iter().map(without_empty).collect());
            }
            members.retain(|_, value| !is_empty(value));
            Value::Object(members)
        }
        other => other,
    }
}
