//! What a test expects of a decision, and where a decision differs from it.

use serde::Serialize;

use crate::decision::{Action, Decision, Reason, RuleRef};

pub(super) const NO_RULE: &str = "no rule";
const NO_WORKFLOW: &str = "no workflow";

/// What is expected; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// What happens to the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The rule that decided: its name, or its path where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Expected>,
    /// What the agent is told, to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A part of what the agent is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_contains: Option<String>,
    /// The workflow of the approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_workflow: Option<Expected>,
}

/// A name that is expected, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Expected {
    /// There is none: no rule decided, nobody is asked.
    Nothing,
    /// This one.
    Name(String),
}

/// One part of a decision that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Which part, as it is named in `expect`.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What the decision says.
    pub found: String,
    /// What to do about it, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

// === impl Expected ===

impl Expected {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Name(name) => Some(name),
        }
    }
}

// === impl Expectation ===

impl Expectation {
    /// Where a decision is not as expected; nothing where it is.
    pub fn check(&self, decision: &Decision) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        let mut compare = |field, expected: Option<&str>, found: &str, is_same: bool| {
            if let Some(expected) = expected.filter(|_| !is_same) {
                let (expected, found) = (expected.to_owned(), found.to_owned());
                mismatches.push(Mismatch { field, expected, found, help: None });
            }
        };
        let Self { action, reason, rule, message, message_contains, approval_workflow } = self;
        let found = decision.action;
        compare("action", action.map(Action::as_str), found.as_str(), *action == Some(found));
        let found = decision.reason;
        compare("reason", reason.map(Reason::as_str), found.as_str(), *reason == Some(found));
        let found = decision.rule.as_ref();
        let is_same = match (rule, found) {
            (Some(Expected::Name(rule)), Some(found)) => is_named(found, rule),
            (Some(Expected::Nothing), None) => true,
            _ => false,
        };
        let expected = rule.as_ref().map(|rule| rule.name().unwrap_or(NO_RULE));
        compare("rule", expected, found.map_or(NO_RULE, name), is_same);
        let found = &decision.message;
        compare("message", message.as_deref(), found, message.as_ref() == Some(found));
        let is_part = message_contains.as_deref().is_some_and(|part| found.contains(part));
        compare("message_contains", message_contains.as_deref(), found, is_part);
        let found = decision.approval_workflow.as_deref();
        let expected = approval_workflow.as_ref().map(Expected::name);
        let is_same = expected == Some(found);
        let expected = expected.map(|expected| expected.unwrap_or(NO_WORKFLOW));
        compare("approval_workflow", expected, found.unwrap_or(NO_WORKFLOW), is_same);
        mismatches
    }

    /// Whether nothing is expected at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a rule is called by people: its name, else its path.
pub(super) fn name(rule: &RuleRef) -> &str {
    rule.name.as_deref().unwrap_or(&rule.path)
}

fn is_named(rule: &RuleRef, expected: &str) -> bool {
    rule.name.as_deref() == Some(expected) || rule.path == expected
}
