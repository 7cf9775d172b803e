//! What a guard needs of core: what a decision and an answer lead to, and the hash that an answer is bound to.

use preloop_core::canonical_value;
use preloop_core::engine::{Answer, GuardStep, host_to_json};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::PyValue;
use crate::asked::object_of_text;
use crate::caught::Caught;
use crate::decision::Decision;

/// `("run" | "ask" | "refuse", kind, message)`.
type Step = (&'static str, &'static str, String);

fn step(step: GuardStep) -> Step {
    match step {
        GuardStep::Run => ("run", "", String::new()),
        GuardStep::Ask => ("ask", "", String::new()),
        GuardStep::Refuse(refusal) => ("refuse", refusal.kind.as_str(), refusal.message),
    }
}

/// What a guard does with a decision.
#[pyfunction]
pub(crate) fn after_decision(decision: &Bound<'_, Decision>) -> Step {
    step(preloop_core::engine::after_decision(&decision.get().inner))
}

/// What a guard does once somebody answered, or nobody did.
#[pyfunction]
pub(crate) fn after_answer(
    asked: &Bound<'_, Decision>,
    answer: &str,
    now: &Bound<'_, Decision>,
) -> PyResult<Step> {
    let answer = match answer {
        "approved" => Answer::Approved,
        "declined" => Answer::Declined,
        "timed_out" => Answer::TimedOut,
        "failed" => Answer::Failed,
        "changed" => Answer::Changed,
        "nobody" => Answer::Nobody,
        _ => return Err(PyValueError::new_err(format!("`{answer}` is no answer"))),
    };
    Ok(step(preloop_core::engine::after_answer(&asked.get().inner, answer, &now.get().inner)))
}

/// The hash of a call: two calls with the same hash are identical.
#[pyfunction]
#[pyo3(signature = (tool, args, source=None))]
pub(crate) fn call_hash(
    tool: &str,
    args: &Bound<'_, PyAny>,
    source: Option<&str>,
) -> PyResult<String> {
    let canonical = if args.is_none() {
        "{}".to_owned()
    } else if let Some(text) = object_of_text(args) {
        let canonical = text.and_then(|text| {
            preloop_core::json::canonicalize(&text).map_err(|error| error.to_string())
        });
        canonical.map_err(PyValueError::new_err)?
    } else {
        let caught = Caught::default();
        let value = host_to_json(&PyValue::new(args.clone(), &caught));
        caught.check(args.py())?;
        let value = value.map_err(|fault| {
            PyValueError::new_err(format!("the arguments cannot be read: {}", fault.message))
        })?;
        canonical_value(&value)
    };
    Ok(preloop_core::call_hash(tool, source, &canonical))
}
