//! `format`, `string` and `strings.quote`.

use preloop_core::cel::FailureKind;

use super::{double, letters, net, time};
use crate::naive::{Answer, Value};

const INVALID: FailureKind = FailureKind::InvalidArgument;

/// What `string` gives; none where it takes no such value.
pub(crate) fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) if value.is_nan() => "NaN".to_owned(),
        Value::Double(value) if value.is_infinite() => {
            if *value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Value::Double(value) => value.to_string(),
        Value::Text(value) => value.clone(),
        Value::Timestamp(nanos) => time::shown_instant(*nanos),
        Value::Duration(nanos) => time::shown_span(*nanos),
        Value::Ip(address) => net::shown(*address),
        Value::Cidr(address, length) => format!("{}/{length}", net::shown(*address)),
        _ => return None,
    })
}

pub(crate) fn format(pattern: &str, values: &[Value]) -> Answer {
    let mut made = String::new();
    let mut values = values.iter();
    let pattern = letters(pattern);
    let mut rest = pattern.as_slice();
    while let [letter, after @ ..] = rest {
        rest = after;
        if *letter != '%' {
            made.push(*letter);
            continue;
        }
        if let ['%', after @ ..] = rest {
            made.push('%');
            rest = after;
            continue;
        }
        let mut precision = 6;
        if let ['.', after @ ..] = rest {
            let digits = after.iter().take_while(|letter| letter.is_ascii_digit()).count();
            let number: String = after[..digits].iter().collect();
            precision = number.parse().ok().filter(|number| *number <= 1_000).ok_or(INVALID)?;
            rest = &after[digits..];
        }
        let [clause, after @ ..] = rest else { return Err(INVALID) };
        rest = after;
        if !"sdfeboxX".contains(*clause) {
            return Err(INVALID);
        }
        let value = values.next().ok_or(INVALID)?;
        made.push_str(&one(*clause, precision, value).ok_or(INVALID)?);
    }
    Ok(Value::Text(made))
}

fn one(clause: char, precision: usize, value: &Value) -> Option<String> {
    if clause == 's' {
        return text(value);
    }
    if clause == 'd' {
        return double(value).and_then(|_| plain(value));
    }
    if clause == 'f' || clause == 'e' {
        let number = double(value)?;
        if !number.is_finite() {
            return plain(&Value::Double(number));
        }
        if clause == 'f' {
            return Some(format!("{number:.precision$}"));
        }
        let written = format!("{number:.precision$e}");
        let (mantissa, exponent) = written.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let sign = if exponent < 0 { '-' } else { '+' };
        return Some(format!("{mantissa}e{sign}{:02}", exponent.abs()));
    }
    let radix = match clause {
        'b' => 2,
        'o' => 8,
        _ => 16,
    };
    let written = match value {
        Value::Bool(value) if clause == 'b' => u8::from(*value).to_string(),
        Value::Int(value) if *value < 0 => {
            format!("-{}", digits(value.unsigned_abs().into(), radix))
        }
        Value::Int(value) => digits(value.unsigned_abs().into(), radix),
        Value::Uint(value) => digits(u128::from(*value), radix),
        Value::Text(text) if radix == 16 => hex(text.as_bytes()),
        Value::Bytes(bytes) if radix == 16 => hex(bytes),
        _ => return None,
    };
    Some(if clause == 'X' { written.to_uppercase() } else { written })
}

fn digits(mut number: u128, radix: u128) -> String {
    let mut written = Vec::new();
    loop {
        written.push(char::from_digit((number % radix) as u32, radix as u32).unwrap_or('?'));
        number /= radix;
        if number == 0 {
            return written.iter().rev().collect();
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let written: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    written.concat()
}

/// `%s`: any value, lists and maps with all that is in them.
fn text(value: &Value) -> Option<String> {
    let all = |values: &[Value]| values.iter().map(text).collect::<Option<Vec<_>>>();
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Type(name) => Some((*name).to_owned()),
        Value::List(items) => Some(format!("[{}]", all(items)?.join(", "))),
        Value::Map(entries) => {
            let mut written = Vec::new();
            for (key, value) in entries {
                written.push((text(key)?, text(value)?));
            }
            written.sort_by(|left, right| left.0.cmp(&right.0));
            let written: Vec<String> =
                written.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
            Some(format!("{{{}}}", written.join(", ")))
        }
        Value::Ip(_) | Value::Cidr(..) | Value::Optional(_) => None,
        other => plain(other),
    }
}

pub(crate) fn quote(text: &str) -> String {
    let mut made = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => made.extend(['\\', letter]),
            '\n' => made.push_str("\\n"),
            '\t' => made.push_str("\\t"),
            other => made.push(other),
        }
    }
    made.push('"');
    made
}
