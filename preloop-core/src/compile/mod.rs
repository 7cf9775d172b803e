//! A valid policy made ready to answer: conditions compiled, tools indexed, decisions made beforehand.

mod decisions;
mod entry;
mod glob;
mod globs;
mod index;
mod names;
mod revise;
mod row;
mod search;
mod source;

pub(crate) use entry::{Answer, Entry, Evidence, Matcher, Rule};
pub(crate) use glob::Glob;
pub(crate) use index::{EntryId, Fits, ToolIndex};
pub(crate) use names::Names;
pub(crate) use row::{Goal, Row, Step};
pub(crate) use search::{Findings, GROUPS_MAX};
pub(crate) use source::{CallSource, EntrySource, is_same_server};

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::{fmt, iter, mem};

use memchr::memmem::Finder;

use crate::cel::{self, PathTable, Reading, Span};
use crate::condition::Condition;
use crate::decision::{Action, Decision, PolicyRef, Reason};
use crate::document::{self, Justification, Tool};
use crate::evaluate::message;
use crate::limits::{FUEL_DEFAULT, FUEL_MAX};
use crate::parse::Places;
use crate::validate::ValidPolicy;
use decisions::DecisionMaker;
pub(crate) use decisions::Numbered;
use entry::SkippedRule;

/// A policy ready to answer calls. Immutable, so it is shared between threads without locks.
pub struct CompiledPolicy {
    pub(crate) policy: PolicyRef,
    pub(crate) entries: Vec<Entry>,
    pub(crate) index: ToolIndex,
    paths: PathTable,
    places: Places,
    /// Servers with `validate_arguments: false`.
    pub(crate) unchecked_servers: Vec<String>,
    /// The servers' names, where a condition could ask for one.
    server_names: Vec<String>,
    /// What a tool without an entry gets.
    pub(crate) unknown: Numbered,
    /// What a new tool without an entry gets where it would be allowed.
    pub(crate) new_tool: Numbered,
    decision_count: u32,
    pub(crate) asks_for_new_tools: bool,
    pub(crate) inherits: bool,
    reads_now: bool,
    pub(crate) fuel: u64,
}

// === impl CompiledPolicy ===

impl CompiledPolicy {
    /// Compiles a policy; all that could be wrong with it has been found by validation.
    pub fn compile(policy: ValidPolicy) -> Self {
        let (mut document, places, digest, conditions) = policy.into_parts();
        let (server_names, reads_now) = (named_servers(&document), mentions(&document, "now"));
        let policy = PolicyRef { name: document.metadata.name.clone(), digest };
        let defaults = document.defaults.clone().unwrap_or_default();
        let maker = DecisionMaker {
            policy: &policy,
            default_workflow: defaults.default_approval_workflow.as_deref(),
        };
        let mut compiler = Compiler { maker, paths: PathTable::default() };
        let mut index = ToolIndex::default();
        let mut entries = Vec::with_capacity(document.tools.len());
        // Should a condition ever be missing, its rule fails at every call rather than fall away.
        let conditions = conditions.into_iter().chain(iter::repeat_with(Vec::new));
        let tools = mem::take(&mut document.tools).into_iter().enumerate();
        for ((id, tool), conditions) in tools.zip(conditions) {
            index.add(&tool.name, tool.source.as_deref(), id);
            entries.push(compiler.entry(id, tool, conditions));
        }
        index.finish();
        let unchecked = |server: &&document::McpServer| server.validate_arguments == Some(false);
        let unknown = maker.unknown(defaults.unknown_tools.unwrap_or(Action::Allow));
        let mut ready = Self {
            unknown: Numbered::new(unknown),
            new_tool: Numbered::new(maker.new_tool(maker.workflow(None, None))),
            decision_count: 0,
            asks_for_new_tools: defaults.require_approval_for_new_tools.unwrap_or(true),
            inherits: defaults.inherit_from_parent.unwrap_or(true),
            unchecked_servers: document
                .mcp_servers
                .iter()
                .filter(unchecked)
                .map(|server| server.name.clone())
                .collect(),
            server_names,
            reads_now,
            paths: compiler.paths,
            places,
            entries,
            index,
            fuel: FUEL_DEFAULT,
            policy,
        };
        ready.number_decisions();
        ready
    }

    fn number_decisions(&mut self) {
        let mut count: u32 = 0;
        let of_entries = self.entries.iter_mut().flat_map(|entry| {
            let closed = entry.closed.as_deref_mut().into_iter();
            let unjustified = entry.unjustified.as_deref_mut().into_iter();
            let rules = entry.rules.iter_mut().map(|rule| &mut rule.answer.decision);
            let others = [&mut entry.otherwise, &mut *entry.new_tool];
            closed.chain(unjustified).chain(others).chain(rules)
        });
        for decision in [&mut self.unknown, &mut self.new_tool].into_iter().chain(of_entries) {
            decision.number = count;
            count = count.saturating_add(1);
        }
        self.decision_count = count;
    }

    /// The same policy with another budget for each condition, at most [`FUEL_MAX`].
    #[must_use]
    pub fn with_fuel(mut self, fuel: u64) -> Self {
        self.fuel = fuel.min(FUEL_MAX);
        self.entries.iter_mut().for_each(|entry| entry.row = OnceLock::new());
        self
    }

    /// A server's name as the document spells it, so that conditions see one spelling however a caller writes it.
    #[inline]
    pub(crate) fn spelled_server<'a>(&'a self, name: &'a str) -> &'a str {
        if name.is_empty() {
            return name;
        }
        let mut names = self.server_names.iter();
        names.find(|known| is_same_server(known, name)).map_or(name, String::as_str)
    }

    /// The policy's name and digest, as in each decision.
    pub const fn policy(&self) -> &PolicyRef {
        &self.policy
    }

    /// The argument paths that rules may read for a call of `tool`, by slot, each once.
    ///
    /// A binding pulls these and nothing else. `source` is a class or a server's name, empty if not known.
    pub fn arg_paths(&self, tool: &str, source: &str) -> Vec<&cel::ArgPath> {
        let conditions = self.conditions_for(tool, source);
        let mut paths: Vec<_> = conditions.flat_map(Condition::arg_paths).collect();
        paths.sort_unstable_by_key(|path| path.slot());
        paths.dedup_by_key(|path| path.slot());
        paths
    }

    /// The same with what rules look at of each argument.
    pub fn readings(&self, tool: &str, source: &str) -> Vec<(&cel::ArgPath, Reading)> {
        let mut found: Vec<(&cel::ArgPath, Reading)> = Vec::new();
        for (path, reading) in self.conditions_for(tool, source).flat_map(Condition::readings) {
            match found.binary_search_by_key(&path.slot(), |(known, _)| known.slot()) {
                Ok(at) => {
                    if let Some((_, known)) = found.get_mut(at) {
                        known.merge(reading);
                    }
                }
                Err(at) => found.insert(at, (path, reading)),
            }
        }
        found
    }

    /// The conditions that may be asked for a call of `tool`.
    fn conditions_for(&self, tool: &str, source: &str) -> impl Iterator<Item = &Condition> {
        let source = CallSource::of(source, "").unwrap_or(CallSource::Unknown);
        let entries = match self.index.find(tool, source) {
            Fits::None => Vec::new(),
            Fits::One(entry) => vec![entry],
            Fits::Several(entries) => entries,
        };
        let entries = entries.into_iter().filter_map(|entry| self.entries.get(entry));
        entries.flat_map(|entry| &entry.rules).filter_map(Rule::condition)
    }

    /// Position in the document's `tools` of the entry that speaks for a tool of an MCP server, if there is one.
    ///
    /// ```
    /// let text = "version: '1.0'\nmetadata: {name: x}\ntools: [{name: 'read_*'}, {name: read_all}]\n";
    /// let policy = preloop_core::ValidPolicy::parse(text).unwrap();
    /// let policy = preloop_core::CompiledPolicy::compile(policy);
    /// assert_eq!(policy.entry_position("read_all", "files"), Some(1));
    /// assert_eq!(policy.entry_position("read_one", "files"), Some(0));
    /// assert_eq!(policy.entry_position("write", "files"), None);
    /// ```
    pub fn entry_position(&self, tool: &str, server: &str) -> Option<usize> {
        // A class is no server's name.
        let is_class = source::Class::named(server).is_some();
        let (class, server) = if is_class { (server, "") } else { ("", server) };
        match self.index.find(tool, CallSource::of(class, server)?) {
            Fits::None => None,
            Fits::One(entry) => Some(entry),
            Fits::Several(entries) => entries.first().copied(),
        }
    }

    /// Line and column of a part of a rule's condition: in the document, or in the expression where the document
    /// is not at hand.
    pub(crate) fn place(&self, rule: &str, source: &str, part: Span) -> (u32, u32) {
        let path = format!("{rule}.expression");
        let place = self.places.expression_place(&path, part.start as usize);
        place.map_or_else(|| part.line_column(source), |place| (place.line, place.column))
    }

    /// The names of the entries for one tool each.
    pub(crate) fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.index.names()
    }

    /// The names that rules have.
    pub(crate) fn rule_names(&self) -> impl Iterator<Item = &str> {
        let rules = self.entries.iter().flat_map(|entry| &entry.rules);
        rules.filter_map(|rule| rule.answer.decision.rule.as_ref()?.name.as_deref())
    }

    /// The file that a rule is in, where the document is spread over several.
    pub(crate) fn file(&self, rule: &str) -> Option<String> {
        self.places.file(rule).map(str::to_owned)
    }

    /// Every argument path that a rule reads, in the order of their slots: what a binding prepares keys for.
    pub fn paths(&self) -> &[cel::ArgPath] {
        self.paths.paths()
    }

    /// The path of a slot.
    #[inline]
    pub(crate) fn path(&self, slot: u32) -> Option<&cel::ArgPath> {
        self.paths.paths().get(slot as usize)
    }

    /// The names of fields that rules read below arguments, such as those of a list's items, in the order of their numbers.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.paths.names()
    }

    /// Whether a condition may ask for the time; where none does, nobody has to read a clock.
    pub const fn reads_now(&self) -> bool {
        self.reads_now
    }

    /// How many entries there are.
    pub const fn tool_count(&self) -> usize {
        self.entries.len()
    }

    /// How many rules are switched on.
    pub fn rule_count(&self) -> usize {
        self.entries.iter().map(|entry| entry.rules.len()).sum()
    }

    /// How many decisions were made beforehand: one more than the highest of their numbers.
    pub(crate) const fn decision_count(&self) -> u32 {
        self.decision_count
    }

    /// Where each value stands in the document's text.
    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    /// How many slots there are: one more than the highest of [`Self::arg_paths`].
    pub fn slots(&self) -> usize {
        self.paths.paths().len()
    }
}

impl fmt::Debug for CompiledPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledPolicy")
            .field("policy", &self.policy)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// The names of the document's servers; none where no condition mentions the tool.
fn named_servers(document: &document::PolicyDocument) -> Vec<String> {
    if mentions(document, "tool") {
        return document.mcp_servers.iter().map(|server| server.name.clone()).collect();
    }
    Vec::new()
}

/// Whether a condition could read this variable: its name is somewhere in one.
fn mentions(document: &document::PolicyDocument, variable: &str) -> bool {
    let name = Finder::new(variable);
    let is_in = |text: &str| name.find(text.as_bytes()).is_some();
    let mut conditions = document.tools.iter().flat_map(|tool| &tool.conditions);
    conditions.any(|rule| rule.expression.as_deref().is_some_and(is_in))
}

/// A rule's place in the document, written into one block.
fn rule_path(tool: &str, number: usize) -> String {
    let mut path = String::with_capacity(tool.len().saturating_add(".conditions[999]".len()));
    path.push_str(tool);
    // Writing to a text does not fail.
    let _ = write!(path, ".conditions[{number}]");
    path
}

/// Compiles the entries of one document.
struct Compiler<'a> {
    maker: DecisionMaker<'a>,
    paths: PathTable,
}

impl Compiler<'_> {
    fn entry(&mut self, id: EntryId, mut tool: Tool, conditions: Vec<Option<Condition>>) -> Entry {
        let maker = self.maker;
        let path = format!("tools[{id}]");
        let workflow = maker.workflow(None, tool.approval_workflow.as_deref());
        let mut rules = Vec::with_capacity(tool.conditions.len());
        let mut skipped = Vec::new();
        let conditions = conditions.into_iter().chain(iter::repeat_with(|| None));
        let written = mem::take(&mut tool.conditions).into_iter().enumerate();
        for ((number, rule), condition) in written.zip(conditions) {
            let rule_path = rule_path(&path, number);
            if rule.enabled == Some(false) {
                let (before, expression) = (rules.len(), rule.expression);
                skipped.push(SkippedRule { path: rule_path, before, expression });
                continue;
            }
            rules.push(self.rule(&tool, rule_path, rule, condition));
        }
        Entry {
            closed: (tool.enabled == Some(false)).then(|| {
                let message = message::disabled();
                Box::new(Numbered::new(maker.plain(Action::Deny, Reason::ToolDisabled, message)))
            }),
            unjustified: (tool.justification == Some(Justification::Required)).then(|| {
                let message = message::justification_required();
                let reason = Reason::JustificationRequired;
                Box::new(Numbered::new(maker.plain(Action::Deny, reason, message)))
            }),
            evidence: (!tool.evidence_required.is_empty()).then(|| {
                let tools = mem::take(&mut tool.evidence_required);
                let message = message::evidence_missing(&[]);
                let denial = maker.plain(Action::Deny, Reason::EvidenceMissing, message);
                Box::new(Evidence { tools, denial })
            }),
            otherwise: Numbered::new(self.otherwise(&tool, rules.is_empty(), &workflow)),
            new_tool: Box::new(Numbered::new(maker.new_tool(workflow))),
            path,
            searches: search::group(&mut rules),
            row: OnceLock::new(),
            rules,
            skipped,
        }
    }

    fn rule(
        &mut self,
        tool: &Tool,
        path: String,
        rule: document::Condition,
        condition: Option<Condition>,
    ) -> Rule {
        let maker = self.maker;
        let action = rule.action.unwrap_or(Action::RequireApproval);
        let matcher = self.matcher(rule.expression.as_deref(), condition);
        let workflow =
            maker.workflow(rule.approval_workflow.as_deref(), tool.approval_workflow.as_deref());
        let decision = Numbered::new(maker.rule(path, rule, action, &workflow));
        Rule { action, matcher, membership: None, answer: Box::new(Answer { decision, workflow }) }
    }

    fn matcher(&mut self, expression: Option<&str>, condition: Option<Condition>) -> Matcher {
        match condition {
            Some(mut condition) => {
                condition.share(&mut self.paths);
                Matcher::When(condition)
            }
            None if expression.is_none() => Matcher::Always,
            None => Matcher::Broken,
        }
    }

    /// The answer when no rule matches. An entry whose rules are all switched off has none at all, so its
    /// workflow still holds.
    fn otherwise(&self, tool: &Tool, has_no_rules: bool, workflow: &str) -> Decision {
        let maker = self.maker;
        if !has_no_rules {
            return maker.plain(Action::Allow, Reason::NoRuleMatched, message::allowed());
        }
        if tool.approval_workflow.is_some() {
            return maker.approval(Reason::ToolDefault, workflow.to_owned(), message::waits());
        }
        maker.plain(Action::Allow, Reason::ToolDefault, message::allowed())
    }
}
