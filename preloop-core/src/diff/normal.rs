//! What is proved to mean the same: entries brought to a normal form in which what never matters is left out.
//!
//! Equal forms mean equal answers; forms that differ prove nothing.

use std::collections::BTreeSet;

use super::workflows;
use crate::cel::parse;
use crate::compile::{CompiledPolicy, Matcher, Rule};
use crate::condition::Condition;
use crate::decision::{Action, Decision};
use crate::document::{
    AiFallback, ApprovalType, ApprovalWorkflow, ConditionType, OnTimeout, PolicyDocument, StepUp,
};

/// What an approval asks for, without its name and what is only said of it.
type WorkflowText = String;

/// An answer as far as it matters to whether a call runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Outcome {
    action: Action,
    workflow: Option<WorkflowText>,
}

/// A condition and what follows where it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Case {
    condition: String,
    outcome: Outcome,
    /// Where the condition fails, the rule's workflow may be asked for.
    raised: WorkflowText,
}

/// What an entry says, or what is said where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Normal {
    needs_justification: bool,
    /// Tools that must be called before.
    evidence: BTreeSet<String>,
    cases: Vec<Case>,
    otherwise: Outcome,
    /// The answer for a tool that is new, where that is asked for.
    new: Option<WorkflowText>,
}

/// One policy beside its document.
#[derive(Debug)]
pub(super) struct Side<'d> {
    pub(super) policy: CompiledPolicy,
    pub(super) document: &'d PolicyDocument,
}

impl Side<'_> {
    fn outcome(&self, decision: &Decision) -> Outcome {
        Outcome {
            action: decision.action,
            workflow: decision.approval_workflow.as_deref().map(|name| self.workflow(name)),
        }
    }

    fn workflow(&self, name: &str) -> WorkflowText {
        self.workflow_below(name, 4)
    }

    fn workflow_below(&self, name: &str, depth: usize) -> WorkflowText {
        let Some(mut workflow) = workflows::find(self.document, name) else {
            return format!("unknown {name}");
        };
        let next = workflow.escalation_workflow.take();
        workflow.name.clear();
        workflow.description = None;
        spell_out(&mut workflow);
        let mut text = format!("{workflow:?}");
        if let Some(next) = next {
            text.push_str(" then ");
            match depth.checked_sub(1) {
                Some(depth) => text.push_str(&self.workflow_below(&next, depth)),
                None => text.push_str(&next),
            }
        }
        text
    }

    /// The form of what is said of tools that no entry names.
    pub(super) fn unknown(&self) -> Normal {
        let policy = &self.policy;
        let new = policy.new_tool.approval_workflow.as_deref().unwrap_or_default();
        Normal {
            needs_justification: false,
            evidence: BTreeSet::new(),
            cases: Vec::new(),
            otherwise: self.outcome(&policy.unknown),
            new: policy.asks_for_new_tools.then(|| self.workflow(new)),
        }
        .settled()
    }

    /// The form of an entry.
    pub(super) fn entry(&self, position: usize) -> Option<Normal> {
        let entry = self.policy.entries.get(position)?;
        let new = entry.new_tool.approval_workflow.as_deref().unwrap_or_default();
        let new = self.policy.asks_for_new_tools.then(|| self.workflow(new));
        if let Some(closed) = &entry.closed {
            let otherwise = self.outcome(closed);
            let normal = Normal {
                needs_justification: false,
                evidence: BTreeSet::new(),
                cases: Vec::new(),
                otherwise,
                new,
            };
            return Some(normal.settled());
        }
        let mut normal = Normal {
            needs_justification: entry.unjustified.is_some(),
            evidence: entry.evidence.iter().flat_map(|wanted| wanted.tools.clone()).collect(),
            cases: Vec::new(),
            otherwise: self.outcome(&entry.otherwise),
            new,
        };
        for rule in &entry.rules {
            match constant(rule) {
                Some(false) => {}
                Some(true) => {
                    normal.otherwise = self.outcome(&rule.answer.decision);
                    break;
                }
                None => {
                    let outcome = self.outcome(&rule.answer.decision);
                    // A condition that is asked again gives the same answer again.
                    let condition = self.condition_form(rule);
                    if normal.cases.iter().any(|case| {
                        case.condition == condition && case.outcome.action == outcome.action
                    }) {
                        continue;
                    }
                    let raised = self.workflow(&rule.answer.workflow);
                    normal.cases.push(Case { condition, outcome, raised });
                }
            }
        }
        Some(normal.settled())
    }

    /// The condition as the engine understands it: its language, and its words without blanks and comments.
    fn condition_form(&self, rule: &Rule) -> String {
        let Some(condition) = rule.condition() else { return "broken".to_owned() };
        // A simple condition takes a missing field otherwise in an allow rule.
        let language = match (condition.condition_type(), rule.action) {
            (ConditionType::Cel, _) => "cel",
            (ConditionType::Simple, Action::Allow) => "simple allow",
            (ConditionType::Simple, _) => "simple",
        };
        let words = words(condition);
        if words.contains("tool") {
            // Conditions see servers as the document spells them.
            let servers = self.document.mcp_servers.iter().map(|server| server.name.as_str());
            return format!("{language} {words} of {:?}", servers.collect::<BTreeSet<_>>());
        }
        format!("{language} {words}")
    }
}

impl Normal {
    /// What it says of new tools alone.
    pub(super) fn of_new_tools(self) -> Self {
        let otherwise = Outcome { action: Action::Allow, workflow: None };
        Self {
            needs_justification: false,
            evidence: BTreeSet::new(),
            cases: Vec::new(),
            otherwise,
            new: self.new,
        }
    }

    /// Leaves out what no call can show.
    fn settled(mut self) -> Self {
        if self.otherwise.action != Action::Allow
            && self.cases.iter().all(|case| case.outcome.action != Action::Allow)
        {
            // Nothing is ever allowed, so a new tool is answered like any other.
            self.new = None;
        }
        if self.otherwise.action == Action::Deny
            && self.cases.iter().all(|case| case.outcome.action == Action::Deny)
        {
            // Every way ends in the same denial.
            self.cases.clear();
            self.needs_justification = false;
            self.evidence.clear();
        }
        self
    }
}

/// Writes the defaults out, so that a field that is left out is the same as one that says what holds anyway.
fn spell_out(workflow: &mut ApprovalWorkflow) {
    workflow.timeout_seconds.get_or_insert(3600);
    workflow.on_timeout.get_or_insert(OnTimeout::Deny);
    workflow.step_up.get_or_insert(StepUp::None);
    workflow.required_approvals.get_or_insert(1);
    workflow.async_approval.get_or_insert(false);
    workflow.require_reason.get_or_insert(false);
    workflow.allow_self_approval.get_or_insert(false);
    if *workflow.approval_type.get_or_insert(ApprovalType::Standard) == ApprovalType::AiDriven {
        workflow.ai_confidence_threshold.get_or_insert(0.8);
        workflow.ai_fallback_behavior.get_or_insert(AiFallback::Escalate);
    }
    workflow.approvers.sort();
    workflow.approvers.dedup();
}

fn constant(rule: &Rule) -> Option<bool> {
    match &rule.matcher {
        Matcher::Always => Some(true),
        Matcher::When(condition) => condition.constant(),
        Matcher::Broken => None,
    }
}

/// The words of a condition with one blank between them; the text itself where it cannot be read again.
fn words(condition: &Condition) -> String {
    parse::words(condition.source())
        .map_or_else(|| condition.source().to_owned(), |words| words.join(" "))
}
