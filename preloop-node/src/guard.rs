//! What a guard does next, asked of the core, and the hash by which it knows a call again.

use napi_derive::napi;

use preloop_core::Decision;
use preloop_core::engine::{Answer, GuardStep, after_answer};
use serde_json::json;

use crate::{as_json, failure};

/// What a guard does once whoever was asked has answered, as JSON text `{step, kind, message}`.
///
/// `asked` and `now` are decisions as JSON text, `answer` is the answer's name.
#[napi]
pub fn after_asking(asked: String, answer: String, now: String) -> napi::Result<String> {
    let answer = match answer.as_str() {
        "approved" => Answer::Approved,
        "declined" => Answer::Declined,
        "timed_out" => Answer::TimedOut,
        "changed" => Answer::Changed,
        "nobody" => Answer::Nobody,
        _ => Answer::Failed,
    };
    let (asked, now): (Decision, Decision) = (read(&asked)?, read(&now)?);
    as_json(&match after_answer(&asked, answer, &now) {
        GuardStep::Run => json!({"step": "run"}),
        GuardStep::Ask => json!({"step": "ask"}),
        GuardStep::Refuse(refusal) => json!({
            "step": "refuse",
            "kind": refusal.kind.as_str(),
            "message": refusal.message,
        }),
    })
}

/// The canonical hash of a call whose arguments are this JSON text.
#[napi]
pub fn call_hash(tool: String, source: Option<String>, args: String) -> napi::Result<String> {
    let args = preloop_core::json::canonicalize(&args).map_err(|error| failure(&error))?;
    Ok(preloop_core::call_hash(&tool, source.as_deref(), &args))
}

fn read(decision: &str) -> napi::Result<Decision> {
    serde_json::from_str(decision).map_err(|error| failure(&error))
}
