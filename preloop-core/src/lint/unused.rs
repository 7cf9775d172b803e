//! Approval workflows that nobody asks.

use std::collections::BTreeSet;

use super::Lint;
use crate::diagnostic::Code;
use crate::document::BUILT_IN_WORKFLOW;

pub(super) fn check(lint: &mut Lint<'_>) {
    let policy = lint.policy;
    let document = policy.document();
    let mut named: BTreeSet<&str> = BTreeSet::from([BUILT_IN_WORKFLOW]);
    for tool in &document.tools {
        named.extend(tool.approval_workflow.as_deref());
        named.extend(tool.conditions.iter().filter_map(|rule| rule.approval_workflow.as_deref()));
    }
    for workflow in &document.approval_workflows {
        named.extend(workflow.escalation_workflow.as_deref());
    }
    let defaults = document.defaults.as_ref();
    named.extend(defaults.and_then(|defaults| defaults.default_approval_workflow.as_deref()));
    for (index, workflow) in document.approval_workflows.iter().enumerate() {
        if !named.contains(workflow.name.as_str()) {
            let message = format!("nothing names the approval workflow `{}`", workflow.name);
            let help =
                "name it in a rule, a tool or `defaults.default_approval_workflow`, or remove it";
            lint.report(
                Code::UnusedWorkflow,
                &format!("approval_workflows[{index}].name"),
                message,
                help.to_owned(),
            );
        }
    }
}
