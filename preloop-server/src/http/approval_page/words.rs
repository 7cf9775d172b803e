//! What stands on the card of a request in words: who, how much, when, what was decided.

use preloop_api::{Approval, ApprovalState, Approver, EventKind, RiskLevel, Via};
use preloop_core::Timestamp;
use preloop_core::decision::Reason;

pub(super) fn approvers(approvers: &[Approver]) -> String {
    if approvers.is_empty() {
        return "anyone with the right to vote".to_owned();
    }
    let names: Vec<String> = approvers
        .iter()
        .map(|approver| match approver {
            Approver::User(name) => name.clone(),
            Approver::Team(name) => format!("team {name}"),
            Approver::Role(name) => format!("role {name}"),
        })
        .collect();
    names.join(", ")
}

pub(super) fn risk_words(level: RiskLevel) -> &'static str {
    match level {
        RiskLevel::Low => "\u{25cb} Low risk",
        RiskLevel::Medium => "\u{25d0} Medium risk",
        RiskLevel::High => "\u{25cf} High risk",
    }
}

pub(super) fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::NewTool => "the tool is new or has changed",
        Reason::UnknownTool => "no entry of the policy names the tool",
        Reason::NoRuleMatched => "none of the tool's rules speaks of this call",
        Reason::ToolDefault => "every call of this tool is asked about",
        Reason::ConditionError => "a condition could not be evaluated",
        other => other.as_str(),
    }
}

pub(super) fn event_words(kind: EventKind) -> String {
    kind.as_str().replace('_', " ")
}

pub(super) fn via(via: Option<Via>) -> String {
    via.map(|via| format!(" ({})", via.as_str())).unwrap_or_default()
}

/// What was decided; nothing while it waits.
pub(super) fn settled(approval: &Approval) -> Option<&'static str> {
    match approval.state {
        ApprovalState::Pending => None,
        ApprovalState::Approved => Some("Approved:"),
        ApprovalState::Cancelled => Some("Withdrawn:"),
        ApprovalState::Declined => Some("Declined:"),
        ApprovalState::Expired => Some("Expired:"),
    }
}

/// A moment for people, in the one zone that everybody can convert.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    let short = text.get(..19).unwrap_or(&text).replace('T', " ");
    format!("{short} UTC")
}

/// How long, in the two largest units.
pub(super) fn span(seconds: u64) -> String {
    let parts = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut words = Vec::new();
    for (unit, name) in parts {
        let count = left / unit;
        left %= unit;
        if count > 0 && words.len() < 2 {
            words.push(format!("{count} {name}"));
        }
    }
    if words.is_empty() { "no time".to_owned() } else { words.join(" ") }
}
