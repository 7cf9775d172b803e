//! Approval workflows: complete where a model decides, and possible to fulfil.

use std::collections::{BTreeSet, HashMap};

use super::Check;
use crate::diagnostic::Code;
use crate::document::{AiFallback, ApprovalType, ApprovalWorkflow, Approver, OnTimeout};

pub(super) fn check(check: &mut Check<'_>) {
    for (index, workflow) in check.document.approval_workflows.iter().enumerate() {
        let path = format!("approval_workflows[{index}]");
        model(check, workflow, &path);
        people(check, workflow, &path);
        escalation(check, workflow, &path);
    }
    cycles(check);
}

fn model(check: &mut Check<'_>, workflow: &ApprovalWorkflow, path: &str) {
    if workflow.approval_type != Some(ApprovalType::AiDriven) {
        let fields = [
            ("ai_model", workflow.ai_model.is_some()),
            ("ai_guidelines", workflow.ai_guidelines.is_some()),
            ("ai_confidence_threshold", workflow.ai_confidence_threshold.is_some()),
            ("ai_fallback_behavior", workflow.ai_fallback_behavior.is_some()),
        ];
        for (name, _) in fields.into_iter().filter(|(_, is_there)| *is_there) {
            let message = format!("`{name}` does not belong here: `approval_type` is `standard`");
            let help = "add `approval_type: ai_driven`, or remove it";
            check.report(Code::MisplacedField, format!("{path}.{name}"), message, help);
        }
        return;
    }
    let fields = [("ai_model", &workflow.ai_model), ("ai_guidelines", &workflow.ai_guidelines)];
    for (name, value) in fields {
        let is_blank = value.as_ref().is_some_and(|text| text.trim().is_empty());
        let is_written = check.places.value_place(&format!("{path}.{name}")).is_some();
        if is_blank || value.is_none() && !is_written {
            let message = format!("{name} is required when approval_type is 'ai_driven'");
            let path = format!("{path}.{name}");
            check.report(Code::IncompleteAiWorkflow, path, message, format!("add `{name}`"));
        }
    }
    let escalates = matches!(workflow.ai_fallback_behavior, None | Some(AiFallback::Escalate));
    if escalates && workflow.escalation_workflow.is_none() && workflow.approvers.is_empty() {
        let message = format!("`{}` hands unsure answers to people and names none", workflow.name);
        let help = "add `escalation_workflow` or `approvers`; until then anyone with the approver \
                    right may decide";
        check.report(Code::NoEscalationTarget, path, message, help);
    }
}

/// Users can be counted; how many belong to a team or role is not known here.
fn people(check: &mut Check<'_>, workflow: &ApprovalWorkflow, path: &str) {
    let escalated =
        workflow.escalation.iter().filter(|escalation| escalation.enabled != Some(false));
    let all = workflow.approvers.iter().chain(escalated.flat_map(|e| &e.escalate_to));
    let mut users = BTreeSet::new();
    for approver in all {
        match approver {
            Approver::User(name) => {
                users.insert(name);
            }
            Approver::Team(_) | Approver::Role(_) => return,
        }
    }
    let required = workflow.required_approvals.unwrap_or(1) as usize;
    if !workflow.approvers.is_empty() && required > users.len() {
        let message =
            format!("{required} approvals are required and {} may vote", count(users.len()));
        let help = "name more approvers, or require fewer approvals";
        let path = format!("{path}.required_approvals");
        check.report(Code::UnreachableQuorum, path, message, help);
    }
}

fn count(users: usize) -> String {
    if users == 1 { "one user".to_owned() } else { format!("{users} users") }
}

fn escalation(check: &mut Check<'_>, workflow: &ApprovalWorkflow, path: &str) {
    let is_on = |e: &crate::document::Escalation| e.enabled != Some(false);
    let has_target = workflow.escalation_workflow.is_some()
        || workflow.escalation.as_ref().is_some_and(|e| is_on(e) && !e.escalate_to.is_empty());
    if workflow.on_timeout == Some(OnTimeout::Escalate) && !has_target {
        let message = format!("`{}` escalates on timeout and names nobody", workflow.name);
        let help = "add `escalation: {escalate_to: [...]}`; until then the call is denied";
        check.report(Code::NoEscalationTarget, format!("{path}.on_timeout"), message, help);
    }
    if let Some(escalation) = &workflow.escalation
        && let (Some(delay), timeout) =
            (escalation.escalation_delay, workflow.timeout_seconds.unwrap_or(3600))
        && delay >= timeout
        && is_on(escalation)
        && workflow.on_timeout != Some(OnTimeout::Escalate)
    {
        let message = format!(
            "the escalation after {delay} seconds comes too late: the timeout is {timeout}"
        );
        let path = format!("{path}.escalation.escalation_delay");
        let help = "make the delay shorter than `timeout_seconds`";
        check.report(Code::NoEscalationTarget, path, message, help);
    }
}

/// Follows `escalation_workflow` from each workflow; each cycle is reported once.
fn cycles(check: &mut Check<'_>) {
    let workflows = &check.document.approval_workflows;
    let by_name: HashMap<&str, usize> =
        workflows.iter().enumerate().map(|(index, w)| (w.name.as_str(), index)).collect();
    let next = |index: usize| {
        let name = workflows.get(index)?.escalation_workflow.as_deref()?;
        by_name.get(name).copied()
    };
    // The walk that first came by each workflow; a walk that meets itself has found a cycle.
    let mut walks: Vec<Option<usize>> = vec![None; workflows.len()];
    let mut found = Vec::new();
    for start in 0..workflows.len() {
        let mut at = Some(start);
        while let Some(index) = at {
            match walks.get_mut(index) {
                Some(slot @ None) => *slot = Some(start),
                Some(Some(walk)) if *walk == start => {
                    found.push(index);
                    break;
                }
                _ => break,
            }
            at = next(index);
        }
    }
    for index in found {
        let name = workflows.get(index).map(|w| w.name.clone()).unwrap_or_default();
        let message = format!("the escalation of `{name}` leads back to itself");
        let path = format!("approval_workflows[{index}].escalation_workflow");
        let help = "let the last workflow of the chain escalate to nobody";
        check.report(Code::EscalationCycle, path, message, help);
    }
}
