//! What a replay tells.

use serde::Serialize;

use crate::call::CallRecord;
use crate::decision::{Action, Decision, PolicyRef, Reason};
use crate::diff::Verdict;
use crate::redact::{redact, redact_map};

/// How recorded calls fare under another policy.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayReport {
    /// The policy that they were replayed against.
    pub policy: PolicyRef,
    /// Lines that were not blank.
    pub lines: u64,
    /// Decisions that were replayed.
    pub replayed: u64,
    /// Of these, how many come out as they did.
    pub same: u64,
    /// Of these, how many come out otherwise.
    pub changed: u64,
    /// Of the changed, how many are answered more leniently.
    pub loosened: u64,
    /// Of the changed, how many are answered more strictly.
    pub tightened: u64,
    /// Decisions of which too little is known.
    pub not_replayable: u64,
    /// Lines of an audit trail that tell something else than a decision.
    pub others: u64,
    /// Lines that cannot be read.
    pub bad: u64,
    /// The changes, by the rule that decided and the rule that would decide.
    pub groups: Vec<Group>,
    /// Why decisions could not be replayed.
    pub unreplayed: Vec<Unreplayed>,
    /// The first lines that cannot be read.
    pub bad_lines: Vec<BadLine>,
}

/// What decided, or would decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Side {
    /// What happened to the call.
    pub action: Action,
    /// Why.
    pub reason: &'static str,
    /// The rule's name, or its path where it has none.
    pub rule: Option<String>,
    /// The rule's path.
    pub path: Option<String>,
    /// The workflow of an approval.
    pub approval_workflow: Option<String>,
}

/// Calls that are decided otherwise in the same way.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Which way; unknown where only the workflow differs.
    pub verdict: Verdict,
    /// How many there are.
    pub count: u64,
    /// What was decided.
    pub before: Side,
    /// What would be decided.
    pub after: Side,
    /// Some of them.
    pub samples: Vec<Sample>,
}

/// A reason why decisions could not be replayed.
#[derive(Clone, Debug, Serialize)]
pub struct Unreplayed {
    /// The reason.
    pub reason: String,
    /// How many there are.
    pub count: u64,
    /// Some of them.
    pub samples: Vec<Sample>,
}

/// One line of a log.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// The log.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The call, secret-looking values masked.
    pub call: CallRecord,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The log.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

// === impl ReplayReport ===

impl ReplayReport {
    pub(super) fn new(policy: PolicyRef) -> Self {
        Self {
            policy,
            lines: 0,
            replayed: 0,
            same: 0,
            changed: 0,
            loosened: 0,
            tightened: 0,
            not_replayable: 0,
            others: 0,
            bad: 0,
            groups: Vec::new(),
            unreplayed: Vec::new(),
            bad_lines: Vec::new(),
        }
    }
}

// === impl Side ===

impl Side {
    pub(super) fn of(decision: &Decision) -> Self {
        let rule = decision.rule.as_ref();
        let path = rule.map(|rule| rule.path.clone());
        Self {
            action: decision.action,
            reason: Reason::as_str(decision.reason),
            rule: rule.and_then(|rule| rule.name.clone()).or_else(|| path.clone()),
            path,
            approval_workflow: decision.approval_workflow.clone(),
        }
    }
}

// === impl Group ===

impl Group {
    pub(super) fn new(verdict: Verdict, before: Side, after: Side) -> Self {
        Self { verdict, count: 0, before, after, samples: Vec::new() }
    }
}

// === impl Sample ===

impl Sample {
    pub(super) fn of(file: &str, line: u64, call: &CallRecord) -> Self {
        // Samples end up in logs of other machines.
        let mut call = call.clone();
        call.args = redact(&call.args);
        call.context = redact_map(&call.context);
        call.tool.annotations = redact_map(&call.tool.annotations);
        for earlier in &mut call.session.calls {
            earlier.args = redact(&earlier.args);
        }
        Self { file: file.to_owned(), line, call }
    }
}
