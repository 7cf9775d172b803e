//! Every small change of a policy that could matter.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::expression::{Edit, edits};
use super::{Change, Kind, Mutant, RuleId, equivalent, shown};
use crate::cel::Environment;
use crate::compile::{self, CompiledPolicy, EntryId, Rule};
use crate::condition::{self, Condition};
use crate::decision::{Action, Reason};
use crate::document::{self, BUILT_IN_WORKFLOW, PolicyDocument, Tool};

/// The changes in the order of the document.
pub(super) fn mutants(policy: &CompiledPolicy, document: &PolicyDocument) -> Vec<Mutant> {
    let mut found = Found { document, mutants: Vec::new() };
    for (id, (tool, entry)) in document.tools.iter().zip(&policy.entries).enumerate() {
        found.entry(id, tool, entry);
    }
    found.defaults(policy);
    once_each(policy, found.mutants)
}

/// What several entries share by an alias stands in the text once, so a change of it is one change.
fn once_each(policy: &CompiledPolicy, mutants: Vec<Mutant>) -> Vec<Mutant> {
    let mut known: HashMap<(usize, usize, String), usize> = HashMap::new();
    let mut kept: Vec<Mutant> = Vec::with_capacity(mutants.len());
    for mutant in mutants {
        let key = mutant.changes.first().and_then(|change| {
            let range = policy.places().range(&change.node()?)?.0;
            Some((range.start, range.end, format!("{} {:?}", mutant.words, change.span())))
        });
        match key.map(|key| known.entry(key)) {
            Some(Entry::Occupied(first)) => {
                if let Some(first) = kept.get_mut(*first.get()) {
                    first.changes.extend(mutant.changes);
                }
                continue;
            }
            Some(Entry::Vacant(new)) => {
                new.insert(kept.len());
            }
            None => {}
        }
        kept.push(mutant);
    }
    kept
}

struct Found<'d> {
    document: &'d PolicyDocument,
    mutants: Vec<Mutant>,
}

impl Found<'_> {
    fn add(&mut self, kind: Kind, change: Change, words: impl Into<String>) {
        self.mutants.push(Mutant { kind, changes: vec![change], words: words.into() });
    }

    fn entry(&mut self, id: EntryId, tool: &Tool, entry: &compile::Entry) {
        if entry.closed.is_some() {
            // Nothing else of it is ever asked.
            return self.add(Kind::Entry, Change::Enabled(id), "the tool is enabled");
        }
        if entry.unjustified.is_some() {
            let words = "a justification is no longer wanted";
            self.add(Kind::Entry, Change::Unjustified(id), words);
        }
        for (number, wanted) in tool.evidence_required.iter().enumerate() {
            let words = format!("`{}` need not be called before", shown(wanted));
            self.add(Kind::Entry, Change::Unproven(id, number), words);
        }
        if entry.rules.is_empty() {
            self.without_rules(id, entry);
        }
        let enabled = tool.conditions.iter().enumerate();
        let enabled = enabled.filter(|(_, rule)| rule.enabled != Some(false));
        let rules: Vec<(RuleId, &document::Condition, &Rule)> = enabled
            .zip(&entry.rules)
            .enumerate()
            .map(|(enabled, ((number, rule), compiled))| {
                (RuleId { entry: id, number, enabled }, rule, compiled)
            })
            .collect();
        for (position, (id, rule, compiled)) in rules.iter().enumerate() {
            let next = rules.get(position.saturating_add(1));
            self.rule(*id, rule, compiled, next.is_none() && rules.len() > 1);
            // No call comes to the rules behind one that matches all.
            if equivalent::is_always(compiled) {
                break;
            }
            let Some((next, next_rule, next_compiled)) = next else { break };
            let pair = [(*rule, *compiled), (*next_rule, *next_compiled)];
            if !equivalent::order_never_matters(pair) {
                let change = Change::Swapped { rule: *id, next: *next };
                self.add(Kind::Order, change, "the rule and the next one change places");
            }
        }
    }

    /// An entry that only names its tool.
    fn without_rules(&mut self, id: EntryId, entry: &compile::Entry) {
        if entry.otherwise.action == Action::RequireApproval {
            let words = "the tool no longer asks for an approval";
            self.add(Kind::Entry, Change::Unapproved(id), words);
        }
        // Where another entry would take over, or an unknown tool gets the same answer, nothing may change.
        let defaults = self.document.defaults.as_ref();
        let unknown = defaults.and_then(|defaults| defaults.unknown_tools).unwrap_or(Action::Allow);
        if self.others_speak_for(id) || unknown != entry.otherwise.action {
            self.add(Kind::Entry, Change::EntryRemoved(id), "the entry is removed");
        }
    }

    /// Whether another entry could answer for the same tool.
    fn others_speak_for(&self, id: EntryId) -> bool {
        let tools = &self.document.tools;
        let name = tools.get(id).map(|tool| &tool.name);
        let mut others = tools.iter().enumerate().filter(|(other, _)| *other != id);
        others.any(|(_, tool)| Some(&tool.name) == name || tool.name.contains(['*', '?']))
    }

    fn default_workflow(&self) -> Option<&str> {
        self.document.defaults.as_ref()?.default_approval_workflow.as_deref()
    }

    fn rule(&mut self, id: RuleId, rule: &document::Condition, compiled: &Rule, is_last: bool) {
        if let Some(condition) = compiled.condition()
            && condition.constant().is_none()
        {
            for edit in edits(condition.source()) {
                self.expression(id, rule, condition, edit);
            }
            self.add(Kind::Rule, Change::Always(id), "the rule matches every call");
        }
        let action = compiled.action;
        let to = if action == Action::Allow { Action::Deny } else { Action::Allow };
        let words = format!("`{action}` becomes `{to}`");
        self.add(Kind::Action, Change::Action { rule: id, to }, words);
        let own = rule.approval_workflow.as_deref();
        if let Some(own) = own.filter(|_| action == Action::RequireApproval) {
            let tool = self.document.tools.get(id.entry);
            let tool = tool.and_then(|tool| tool.approval_workflow.as_deref());
            let others = tool.or(self.default_workflow()).unwrap_or(BUILT_IN_WORKFLOW);
            if own != others {
                let words = format!("`{own}` is no longer asked but `{others}`");
                self.add(Kind::Workflow, Change::Workflow(id), words);
            }
        }
        // Without a last rule that allows all, all is allowed still.
        if !(is_last && action == Action::Allow && equivalent::is_always(compiled)) {
            self.add(Kind::Rule, Change::Removed(id), "the rule is removed");
        }
    }

    /// A change of the text, where what comes of it is a condition that could be another one.
    fn expression(
        &mut self,
        id: RuleId,
        rule: &document::Condition,
        condition: &Condition,
        edit: Edit,
    ) {
        let text = edit.apply(condition.source());
        let Ok(changed) = condition::compile(&text, rule.condition_type, &Environment::policy())
        else {
            return;
        };
        // The rule that matches all and the rule that is not there are changes of their own.
        if changed.constant().is_some() {
            return;
        }
        let Edit { kind, span, replacement, words } = edit;
        self.add(kind, Change::Expression { rule: id, span, replacement }, words);
    }

    fn defaults(&mut self, policy: &CompiledPolicy) {
        let action = policy.unknown.action;
        // With an entry for every name there is no unknown tool.
        let is_everything = |tool: &Tool| tool.source.is_none() && tool.name == "*";
        if !self.document.tools.iter().any(is_everything) {
            let to = if action == Action::Allow { Action::Deny } else { Action::Allow };
            let words = format!("`{action}` becomes `{to}`");
            self.add(Kind::Default, Change::UnknownTools(to), words);
        }
        let defaults = self.document.defaults.as_ref();
        if defaults.and_then(|defaults| defaults.require_approval_for_new_tools) == Some(true) {
            debug_assert_eq!(policy.new_tool.reason, Reason::NewTool, "the answer to new tools");
            let words = "new tools no longer ask for an approval";
            self.add(Kind::Default, Change::NewTools, words);
        }
    }
}
