//! What the agent is told: what was decided and what it can do, never how the policy is made.

use crate::decision::Action;
use crate::document;

/// Longest piece of a failure's text in a message, in characters.
const DETAIL_CHARS: usize = 300;
/// Most names of tools in a message.
const NAMES_SHOWN: usize = 10;

/// A rule matched.
pub(crate) fn of_rule(rule: &document::Condition, action: Action) -> String {
    if let Some(message) = rule.message.as_deref().filter(|message| !message.trim().is_empty()) {
        return message.to_owned();
    }
    let why = rule.description.as_deref().or(rule.name.as_deref()).map(str::trim);
    let why = why.filter(|why| !why.is_empty());
    match (action, why) {
        (Action::Allow, _) => allowed(),
        (Action::Deny, Some(why)) => {
            format!("this call is denied by policy: {why}; do not repeat it unchanged")
        }
        (Action::Deny, None) => {
            "this call is denied by policy; do not repeat it unchanged".to_owned()
        }
        (Action::RequireApproval, Some(why)) => {
            format!("this call waits for the approval of a person: {why}")
        }
        (Action::RequireApproval, None) => waits(),
    }
}

pub(crate) fn allowed() -> String {
    "this call is allowed".to_owned()
}

/// Every call of the tool needs an approval.
pub(crate) fn waits() -> String {
    "this call waits for the approval of a person".to_owned()
}

pub(crate) fn disabled() -> String {
    "this tool is disabled by policy; use another one".to_owned()
}

pub(crate) fn justification_required() -> String {
    "this tool asks for a justification; repeat the call with `justification` saying why it is needed"
        .to_owned()
}

/// Calls that must come before were not made; names the first of them.
pub(crate) fn evidence_missing(missing: &[&str]) -> String {
    let shown: Vec<String> =
        missing.iter().take(NAMES_SHOWN).map(|tool| format!("`{tool}`")).collect();
    let more = match missing.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "this tool wants others called first in this session: {}{more}; call them, then repeat this call",
        shown.join(", ")
    )
}

pub(crate) fn new_tool() -> String {
    "this tool is new or has changed, so the call waits for the approval of a person".to_owned()
}

pub(crate) fn unknown_tool(action: Action) -> String {
    match action {
        Action::Allow => allowed(),
        Action::RequireApproval => {
            { "the policy does not name this tool, so the call waits for the approval of a person" }
                .to_owned()
        }
        Action::Deny => {
            "the policy does not name this tool and denies such tools; use one that it names"
                .to_owned()
        }
    }
}

/// A condition could not be evaluated, and that decided or raised the answer.
pub(crate) fn condition_error(action: Action, failure: &str) -> String {
    let failure = cut(failure);
    match action {
        Action::Deny => format!(
            "this call is denied because a rule could not be checked: {failure}; \
             repeat it with what the rule needs"
        ),
        Action::RequireApproval | Action::Allow => format!(
            "this call waits for the approval of a person because a rule could not be checked: \
             {failure}"
        ),
    }
}

pub(crate) fn invalid_call(problem: &str) -> String {
    format!(
        "this call is denied because it is not valid: {}; correct it and repeat it",
        cut(problem)
    )
}

pub(super) fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(DETAIL_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
