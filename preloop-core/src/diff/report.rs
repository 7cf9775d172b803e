//! What a comparison of two policies tells: one report for people, scripts and bindings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::CallRecord;
use crate::decision::{Action, Decision, PolicyRef, Reason};

/// What a change does to what gets through, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Proved: every call is answered as before.
    SameMeaning,
    /// Nothing that was found lets more or less through, and that is no proof.
    Unknown,
    /// Less gets through.
    Tightened,
    /// More gets through.
    Loosened,
    /// More of one and less of another gets through.
    Both,
}

/// Two policies compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PolicyDiff {
    /// What the change does as a whole.
    pub verdict: Verdict,
    /// Whether the documents differ at all, comments and layout aside.
    pub changed: bool,
    /// The policy before.
    pub before: PolicyRef,
    /// The policy after.
    pub after: PolicyRef,
    /// What was added, removed, changed or moved, by name.
    pub changes: Vec<Change>,
    /// What the changes do beside the answers to calls, and to the workflows behind them.
    pub effects: Vec<Effect>,
    /// Which tools are now answered otherwise.
    pub tools: Vec<ToolMeaning>,
    /// Calls that are answered otherwise, each run through both policies.
    pub examples: Vec<Example>,
    /// How hard was looked.
    pub searched: Searched,
}

/// What happened to a part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Some of its fields differ.
    Changed,
    /// It stands elsewhere in its list.
    Moved,
}

/// A part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// `metadata`.
    Metadata,
    /// An entry of `mcp_servers`.
    McpServer,
    /// An entry of `approval_workflows`.
    ApprovalWorkflow,
    /// An entry of `tools`.
    Tool,
    /// A rule of a tool.
    Rule,
    /// `defaults`.
    Defaults,
}

/// One difference between the documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// To what.
    pub section: Section,
    /// Its name: for a rule the tool's.
    pub name: String,
    /// The rule's name, or its condition where it has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// Its place in the document before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_before: Option<String>,
    /// Its place in the document after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_after: Option<String>,
    /// The fields that differ; of what is new or gone, those that are set.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<FieldChange>,
}

/// One field of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// Its value before; none where it was not set.
    pub before: Option<Value>,
    /// Its value after; none where it is not set.
    pub after: Option<Value>,
    /// Whether it only tells people something.
    pub is_documentation: bool,
}

/// What a change does that no answer to a call shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Effect {
    /// Which way: none where that cannot be said.
    pub verdict: Verdict,
    /// The part.
    pub section: Section,
    /// Its name.
    pub name: String,
    /// In words.
    pub message: String,
}

/// A tool that is answered otherwise, or may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ToolMeaning {
    /// The entry's name as in the document, or the name of a tool that no entry names.
    pub tool: String,
    /// The entry's source.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// Which way.
    pub verdict: Verdict,
    /// How many differences were found: pairs of a rule before and a rule after.
    pub differences: usize,
    /// How many calls were tried.
    pub calls: u64,
    /// Whether every combination of the values that matter was tried.
    pub is_exhausted: bool,
}

/// A call that is answered otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Example {
    /// The entry that speaks for the tool, as in [`ToolMeaning::tool`].
    pub tool: String,
    /// Which way.
    pub verdict: Verdict,
    /// The call, as a line of `--calls`.
    pub call: CallRecord,
    /// The answer before.
    pub before: Answer,
    /// The answer after.
    pub after: Answer,
    /// What differs where the actions do not: the workflows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// The part of a decision that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Answer {
    /// What happens to the call.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The path of the rule that decided.
    pub rule: Option<String>,
    /// That rule's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule_name: Option<String>,
    /// That rule's condition.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expression: Option<String>,
    /// The workflow of an approval.
    pub approval_workflow: Option<String>,
    /// Conditions that could not be evaluated, in words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<String>,
}

/// How hard was looked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Searched {
    /// Calls that were run through both policies.
    pub calls: u64,
    /// The most calls that would have been tried for one tool.
    pub budget: u64,
    /// Kinds of tools (name and source) that were looked at because something differs for them.
    pub tools: usize,
    /// Whether every kind of tool is known to have been looked at.
    pub all_tools: bool,
    /// What could not be searched, or not to the end.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_searched: Vec<String>,
}

// === impl Verdict ===

impl Verdict {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameMeaning => "same_meaning",
            Self::Unknown => "unknown",
            Self::Tightened => "tightened",
            Self::Loosened => "loosened",
            Self::Both => "both",
        }
    }

    /// Whether more gets through.
    pub const fn is_looser(self) -> bool {
        matches!(self, Self::Loosened | Self::Both)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Loosened, Self::Tightened) | (Self::Tightened, Self::Loosened) => Self::Both,
            (left, right) => left.max(right),
        }
    }
}

// === impl Answer ===

impl From<&Decision> for Answer {
    fn from(decision: &Decision) -> Self {
        let rule = decision.rule.as_ref();
        Self {
            action: decision.action,
            reason: decision.reason,
            rule: rule.map(|rule| rule.path.clone()),
            rule_name: rule.and_then(|rule| rule.name.clone()),
            expression: rule.and_then(|rule| rule.expression.clone()),
            approval_workflow: decision.approval_workflow.clone(),
            errors: decision.errors.iter().map(|error| error.message.clone()).collect(),
        }
    }
}
