//! Recorded decisions to tests: what a policy did becomes what is expected of it.
//!
//! The calls of a log are many and alike, so of each outcome of a tool only some are taken.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::TEST_SCHEMA_ADDRESS;
use super::expectation;
use super::flow::{flow, text};
use crate::call::{Call, CallRecord, Principal, Session};
use crate::compile::CompiledPolicy;
use crate::decision::{Action, Decision, Reason};
use crate::limits::{NAME_CHARS_MAX, TEST_CASES_MAX};
use crate::redact::MASK;

/// What became of a recorded call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is a case.
    Case,
    /// The same call is a case already, or there are enough with its outcome.
    Enough,
    /// It cannot be a case; why.
    LeftOut(&'static str),
}

/// Collects cases from recorded decisions.
#[derive(Debug)]
pub struct Recorder<'p> {
    policy: Option<&'p CompiledPolicy>,
    cases_max: usize,
    count: usize,
    groups: BTreeMap<Callee, BTreeMap<Outcome, Vec<Case>>>,
    principals: Vec<(String, Principal)>,
}

/// The tool of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Callee {
    tool: String,
    source: Option<String>,
    server: Option<String>,
}

/// What was decided of the cases of a test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    action: Action,
    reason: &'static str,
    rule: Option<String>,
}

/// A case as it will be written, and the time of its call.
#[derive(Debug)]
struct Case {
    fields: String,
    now: Option<String>,
}

// === impl Recorder ===

impl<'p> Recorder<'p> {
    /// A recorder that takes at most so many cases for each outcome of a tool. The policy answers for
    /// calls whose decision is not recorded.
    pub fn new(policy: Option<&'p CompiledPolicy>, cases_max: usize) -> Self {
        Self { policy, cases_max, count: 0, groups: BTreeMap::new(), principals: Vec::new() }
    }

    /// How many cases there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes a recorded call.
    pub fn note(&mut self, record: &CallRecord) -> Noted {
        if !is_name(&record.tool.name) {
            return Noted::LeftOut("its tool has no name that a test could hold");
        }
        let call = Call { now: record.now.or(record.at), ..record.call() };
        let answer = self.policy.map(|policy| policy.evaluate(&call));
        let Some(decision) = record.decision.as_ref().or(answer.as_deref()) else {
            return Noted::LeftOut(
                "its decision is not recorded, and no policy is given to decide it",
            );
        };
        if !is_by_policy(decision.reason) {
            return Noted::LeftOut("it was decided by something else than the policy's rules");
        }
        // What was masked when it was recorded is not what the rules saw.
        let is_same = answer.as_ref().is_some_and(|answer| is_same(answer, decision));
        if !is_same && (is_masked(&record.args) || record.context.values().any(is_masked)) {
            return Noted::LeftOut("its arguments are masked");
        }
        self.take(record, decision)
    }

    fn take(&mut self, record: &CallRecord, decision: &Decision) -> Noted {
        let callee = Callee {
            tool: record.tool.name.clone(),
            source: record.tool.source.clone(),
            server: record.tool.server.clone(),
        };
        let outcome = Outcome {
            action: decision.action,
            reason: decision.reason.as_str(),
            rule: decision.rule.as_ref().map(|rule| expectation::name(rule).to_owned()),
        };
        let principal = self.principal(&record.principal);
        let fields = fields(record, principal.as_deref());
        let cases = self.groups.entry(callee).or_default().entry(outcome).or_default();
        let is_known = cases.iter().any(|case| case.fields == fields);
        if is_known || cases.len() >= self.cases_max || self.count >= TEST_CASES_MAX {
            return Noted::Enough;
        }
        cases.push(Case { fields, now: record.now.or(record.at).map(|at| at.to_string()) });
        self.count += 1;
        Noted::Case
    }

    /// The fixture's name for a principal; none for nobody.
    fn principal(&mut self, principal: &Principal) -> Option<String> {
        if *principal == Principal::default() {
            return None;
        }
        if let Some((name, _)) = self.principals.iter().find(|(_, known)| known == principal) {
            return Some(name.clone());
        }
        let said = [&principal.name, &principal.id].into_iter().find(|name| is_name(name));
        let base = said.map_or_else(|| "principal".to_owned(), |name| name.replace('.', "-"));
        let is_taken = |name: &str| self.principals.iter().any(|(known, _)| known == name);
        let mut name = base.clone();
        let mut number = 1;
        while is_taken(&name) {
            number += 1;
            name = format!("{base} {number}");
        }
        self.principals.push((name.clone(), principal.clone()));
        Some(name)
    }

    /// The test file: `policy` is the path that it names, `origin` where the decisions come from.
    pub fn to_yaml(&self, policy: Option<&str>, origin: &str) -> String {
        let mut out = format!("# yaml-language-server: $schema={TEST_SCHEMA_ADDRESS}\n");
        if let Some(policy) = policy {
            line(&mut out, 0, &format!("policy: {}", text(policy)));
        }
        let about =
            format!("What was decided in {origin}, written by `preloop policy test --record`");
        line(&mut out, 0, &format!("description: {}", text(&about)));
        if !self.principals.is_empty() {
            out.push_str("\nfixtures:\n  principals:\n");
        }
        for (name, principal) in &self.principals {
            let principal = serde_json::to_value(principal).unwrap_or_default();
            line(&mut out, 4, &format!("{}: {}", text(name), flow(&without_empty(principal))));
        }
        out.push_str(if self.groups.is_empty() { "\ngroups: []\n" } else { "\ngroups:\n" });
        for (callee, outcomes) in &self.groups {
            callee.write(&mut out);
            for (outcome, cases) in outcomes.iter().filter(|(_, cases)| !cases.is_empty()) {
                outcome.write(&mut out);
                for case in cases {
                    let now = case.now.as_ref().map(|now| format!(", now: {}", text(now)));
                    let now = now.unwrap_or_default();
                    line(&mut out, 10, &format!("- {{{}{now}}}", case.fields));
                }
            }
        }
        out
    }
}

// === impl Callee ===

impl Callee {
    fn write(&self, out: &mut String) {
        let Self { tool, source, server } = self;
        let from = [source, server].into_iter().flatten().map(String::as_str);
        let from: Vec<&str> = from.collect();
        let name =
            if from.is_empty() { tool.clone() } else { format!("{tool} of {}", from.join(", ")) };
        line(out, 2, &format!("- name: {}", text(&name)));
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
    fn write(&self, out: &mut String) {
        let Self { action, reason, rule } = self;
        let why =
            rule.as_ref().map_or_else(|| reason.replace('_', " "), |rule| format!("by {rule}"));
        let mut name: String = format!("{action} {why}");
        if rule.is_some() && *reason != Reason::RuleMatched.as_str() {
            name = format!("{name}, {}", reason.replace('_', " "));
        }
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        line(out, 6, &format!("- name: {}", text(&name)));
        let rule = rule.as_ref().map(|rule| format!(", rule: {}", text(rule))).unwrap_or_default();
        line(out, 8, &format!("expect: {{action: {action}, reason: {reason}{rule}}}"));
        line(out, 8, "cases:");
    }
}

fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{text}", "");
}

/// What a case says of its call, but for the tool and the time.
fn fields(record: &CallRecord, principal: Option<&str>) -> String {
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
fn without_empty(value: Value) -> Value {
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

/// Whether a reason is one that a policy gives to a call by itself.
fn is_by_policy(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::InvalidCall
            | Reason::EvidenceMissing
            | Reason::Granted
            | Reason::Halted
            | Reason::PolicyUnavailable
            | Reason::PolicyStale
    )
}

fn is_same(one: &Decision, other: &Decision) -> bool {
    let parts = |decision: &Decision| {
        let rule = decision.rule.as_ref().map(|rule| expectation::name(rule).to_owned());
        (decision.action, decision.reason, rule)
    };
    parts(one) == parts(other)
}

/// Recursion is bounded by the nesting that arguments may have.
fn is_masked(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(items) => items.iter().any(is_masked),
        Value::Object(members) => members.values().any(is_masked),
        _ => false,
    }
}

/// Whether a test file could hold the text as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.chars().any(char::is_control)
        && text.chars().count() <= NAME_CHARS_MAX / 2
}
