//! The engine for Node.js: a flat native module, from which the TypeScript in `lib/` makes the API that people use.
//!
//! A decision crosses the border once, without a value: JavaScript writes what the tool's rules read into a buffer
//! that both sides know, calls a function without parameters, and gets the number of a decision back. Each value
//! that crosses on its own costs several times the call.

#![expect(clippy::needless_pass_by_value, reason = "what crosses the border is owned")]

mod arguments;
mod document;
pub mod engine;
pub mod guard;
pub mod layout;
mod parts;
mod plan;

use napi::bindgen_prelude::{Object, Utf16String};
use napi_derive::napi;

use preloop_core::{Report, dialect, limits};

/// Deepest nesting of arguments.
#[napi]
pub const NESTING_MAX: u32 = bound(limits::NESTING_MAX);
/// Most values that one argument may hold.
#[napi]
pub const VALUES_MAX: u32 = bound(limits::ARGUMENT_VALUES_MAX);
/// Most values that are looked at for secrets.
#[napi]
pub const SECRETS_MAX: u32 = bound(limits::REDACT_NODES_MAX);

#[expect(clippy::cast_possible_truncation, reason = "limits are small")]
const fn bound(limit: usize) -> u32 {
    limit as u32
}

/// Validates a document; the report as JSON text.
#[napi]
pub fn validate(text: Utf16String) -> napi::Result<String> {
    as_json(&dialect::validate(&document::utf8(&text)))
}

/// Compares two documents; what is otherwise as JSON text. One that is refused is an error as in `load`.
#[napi(catch_unwind)]
pub fn diff(before: Utf16String, after: Utf16String) -> napi::Result<String> {
    let valid = |text: &Utf16String| {
        dialect::any_dialect(&document::utf8(text)).map_err(|report| refused(&report))
    };
    let ((before, _), (after, _)) = (valid(&before)?, valid(&after)?);
    as_json(&preloop_core::diff::diff(&before, &after))
}

/// A policy, which is JSON text, as YAML with sorted keys.
#[napi(catch_unwind)]
pub fn policy_to_yaml(policy: String) -> napi::Result<String> {
    let policy = preloop_core::json::parse(&policy).map_err(|error| failure(&error))?;
    preloop_core::canonical::policy_to_yaml(&policy).map_err(|problem| failure(&problem.message))
}

/// Does nothing with a text and an object: what any call that takes both costs, for the benchmarks.
#[napi]
pub fn empty(_tool: String, _args: Object<'_>) -> u32 {
    0
}

/// A document that is refused, as an error whose message is the report as JSON text.
fn refused(report: &Report) -> napi::Error {
    as_json(report).map_or_else(|error| error, |text| failure(&text))
}

/// A result as JSON text, which JavaScript parses faster than it takes objects field by field.
fn as_json(value: &impl serde::Serialize) -> napi::Result<String> {
    serde_json::to_string(value).map_err(|error| failure(&error))
}

/// An error of JavaScript with these words.
fn failure(problem: &impl std::fmt::Display) -> napi::Error {
    napi::Error::from_reason(problem.to_string())
}
