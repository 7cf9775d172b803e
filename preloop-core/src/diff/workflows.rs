//! Which of two approval workflows is easier to get through, field by field.

use std::collections::BTreeSet;

use super::report::Verdict;
use crate::document::{
    AiFallback, ApprovalType, ApprovalWorkflow, Approver, BUILT_IN_WORKFLOW, OnTimeout,
    PolicyDocument, StepUp,
};

/// How far workflows that hand over to each other are followed.
const DEPTH_MAX: usize = 4;

/// One way in which two workflows differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) verdict: Verdict,
    pub(super) message: String,
}

/// A workflow by name, as the document or the engine has it.
pub(super) fn find(document: &PolicyDocument, name: &str) -> Option<ApprovalWorkflow> {
    let written = document.approval_workflows.iter().find(|workflow| workflow.name == name);
    written
        .cloned()
        .or_else(|| (name == BUILT_IN_WORKFLOW).then(|| ApprovalWorkflow::named(BUILT_IN_WORKFLOW)))
}

/// The ways in which the workflow `before` of one document differs from the workflow `after` of the other.
pub(super) fn compare(
    documents: [&PolicyDocument; 2],
    before: &str,
    after: &str,
) -> Vec<Difference> {
    below(documents, before, after, DEPTH_MAX)
}

/// What the differences come to.
pub(super) fn verdict(differences: &[Difference]) -> Verdict {
    differences
        .iter()
        .map(|difference| difference.verdict)
        .reduce(Verdict::and)
        .unwrap_or(Verdict::SameMeaning)
}

fn below(
    [left, right]: [&PolicyDocument; 2],
    before: &str,
    after: &str,
    depth: usize,
) -> Vec<Difference> {
    let (Some(before), Some(after)) = (find(left, before), find(right, after)) else {
        return vec![Difference {
            verdict: Verdict::Unknown,
            message: format!("`{before}` and `{after}` cannot be compared"),
        }];
    };
    let mut found = Found { before: &before, after: &after, differences: Vec::new() };
    found.votes();
    found.people();
    found.times();
    found.model();
    found.others();
    match (&before.escalation_workflow, &after.escalation_workflow) {
        (None, None) => {}
        (Some(one), Some(other)) if depth > 0 => {
            for difference in below([left, right], one, other, depth.saturating_sub(1)) {
                let message = format!("where an unsure model hands over: {}", difference.message);
                found.add(difference.verdict, message);
            }
        }
        _ => found.add(Verdict::Unknown, "an unsure model hands over elsewhere"),
    }
    found.differences
}

struct Found<'w> {
    before: &'w ApprovalWorkflow,
    after: &'w ApprovalWorkflow,
    differences: Vec<Difference>,
}

impl Found<'_> {
    fn add(&mut self, verdict: Verdict, message: impl Into<String>) {
        self.differences.push(Difference { verdict, message: message.into() });
    }

    /// More of it is looser.
    fn more<T: PartialOrd>(&mut self, before: &T, after: &T, message: impl Into<String>) {
        if after > before {
            self.add(Verdict::Loosened, message);
        } else if after < before {
            self.add(Verdict::Tightened, message);
        }
    }

    fn votes(&mut self) {
        let (before, after) = (self.before, self.after);
        let of = |workflow: &ApprovalWorkflow| workflow.required_approvals.unwrap_or(1);
        let (one, other) = (of(before), of(after));
        let are = if other == 1 { "approval is" } else { "approvals are" };
        self.more(&other, &one, format!("{other} {are} needed instead of {one}"));
        let of = |workflow: &ApprovalWorkflow| workflow.require_reason.unwrap_or(false);
        let (one, other) = (of(before), of(after));
        let needs = if other { "needs a reason" } else { "needs no reason any more" };
        self.more(&other, &one, format!("a vote {needs}"));
        let of = |workflow: &ApprovalWorkflow| workflow.allow_self_approval.unwrap_or(false);
        let (one, other) = (of(before), of(after));
        let may = if other { "may" } else { "may not" };
        self.more(&one, &other, format!("the requester {may} vote"));
        let of = |workflow: &ApprovalWorkflow| workflow.step_up.unwrap_or(StepUp::None);
        let verdict = match (of(before), of(after)) {
            (one, other) if one == other => return,
            (StepUp::None, _) => Verdict::Tightened,
            (_, StepUp::None) => Verdict::Loosened,
            _ => Verdict::Unknown,
        };
        let message = match of(after) {
            StepUp::None => "a vote proves nothing more any longer",
            StepUp::Passkey => "a vote proves a passkey",
            StepUp::MatchCode => "a vote proves a code",
        };
        self.add(verdict, message);
    }

    fn people(&mut self) {
        let (before, after) = (self.before, self.after);
        let one: BTreeSet<_> = before.approvers.iter().collect();
        let other: BTreeSet<_> = after.approvers.iter().collect();
        match (one.is_empty(), other.is_empty()) {
            (true, true) => {}
            (false, true) => {
                self.add(Verdict::Loosened, "anyone with the approver right may vote");
            }
            (true, false) => {
                self.add(Verdict::Tightened, format!("only {} may vote", named(&other)));
            }
            (false, false) => self.sets(&one, &other, "may vote"),
        }
        let of = |workflow: &ApprovalWorkflow| -> BTreeSet<Approver> {
            let escalation = workflow.escalation.iter();
            escalation
                .filter(|escalation| escalation.enabled != Some(false))
                .flat_map(|escalation| escalation.escalate_to.clone())
                .collect()
        };
        let (one, other) = (of(before), of(after));
        self.sets(&one.iter().collect(), &other.iter().collect(), "may vote after a while");
        let of = |workflow: &ApprovalWorkflow| {
            workflow.escalation.as_ref().and_then(|escalation| escalation.escalation_delay)
        };
        if !one.is_empty() && !other.is_empty() && of(before) != of(after) {
            let is_sooner = of(after).unwrap_or(0) < of(before).unwrap_or(0);
            let (verdict, when) = if is_sooner {
                (Verdict::Loosened, "sooner")
            } else {
                (Verdict::Tightened, "later")
            };
            self.add(verdict, format!("more people may vote {when}"));
        }
    }

    fn sets(&mut self, before: &BTreeSet<&Approver>, after: &BTreeSet<&Approver>, what: &str) {
        let more: BTreeSet<_> = after.difference(before).copied().collect();
        if !more.is_empty() {
            self.add(Verdict::Loosened, format!("{} {what} too", named(&more)));
        }
        let less: BTreeSet<_> = before.difference(after).copied().collect();
        if !less.is_empty() {
            self.add(Verdict::Tightened, format!("{} {what} no more", named(&less)));
        }
    }

    fn times(&mut self) {
        let (before, after) = (self.before, self.after);
        let of = |workflow: &ApprovalWorkflow| workflow.timeout_seconds.unwrap_or(3600);
        let (one, other) = (of(before), of(after));
        self.more(&one, &other, format!("a request waits {other} seconds instead of {one}"));
        let of = |workflow: &ApprovalWorkflow| {
            workflow.on_timeout.unwrap_or(OnTimeout::Deny) == OnTimeout::Escalate
        };
        let (one, other) = (of(before), of(after));
        let then = if other { "goes to more people" } else { "is denied" };
        self.more(&one, &other, format!("a request that nobody answers {then}"));
    }

    fn model(&mut self) {
        let (before, after) = (self.before, self.after);
        let is_model = |workflow: &ApprovalWorkflow| {
            workflow.approval_type.unwrap_or(ApprovalType::Standard) == ApprovalType::AiDriven
        };
        let (one, other) = (is_model(before), is_model(after));
        let who = if other { "a model" } else { "people, and no model," };
        self.more(&one, &other, format!("{who} may approve"));
        if !(one && other) {
            return;
        }
        let of = |workflow: &ApprovalWorkflow| workflow.ai_confidence_threshold.unwrap_or(0.8);
        let (one, other) = (of(before), of(after));
        let message = format!("the model must be sure to {other} instead of {one}");
        self.more(&other, &one, message);
        let of = |workflow: &ApprovalWorkflow| match workflow
            .ai_fallback_behavior
            .unwrap_or(AiFallback::Escalate)
        {
            AiFallback::Deny => 0,
            AiFallback::Escalate => 1,
            AiFallback::Approve => 2,
        };
        self.more(&of(before), &of(after), "an unsure model leads elsewhere");
        if before.ai_model != after.ai_model || before.ai_guidelines != after.ai_guidelines {
            self.add(Verdict::Unknown, "another model, or other guidelines, decide");
        }
    }

    fn others(&mut self) {
        if self.before.notifications != self.after.notifications {
            self.add(Verdict::Unknown, "approvers are told in another way");
        }
    }
}

fn named(approvers: &BTreeSet<&Approver>) -> String {
    let names: Vec<String> = approvers
        .iter()
        .map(|approver| match approver {
            Approver::User(name) => format!("`{name}`"),
            Approver::Team(name) => format!("the team `{name}`"),
            Approver::Role(name) => format!("the role `{name}`"),
        })
        .collect();
    names.join(", ")
}
