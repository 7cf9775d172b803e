//! Calls put together place by place.

use std::collections::BTreeSet;

use crate::time::Timestamp;
use serde_json::{Map, Number, Value, json};

use super::instants::moments;
use super::place::{Facts, Place, Root, Shape};
use crate::call::{Call, CallRecord, SessionCall};
use crate::cel::Input;
use crate::compile::CallSource;
use crate::decision::Action;

/// Most earlier calls that a session is given because their count is asked for.
const CALLS_MAX: u64 = 1_000;
/// Most tools wanted first that are left out one by one.
const EVIDENCE_MAX: usize = 16;

/// What parts of conditions see of a call.
pub(super) fn input<'c>(call: &Call<'c>) -> Input<'c> {
    let mut tool = call.tool;
    if let Some(source) = CallSource::of(tool.source, tool.server) {
        tool.source = source.class_name();
        tool.server = source.server_name();
    }
    Input {
        tool,
        principal: call.principal,
        session: call.session,
        context: call.context,
        now: call.now,
        justification: call.justification,
        ..Input::new(call.args)
    }
}

/// The values of a place, what holds where nothing is said first; those that a call cannot have there are left out.
pub(super) fn values(
    place: &Place,
    shape: &Shape,
    any: impl FnOnce() -> Vec<Value>,
) -> Vec<Option<Value>> {
    let own = match place.root {
        Root::Now => {
            let facts: &Facts = &shape.facts;
            // Time is always known where calls are decided, so it is never left out first.
            let mut instants: Vec<Option<Value>> =
                moments(facts).into_iter().map(|at| Some(json!(at.to_string()))).collect();
            let noon = instants.iter().position(
                |at| matches!(at, Some(Value::String(text)) if text == "2026-01-05T12:00:00Z"),
            );
            if let Some(noon) = noon {
                instants.swap(0, noon);
            }
            return instants;
        }
        Root::Evidence => return evidence(&shape.facts.wholes),
        Root::IsNew => return vec![None, Some(json!(true))],
        Root::Justification => vec![json!("the customer asked for it")],
        Root::SessionCalls => {
            let counts = shape.facts.numbers.iter().filter_map(Number::as_u64);
            let counts =
                counts.flat_map(|count| [count.saturating_sub(1), count, count.saturating_add(1)]);
            let counts: BTreeSet<u64> =
                counts.chain([1]).filter(|count| *count <= CALLS_MAX).collect();
            let call = json!({"tool": "some_tool", "action": "allow"});
            let list = |count: u64| (0..count).map(|_| call.clone()).collect();
            counts.into_iter().map(list).collect()
        }
        _ => Vec::new(),
    };
    let values = own.into_iter().chain(any()).filter(|value| fits(place, value)).map(Some);
    std::iter::once(None).chain(values).collect()
}

/// Everything that is wanted comes first, so that calls come to the rules; then nothing, what each entry wants,
/// and everything but one.
fn evidence(lists: &[Value]) -> Vec<Option<Value>> {
    let lists: Vec<BTreeSet<&str>> = lists
        .iter()
        .filter_map(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .collect();
    let all: BTreeSet<&str> = lists.iter().flatten().copied().collect();
    let but_one = all.iter().take(EVIDENCE_MAX).map(|left_out| {
        all.iter().copied().filter(|tool| tool != left_out).collect::<BTreeSet<&str>>()
    });
    let mut sets: Vec<BTreeSet<&str>> = Vec::new();
    for set in lists.iter().take(EVIDENCE_MAX).cloned().chain(but_one) {
        if !set.is_empty() && set != all && !sets.contains(&set) {
            sets.push(set);
        }
    }
    let written = |set: &BTreeSet<&str>| Some(json!(set));
    [written(&all), None].into_iter().chain(sets.iter().map(written)).collect()
}

fn fits(place: &Place, value: &Value) -> bool {
    let is_whole = place.keys.is_empty();
    match place.root {
        Root::Args | Root::Context | Root::Annotations => !is_whole || value.is_object(),
        Root::Principal => match place.keys.first().map(String::as_str) {
            Some("roles" | "teams") => texts(value).is_some(),
            Some("id" | "kind" | "name") => value.is_string(),
            _ => false,
        },
        Root::SessionId | Root::Justification => value.is_string() && is_whole,
        Root::SessionCalls => is_whole && session_calls(value).is_some(),
        Root::Evidence => is_whole && texts(value).is_some(),
        Root::Now => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        Root::IsNew => value.is_boolean(),
        Root::Tool => false,
    }
}

/// Puts a value at its place.
pub(super) fn set(call: &mut CallRecord, place: &Place, value: &Value) {
    match place.root {
        Root::Args => put(&mut call.args, &place.keys, value),
        Root::Context => put_in_map(&mut call.context, &place.keys, value),
        Root::Annotations => put_in_map(&mut call.tool.annotations, &place.keys, value),
        Root::Principal => {
            let principal = &mut call.principal;
            let text = || value.as_str().unwrap_or_default().to_owned();
            match place.keys.first().map(String::as_str) {
                Some("id") => principal.id = text(),
                Some("kind") => principal.kind = text(),
                Some("name") => principal.name = text(),
                Some("roles") => principal.roles = texts(value).unwrap_or_default(),
                Some("teams") => principal.teams = texts(value).unwrap_or_default(),
                _ => {}
            }
        }
        Root::SessionId => value.as_str().unwrap_or_default().clone_into(&mut call.session.id),
        Root::SessionCalls => call.session.calls = session_calls(value).unwrap_or_default(),
        Root::Evidence => {
            let tools = texts(value).unwrap_or_default().into_iter();
            call.session.calls.extend(tools.map(|tool| SessionCall {
                tool,
                args: json!({}),
                action: Action::Allow.as_str().to_owned(),
                ..SessionCall::default()
            }));
        }
        Root::Now => call.now = value.as_str().and_then(|text| text.parse().ok()),
        Root::Justification => call.justification = value.as_str().map(str::to_owned),
        Root::IsNew => call.tool.is_new = value.as_bool().unwrap_or(false),
        Root::Tool => {}
    }
}

fn put_in_map(map: &mut Map<String, Value>, keys: &[String], value: &Value) {
    let mut whole = Value::Object(std::mem::take(map));
    put(&mut whole, keys, value);
    if let Value::Object(changed) = whole {
        *map = changed;
    }
}

/// Puts a value below `whole`; what stands in the way of a key becomes an object.
fn put(whole: &mut Value, keys: &[String], value: &Value) {
    let mut at = whole;
    for key in keys {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(key.clone()).or_insert(Value::Null);
    }
    *at = value.clone();
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn session_calls(value: &Value) -> Option<Vec<SessionCall>> {
    value
        .as_array()?
        .iter()
        .map(|item| {
            let map = item.as_object()?;
            let text = |name: &str| match map.get(name) {
                None => Some(String::new()),
                Some(value) => value.as_str().map(str::to_owned),
            };
            let args = map.get("args").cloned().unwrap_or_else(|| json!({}));
            let at = match map.get("at") {
                None => None,
                Some(at) => Some(at.as_str()?.parse().ok()?),
            };
            Some(SessionCall {
                tool: text("tool")?,
                source: text("source")?,
                args: Some(args).filter(Value::is_object)?,
                action: text("action")?,
                at,
            })
        })
        .collect()
}
