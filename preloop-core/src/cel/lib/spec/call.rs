//! Which library function a name stands for, by the kinds of its operands.

use std::cmp::Ordering;

use super::Value::{
    Bool, Bytes, Cidr as Range, Duration as Span, Ip as Address, List, Number as N, Text,
    Timestamp as Instant,
};
use super::read::order;
use super::{Failure, Outcome, Value};
use crate::cel::lib::net::{Cidr, Ip, is_canonical, is_cidr, is_ip};
use crate::cel::lib::number::Number::{self, Double, Int, Uint};
use crate::cel::lib::time::{Duration, DurationPart, Timestamp, TimestampPart, Zone};
use crate::cel::lib::{LibError, encode, format, lists, number, regex, text};

const MAX: usize = 1 << 20;

pub(super) fn binary(operator: &str, left: &Value, right: &Value) -> Outcome {
    let ordered = |wanted: fn(Ordering) -> bool| {
        match order(left, right) {
            Some(order) => Ok(Bool(wanted(order))),
            // NaN has no order, and that is an answer.
            None if matches!((left, right), (N(_), N(_))) => Ok(Bool(false)),
            None => Err(Failure::Beyond),
        }
    };
    match (operator, left, right) {
        ("==", ..) => Ok(Bool(left.equals(right))),
        ("!=", ..) => Ok(Bool(!left.equals(right))),
        ("<", ..) => ordered(Ordering::is_lt),
        ("<=", ..) => ordered(Ordering::is_le),
        (">", ..) => ordered(Ordering::is_gt),
        (">=", ..) => ordered(Ordering::is_ge),
        ("&&", Bool(left), Bool(right)) => Ok(Bool(*left && *right)),
        ("||", Bool(left), Bool(right)) => Ok(Bool(*left || *right)),
        ("in", value, List(items)) => Ok(Bool(items.iter().any(|item| item.equals(value)))),
        (_, N(left), N(right)) => arithmetic(operator, *left, *right),
        ("+", Text(left), Text(right)) => Ok(Text(text::concatenate(left, right, MAX)?)),
        ("+", Bytes(left), Bytes(right)) => Ok(Bytes([left.as_slice(), right].concat())),
        ("+", List(left), List(right)) => {
            lists::combined_length(left.len(), right.len(), MAX)?;
            Ok(List([left.as_slice(), right].concat()))
        }
        ("+", Instant(instant), Span(span)) | ("+", Span(span), Instant(instant)) => {
            Ok(Instant(instant.checked_add(*span)?))
        }
        ("-", Instant(instant), Span(span)) => Ok(Instant(instant.checked_sub(*span)?)),
        ("-", Instant(left), Instant(right)) => Ok(Span(left.since(*right)?)),
        ("+", Span(left), Span(right)) => Ok(Span(left.checked_add(*right)?)),
        ("-", Span(left), Span(right)) => Ok(Span(left.checked_sub(*right)?)),
        _ => Err(Failure::Beyond),
    }
}

fn arithmetic(operator: &str, left: Number, right: Number) -> Outcome {
    Ok(N(match (operator, left, right) {
        ("+", Int(left), Int(right)) => Int(number::add(left, right)?),
        ("-", Int(left), Int(right)) => Int(number::subtract(left, right)?),
        ("*", Int(left), Int(right)) => Int(number::multiply(left, right)?),
        ("/", Int(left), Int(right)) => Int(number::divide(left, right)?),
        ("%", Int(left), Int(right)) => Int(number::remainder(left, right)?),
        ("+", Uint(left), Uint(right)) => Uint(number::add_unsigned(left, right)?),
        ("-", Uint(left), Uint(right)) => Uint(number::subtract_unsigned(left, right)?),
        ("*", Uint(left), Uint(right)) => Uint(number::multiply_unsigned(left, right)?),
        ("/", Uint(left), Uint(right)) => Uint(number::divide_unsigned(left, right)?),
        ("%", Uint(left), Uint(right)) => Uint(number::remainder_unsigned(left, right)?),
        ("+", Double(left), Double(right)) => Double(left + right),
        ("-", Double(left), Double(right)) => Double(left - right),
        ("*", Double(left), Double(right)) => Double(left * right),
        ("/", Double(left), Double(right)) => Double(left / right),
        _ => return Err(Failure::Beyond),
    }))
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Outcome {
    let families = [on_text, on_numbers, on_time, on_addresses, conversion, on_lists];
    for family in families {
        match family(name, arguments) {
            Err(Failure::Beyond) => {}
            outcome => return outcome,
        }
    }
    Err(Failure::Beyond)
}

fn on_text(name: &str, arguments: &[Value]) -> Outcome {
    let texts = |parts: Vec<&str>| List(parts.into_iter().map(Value::text).collect());
    Ok(match (name, arguments) {
        ("contains", [Text(text), Text(part)]) => Bool(text.contains(part.as_str())),
        ("startsWith", [Text(text), Text(part)]) => Bool(text.starts_with(part.as_str())),
        ("endsWith", [Text(text), Text(part)]) => Bool(text.ends_with(part.as_str())),
        ("size", [Bytes(bytes)]) => Value::int(i64::try_from(bytes.len()).unwrap()),
        ("size", [Text(text)]) => Value::int(text::size(text)),
        ("charAt", [Text(text), N(Int(at))]) => Value::text(text::char_at(text, *at)?),
        ("indexOf", [Text(text), Text(needle)]) => Value::int(text::index_of(text, needle)),
        ("indexOf", [Text(text), Text(needle), N(Int(from))]) => {
            Value::int(text::index_of_from(text, needle, *from)?)
        }
        ("lastIndexOf", [Text(text), Text(needle)]) => {
            Value::int(text::last_index_of(text, needle))
        }
        ("lastIndexOf", [Text(text), Text(needle), N(Int(from))]) => {
            Value::int(text::last_index_of_from(text, needle, *from)?)
        }
        ("substring", [Text(text), N(Int(start))]) => Value::text(text::substring(text, *start)?),
        ("substring", [Text(text), N(Int(start)), N(Int(end))]) => {
            Value::text(text::substring_between(text, *start, *end)?)
        }
        ("replace", [Text(text), Text(from), Text(to)]) => {
            Value::text(text::replace(text, from, to, -1, MAX)?)
        }
        ("replace", [Text(text), Text(from), Text(to), N(Int(limit))]) => {
            Value::text(text::replace(text, from, to, *limit, MAX)?)
        }
        ("split", [Text(text), Text(separator)]) => texts(text::split(text, separator, -1, MAX)?),
        ("split", [Text(text), Text(separator), N(Int(limit))]) => {
            texts(text::split(text, separator, *limit, MAX)?)
        }
        ("join", [List(parts)]) => Text(text::join(borrowed(parts)?, "", MAX)?),
        ("join", [List(parts), Text(separator)]) => {
            Text(text::join(borrowed(parts)?, separator, MAX)?)
        }
        ("lowerAscii", [Text(text)]) => Value::text(text::lower_ascii(text, MAX)?),
        ("upperAscii", [Text(text)]) => Value::text(text::upper_ascii(text, MAX)?),
        ("trim", [Text(text)]) => Value::text(text::trim(text)),
        ("reverse", [Text(text)]) => Text(text::reverse(text, MAX)?),
        ("strings.quote", [Text(text)]) => Text(text::quote(text, MAX)?),
        ("format", [Text(pattern), List(values)]) => {
            Text(format::format(pattern, |position| values.get(position), MAX)?)
        }
        ("matches", [Text(text), Text(pattern)]) => Bool(regex::compile(pattern)?.is_match(text)),
        ("base64.encode", [Bytes(bytes)]) => Text(encode::base64_encode(bytes, MAX)?),
        ("base64.decode", [Text(text)]) => Bytes(encode::base64_decode(text, MAX)?),
        _ => return Err(Failure::Beyond),
    })
}

fn borrowed(parts: &[Value]) -> Result<Vec<&str>, Failure> {
    let mut texts = Vec::new();
    for part in parts {
        let Text(text) = part else { return Err(Failure::Beyond) };
        texts.push(text.as_str());
    }
    Ok(texts)
}

fn on_numbers(name: &str, arguments: &[Value]) -> Outcome {
    let extreme = |values: &[Value], choose: fn(Number, Number) -> Result<Number, LibError>| {
        let mut best: Option<Number> = None;
        for value in values {
            let N(value) = value else { return Err(Failure::Beyond) };
            best = Some(match best {
                Some(best) => choose(best, *value)?,
                None => *value,
            });
        }
        best.map(N).ok_or(Failure::Beyond)
    };
    Ok(match (name, arguments) {
        ("math.greatest", [List(values)]) => extreme(values, number::greatest)?,
        ("math.greatest", values) => extreme(values, number::greatest)?,
        ("math.least", [List(values)]) => extreme(values, number::least)?,
        ("math.least", values) => extreme(values, number::least)?,
        ("math.ceil", [N(Double(value))]) => N(Double(number::ceil(*value))),
        ("math.floor", [N(Double(value))]) => N(Double(number::floor(*value))),
        ("math.round", [N(Double(value))]) => N(Double(number::round(*value))),
        ("math.trunc", [N(Double(value))]) => N(Double(number::trunc(*value))),
        ("math.isNaN", [N(Double(value))]) => Bool(number::is_nan(*value)),
        ("math.isInf", [N(Double(value))]) => Bool(number::is_inf(*value)),
        ("math.isFinite", [N(Double(value))]) => Bool(number::is_finite(*value)),
        ("math.abs", [N(value)]) => N(number::abs(*value)?),
        ("math.sign", [N(value)]) => N(number::sign(*value)),
        ("math.bitNot", [N(Int(value))]) => Value::int(number::bit_not(*value)),
        ("math.bitNot", [N(Uint(value))]) => N(Uint(number::unsigned_not(*value))),
        (_, [N(Int(left)), N(Int(right))]) => Value::int(match name {
            "math.bitAnd" => number::bit_and(*left, *right),
            "math.bitOr" => number::bit_or(*left, *right),
            "math.bitXor" => number::bit_xor(*left, *right),
            "math.bitShiftLeft" => number::bit_shift_left(*left, *right)?,
            "math.bitShiftRight" => number::bit_shift_right(*left, *right)?,
            _ => return Err(Failure::Beyond),
        }),
        ("math.bitAnd", [N(Uint(left)), N(Uint(right))]) => {
            N(Uint(number::unsigned_and(*left, *right)))
        }
        ("math.bitOr", [N(Uint(left)), N(Uint(right))]) => {
            N(Uint(number::unsigned_or(*left, *right)))
        }
        ("math.bitXor", [N(Uint(left)), N(Uint(right))]) => {
            N(Uint(number::unsigned_xor(*left, *right)))
        }
        ("math.bitShiftLeft", [N(Uint(value)), N(Int(offset))]) => {
            N(Uint(number::unsigned_shift_left(*value, *offset)?))
        }
        ("math.bitShiftRight", [N(Uint(value)), N(Int(offset))]) => {
            N(Uint(number::unsigned_shift_right(*value, *offset)?))
        }
        _ => return Err(Failure::Beyond),
    })
}

fn on_time(name: &str, arguments: &[Value]) -> Outcome {
    let part = |instant: &Timestamp, zone: &Zone| match TimestampPart::from_function(name) {
        Some(part) => Ok(Value::int(instant.part(part, zone))),
        None => Err(Failure::Beyond),
    };
    match arguments {
        [Instant(instant)] => part(instant, &Zone::Utc),
        [Instant(instant), Text(zone)] => part(instant, &Zone::parse(zone)?),
        [Span(span)] => match DurationPart::from_function(name) {
            Some(part) => Ok(Value::int(span.part(part))),
            None => Err(Failure::Beyond),
        },
        _ => Err(Failure::Beyond),
    }
}

fn on_addresses(name: &str, arguments: &[Value]) -> Outcome {
    Ok(match (name, arguments) {
        ("ip", [Text(text)]) => Address(Ip::parse(text)?),
        ("isIP", [Text(text)]) => Bool(is_ip(text)),
        ("isCIDR", [Text(text)]) => Bool(is_cidr(text)),
        ("ip.isCanonical", [Text(text)]) => Bool(is_canonical(text)?),
        ("family", [Address(ip)]) => Value::int(ip.family()),
        ("isUnspecified", [Address(ip)]) => Bool(ip.is_unspecified()),
        ("isLoopback", [Address(ip)]) => Bool(ip.is_loopback()),
        ("isGlobalUnicast", [Address(ip)]) => Bool(ip.is_global_unicast()),
        ("isLinkLocalMulticast", [Address(ip)]) => Bool(ip.is_link_local_multicast()),
        ("isLinkLocalUnicast", [Address(ip)]) => Bool(ip.is_link_local_unicast()),
        ("string", [Address(ip)]) => Text(ip.to_string()),
        ("cidr", [Text(text)]) => Range(Cidr::parse(text)?),
        ("ip", [Range(range)]) => Address(range.ip()),
        ("masked", [Range(range)]) => Range(range.masked()),
        ("prefixLength", [Range(range)]) => Value::int(range.prefix_length()),
        ("containsIP", [Range(range), Address(ip)]) => Bool(range.contains_ip(*ip)),
        ("containsIP", [Range(range), Text(ip)]) => Bool(range.contains_ip(Ip::parse(ip)?)),
        ("containsCIDR", [Range(range), Range(inner)]) => Bool(range.contains_cidr(*inner)),
        ("containsCIDR", [Range(range), Text(inner)]) => {
            Bool(range.contains_cidr(Cidr::parse(inner)?))
        }
        ("string", [Range(range)]) => Text(range.to_string()),
        _ => return Err(Failure::Beyond),
    })
}

fn conversion(name: &str, arguments: &[Value]) -> Outcome {
    let [argument] = arguments else { return Err(Failure::Beyond) };
    Ok(match (name, argument) {
        ("dyn", value) => value.clone(),
        ("int", N(Int(value))) => Value::int(*value),
        ("int", N(Uint(value))) => Value::int(number::int_from_uint(*value)?),
        ("int", N(Double(value))) => Value::int(number::int_from_double(*value)?),
        ("int", Text(text)) => Value::int(number::int_from_text(text)?),
        ("int", Instant(instant)) => Value::int(instant.unix_seconds()),
        ("uint", N(Uint(value))) => N(Uint(*value)),
        ("uint", N(Int(value))) => N(Uint(number::uint_from_int(*value)?)),
        ("uint", N(Double(value))) => N(Uint(number::uint_from_double(*value)?)),
        ("uint", Text(text)) => N(Uint(number::uint_from_text(text)?)),
        ("double", N(Double(value))) => N(Double(*value)),
        ("double", N(Int(value))) => N(Double(number::double_from_int(*value))),
        ("double", N(Uint(value))) => N(Double(number::double_from_uint(*value))),
        ("double", Text(text)) => N(Double(number::double_from_text(text)?)),
        ("bool", Bool(value)) => Bool(*value),
        ("bool", Text(text)) => Bool(text::to_bool(text)?),
        ("string", Text(text)) => Value::text(text.as_str()),
        ("string", N(Int(value))) => Text(value.to_string()),
        ("string", N(Uint(value))) => Text(value.to_string()),
        ("string", N(Double(value))) => Text(number::text_from_double(*value)),
        ("string", Bytes(bytes)) => Value::text(text::from_bytes(bytes)?),
        ("string", Instant(instant)) => Text(instant.to_string()),
        ("string", Span(span)) => Text(span.to_string()),
        ("bytes", Text(text)) => Bytes(text.clone().into_bytes()),
        ("bytes", Bytes(bytes)) => Bytes(bytes.clone()),
        ("timestamp", Instant(instant)) => Instant(*instant),
        ("timestamp", Text(text)) => Instant(Timestamp::parse(text)?),
        ("timestamp", N(Int(seconds))) => Instant(Timestamp::from_unix_seconds(*seconds)?),
        ("duration", Span(span)) => Span(*span),
        ("duration", Text(text)) => Span(Duration::parse(text)?),
        _ => return Err(Failure::Beyond),
    })
}

fn on_lists(name: &str, arguments: &[Value]) -> Outcome {
    match (name, arguments) {
        ("[]", [List(items), N(index)]) => Ok(items[lists::index(*index, items.len())?].clone()),
        _ => Err(Failure::Beyond),
    }
}
