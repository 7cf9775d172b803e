//! How much harm a call may do, and where each reason for saying so comes from.
//!
//! What a server says of its own tool is believed where it warns, and only as far as "low" goes where it reassures; a
//! rule that asks for people, a tool that is new, and whatever is not known each raise the level.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decision::{Decision, Reason};
use crate::visible::{shortened, visible};

/// Longest text of others in a reason, in characters.
const SHOWN_CHARS_MAX: usize = 120;

/// How much harm a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Nothing speaks for harm, and the server says that the tool only reads.
    Low,
    /// It may change something, or it is not known what it does.
    Medium,
    /// It may destroy something, or what it does was never looked at.
    High,
}

/// The level with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Risk {
    /// The highest level that any of the reasons speaks for.
    pub level: RiskLevel,
    /// Why, each saying where it comes from.
    pub reasons: Vec<String>,
}

/// How well the tool of a call is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Familiarity {
    /// Its definition is the accepted one.
    Accepted,
    /// Its definition changed since it was accepted.
    Changed,
    /// Its server began to offer it, and nobody accepted it yet.
    New,
    /// No server of this account lists it: an agent named it over HTTP.
    Unlisted,
    /// It is one of this server's own.
    Own,
}

// === impl RiskLevel ===

impl RiskLevel {
    /// The name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

// === impl Risk ===

impl Risk {
    /// The risk of a call that was decided so, of a tool about which its server says `annotations`.
    pub fn of(decision: &Decision, annotations: &Map<String, Value>, tool: Familiarity) -> Self {
        let mut risk = Self { level: RiskLevel::Low, reasons: Vec::new() };
        risk.weigh_decision(decision);
        risk.weigh_tool(tool);
        if !matches!(tool, Familiarity::Own | Familiarity::Unlisted) {
            risk.weigh_annotations(annotations);
        }
        risk
    }

    fn raise(&mut self, level: RiskLevel, reason: impl Into<String>) {
        self.level = self.level.max(level);
        self.reasons.push(reason.into());
    }

    fn weigh_decision(&mut self, decision: &Decision) {
        if !decision.errors.is_empty() || decision.reason == Reason::ConditionError {
            self.raise(
                RiskLevel::High,
                "policy: a condition could not be evaluated, so nobody knows whether its rule meant this call",
            );
        }
        match decision.reason {
            Reason::RuleMatched => {
                let name = decision.rule.as_ref().and_then(|rule| rule.name.as_deref());
                let which = name.map_or_else(
                    || "a rule".to_owned(),
                    |name| format!("the rule `{}`", shortened(&visible(name), SHOWN_CHARS_MAX)),
                );
                self.raise(RiskLevel::Medium, format!("policy: {which} sends this call to people"));
            }
            Reason::UnknownTool => {
                self.raise(RiskLevel::Medium, "policy: no entry names this tool");
            }
            Reason::NoRuleMatched => {
                self.raise(
                    RiskLevel::Medium,
                    "policy: none of the tool's rules speaks of this call",
                );
            }
            _ => {}
        }
    }

    fn weigh_tool(&mut self, tool: Familiarity) {
        match tool {
            Familiarity::Accepted => {}
            Familiarity::Own => {
                self.raise(RiskLevel::Low, "tool: it is this server's own and only asks people");
            }
            Familiarity::New => self
                .raise(RiskLevel::High, "tool: it is new, and nobody accepted its definition yet"),
            Familiarity::Changed => {
                self.raise(RiskLevel::High, "tool: its definition changed since it was accepted");
            }
            Familiarity::Unlisted => self.raise(
                RiskLevel::Medium,
                "unknown: no server here lists this tool, so only its name is known",
            ),
        }
    }

    fn weigh_annotations(&mut self, annotations: &Map<String, Value>) {
        let hint = |name: &str| annotations.get(name).and_then(Value::as_bool);
        let reads = hint("readOnlyHint") == Some(true);
        if hint("destructiveHint") == Some(true) {
            self.raise(
                RiskLevel::High,
                "annotation `destructiveHint`: its server says that it may destroy or overwrite",
            );
        }
        if hint("openWorldHint") == Some(true) {
            self.raise(
                RiskLevel::Medium,
                "annotation `openWorldHint`: its server says that it reaches the outside world",
            );
        }
        match (reads, hint("destructiveHint")) {
            (true, Some(true)) => self.raise(
                RiskLevel::High,
                "annotations: its server contradicts itself, so its claim that it only reads is not believed",
            ),
            (true, _) => self.raise(
                RiskLevel::Low,
                "annotation `readOnlyHint`: its server says that it only reads, which nobody checks",
            ),
            (false, None) => self.raise(
                RiskLevel::Medium,
                "unknown: its server does not say whether it changes or destroys anything",
            ),
            (false, Some(false)) => self.raise(
                RiskLevel::Medium,
                "annotation `destructiveHint`: its server says that it adds and destroys nothing, which nobody checks",
            ),
            (false, Some(true)) => {}
        }
    }
}
