//! A JSON value as canonical text.

use std::cmp::Ordering;

use serde_json::Value;

use super::number::write_number;

/// The value as RFC 8785 JSON, integral doubles written as integers.
///
/// Integers beyond 64 bits lost digits when they became doubles; where the text is at hand,
/// [`crate::json::canonicalize`] keeps them.
pub fn canonical_value(value: &Value) -> String {
    let mut out = String::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next.take() {
            match value {
                Value::Null => out.push_str("null"),
                Value::Bool(true) => out.push_str("true"),
                Value::Bool(false) => out.push_str("false"),
                Value::Number(number) => write_number(&mut out, number),
                Value::String(text) => write_string(&mut out, text),
                Value::Array(items) => {
                    out.push('[');
                    open.push(Open::Array { items: items.iter(), is_first: true });
                }
                Value::Object(members) => {
                    out.push('{');
                    let mut members: Vec<_> = members.iter().collect();
                    members.sort_by(|(left, _), (right, _)| compare_keys(left, right));
                    open.push(Open::Object { members: members.into_iter(), is_first: true });
                }
            }
        }
        match open.last_mut() {
            None => return out,
            Some(Open::Array { items, is_first }) => {
                next = items.next();
                separate(&mut out, is_first, next.is_some(), ']');
            }
            Some(Open::Object { members, is_first }) => {
                let member = members.next();
                separate(&mut out, is_first, member.is_some(), '}');
                if let Some((key, value)) = member {
                    write_string(&mut out, key);
                    out.push(':');
                    next = Some(value);
                }
            }
        }
        if next.is_none() {
            open.pop();
        }
    }
}

/// A container whose members are being written; a stack of these instead of recursion, so that no
/// value can exhaust the thread's stack.
enum Open<'v> {
    Array { items: std::slice::Iter<'v, Value>, is_first: bool },
    Object { members: std::vec::IntoIter<(&'v String, &'v Value)>, is_first: bool },
}

fn separate(out: &mut String, is_first: &mut bool, has_more: bool, end: char) {
    if !has_more {
        out.push(end);
    } else if !std::mem::replace(is_first, false) {
        out.push(',');
    }
}

/// The order of keys: by UTF-16 code units.
pub(crate) fn compare_keys(left: &str, right: &str) -> Ordering {
    // Byte order is the same order unless characters beyond the basic plane take part.
    if left.is_ascii() && right.is_ascii() {
        left.cmp(right)
    } else {
        left.encode_utf16().cmp(right.encode_utf16())
    }
}

/// Writes text in quotes, escaping what must be escaped and nothing else.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    if has_escapes(text) {
        write_escaped(out, text);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether anything of the text must be escaped. Blocks are looked at whole, so that their bytes are compared in one step.
fn has_escapes(text: &str) -> bool {
    let (blocks, rest) = text.as_bytes().as_chunks::<16>();
    let has = |block: &[u8; 16]| block.iter().fold(false, |any, byte| any | is_escaped(*byte));
    blocks.iter().any(has) || rest.iter().any(|byte| is_escaped(*byte))
}

fn write_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((piece, behind)) =
        rest.bytes().position(is_escaped).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(piece);
        let mut characters = behind.chars();
        let escaped = characters.next();
        rest = characters.as_str();
        match escaped.and_then(|escaped| u8::try_from(escaped).ok()).unwrap_or(0) {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            byte => {
                let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(digit(byte >> 4));
                out.push(digit(byte & 0xf));
            }
        }
    }
    out.push_str(rest);
}
