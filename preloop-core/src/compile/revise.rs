//! A compiled policy with one thing changed, for those who try what a change would do: nothing else is compiled again.

use std::sync::OnceLock;

use super::decisions::DecisionMaker;
use super::{CompiledPolicy, Compiler, EntryId, Rule, ToolIndex};
use crate::condition::Condition;
use crate::decision::{Action, Decision, Reason};
use crate::document::{self, PolicyDocument, Tool};
use crate::evaluate::message;

impl CompiledPolicy {
    /// The same policy with each rule asked on its own, so that single rules can be exchanged.
    pub(crate) fn one_by_one(mut self) -> Self {
        for entry in &mut self.entries {
            entry.searches.clear();
            entry.row = OnceLock::from(None);
            entry.rules.iter_mut().for_each(|rule| rule.membership = None);
        }
        self
    }

    /// A rule as it would be compiled at this place.
    pub(crate) fn rule_as(
        &mut self,
        document: &PolicyDocument,
        (tool, path): (&Tool, &str),
        rule: &document::Condition,
        condition: Option<Condition>,
    ) -> Rule {
        let maker = DecisionMaker { policy: &self.policy, default_workflow: workflow(document) };
        let mut compiler = Compiler { maker, paths: std::mem::take(&mut self.paths) };
        let rule = compiler.rule(tool, path.to_owned(), rule.clone(), condition);
        self.paths = compiler.paths;
        rule
    }

    /// What an entry answers that has no rules left.
    pub(crate) fn without_rules(&self, document: &PolicyDocument, tool: &Tool) -> Decision {
        let maker = DecisionMaker { policy: &self.policy, default_workflow: workflow(document) };
        let asked = maker.workflow(None, tool.approval_workflow.as_deref());
        if tool.approval_workflow.is_some() {
            return maker.approval(Reason::ToolDefault, asked, message::waits());
        }
        self.allowed_by_default(document)
    }

    /// The answer of an entry of which nothing but its name is said.
    pub(crate) fn allowed_by_default(&self, document: &PolicyDocument) -> Decision {
        let maker = DecisionMaker { policy: &self.policy, default_workflow: workflow(document) };
        maker.plain(Action::Allow, Reason::ToolDefault, message::allowed())
    }

    /// The answer to tools that no entry names, with another `unknown_tools`.
    pub(crate) fn unknown_as(&self, document: &PolicyDocument, action: Action) -> Decision {
        let maker = DecisionMaker { policy: &self.policy, default_workflow: workflow(document) };
        maker.unknown(action)
    }

    /// An index without one of the entries.
    pub(crate) fn index_without(document: &PolicyDocument, left_out: EntryId) -> ToolIndex {
        let mut index = ToolIndex::default();
        for (id, tool) in document.tools.iter().enumerate().filter(|(id, _)| *id != left_out) {
            index.add(&tool.name, tool.source.as_deref(), id);
        }
        index
    }
}

fn workflow(document: &PolicyDocument) -> Option<&str> {
    document.defaults.as_ref()?.default_approval_workflow.as_deref()
}
