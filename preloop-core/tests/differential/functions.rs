//! The naive meaning of functions: texts are lists of characters, everything is copied, the first thing that comes
//! to mind is how it is done.

use std::cmp::Ordering;

use preloop_core::cel::FailureKind;

use crate::naive::{Answer, Value, equal, is_number, number_order, order};

const WRONG: Answer = Err(FailureKind::WrongType);

pub(crate) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        Value::Double(value) => Some(*value),
        _ => None,
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn letters(value: &str) -> Vec<char> {
    value.chars().collect()
}

fn spelled(letters: &[char]) -> Value {
    Value::Text(letters.iter().collect())
}

/// A position from 0 up to and including `length`.
fn position(at: i64, length: usize) -> Result<usize, FailureKind> {
    let found = (0..=length).find(|position| *position as i64 == at);
    found.ok_or(FailureKind::OutOfRange)
}

/// The values by their keys; equal keys leave them in the order they had.
pub(crate) fn sorted(mut keyed: Vec<(Value, Value)>) -> Answer {
    for (key, _) in &keyed {
        if order(key, key)?.is_none() || order(&keyed[0].0, key).is_err() {
            return WRONG;
        }
    }
    // Insertion sort: each goes behind the last that is not greater.
    for end in 1..keyed.len() {
        let mut at = end;
        while at > 0 && order(&keyed[at].0, &keyed[at - 1].0)? == Some(Ordering::Less) {
            keyed.swap(at, at - 1);
            at -= 1;
        }
    }
    Ok(Value::List(keyed.into_iter().map(|(_, value)| value).collect()))
}

/// What a function gives for these operands, its target first.
pub(crate) fn apply(function: &str, values: &[Value]) -> Answer {
    match (function, values) {
        ("size", [value]) => size(value),
        ("type", [value]) => Ok(type_of(value)),
        ("dyn", [value]) => Ok(value.clone()),
        ("int" | "uint" | "double" | "string" | "bytes" | "bool", [value]) => {
            convert(function, value)
        }
        ("optional.none", []) => Ok(Value::Optional(None)),
        ("optional.of", [value]) => Ok(Value::some(value.clone())),
        ("optional.ofNonZeroValue", [value]) => {
            Ok(if is_zero(value) { Value::Optional(None) } else { Value::some(value.clone()) })
        }
        ("hasValue", [Value::Optional(inner)]) => Ok(Value::Bool(inner.is_some())),
        ("value", [Value::Optional(inner)]) => {
            inner.as_ref().map(|inner| (**inner).clone()).ok_or(FailureKind::NoValue)
        }
        ("math.abs", [Value::Int(value)]) => {
            value.checked_abs().map(Value::Int).ok_or(FailureKind::Overflow)
        }
        ("math.abs", [Value::Uint(value)]) => Ok(Value::Uint(*value)),
        ("math.abs", [Value::Double(value)]) => Ok(Value::Double(value.abs())),
        ("math.greatest" | "math.least", [Value::List(items)]) => extreme(function, items),
        ("math.greatest" | "math.least", values) => extreme(function, values),
        ("matches", [Value::Text(value), Value::Text(pattern)]) => {
            Ok(Value::Bool(matches(&letters(pattern), &letters(value))))
        }
        ("lists.range", [Value::Int(count)]) => {
            Ok(Value::List((0..*count).map(Value::Int).collect()))
        }
        (_, [Value::Text(value), rest @ ..]) => text_function(function, value, rest),
        (_, [Value::List(items), rest @ ..]) => list_function(function, items, rest),
        _ => WRONG,
    }
}

fn size(value: &Value) -> Answer {
    let size = match value {
        Value::Text(value) => value.chars().count(),
        Value::Bytes(value) => value.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return WRONG,
    };
    Ok(Value::Int(size as i64))
}

fn type_of(value: &Value) -> Value {
    Value::Type(value.type_name())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Optional(None) => true,
        Value::Text(value) => value.is_empty(),
        Value::Bytes(value) => value.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        other => equal(other, &Value::Int(0)),
    }
}

fn convert(function: &str, value: &Value) -> Answer {
    const OUT: Answer = Err(FailureKind::OutOfRange);
    const INVALID: Answer = Err(FailureKind::InvalidArgument);
    match (function, value) {
        ("int", Value::Int(_)) | ("uint", Value::Uint(_)) | ("double", Value::Double(_)) => {
            Ok(value.clone())
        }
        ("string", Value::Text(_)) | ("bytes", Value::Bytes(_)) | ("bool", Value::Bool(_)) => {
            Ok(value.clone())
        }
        ("int", Value::Uint(value)) => {
            i64::try_from(*value).map_or(OUT, |value| Ok(Value::Int(value)))
        }
        ("uint", Value::Int(value)) => {
            u64::try_from(*value).map_or(OUT, |value| Ok(Value::Uint(value)))
        }
        // Both ends of the range of int are refused, as the specification asks.
        ("int", Value::Double(value)) if value.abs() < 2.0_f64.powi(63) => {
            Ok(Value::Int(*value as i64))
        }
        ("uint", Value::Double(value)) if *value >= 0.0 && *value < 2.0_f64.powi(64) => {
            Ok(Value::Uint(*value as u64))
        }
        ("int" | "uint", Value::Double(_)) => OUT,
        ("double", Value::Int(_) | Value::Uint(_)) => {
            double(value).map_or(WRONG, |value| Ok(Value::Double(value)))
        }
        ("int", Value::Text(value)) => {
            let number = whole_number(value.strip_prefix(['+', '-']).unwrap_or(value))?;
            let number = if value.starts_with('-') { -number } else { number };
            i64::try_from(number).map_or(OUT, |number| Ok(Value::Int(number)))
        }
        ("uint", Value::Text(value)) => {
            u64::try_from(whole_number(value)?).map_or(OUT, |number| Ok(Value::Uint(number)))
        }
        ("double", Value::Text(value)) => {
            value.parse().map_or(INVALID, |value| Ok(Value::Double(value)))
        }
        ("bool", Value::Text(value)) => match value.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => INVALID,
        },
        ("string", Value::Bool(value)) => Ok(text(&value.to_string())),
        ("string", Value::Int(value)) => Ok(text(&value.to_string())),
        ("string", Value::Uint(value)) => Ok(text(&value.to_string())),
        ("string", Value::Double(value)) => Ok(text(&match *value {
            value if value.is_nan() => "NaN".to_owned(),
            f64::INFINITY => "Infinity".to_owned(),
            f64::NEG_INFINITY => "-Infinity".to_owned(),
            value => value.to_string(),
        })),
        ("string", Value::Bytes(bytes)) => match String::from_utf8(bytes.clone()) {
            Ok(value) => Ok(Value::Text(value)),
            Err(_) => INVALID,
        },
        ("bytes", Value::Text(value)) => Ok(Value::Bytes(value.as_bytes().to_vec())),
        _ => WRONG,
    }
}

/// Digits as a number; more of them than anything holds are out of range.
fn whole_number(digits: &str) -> Result<i128, FailureKind> {
    if digits.is_empty() || digits.chars().any(|letter| !letter.is_ascii_digit()) {
        return Err(FailureKind::InvalidArgument);
    }
    digits.parse().map_err(|_| FailureKind::OutOfRange)
}

/// The first of the greatest, or of the least.
fn extreme(function: &str, values: &[Value]) -> Answer {
    let mut best: Option<&Value> = None;
    for value in values {
        if !is_number(value) {
            return WRONG;
        }
        let Some(known) = best else {
            best = Some(value);
            continue;
        };
        match (number_order(value, known), function) {
            (None, _) => return Err(FailureKind::InvalidArgument),
            (Some(Ordering::Greater), "math.greatest") | (Some(Ordering::Less), "math.least") => {
                best = Some(value);
            }
            _ => {}
        }
    }
    best.cloned().ok_or(FailureKind::WrongType)
}

/// Patterns of letters, `.`, `*`, `^` and `$`: the matcher that fits on one page.
fn matches(pattern: &[char], value: &[char]) -> bool {
    match pattern.split_first() {
        Some(('^', rest)) => matches_here(rest, value),
        _ => (0..=value.len()).any(|start| matches_here(pattern, &value[start..])),
    }
}

fn matches_here(pattern: &[char], value: &[char]) -> bool {
    match pattern {
        [] => true,
        ['$'] => value.is_empty(),
        [letter, '*', rest @ ..] => {
            let run = value.iter().take_while(|found| fits(*letter, **found)).count();
            (0..=run).any(|count| matches_here(rest, &value[count..]))
        }
        [letter, rest @ ..] => value
            .split_first()
            .is_some_and(|(found, others)| fits(*letter, *found) && matches_here(rest, others)),
    }
}

fn fits(letter: char, found: char) -> bool {
    letter == found || (letter == '.' && found != '\n')
}

fn stands_at(value: &[char], part: &[char], at: usize) -> bool {
    value[at..].starts_with(part)
}

fn text_function(function: &str, value: &str, rest: &[Value]) -> Answer {
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

fn list_function(function: &str, items: &[Value], rest: &[Value]) -> Answer {
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
