//! Functions of texts and lists.

use preloop_core::cel::FailureKind;

use super::{WRONG, letters, position, sorted, spelled, text};
use crate::naive::{Answer, Value, equal};

fn stands_at(value: &[char], part: &[char], at: usize) -> bool {
    value[at..].starts_with(part)
}

pub(super) fn text_function(function: &str, value: &str, rest: &[Value]) -> Answer {
    let all = letters(value);
    let places = |part: &str| -> Vec<usize> {
        (0..=all.len()).filter(|at| stands_at(&all, &letters(part), *at)).collect()
    };
    let place = |found: Option<usize>| Ok(Value::Int(found.map_or(-1, |found| found as i64)));
    match (function, rest) {
        ("contains", [Value::Text(part)]) => Ok(Value::Bool(!places(part).is_empty())),
        ("startsWith", [Value::Text(part)]) => Ok(Value::Bool(places(part).contains(&0))),
        ("endsWith", [Value::Text(part)]) => {
            let end = all.len().checked_sub(letters(part).len());
            Ok(Value::Bool(end.is_some_and(|end| places(part).contains(&end))))
        }
        ("indexOf", [Value::Text(part)]) => place(places(part).first().copied()),
        ("indexOf", [Value::Text(part), Value::Int(from)]) => {
            let from = position(*from, all.len())?;
            place(places(part).into_iter().find(|at| *at >= from))
        }
        ("lastIndexOf", [Value::Text(part)]) => place(places(part).last().copied()),
        ("lastIndexOf", [Value::Text(part), Value::Int(from)]) => {
            let from = position(*from, all.len())?;
            place(places(part).into_iter().rfind(|at| *at <= from))
        }
        ("charAt", [Value::Int(at)]) => {
            let at = position(*at, all.len())?;
            Ok(spelled(&all[at..(at + 1).min(all.len())]))
        }
        ("substring", [Value::Int(start)]) => Ok(spelled(&all[position(*start, all.len())?..])),
        ("substring", [Value::Int(start), Value::Int(end)]) => {
            let start = position(*start, all.len())?;
            let end = position(*end, all.len())?;
            if start > end { Err(FailureKind::OutOfRange) } else { Ok(spelled(&all[start..end])) }
        }
        ("lowerAscii", []) => {
            Ok(spelled(&all.iter().map(char::to_ascii_lowercase).collect::<Vec<_>>()))
        }
        ("upperAscii", []) => {
            Ok(spelled(&all.iter().map(char::to_ascii_uppercase).collect::<Vec<_>>()))
        }
        ("trim", []) => {
            let first = all.iter().position(|letter| !letter.is_whitespace());
            let last = all.iter().rposition(|letter| !letter.is_whitespace());
            Ok(first
                .zip(last)
                .map_or_else(|| text(""), |(first, last)| spelled(&all[first..=last])))
        }
        ("reverse", []) => Ok(spelled(&all.iter().rev().copied().collect::<Vec<_>>())),
        ("replace", [Value::Text(from), Value::Text(to)]) => {
            Ok(replaced(&all, &letters(from), to, -1))
        }
        ("replace", [Value::Text(from), Value::Text(to), Value::Int(limit)]) => {
            Ok(replaced(&all, &letters(from), to, *limit))
        }
        ("split", [Value::Text(by)]) => Ok(split(&all, &letters(by), -1)),
        ("split", [Value::Text(by), Value::Int(limit)]) => Ok(split(&all, &letters(by), *limit)),
        _ => WRONG,
    }
}

fn replaced(all: &[char], from: &[char], to: &str, mut limit: i64) -> Value {
    let mut made = String::new();
    let mut at = 0;
    while at <= all.len() {
        if limit != 0 && stands_at(all, from, at) {
            made.push_str(to);
            limit -= 1;
            if !from.is_empty() {
                at += from.len();
                continue;
            }
        }
        made.extend(all.get(at));
        at += 1;
    }
    Value::Text(made)
}

fn split(all: &[char], by: &[char], limit: i64) -> Value {
    if limit == 0 {
        return Value::List(Vec::new());
    }
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut at = 0;
    let full = |parts: &Vec<Value>| limit > 0 && parts.len() as i64 == limit - 1;
    while at < all.len() {
        if by.is_empty() && at > 0 && !full(&parts) {
            parts.push(spelled(&part));
            part.clear();
        } else if !by.is_empty() && !full(&parts) && stands_at(all, by, at) {
            parts.push(spelled(&part));
            part.clear();
            at += by.len();
            continue;
        }
        part.push(all[at]);
        at += 1;
    }
    if !(by.is_empty() && all.is_empty()) {
        parts.push(spelled(&part));
    }
    Value::List(parts)
}

pub(super) fn list_function(function: &str, items: &[Value], rest: &[Value]) -> Answer {
    let holds = |items: &[Value], wanted: &Value| items.iter().any(|item| equal(item, wanted));
    let optional =
        |found: Option<&Value>| Ok(Value::Optional(found.map(|found| Box::new(found.clone()))));
    match (function, rest) {
        ("first", []) => optional(items.first()),
        ("last", []) => optional(items.last()),
        ("reverse", []) => Ok(Value::List(items.iter().rev().cloned().collect())),
        ("sort", []) => sorted(items.iter().map(|item| (item.clone(), item.clone())).collect()),
        ("distinct", []) => {
            let mut kept: Vec<Value> = Vec::new();
            for item in items {
                if !holds(&kept, item) {
                    kept.push(item.clone());
                }
            }
            Ok(Value::List(kept))
        }
        ("slice", [Value::Int(start), Value::Int(end)]) => {
            let start = position(*start, items.len())?;
            let end = position(*end, items.len())?;
            if start > end {
                Err(FailureKind::OutOfRange)
            } else {
                Ok(Value::List(items[start..end].to_vec()))
            }
        }
        ("flatten", []) => Ok(Value::List(flat(items, 1))),
        ("flatten", [Value::Int(depth)]) if *depth < 0 => Err(FailureKind::InvalidArgument),
        ("flatten", [Value::Int(depth)]) => Ok(Value::List(flat(items, *depth))),
        ("join", []) => join(items, ""),
        ("join", [Value::Text(by)]) => join(items, by),
        ("optional.unwrap" | "unwrapOpt", []) => {
            let mut made = Vec::new();
            for item in items {
                let Value::Optional(inner) = item else { return WRONG };
                made.extend(inner.as_ref().map(|inner| (**inner).clone()));
            }
            Ok(Value::List(made))
        }
        ("sets.contains", [Value::List(others)]) => {
            Ok(Value::Bool(others.iter().all(|other| holds(items, other))))
        }
        ("sets.equivalent", [Value::List(others)]) => Ok(Value::Bool(
            others.iter().all(|other| holds(items, other))
                && items.iter().all(|item| holds(others, item)),
        )),
        ("sets.intersects", [Value::List(others)]) => {
            Ok(Value::Bool(others.iter().any(|other| holds(items, other))))
        }
        _ => WRONG,
    }
}

fn flat(items: &[Value], depth: i64) -> Vec<Value> {
    let mut made = Vec::new();
    for item in items {
        match item {
            Value::List(inner) if depth > 0 => made.extend(flat(inner, depth - 1)),
            other => made.push(other.clone()),
        }
    }
    made
}

fn join(items: &[Value], by: &str) -> Answer {
    let mut made = String::new();
    for (position, item) in items.iter().enumerate() {
        let Value::Text(item) = item else { return WRONG };
        if position > 0 {
            made.push_str(by);
        }
        made.push_str(item);
    }
    Ok(Value::Text(made))
}
