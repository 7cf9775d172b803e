//! A change made in the compiled policy for as long as a question takes, and unmade again.

use std::mem;

use super::{Change, RuleId};
use crate::cel::Environment;
use crate::compile::{CompiledPolicy, EntryId, Rule};
use crate::condition;
use crate::decision::Decision;
use crate::document::{self, PolicyDocument};

/// What is asked of a changed policy.
type Question<'q> = dyn FnMut(&mut CompiledPolicy) -> Option<usize> + 'q;

/// Asks a question of the policy with changes made; none where one of them cannot be made.
pub(super) fn with(
    policy: &mut CompiledPolicy,
    document: &PolicyDocument,
    changes: &[Change],
    question: &mut Question<'_>,
) -> Option<usize> {
    match changes.split_first() {
        None => question(policy),
        Some((change, rest)) => {
            let mut asked = |policy: &mut CompiledPolicy| with(policy, document, rest, question);
            with_one(policy, document, change, &mut asked)
        }
    }
}

fn with_one(
    policy: &mut CompiledPolicy,
    document: &PolicyDocument,
    change: &Change,
    question: &mut Question<'_>,
) -> Option<usize> {
    match change {
        Change::Expression { rule, .. }
        | Change::Always(rule)
        | Change::Workflow(rule)
        | Change::Action { rule, .. } => {
            let mut other = other_rule(policy, document, *rule, change)?;
            exchange(policy, *rule, &mut other)?;
            let answer = question(policy);
            exchange(policy, *rule, &mut other)?;
            answer
        }
        Change::Removed(rule) => removed(policy, document, *rule, question),
        Change::Swapped { rule, next } => {
            let rules = |policy: &mut CompiledPolicy| {
                let rules = &mut policy.entries.get_mut(rule.entry)?.rules;
                let are_there = rule.enabled < rules.len() && next.enabled < rules.len();
                are_there.then(|| rules.swap(rule.enabled, next.enabled))
            };
            rules(policy)?;
            let answer = question(policy);
            rules(policy)?;
            answer
        }
        Change::Enabled(entry) => {
            let closed = policy.entries.get_mut(*entry)?.closed.take();
            let answer = question(policy);
            policy.entries.get_mut(*entry)?.closed = closed;
            answer
        }
        Change::Unjustified(entry) => {
            let unjustified = policy.entries.get_mut(*entry)?.unjustified.take();
            let answer = question(policy);
            policy.entries.get_mut(*entry)?.unjustified = unjustified;
            answer
        }
        Change::Unproven(entry, number) => unproven(policy, *entry, *number, question),
        Change::Unapproved(entry) => {
            let mut allowed = policy.allowed_by_default(document);
            mem::swap(&mut policy.entries.get_mut(*entry)?.otherwise.decision, &mut allowed);
            let answer = question(policy);
            mem::swap(&mut policy.entries.get_mut(*entry)?.otherwise.decision, &mut allowed);
            answer
        }
        Change::EntryRemoved(entry) => {
            let mut index = CompiledPolicy::index_without(document, *entry);
            mem::swap(&mut policy.index, &mut index);
            let answer = question(policy);
            mem::swap(&mut policy.index, &mut index);
            answer
        }
        Change::UnknownTools(action) => {
            let mut unknown = policy.unknown_as(document, *action);
            mem::swap(&mut policy.unknown.decision, &mut unknown);
            let answer = question(policy);
            mem::swap(&mut policy.unknown.decision, &mut unknown);
            answer
        }
        Change::NewTools => {
            let asks = mem::replace(&mut policy.asks_for_new_tools, false);
            let answer = question(policy);
            policy.asks_for_new_tools = asks;
            answer
        }
    }
}

/// The entry wants one call less to come before.
fn unproven(
    policy: &mut CompiledPolicy,
    entry: EntryId,
    number: usize,
    question: &mut Question<'_>,
) -> Option<usize> {
    let mut fewer = policy.entries.get(entry)?.evidence.clone()?;
    if number < fewer.tools.len() {
        fewer.tools.remove(number);
    }
    let evidence = policy.entries.get_mut(entry)?.evidence.replace(fewer);
    let answer = question(policy);
    policy.entries.get_mut(entry)?.evidence = evidence;
    answer
}

/// The rule as the change makes it.
fn other_rule(
    policy: &mut CompiledPolicy,
    document: &PolicyDocument,
    id: RuleId,
    change: &Change,
) -> Option<Rule> {
    let tool = document.tools.get(id.entry)?;
    let rule = changed(tool.conditions.get(id.number)?, change);
    let condition = match rule.expression.as_deref() {
        Some(text) => {
            let environment = Environment::policy();
            Some(condition::compile(text, rule.condition_type, &environment).ok()?)
        }
        None => None,
    };
    Some(policy.rule_as(document, (tool, &id.path()), &rule, condition))
}

/// The rule as the document would have it.
pub(super) fn changed(rule: &document::Condition, change: &Change) -> document::Condition {
    let mut rule = rule.clone();
    match change {
        Change::Expression { span, replacement, .. } => {
            if let Some(expression) = &mut rule.expression {
                let range = span.start as usize..span.end as usize;
                if expression.get(range.clone()).is_some() {
                    expression.replace_range(range, replacement);
                }
            }
        }
        Change::Always(_) => rule.expression = Some("true".to_owned()),
        Change::Action { to, .. } => rule.action = Some(*to),
        Change::Workflow(_) => rule.approval_workflow = None,
        Change::Removed(_) => rule.enabled = Some(false),
        _ => {}
    }
    rule
}

fn exchange(policy: &mut CompiledPolicy, id: RuleId, other: &mut Rule) -> Option<()> {
    let rule = policy.entries.get_mut(id.entry)?.rules.get_mut(id.enabled)?;
    mem::swap(rule, other);
    Some(())
}

fn removed(
    policy: &mut CompiledPolicy,
    document: &PolicyDocument,
    id: RuleId,
    question: &mut Question<'_>,
) -> Option<usize> {
    let without_rules = policy.without_rules(document, document.tools.get(id.entry)?);
    let entry = policy.entries.get_mut(id.entry)?;
    if id.enabled >= entry.rules.len() {
        return None;
    }
    let rule = entry.rules.remove(id.enabled);
    let otherwise: Option<Decision> =
        entry.rules.is_empty().then(|| mem::replace(&mut entry.otherwise.decision, without_rules));
    let answer = question(policy);
    let entry = policy.entries.get_mut(id.entry)?;
    entry.rules.insert(id.enabled, rule);
    if let Some(otherwise) = otherwise {
        entry.otherwise.decision = otherwise;
    }
    answer
}
