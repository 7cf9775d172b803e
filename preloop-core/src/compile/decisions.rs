//! The decisions that are known before any call: made once, handed out by reference.

use std::ops::Deref;

use crate::decision::{Action, Decision, PolicyRef, Reason, RuleRef};
use crate::document::{self, BUILT_IN_WORKFLOW};
use crate::evaluate::message;

/// A decision with its number, by which an engine knows what it has made of it already.
#[derive(Clone, Debug)]
pub(crate) struct Numbered {
    /// None has the same among the decisions of one policy that was compiled and not changed since.
    pub(crate) number: u32,
    pub(crate) decision: Decision,
}

impl Numbered {
    pub(crate) const fn new(decision: Decision) -> Self {
        Self { number: 0, decision }
    }
}

impl Deref for Numbered {
    type Target = Decision;

    fn deref(&self) -> &Decision {
        &self.decision
    }
}

/// Makes the decisions of one policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecisionMaker<'a> {
    pub(super) policy: &'a PolicyRef,
    pub(super) default_workflow: Option<&'a str>,
}

impl DecisionMaker<'_> {
    /// The workflow of an approval: the rule's, the tool's, the default, the built-in one.
    pub(super) fn workflow(&self, rule: Option<&str>, tool: Option<&str>) -> String {
        rule.or(tool).or(self.default_workflow).unwrap_or(BUILT_IN_WORKFLOW).to_owned()
    }

    pub(super) fn plain(&self, action: Action, reason: Reason, message: String) -> Decision {
        Decision {
            action,
            reason,
            message,
            rule: None,
            approval_workflow: None,
            policy: self.policy.clone(),
            errors: Vec::new(),
            scope: None,
            trace: None,
        }
    }

    /// An approval through `workflow`.
    pub(super) fn approval(&self, reason: Reason, workflow: String, message: String) -> Decision {
        Decision {
            approval_workflow: Some(workflow),
            ..self.plain(Action::RequireApproval, reason, message)
        }
    }

    /// A rule of a tool matched.
    pub(super) fn rule(
        &self,
        path: String,
        rule: document::Condition,
        action: Action,
        workflow: &str,
    ) -> Decision {
        let message = message::of_rule(&rule, action);
        let decision = if action == Action::RequireApproval {
            self.approval(Reason::RuleMatched, workflow.to_owned(), message)
        } else {
            self.plain(action, Reason::RuleMatched, message)
        };
        Decision { rule: Some(rule_ref(path, rule)), ..decision }
    }

    /// A tool that no entry names.
    pub(super) fn unknown(&self, action: Action) -> Decision {
        let message = message::unknown_tool(action);
        match action {
            Action::RequireApproval => {
                self.approval(Reason::UnknownTool, self.workflow(None, None), message)
            }
            Action::Allow | Action::Deny => self.plain(action, Reason::UnknownTool, message),
        }
    }

    /// A tool that the policy has not seen yet.
    pub(super) fn new_tool(&self, workflow: String) -> Decision {
        self.approval(Reason::NewTool, workflow, message::new_tool())
    }
}

fn rule_ref(path: String, rule: document::Condition) -> RuleRef {
    let document::Condition { name, description, expression, .. } = rule;
    RuleRef { path, name, description, expression }
}
