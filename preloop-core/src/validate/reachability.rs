//! Rules that no call ever comes to.

use std::collections::BTreeMap;

use super::Check;
use super::expressions::Conditions;
use crate::condition::Condition;
use crate::decision::Action;
use crate::diagnostic::Code;
use crate::document;

pub(super) fn check(check: &mut Check<'_>, conditions: &Conditions) {
    for (index, (tool, conditions)) in check.document.tools.iter().zip(conditions).enumerate() {
        rules(check, index, tool, conditions);
        disabled(check, index, tool);
        workflows(check, index, tool);
    }
}

/// Rules behind one that matches every call, or behind one with the same condition.
fn rules(
    check: &mut Check<'_>,
    index: usize,
    tool: &document::Tool,
    conditions: &[Option<Condition>],
) {
    let mut catch_all: Option<usize> = None;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (rule, condition)) in tool.conditions.iter().zip(conditions).enumerate() {
        if rule.enabled == Some(false) {
            continue;
        }
        let path = || format!("tools[{index}].conditions[{number}]");
        let text = rule.expression.as_deref().map(str::trim);
        if let Some(earlier) = catch_all {
            let message =
                format!("no call comes to this rule: `conditions[{earlier}]` matches all");
            let help = "move it before that rule, or remove it";
            check.report(Code::UnreachableRule, path(), message, help);
            continue;
        }
        if let Some(earlier) = text.and_then(|text| seen.get(text)) {
            let message = format!(
                "no call comes to this rule: `conditions[{earlier}]` has the same condition"
            );
            let help = "the first match decides: remove one of the two";
            check.report(Code::UnreachableRule, path(), message, help);
            continue;
        }
        if let Some(text) = text {
            seen.insert(text, number);
        }
        let is_always = match condition {
            Some(condition) => condition.constant() == Some(true),
            // A blank or broken expression is an error of its own.
            None => check.places.value_place(&format!("{}.expression", path())).is_none(),
        };
        if is_always {
            catch_all = Some(number);
        }
    }
}

/// A workflow is asked by a rule that requires an approval only.
fn workflows(check: &mut Check<'_>, index: usize, tool: &document::Tool) {
    for (number, rule) in tool.conditions.iter().enumerate() {
        let action = rule.action.unwrap_or(Action::RequireApproval);
        if rule.approval_workflow.is_some() && action != Action::RequireApproval {
            let message = format!("the workflow is never asked: the action is `{action}`");
            let path = format!("tools[{index}].conditions[{number}].approval_workflow");
            let help = "remove it, or write `action: require_approval`";
            check.report(Code::NoEffect, path, message, help);
        }
    }
}

/// Nothing of a disabled tool is ever asked.
fn disabled(check: &mut Check<'_>, index: usize, tool: &document::Tool) {
    if tool.enabled == Some(false) && tool.conditions.iter().any(|rule| rule.enabled != Some(false))
    {
        let message =
            format!("no call comes to the rules of `{}`: the tool is disabled", tool.name);
        let help = "remove `enabled: false`, or the rules";
        check.report(Code::UnreachableRule, format!("tools[{index}].enabled"), message, help);
    }
}
