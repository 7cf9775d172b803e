//! What the engine answers to a call: the decision as it goes over every wire.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cel::ArgPath;

/// What happens to the call, ordered from the most lenient to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The call may run.
    Allow,
    /// The call waits for an approval.
    RequireApproval,
    /// The call must not run.
    Deny,
}

/// Why the decision is what it is: a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A rule of the tool matched.
    RuleMatched,
    /// The tool has no rules; its entry decided.
    ToolDefault,
    /// The tool has rules and none matched.
    NoRuleMatched,
    /// No entry names the tool; `defaults.unknown_tools` decided.
    UnknownTool,
    /// The tool is new or changed since the policy was applied.
    NewTool,
    /// The tool's entry has `enabled: false`.
    ToolDisabled,
    /// The entry requires a justification and none was given.
    JustificationRequired,
    /// A condition could not be evaluated, and that decided or raised the outcome.
    ConditionError,
    /// The arguments break the tool's input schema, or could not be read.
    InvalidCall,
    /// Calls that must come before this one were not made.
    EvidenceMissing,
    /// An approval or grant covers the call.
    Granted,
    /// Enforcement is halted by an operator.
    Halted,
    /// No policy is loaded or the engine cannot answer.
    PolicyUnavailable,
    /// The loaded policy is older than allowed.
    PolicyStale,
}

/// Which rule decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct RuleRef {
    /// Place in the document, such as `tools[0].conditions[0]`.
    pub path: String,
    /// The rule's `name`.
    pub name: Option<String>,
    /// The rule's `description`.
    pub description: Option<String>,
    /// The rule's condition as written; none means it always matches.
    pub expression: Option<String>,
}

/// Which policy answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PolicyRef {
    /// `metadata.name` of the document.
    pub name: String,
    /// `sha256:` and the hex digest of the canonical document without secrets.
    pub digest: String,
}

/// A condition that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ConditionError {
    /// Path of the rule, such as `tools[0].conditions[0]`; empty when the call itself is at fault.
    pub rule: String,
    /// What went wrong, such as "no such key `args.amount`".
    pub message: String,
    /// The kind of failure, such as `no_such_key`.
    pub kind: String,
    /// The sub-expression that failed, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The file that it is in, where the policy is spread over several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// Line of the sub-expression in the document (in the expression where the document is unknown).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column of the sub-expression, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The value met there, where there is one (secret-looking values masked).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// One line of an explanation: a rule, or a sub-expression of its condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct TraceItem {
    /// Path of the rule.
    pub rule: String,
    /// What happened, in words.
    pub message: String,
    /// `matched`, `not_matched`, `error`, `skipped` or `value`.
    pub kind: String,
    /// The scope whose policy has the rule, where several were asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
    /// The condition or sub-expression as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The file that it is in, where the policy is spread over several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// Line in the document, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in the document, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The value of the sub-expression (secret-looking values masked).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// The answer to one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Decision {
    /// What happens to the call.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// What the agent is told.
    pub message: String,
    /// The rule that decided, if one did.
    pub rule: Option<RuleRef>,
    /// The workflow of an approval; none unless the action is `require_approval`.
    pub approval_workflow: Option<String>,
    /// The policy that answered.
    pub policy: PolicyRef,
    /// Conditions that could not be evaluated.
    pub errors: Vec<ConditionError>,
    /// The scope that an inherited answer comes from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
    /// Rule by rule, where an explanation was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<Vec<TraceItem>>,
}

// === impl Action ===

impl Action {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::RequireApproval => "require_approval",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl ConditionError ===

impl ConditionError {
    /// The call itself is at fault; `part` is the part of it, where one can be named.
    pub fn of_call(message: impl Into<String>, part: Option<String>) -> Self {
        Self {
            rule: String::new(),
            message: message.into(),
            kind: Reason::InvalidCall.as_str().to_owned(),
            expression: part,
            file: None,
            line: None,
            column: None,
            value: None,
        }
    }

    /// An argument is at fault: it cannot be read.
    pub fn of_argument(path: &ArgPath, why: &str) -> Self {
        let shown = path.to_string();
        Self::of_call(format!("`{shown}` cannot be read: {why}"), Some(shown))
    }
}

// === impl Reason ===

impl Reason {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RuleMatched => "rule_matched",
            Self::ToolDefault => "tool_default",
            Self::NoRuleMatched => "no_rule_matched",
            Self::UnknownTool => "unknown_tool",
            Self::NewTool => "new_tool",
            Self::ToolDisabled => "tool_disabled",
            Self::JustificationRequired => "justification_required",
            Self::ConditionError => "condition_error",
            Self::InvalidCall => "invalid_call",
            Self::EvidenceMissing => "evidence_missing",
            Self::Granted => "granted",
            Self::Halted => "halted",
            Self::PolicyUnavailable => "policy_unavailable",
            Self::PolicyStale => "policy_stale",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
