//! What coverage found, as it goes out: JSON for machines, the same fields for the pages that people read.

use serde::Serialize;

use crate::decision::{Action, PolicyRef};

/// How much of a policy the calls exercised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoverageReport {
    /// Which policy.
    pub policy: PolicyRef,
    /// How many calls were made.
    pub calls: u64,
    /// All of it together.
    pub tally: Tally,
    /// The entries of `tools`, in document order.
    pub tools: Vec<ToolCoverage>,
    /// What `defaults` decides for tools that no entry names.
    pub defaults: Vec<OutcomeCoverage>,
}

/// How many of the things that can happen did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Everything that counts: rules without a condition that matched, branches, outcomes.
    pub total: Share,
    /// Rules that matched.
    pub rules: Share,
    /// Answers of the parts of conditions: each part can be true and can be false.
    pub branches: Share,
    /// Answers that no rule gives: no rule matched, the tool is disabled, no entry names it.
    pub outcomes: Share,
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many were seen.
    pub seen: u64,
    /// How many there are.
    pub all: u64,
}

/// A stretch of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// The file, where the policy is spread over several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Line of its end.
    pub end_line: u32,
    /// Column behind its end.
    pub end_column: u32,
}

/// An entry of `tools`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolCoverage {
    /// Such as `tools[0]`.
    pub path: String,
    /// The entry's name: a tool or a glob.
    pub name: String,
    /// The entry's source, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where the entry stands.
    pub place: Stretch,
    /// How many calls it answered.
    pub calls: u64,
    /// What was exercised of it.
    pub tally: Tally,
    /// Its rules, in document order.
    pub rules: Vec<RuleCoverage>,
    /// What it decides without a rule.
    pub outcomes: Vec<OutcomeCoverage>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleCoverage {
    /// Such as `tools[0].conditions[0]`.
    pub path: String,
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub place: Stretch,
    /// False where it is switched off; it then counts for nothing.
    pub enabled: bool,
    /// How many calls came to it.
    pub reached: u64,
    /// How many of them it matched.
    pub matched: u64,
    /// How many it did not match.
    pub not_matched: u64,
    /// For how many its condition failed.
    pub failed: u64,
    /// The parts of its condition, the whole first; none where it matches every call.
    pub parts: Vec<PartCoverage>,
}

/// A part of a condition that is true or false.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartCoverage {
    /// As it is written.
    pub expression: String,
    /// Where it stands.
    pub place: Stretch,
    /// For how many calls it was true.
    pub held: u64,
    /// For how many calls it was false.
    pub did_not_hold: u64,
    /// For how many calls it had no answer.
    pub failed: u64,
}

/// An answer that no rule gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutcomeCoverage {
    /// Which.
    pub outcome: Outcome,
    /// The action that it leads to.
    pub action: Action,
    /// Where the document says so; none where it is a default that is not written out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Stretch>,
    /// How many calls it answered.
    pub calls: u64,
}

/// The answers that no rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The tool has rules and none matched.
    NoRuleMatched,
    /// The tool has no rules.
    ToolDefault,
    /// The tool is switched off.
    ToolDisabled,
    /// The tool wants a justification and got none.
    JustificationRequired,
    /// The tool wants others called first, and they were not.
    EvidenceMissing,
    /// No entry names the tool.
    UnknownTool,
    /// The tool is new.
    NewTool,
}

// === impl Share ===

impl Share {
    /// One more thing, seen or not.
    pub(super) const fn count(&mut self, is_seen: bool) {
        self.all = self.all.saturating_add(1);
        if is_seen {
            self.seen = self.seen.saturating_add(1);
        }
    }

    const fn add(&mut self, other: Self) {
        self.seen = self.seen.saturating_add(other.seen);
        self.all = self.all.saturating_add(other.all);
    }

    /// Tenths of a percent, rounded down, so that only everything is 1000; 1000 where there is nothing to see.
    pub const fn permille(self) -> u64 {
        match self.seen.saturating_mul(1000).checked_div(self.all) {
            Some(share) => share,
            None => 1000,
        }
    }

    /// Such as `83.3 %`.
    pub fn percent(self) -> String {
        let permille = self.permille();
        match (permille / 10, permille % 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, tenth) => format!("{whole}.{tenth} %"),
        }
    }
}

// === impl Tally ===

impl Tally {
    pub(super) const fn add(&mut self, other: Self) {
        self.total.add(other.total);
        self.rules.add(other.rules);
        self.branches.add(other.branches);
        self.outcomes.add(other.outcomes);
    }
}

// === impl Outcome ===

impl Outcome {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRuleMatched => "no rule matched",
            Self::ToolDefault => "the tool's default",
            Self::ToolDisabled => "the tool is disabled",
            Self::JustificationRequired => "no justification was given",
            Self::EvidenceMissing => "calls that must come before are missing",
            Self::UnknownTool => "no entry names the tool",
            Self::NewTool => "the tool is new",
        }
    }
}

// === impl PartCoverage ===

impl PartCoverage {
    /// How many of its two answers were seen.
    pub const fn branches(&self) -> u64 {
        (self.held > 0) as u64 + (self.did_not_hold > 0) as u64
    }
}
