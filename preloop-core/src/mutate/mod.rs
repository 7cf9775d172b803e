//! Do the tests of a policy notice when it changes? Small changes, one at a time, and the tests held against each.
//!
//! A mutant that makes some test fail is killed; one that survives is a change that nobody would have caught. What can
//! be proven to change no answer is left out, so that a survivor always says something.
//!
//! ```
//! use preloop_core::mutate::{Mutation, Test, Fate};
//! use preloop_core::{Action, Call, ValidPolicy};
//!
//! let text = "
//! version: '1.0'
//! metadata: {name: refunds}
//! tools:
//!   - name: refund
//!     conditions:
//!       - {expression: args.amount > 500, action: deny}
//! ";
//! let (small, large) = (serde_json::json!({"amount": 5}), serde_json::json!({"amount": 900}));
//! let test = |args, expected| {
//!     Test::new(Call::new("refund", args), move |decision| decision.action == expected)
//! };
//! let tests = vec![test(&small, Action::Allow), test(&large, Action::Deny)];
//! let mut mutation = Mutation::new(ValidPolicy::parse(text).unwrap(), tests).unwrap();
//! let mut survivors = Vec::new();
//! for number in 0..mutation.mutants().len() {
//!     if let Some(Fate::Survived { .. }) = mutation.judge(number) {
//!         survivors.push(mutation.survivor(number).unwrap().change);
//!     }
//! }
//! // No test looks at the edge, nor at a tool that the policy does not name.
//! assert_eq!(survivors, ["`>` becomes `>=`", "`500` becomes `501`", "`allow` becomes `deny`"]);
//! ```

mod apply;
mod edit;
mod enumerate;
mod equivalent;
mod expression;
mod pattern;
mod report;

pub use report::{Fate, Kind, Survivor};

use std::fmt;

use crate::call::Call;
use crate::cel::Span;
use crate::compile::{CompiledPolicy, EntryId, Fits};
use crate::decision::{Action, Decision};
use crate::document::PolicyDocument;
use crate::evaluate::WalkEnd;
use crate::validate::ValidPolicy;

/// Longest quotation of the policy in a change's words.
const SHOWN_MAX: usize = 60;

/// A call and what must be true of its decision.
pub struct Test<'t> {
    call: Call<'t>,
    holds: Box<dyn Fn(&Decision) -> bool + 't>,
}

/// A policy, its tests, and every small change of the policy.
#[derive(Debug)]
pub struct Mutation<'t> {
    policy: CompiledPolicy,
    document: PolicyDocument,
    tests: Vec<Test<'t>>,
    /// For each test, the entries that answer it; none where no entry names the tool.
    ways: Vec<Vec<Way>>,
    mutants: Vec<Mutant>,
}

/// How a test's call goes through an entry.
#[derive(Clone, Copy, Debug)]
struct Way {
    entry: EntryId,
    /// How many of the enabled rules are asked.
    asked: usize,
    end: WalkEnd,
}

/// One small change.
#[derive(Clone, Debug)]
pub struct Mutant {
    kind: Kind,
    /// What it changes; several where entries share what is written once, by an alias.
    changes: Vec<Change>,
    words: String,
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// A part of a rule's expression.
    Expression { rule: RuleId, span: Span, replacement: String },
    /// The rule matches every call.
    Always(RuleId),
    /// The rule is switched off.
    Removed(RuleId),
    /// The rule does something else.
    Action { rule: RuleId, to: Action },
    /// The rule asks whom the tool or the defaults name.
    Workflow(RuleId),
    /// The rule and the next one change places.
    Swapped { rule: RuleId, next: RuleId },
    /// A disabled entry is enabled.
    Enabled(EntryId),
    /// No justification is wanted.
    Unjustified(EntryId),
    /// One of the calls that must come before, by its position, need not.
    Unproven(EntryId, usize),
    /// An entry without rules asks nobody.
    Unapproved(EntryId),
    /// The entry is not there.
    EntryRemoved(EntryId),
    /// `defaults.unknown_tools`.
    UnknownTools(Action),
    /// `defaults.require_approval_for_new_tools` is false.
    NewTools,
}

/// Which rule: by its number among all, and among the enabled ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RuleId {
    entry: EntryId,
    number: usize,
    enabled: usize,
}

// === impl Test ===

impl<'t> Test<'t> {
    /// A call, and whether a decision is what the test wants.
    pub fn new(call: Call<'t>, holds: impl Fn(&Decision) -> bool + 't) -> Self {
        Self { call, holds: Box::new(holds) }
    }
}

impl fmt::Debug for Test<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test").field("call", &self.call).finish_non_exhaustive()
    }
}

// === impl Mutant ===

impl Mutant {
    /// What sort of change it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

// === impl Mutation ===

impl<'t> Mutation<'t> {
    /// Finds every change of a policy.
    ///
    /// # Errors
    /// The numbers of the tests that fail on the policy as it is: they would fail on every change too.
    pub fn new(valid: ValidPolicy, tests: Vec<Test<'t>>) -> Result<Self, Vec<usize>> {
        let document = valid.document().clone();
        let policy = CompiledPolicy::compile(valid).one_by_one();
        let failing = |(_, test): &(usize, &Test<'_>)| !(test.holds)(&policy.evaluate(&test.call));
        let failing: Vec<usize> =
            tests.iter().enumerate().filter(failing).map(|(number, _)| number).collect();
        if !failing.is_empty() {
            return Err(failing);
        }
        let ways = tests.iter().map(|test| ways(&policy, &test.call)).collect();
        let mutants = enumerate::mutants(&policy, &document);
        Ok(Self { policy, document, tests, ways, mutants })
    }

    /// Every change, in the order of the document.
    pub fn mutants(&self) -> &[Mutant] {
        &self.mutants
    }

    /// Holds the tests against a change; none where there is no change of this number.
    pub fn judge(&mut self, number: usize) -> Option<Fate> {
        let changes = &self.mutants.get(number)?.changes;
        let touched = |ways: &[Way]| {
            changes.iter().any(|change| match change {
                Change::UnknownTools(_) => ways.is_empty(),
                Change::NewTools => true,
                _ => ways.iter().any(|way| way.comes_to(change)),
            })
        };
        let touched: Vec<usize> = self
            .ways
            .iter()
            .enumerate()
            .filter(|(_, ways)| touched(ways))
            .map(|(test, _)| test)
            .collect();
        let tests = &self.tests;
        let mut question = |policy: &mut CompiledPolicy| {
            let fails = |test: &&usize| {
                let test = tests.get(**test);
                test.is_some_and(|test| !(test.holds)(&policy.evaluate(&test.call)))
            };
            touched.iter().find(fails).copied()
        };
        let by = apply::with(&mut self.policy, &self.document, changes, &mut question);
        Some(match by {
            Some(test) => Fate::Killed { test },
            None => Fate::Survived { looked: touched.len() },
        })
    }

    /// A change as it is shown to people; none where there is no change of this number.
    pub fn survivor(&self, number: usize) -> Option<Survivor> {
        let mutant = self.mutants.get(number)?;
        report::survivor(&self.policy, &self.document, mutant)
    }
}

fn ways(policy: &CompiledPolicy, call: &Call<'_>) -> Vec<Way> {
    let Ok(source) = policy.source(call) else { return Vec::new() };
    let entries = match policy.index.find(call.tool.name, source) {
        Fits::None => Vec::new(),
        Fits::One(entry) => vec![entry],
        Fits::Several(entries) => entries,
    };
    let input = policy.input(call, source);
    let way = |entry: EntryId| {
        let walk = policy.walk(policy.entries.get(entry)?, &input);
        Some(Way { entry, asked: walk.answers.len(), end: walk.end })
    };
    entries.into_iter().filter_map(way).collect()
}

// === impl Way ===

impl Way {
    /// False where the change cannot matter to the call: it does not come to what is changed.
    fn comes_to(self, change: &Change) -> bool {
        let comes_to = |rule: &RuleId| rule.entry == self.entry && rule.enabled < self.asked;
        match change {
            Change::Expression { rule, .. }
            | Change::Always(rule)
            | Change::Removed(rule)
            | Change::Workflow(rule)
            | Change::Action { rule, .. }
            | Change::Swapped { rule, .. } => comes_to(rule),
            Change::Enabled(entry) => *entry == self.entry && self.end == WalkEnd::Disabled,
            Change::Unjustified(entry) => *entry == self.entry && self.end == WalkEnd::Unjustified,
            Change::Unproven(entry, _) => *entry == self.entry && self.end == WalkEnd::Unproven,
            Change::Unapproved(entry) => *entry == self.entry && self.end == WalkEnd::NoRuleMatched,
            Change::EntryRemoved(entry) => *entry == self.entry,
            Change::UnknownTools(_) | Change::NewTools => true,
        }
    }
}

// === impl Change ===

impl Change {
    /// The path of what is changed.
    fn path(&self) -> String {
        match self {
            Self::Expression { rule, .. }
            | Self::Always(rule)
            | Self::Removed(rule)
            | Self::Workflow(rule)
            | Self::Action { rule, .. }
            | Self::Swapped { rule, .. } => rule.path(),
            Self::Enabled(entry)
            | Self::Unjustified(entry)
            | Self::Unproven(entry, _)
            | Self::Unapproved(entry)
            | Self::EntryRemoved(entry) => format!("tools[{entry}]"),
            Self::UnknownTools(_) => "defaults.unknown_tools".to_owned(),
            Self::NewTools => "defaults.require_approval_for_new_tools".to_owned(),
        }
    }

    /// The path of the value whose text would have to change; none where a rule does not say so.
    fn node(&self) -> Option<String> {
        match self {
            Self::Expression { rule, .. } | Self::Always(rule) => {
                Some(format!("{}.expression", rule.path()))
            }
            Self::Removed(rule) | Self::Action { rule, .. } | Self::Workflow(rule) => {
                Some(rule.path())
            }
            Self::Swapped { rule, .. } => Some(format!("tools[{}].conditions", rule.entry)),
            _ => None,
        }
    }

    /// Which part of that text; of a list, which items.
    const fn span(&self) -> Span {
        match self {
            Self::Expression { span, .. } => *span,
            // A document is far shorter than the numbers of a place can count.
            #[expect(clippy::cast_possible_truncation, reason = "a tool has at most 1,000 rules")]
            Self::Swapped { rule, next } => Span::new(rule.number as u32, next.number as u32),
            _ => Span::new(0, 0),
        }
    }

    const fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Expression { rule, .. }
            | Self::Always(rule)
            | Self::Removed(rule)
            | Self::Workflow(rule)
            | Self::Action { rule, .. }
            | Self::Swapped { rule, .. } => Some(rule.entry),
            Self::Enabled(entry)
            | Self::Unjustified(entry)
            | Self::Unproven(entry, _)
            | Self::Unapproved(entry)
            | Self::EntryRemoved(entry) => Some(*entry),
            Self::UnknownTools(_) | Self::NewTools => None,
        }
    }

    const fn rule(&self) -> Option<RuleId> {
        match self {
            Self::Expression { rule, .. }
            | Self::Always(rule)
            | Self::Removed(rule)
            | Self::Workflow(rule)
            | Self::Action { rule, .. }
            | Self::Swapped { rule, .. } => Some(*rule),
            _ => None,
        }
    }
}

impl RuleId {
    fn path(self) -> String {
        format!("tools[{}].conditions[{}]", self.entry, self.number)
    }
}

/// Text of the policy, short enough for a line.
fn shown(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() && !text.is_empty() {
        text.clone_into(&mut words);
    }
    // Blanks at the ends are what a text is sometimes about.
    if text.len() < SHOWN_MAX && !text.contains(['\n', '\r', '\t']) {
        text.clone_into(&mut words);
    }
    match words.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

#[cfg(test)]
mod tests;
