//! What is told of an approval request, in words that every channel shares.
//!
//! Much of it comes from an agent, who may not be believed: it is cut, made visible, and each channel escapes it.

use preloop_api::Approval;
use preloop_core::Timestamp;
use preloop_core::approval::{AiDecision, AiVerdict};
use preloop_core::visible::{shortened, visible as core_visible};
use serde_json::Value;
use uuid::Uuid;

/// Longest arguments that are shown; the page has the whole.
const ARGUMENTS_CHARS_MAX: usize = 1_000;
/// Longest of every other text.
const TEXT_CHARS_MAX: usize = 500;

/// What happened to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// It was made.
    Requested,
    /// More people were added, as nobody answered.
    Escalated,
    /// It was approved.
    Approved,
    /// It was declined.
    Declined,
    /// Its time is over.
    Expired,
    /// It was withdrawn.
    Cancelled,
}

/// One message about one request, to one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) account_id: Uuid,
    /// The same in every attempt.
    pub(crate) delivery_id: Uuid,
    /// Counted from 1.
    pub(crate) attempt: i64,
    /// The same for every receiver of the same event.
    pub(crate) event_id: String,
    pub(crate) kind: NoticeKind,
    pub(crate) at: Timestamp,
    pub(crate) content: Content,
    /// Where the receiver reads and decides.
    pub(crate) url: String,
    /// Tickets of the buttons; none where deciding needs the page.
    pub(crate) buttons: Option<Buttons>,
}

/// What comes back when a button is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Buttons {
    pub(crate) approve: String,
    pub(crate) decline: String,
}

/// The request in words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) approval_id: Uuid,
    /// One sentence.
    pub(crate) headline: String,
    /// What else there is to know, each with its label.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) expires_at: Timestamp,
    /// The request as the API shows it.
    pub(crate) approval: Value,
}

// === impl NoticeKind ===

impl NoticeKind {
    const ALL: [Self; 6] = [
        Self::Requested,
        Self::Escalated,
        Self::Approved,
        Self::Declined,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Its name in the store: that of the event of the request.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Escalated => "escalated",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// The kind of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether it asks somebody to decide.
    pub(crate) const fn asks(self) -> bool {
        matches!(self, Self::Requested | Self::Escalated)
    }
}

// === impl Content ===

impl Content {
    /// The request in words, after what happened to it.
    pub(crate) fn of(approval: &Approval, kind: NoticeKind, actor: Option<&str>) -> Self {
        let asker = visible(&approval.principal.name, TEXT_CHARS_MAX);
        let tool = visible(&approval.tool, TEXT_CHARS_MAX);
        let by = actor.map(|name| format!(" by {}", visible(name, TEXT_CHARS_MAX)));
        let by = by.unwrap_or_default();
        let headline = match kind {
            NoticeKind::Requested => format!("{asker} wants to call {tool}"),
            NoticeKind::Escalated => format!("Still waiting: {asker} wants to call {tool}"),
            NoticeKind::Approved => format!("Approved{by}: {asker} may call {tool}"),
            NoticeKind::Declined => format!("Declined{by}: {asker} may not call {tool}"),
            NoticeKind::Expired if approval.use_by.is_some() => {
                format!("Expired: {asker} was let call {tool}, and did not in time")
            }
            NoticeKind::Expired => format!("Expired: nobody let {asker} call {tool} in time"),
            NoticeKind::Cancelled => format!("Withdrawn: {asker} does not call {tool} any more"),
        };
        let value = serde_json::to_value(approval).unwrap_or_default();
        Self {
            approval_id: approval.id,
            headline,
            facts: facts(approval, kind),
            expires_at: approval.expires_at,
            approval: value,
        }
    }

    /// Everything as plain text, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.facts.iter().map(|(label, value)| format!("{label}: {value}")).collect()
    }
}

fn facts(approval: &Approval, kind: NoticeKind) -> Vec<(&'static str, String)> {
    let text = |text: &str| visible(text, TEXT_CHARS_MAX);
    let mut facts = Vec::new();
    let source = approval.server.as_deref().or(approval.source.as_deref());
    let tool = match source {
        Some(source) => format!("{} of {}", text(&approval.tool), text(source)),
        None => text(&approval.tool),
    };
    facts.push(("Tool", tool));
    let arguments = visible(&approval.arguments.to_string(), ARGUMENTS_CHARS_MAX);
    facts.push(("Arguments", arguments));
    if kind.asks() {
        facts.push(("Asked by", text(&approval.principal.name)));
        let rule = approval.decision.rule.as_ref();
        let why = rule.and_then(|rule| rule.description.as_deref().or(rule.name.as_deref()));
        if let Some(why) = why.or(rule.and_then(|rule| rule.expression.as_deref())) {
            facts.push(("Rule", text(why)));
        }
        if let Some(words) = &approval.justification {
            // Whoever reads it must know whose words these are.
            facts.push(("The agent says", text(words)));
        }
        if let Some(ai) = &approval.ai {
            facts.push(("A model says", model_words(ai)));
        }
        facts.push(("Decide by", approval.expires_at.to_string()));
    } else {
        for vote in &approval.votes {
            let reason = vote.reason.as_deref().map(|reason| format!(": {}", text(reason)));
            let vote = format!(
                "{} ({}){}",
                text(&vote.by),
                vote.decision.as_str(),
                reason.unwrap_or_default()
            );
            facts.push(("Vote", vote));
        }
    }
    facts
}

/// What a model said before people were asked, as the page shows it.
fn model_words(ai: &AiVerdict) -> String {
    let words = format!("{}: {}", visible(&ai.model, TEXT_CHARS_MAX), ai.decision.as_str());
    let sure = ai.confidence.map(|sure| format!(", sure by {:.0} %", sure * 100.0));
    // Of a failure it is told what went wrong, in words of ours.
    let label = if ai.decision == AiDecision::Failed { "" } else { "In its words: " };
    let why =
        ai.reasoning.as_deref().map(|why| format!(". {label}{}", visible(why, TEXT_CHARS_MAX)));
    format!("{words}{}{}", sure.unwrap_or_default(), why.unwrap_or_default())
}

/// The text on one line, cut where it is long, with what cannot be seen made visible.
pub(crate) fn visible(text: &str, chars_max: usize) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    shortened(&core_visible(&line), chars_max).into_owned()
}

#[cfg(test)]
pub(super) mod testing {
    use serde_json::json;

    use super::*;

    /// A request whose words try to be more than words.
    pub(in crate::notify) fn notice(kind: NoticeKind) -> Notice {
        let approval_id = Uuid::from_u128(7);
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        Notice {
            account_id: Uuid::from_u128(1),
            delivery_id: Uuid::from_u128(9),
            attempt: 1,
            event_id: format!("{approval_id}.1"),
            kind,
            at,
            content: Content {
                approval_id,
                headline: "bot <b> wants to call pay & go".to_owned(),
                facts: vec![
                    ("Tool", "pay".to_owned()),
                    ("The agent says", "<!channel> @all *now* `x`".to_owned()),
                ],
                expires_at: "2026-11-21T13:00:00Z".parse().unwrap(),
                approval: json!({"id": approval_id, "tool": "pay"}),
            },
            url: format!("https://preloop.example/approval/{approval_id}?t=1&u=2"),
            buttons: Some(Buttons { approve: "yes.1".to_owned(), decline: "no.1".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        assert_eq!(visible("a\u{202e}b\u{1b}[31m\nc", 100), "a\\u{202e}b\\u{1b}[31m c");
        assert_eq!(visible("abcdef", 3), "ab…");
        assert_eq!(visible("äöü", 3), "äöü");
    }

    #[test]
    fn a_model_is_quoted_cut_and_visible() {
        let mut ai = AiVerdict {
            decision: AiDecision::Unsure,
            model: "judge".to_owned(),
            confidence: Some(0.625),
            reasoning: Some(format!("cannot\ntell\u{202e}{}", "x".repeat(1_000))),
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            acted: false,
        };
        let words = model_words(&ai);
        let begin = "judge: unsure, sure by 62 %. In its words: cannot tell\\u{202e}xxx";
        assert!(words.starts_with(begin) && words.ends_with("x…"), "{words}");
        assert!(words.chars().count() < TEXT_CHARS_MAX + 50, "{words}");
        ai.decision = AiDecision::Failed;
        ai.confidence = None;
        ai.reasoning = Some("it did not answer within 30 seconds".to_owned());
        assert_eq!(model_words(&ai), "judge: failed. it did not answer within 30 seconds");
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!(NoticeKind::from_name("voted"), None);
    }
}
