//! What the firewall's own tools answer once people have decided.

use std::fmt::Write as _;

use preloop_api::{Approval, ApprovalVote, VoteDecision};
use serde_json::{Value, json};

use super::ASK_USER;

/// The result of an approved call, as JSON text.
pub(crate) fn answer(approval: &Approval) -> String {
    let votes = || approval.votes.iter().filter(|vote| vote.decision == VoteDecision::Approve);
    let (words, facts) = if approval.tool == ASK_USER {
        let answers: Vec<Value> = votes().map(one_answer).collect();
        let words: Vec<String> =
            votes().map(|vote| format!("{} answered: {}", vote.by, said(vote))).collect();
        let last = votes().next_back().map(said);
        let facts = json!({"request_id": approval.id, "status": "answered", "answer": last, "answers": answers});
        (words.join("\n"), facts)
    } else {
        let by: Vec<&str> = votes().map(|vote| vote.by.as_str()).collect();
        let mut words = format!(
            "APPROVED by {}. This approves what you described, once and nothing else",
            by.join(", ")
        );
        for vote in votes() {
            if let Some(reason) = &vote.reason {
                // Writing to a text does not fail.
                let _ = write!(words, "\n{}: {reason}", vote.by);
            }
        }
        let facts = json!({"request_id": approval.id, "status": "approved", "approved_by": by});
        (words, facts)
    };
    json!({"content": [{"type": "text", "text": words}], "structuredContent": facts}).to_string()
}

fn one_answer(vote: &ApprovalVote) -> Value {
    json!({"by": vote.by, "answer": said(vote), "at": vote.at})
}

/// What the person answered.
fn said(vote: &ApprovalVote) -> &str {
    vote.answer.as_deref().unwrap_or_default()
}
