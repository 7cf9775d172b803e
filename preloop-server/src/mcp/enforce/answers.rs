//! What an agent is told when its call did not simply run: plain words, and the facts in `_meta`.

use preloop_api::Approval;
use preloop_core::decision::Decision;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mcp::upstream::Answer;
use crate::service::{Denied, Settled};

/// Key of the decision in `_meta`.
const DECISION_META: &str = "dev.preloop/decision";
/// Key of the approval request in `_meta`.
pub(super) const APPROVAL_META: &str = "dev.preloop/approval";

/// The answer to a call.
#[derive(Debug)]
pub(crate) enum Reply {
    /// What the server answered, byte for byte.
    Answer(Answer),
    /// The parameters are not those of a call.
    Invalid(String),
    /// The client does not want an answer any more.
    Nothing,
    /// A result of ours, as JSON text.
    Result(String),
    /// The answer of a call that used an approval; once it is told, the same call asks anew.
    OfRun(Uuid, Box<Reply>),
}

// === impl Reply ===

impl Reply {
    /// An error that the agent can read and act on.
    pub(super) fn error_result(words: &str) -> Self {
        Self::with_meta(words, None)
    }

    /// The policy denied the call.
    pub(super) fn denied(denied: &Denied) -> Self {
        let meta = json!({ DECISION_META: decision(denied.decision_id, &denied.decision) });
        Self::with_meta(&denied.decision.message, Some(meta))
    }

    /// The answer of a call that used an approval.
    pub(super) fn of_run(approval_id: Uuid, reply: Self) -> Self {
        Self::OfRun(approval_id, Box::new(reply))
    }

    /// The answer itself, and the approval that was used for it.
    pub(super) fn split(self) -> (Self, Option<Uuid>) {
        match self {
            Self::OfRun(approval_id, reply) => (reply.split().0, Some(approval_id)),
            other => (other, None),
        }
    }

    /// This server stops while the call waits.
    pub(super) fn shutting_down(decision_id: Uuid, approval: &Approval) -> Self {
        let words = format!(
            "the call was not run: preloop is shutting down. Approval request {} stays open; \
             make the identical call again when preloop is back",
            approval.id
        );
        Self::about(decision_id, approval, &words)
    }

    /// People did not let the call through.
    pub(super) fn not_approved(decision_id: Uuid, approval: &Approval, how: &Settled) -> Self {
        let id = approval.id;
        let words = match how {
            Settled::Declined { by, reason: Some(reason) } => format!(
                "the call was declined by {by}: {reason}. It was not run; do not make it again \
                 unless the reason is met"
            ),
            Settled::Declined { by, reason: None } => format!(
                "the call was declined by {by}. It was not run; do not make it again without \
                 asking them"
            ),
            Settled::Expired => format!(
                "the call was not run: nobody approved it within {} seconds (approval request \
                 {id}). Making it again asks anew; tell the user that it waits for approval",
                approval.workflow.timeout_seconds
            ),
            Settled::Cancelled => format!(
                "the call was not run: approval request {id} was withdrawn. Making it again asks \
                 anew"
            ),
            Settled::Approved(_) | Settled::Denied(_) | Settled::Held(_) | Settled::Ran(_) => {
                format!("the call was not run (approval request {id})")
            }
        };
        Self::about(decision_id, approval, &words)
    }

    fn about(decision_id: Uuid, approval: &Approval, words: &str) -> Self {
        Self::with_meta(words, Some(Self::meta_about(decision_id, approval)))
    }

    /// The facts about a request for `_meta`.
    pub(super) fn meta_about(decision_id: Uuid, approval: &Approval) -> Value {
        json!({
            DECISION_META: decision(decision_id, &approval.decision),
            APPROVAL_META: {
                "id": approval.id,
                "url": approval.url,
                "expires_at": approval.expires_at,
            },
        })
    }

    pub(super) fn with_meta(words: &str, meta: Option<Value>) -> Self {
        let mut result = json!({
            "content": [{ "type": "text", "text": words }],
            "isError": true,
        });
        if let (Some(meta), Some(members)) = (meta, result.as_object_mut()) {
            members.insert("_meta".to_owned(), meta);
        }
        Self::Result(result.to_string())
    }
}

fn decision(id: Uuid, decision: &Decision) -> Value {
    json!({
        "id": id,
        "action": decision.action,
        "reason": decision.reason,
        "rule": decision.rule,
        "policy": decision.policy,
    })
}
