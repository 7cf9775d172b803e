//! A change as people and machines are told of it: where it is, what it is, the lines before and after.

use serde::Serialize;

use super::{Change, Mutant, edit};
use crate::compile::CompiledPolicy;
use crate::document::PolicyDocument;

/// What sort of change a mutant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An operator of a condition.
    Operator,
    /// A part of a condition that is taken for settled.
    Part,
    /// A number that a condition compares with.
    Bound,
    /// A text that a condition looks for.
    Text,
    /// A list that a condition searches.
    List,
    /// A pattern.
    Pattern,
    /// A rule's action.
    Action,
    /// Whom a rule asks for approval.
    Workflow,
    /// A rule as a whole.
    Rule,
    /// The order of two rules.
    Order,
    /// An entry of `tools`.
    Entry,
    /// What `defaults` says.
    Default,
}

/// What the tests make of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This test fails, and did not before.
    Killed {
        /// The number of the test.
        test: usize,
    },
    /// No test notices.
    Survived {
        /// How many tests came to what was changed.
        looked: usize,
    },
}

/// A change that nobody would have caught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// What sort of change it is.
    pub kind: Kind,
    /// Path of what is changed, such as `tools[0].conditions[0]`.
    pub path: String,
    /// The file, where the policy is spread over several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line of the first line below.
    pub line: u32,
    /// Column of the change.
    pub column: u32,
    /// The tool's entry, where the change is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The other entries that share what is changed, by an alias.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<String>,
    /// The rule's name, where the change is in one that has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The change in words.
    pub change: String,
    /// The lines of the document that the change is in.
    pub before: Vec<String>,
    /// The same lines with the change made.
    pub after: Vec<String>,
}

// === impl Kind ===

impl Kind {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Part => "part",
            Self::Bound => "bound",
            Self::Text => "text",
            Self::List => "list",
            Self::Pattern => "pattern",
            Self::Action => "action",
            Self::Workflow => "workflow",
            Self::Rule => "rule",
            Self::Order => "order",
            Self::Entry => "entry",
            Self::Default => "default",
        }
    }
}

/// A mutant for people; none of one that changes nothing.
pub(super) fn survivor(
    policy: &CompiledPolicy,
    document: &PolicyDocument,
    mutant: &Mutant,
) -> Option<Survivor> {
    let (change, others) = mutant.changes.split_first()?;
    let entry = |change: &Change| document.tools.get(change.entry()?);
    let rule = change.rule().and_then(|rule| entry(change)?.conditions.get(rule.number));
    let shown = edit::shown(policy.places(), document, change);
    Some(Survivor {
        kind: mutant.kind,
        path: change.path(),
        file: policy.file(&change.path()),
        line: shown.place.line,
        column: shown.place.column,
        tool: entry(change).map(|tool| tool.name.clone()),
        shared_with: others.iter().filter_map(entry).map(|tool| tool.name.clone()).collect(),
        rule: rule.and_then(|rule| rule.name.clone()),
        change: mutant.words.clone(),
        before: shown.before,
        after: shown.after,
    })
}
