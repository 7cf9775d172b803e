//! What an agent is told about a request that it comes back for: a handle at once, how it stands, and how its call ended.

use bytes::Bytes;
use preloop_api::{Approval, ApprovalHandle, ApprovalOutcome, ApprovalState, VoteDecision};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{APPROVAL_META, Reply};
use crate::mcp::upstream::Answer;
use crate::mcp::wire::object::RawObject;
use crate::service::{AnswerKept, KeptAnswer, PollStep, RunEnd};

// === impl Reply ===

impl Reply {
    /// The call waits for approval, and the client is not kept waiting. No error, or agents would try another way; plain
    /// that nothing was run, or they would go on as if it had been.
    pub(super) fn pending(
        decision_id: Uuid,
        approval: &Approval,
        match_code: Option<String>,
        is_kept: bool,
    ) -> Self {
        let handle = ApprovalHandle { match_code, ..ApprovalHandle::of(approval) };
        let next = if is_kept {
            format!(
                "Call `get_approval_status` with this request id about every {} seconds: once people have approved, \
                 it makes this very call and answers with its result.",
                handle.poll_interval_seconds
            )
        } else {
            "Make the identical call again once people have approved, it runs then.".to_owned()
        };
        let words = format!(
            "NOT RUN YET: this call waits for approval request {} ({}), for up to {} seconds. {next} Do not report it \
             as done and do not make it in another way; a changed call asks anew.{}",
            handle.request_id,
            handle.approval_url,
            handle.timeout_seconds,
            code_words(handle.match_code.as_deref())
        );
        let facts = json!(handle);
        facts_result(&words, &facts, false, Some(Self::meta_about(decision_id, approval)))
    }

    /// How a request of the agent's own stands.
    pub(super) fn status(approval: &Approval, step: &PollStep, match_code: Option<&str>) -> Self {
        let interval = ApprovalHandle::poll_interval(approval.workflow.timeout_seconds);
        let id = approval.id;
        let (status, words, is_error) = match step {
            PollStep::Waits => {
                let words = format!(
                    "not run yet: it waits for people. Ask again in {interval} seconds{}",
                    code_words(match_code)
                );
                ("pending", words, false)
            }
            PollStep::Runs => {
                let words = format!("approved, and running now. Ask again in {interval} seconds");
                ("running", words, false)
            }
            PollStep::CallAgain => {
                let words = "approved and not run yet: make the identical call again, it runs then";
                ("approved", words.to_owned(), false)
            }
            PollStep::Refused => (approval.state.as_str(), refused(approval), true),
            PollStep::Run(_) | PollStep::Ended(_) => {
                ("approved", format!("approval request {id} is approved"), false)
            }
        };
        let facts = facts(approval, status, &words, is_moving(step).then_some(interval));
        facts_result(&words, &facts, is_error, None)
    }

    /// How the one run of a request ended, for an agent that comes back for it.
    pub(super) fn ended(approval: &Approval, answer: &AnswerKept) -> Self {
        let reply = match answer {
            AnswerKept::Whole(KeptAnswer::Result(result)) => Self::Result(result.clone()),
            AnswerKept::Whole(KeptAnswer::Error(error)) => {
                Self::Answer(Answer::Error(Bytes::from(error.clone())))
            }
            AnswerKept::Whole(KeptAnswer::Words(words)) => Self::error_result(words),
            AnswerKept::TooLong(_) | AnswerKept::Nothing => {
                let (status, words) = without_answer(approval, answer);
                let facts = facts(approval, status, &words, None);
                facts_result(&words, &facts, true, None)
            }
        };
        Self::of_run(approval.id, reply)
    }

    /// How the one run ended, for a call that is made again.
    pub(super) fn told_again(decision_id: Uuid, end: &RunEnd) -> Self {
        let approval = &end.approval;
        if end.is_given_back() {
            let words = "the call was not run after all, and is approved still: make the identical call again";
            return Self::with_meta(words, Some(Self::meta_about(decision_id, approval)));
        }
        let note = format!(
            "(This is the answer of the one run of this call, approved as request {}; it was not run a second time. \
             Making it again asks anew.)",
            approval.id
        );
        let reply = match &end.answer {
            AnswerKept::Whole(KeptAnswer::Result(result)) => {
                Self::Result(with_note(result, &note).unwrap_or_else(|| result.clone()))
            }
            AnswerKept::Whole(KeptAnswer::Words(words)) => {
                Self::error_result(&format!("{words} {note}"))
            }
            AnswerKept::Whole(KeptAnswer::Error(_))
            | AnswerKept::TooLong(_)
            | AnswerKept::Nothing => {
                return Self::ended(approval, &end.answer);
            }
        };
        Self::of_run(approval.id, reply)
    }
}

/// What an agent is to tell its user where a matching code is asked for.
pub(super) fn code_words(match_code: Option<&str>) -> String {
    match_code.map_or_else(String::new, |code| {
        format!(" Whoever approves it is asked for the code {code}: show it to your user.")
    })
}

fn is_moving(step: &PollStep) -> bool {
    matches!(step, PollStep::Runs | PollStep::Waits)
}

/// The result of a tool with one more text at the end of its content; everything else stays as the server wrote it.
fn with_note(result: &str, note: &str) -> Option<String> {
    let mut members = RawObject::parse(result)?;
    let item = json!({"type": "text", "text": note}).to_string();
    let content = match members.value("content").map(str::trim) {
        None | Some("[]") => format!("[{item}]"),
        Some(content) => format!("{},{item}]", content.strip_suffix(']')?),
    };
    members.set("content", content);
    Some(members.to_text())
}

/// Status and words for a run whose answer is not there.
fn without_answer(approval: &Approval, answer: &AnswerKept) -> (&'static str, String) {
    match (approval.outcome, answer) {
        (Some(ApprovalOutcome::Unknown), _) => (
            "outcome_unknown",
            "the call was sent, and nobody knows how it ended: preloop or the server stopped meanwhile. It is never \
             run again by itself; check its effect before you make it again, which asks anew"
                .to_owned(),
        ),
        (Some(ApprovalOutcome::HandedOver), _) => {
            ("handed_over", "the approval was used over HTTP, by a caller who runs the call itself".to_owned())
        }
        (Some(ApprovalOutcome::Completed), AnswerKept::TooLong(bytes)) => (
            "completed",
            format!("the call ran; its answer of {bytes} bytes is too long to be kept, and it is not run again"),
        ),
        (Some(ApprovalOutcome::Completed), _) => {
            ("completed", "the call ran; its answer was not kept, and it is not run again".to_owned())
        }
        (Some(ApprovalOutcome::Failed), _) => {
            ("failed", "the call was sent and failed; it is not run again".to_owned())
        }
        (Some(ApprovalOutcome::Cancelled | ApprovalOutcome::Interrupted), _) => {
            ("cancelled", "the call was never run; making it again asks anew".to_owned())
        }
        (None | Some(ApprovalOutcome::Claimed | ApprovalOutcome::Running), _) => {
            ("running", "the call runs".to_owned())
        }
    }
}

/// Why the call of a settled request was not run.
fn refused(approval: &Approval) -> String {
    let declined = approval.votes.iter().rfind(|vote| vote.decision == VoteDecision::Decline);
    match (approval.state, declined) {
        (ApprovalState::Declined, Some(vote)) => {
            let reason = vote.reason.as_deref().map(|reason| format!(": {reason}"));
            format!(
                "declined by {}{}. The call was not run; do not make it again unless the reason is met",
                vote.by,
                reason.unwrap_or_default()
            )
        }
        (ApprovalState::Expired, _) => {
            "nobody approved it in time, or the approval was not used in time. The call was not run; making it again \
             asks anew"
                .to_owned()
        }
        _ => format!("the request is {}. The call was not run", approval.state.as_str()),
    }
}

fn facts(approval: &Approval, status: &str, words: &str, interval: Option<u64>) -> Value {
    let approvals =
        approval.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve).count();
    let votes: Vec<Value> = approval
        .votes
        .iter()
        .map(|vote| json!({"by": vote.by, "decision": vote.decision, "reason": vote.reason, "at": vote.at}))
        .collect();
    let mut facts = json!({
        "request_id": approval.id,
        "status": status,
        "message": words,
        "tool": approval.tool,
        "server": approval.server,
        "approvals_received": approvals,
        "approvals_required": approval.workflow.required_approvals,
        "votes": votes,
        "expires_at": approval.expires_at,
        "use_by": approval.use_by,
        "time_left_seconds": approval.time_left_seconds,
        "approval_url": approval.url,
    });
    if let (Some(interval), Some(members)) = (interval, facts.as_object_mut()) {
        members.insert("poll_interval_seconds".to_owned(), interval.into());
    }
    facts
}

/// A result for every kind of client: words to read, and the facts both as text and as structured content.
fn facts_result(words: &str, facts: &Value, is_error: bool, meta: Option<Value>) -> Reply {
    let mut result = json!({
        "content": [{"type": "text", "text": words}, {"type": "text", "text": facts.to_string()}],
        "structuredContent": facts,
        "isError": is_error,
    });
    let meta = meta.or_else(|| {
        let id = facts.get("request_id")?;
        Some(json!({APPROVAL_META: {"id": id, "status": facts.get("status")}}))
    });
    if let (Some(meta), Some(members)) = (meta, result.as_object_mut()) {
        members.insert("_meta".to_owned(), meta);
    }
    Reply::Result(result.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_leaves_the_rest_as_it_was_written() {
        let note = r#"{"text":"n","type":"text"}"#;
        let with = |result: &str| with_note(result, "n").unwrap();
        assert_eq!(
            with(r#"{"content":[],"x":1.50}"#),
            format!(r#"{{"content":[{note}],"x":1.50}}"#)
        );
        assert_eq!(
            with(r#"{"a":1e2,"content":[{"type":"image"}] }"#),
            format!(r#"{{"a":1e2,"content":[{{"type":"image"}},{note}]}}"#)
        );
        assert_eq!(with(r#"{"a":1}"#), format!(r#"{{"a":1,"content":[{note}]}}"#));
        assert!(with_note("[]", "n").is_none());
    }
}
