//! Two answers to one call compared.

use super::report::Verdict;
use super::workflows;
use crate::decision::{Action, Decision, Reason};
use crate::document::PolicyDocument;

/// How two answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) verdict: Verdict,
    /// What differs between the workflows, where the actions do not.
    pub(super) note: Option<String>,
}

/// Differences that one example stands for: from what to what, by which rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Group {
    verdict: Verdict,
    before: Side,
    after: Side,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Side {
    action: Action,
    reason: &'static str,
    rule: Option<String>,
    workflow: Option<String>,
}

/// None where the call is let through under the same conditions.
pub(super) fn compare(
    documents: [&PolicyDocument; 2],
    before: &Decision,
    after: &Decision,
) -> Option<Compared> {
    if after.action != before.action {
        let is_looser = after.action < before.action;
        let verdict = if is_looser { Verdict::Loosened } else { Verdict::Tightened };
        return Some(Compared { verdict, note: None });
    }
    let (Some(one), Some(other)) = (&before.approval_workflow, &after.approval_workflow) else {
        return None;
    };
    let differences = workflows::compare(documents, one, other);
    let verdict = workflows::verdict(&differences);
    // What cannot be told apart from no change is told of the workflow, not of a call.
    if matches!(verdict, Verdict::SameMeaning | Verdict::Unknown) {
        return None;
    }
    let messages: Vec<String> =
        differences.into_iter().map(|difference| difference.message).collect();
    Some(Compared { verdict, note: Some(messages.join("; ")) })
}

impl Group {
    pub(super) fn of(before: &Decision, after: &Decision, verdict: Verdict) -> Self {
        Self { verdict, before: Side::of(before), after: Side::of(after) }
    }

    /// Whether a condition that could not be evaluated decided on one of the sides.
    pub(super) fn is_of_errors(&self) -> bool {
        [&self.before, &self.after]
            .iter()
            .any(|side| side.reason == Reason::ConditionError.as_str())
    }
}

impl Side {
    fn of(decision: &Decision) -> Self {
        Self {
            action: decision.action,
            reason: decision.reason.as_str(),
            rule: decision.rule.as_ref().map(|rule| rule.path.clone()),
            workflow: decision.approval_workflow.clone(),
        }
    }
}
