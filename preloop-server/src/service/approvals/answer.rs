//! What an approver must answer where the call is a question to people.

use preloop_core::approval::{Ballot, VoteDecision};
use serde_json::Value;

use super::super::ServiceError;
use crate::store::StoredApproval;

/// The source and the name of the tool that asks people a question.
const QUESTION: (&str, &str) = ("builtin", "ask_user");

/// Longest answer, in characters.
const ANSWER_CHARS_MAX: usize = 4_000;

/// Whether the answer, where there is one, is not too long.
pub(super) fn check_length(ballot: &Ballot) -> Result<(), ServiceError> {
    if ballot.answer.as_ref().is_some_and(|answer| answer.chars().count() > ANSWER_CHARS_MAX) {
        return Err(ServiceError::Invalid {
            code: "answer_too_long",
            message: format!("`answer` is longer than {ANSWER_CHARS_MAX} characters"),
        });
    }
    Ok(())
}

/// Whether the ballot answers the question of the request, and none where it has none.
pub(super) fn check_answer(approval: &StoredApproval, ballot: &Ballot) -> Result<(), ServiceError> {
    let asked = (approval.source.as_deref().unwrap_or_default(), approval.tool.as_str());
    let invalid = |code, message| Err(ServiceError::Invalid { code, message });
    let answer = ballot.answer();
    if asked != QUESTION && answer.is_some() {
        let message = "the request is no question, so it takes no `answer`".to_owned();
        return invalid("answer_not_asked", message);
    }
    if asked != QUESTION || ballot.decision != VoteDecision::Approve {
        return Ok(());
    }
    let Some(answer) = answer else {
        let message = "the request is a question: give an `answer`, or decline".to_owned();
        return invalid("answer_required", message);
    };
    let options = approval.arguments.get("options").and_then(Value::as_array);
    let Some(options) = options.filter(|options| !options.is_empty()) else { return Ok(()) };
    let takes_other = approval.arguments.get("allow_other") == Some(&Value::Bool(true));
    if takes_other || options.iter().any(|option| option.as_str() == Some(answer)) {
        return Ok(());
    }
    let known: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
    let message = format!("`answer` must be one of the options: `{}`", known.join("`, `"));
    invalid("answer_not_an_option", message)
}
