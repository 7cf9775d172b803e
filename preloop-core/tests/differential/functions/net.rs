//! Addresses and networks, read and written by hand.

use preloop_core::cel::FailureKind;

use super::WRONG;
use crate::naive::{Answer, Value};

/// An address: whether it has four bytes, and its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    four: bool,
    bits: u128,
}

const INVALID: FailureKind = FailureKind::InvalidArgument;

pub(crate) fn apply(function: &str, values: &[Value]) -> Answer {
    match (function, values) {
        ("ip", [Value::Text(text)]) => Ok(Value::Ip(read(text).ok_or(INVALID)?)),
        ("isIP", [Value::Text(text)]) => Ok(Value::Bool(read(text).is_some())),
        ("ip.isCanonical", [Value::Text(text)]) => {
            Ok(Value::Bool(shown(read(text).ok_or(INVALID)?) == *text))
        }
        ("cidr", [Value::Text(text)]) => {
            let (address, length) = read_range(text).ok_or(INVALID)?;
            Ok(Value::Cidr(address, length))
        }
        ("isCIDR", [Value::Text(text)]) => Ok(Value::Bool(read_range(text).is_some())),
        ("ip", [Value::Cidr(address, _)]) => Ok(Value::Ip(*address)),
        ("prefixLength", [Value::Cidr(_, length)]) => Ok(Value::Int(i64::from(*length))),
        ("masked", [Value::Cidr(address, length)]) => {
            Ok(Value::Cidr(masked(*address, *length), *length))
        }
        (_, [Value::Ip(address)]) => of_address(function, *address),
        (_, [Value::Cidr(range, length), other]) => contains(function, *range, *length, other),
        _ => WRONG,
    }
}

fn contains(function: &str, range: Address, length: u32, other: &Value) -> Answer {
    let (inner, inner_length) = match (function, other) {
        ("containsIP", Value::Ip(address)) => (*address, length),
        ("containsIP", Value::Text(text)) => (read(text).ok_or(INVALID)?, length),
        ("containsCIDR", Value::Cidr(inner, length)) => (*inner, *length),
        ("containsCIDR", Value::Text(text)) => read_range(text).ok_or(INVALID)?,
        _ => return WRONG,
    };
    Ok(Value::Bool(
        range.four == inner.four
            && length <= inner_length
            && masked(range, length) == masked(inner, length),
    ))
}

/// The first bits of an address.
fn first(address: Address, count: u32) -> u128 {
    address.bits >> (width(address) - count)
}

fn of_address(function: &str, address: Address) -> Answer {
    let four = address.four;
    let is_loopback = if four { first(address, 8) == 127 } else { address.bits == 1 };
    let is_multicast = first(address, if four { 4 } else { 8 }) == if four { 0xe } else { 0xff };
    let is_local =
        first(address, if four { 16 } else { 10 }) == if four { 0xa9fe } else { 0xfe80 >> 6 };
    let is_broadcast = four && address.bits == 0xffff_ffff;
    let found = match function {
        "family" => return Ok(Value::Int(if four { 4 } else { 6 })),
        "isUnspecified" => address.bits == 0,
        "isLoopback" => is_loopback,
        "isLinkLocalUnicast" => is_local,
        "isLinkLocalMulticast" if four => first(address, 24) == 0x00e0_0000,
        "isLinkLocalMulticast" => is_multicast && first(address, 16) & 0xf == 2,
        "isGlobalUnicast" => {
            !(address.bits == 0 || is_loopback || is_multicast || is_local || is_broadcast)
        }
        _ => return WRONG,
    };
    Ok(Value::Bool(found))
}

const fn width(address: Address) -> u32 {
    if address.four { 32 } else { 128 }
}

fn masked(address: Address, length: u32) -> Address {
    let mut bits = 0;
    for at in 0..length {
        bits |= address.bits & (1 << (width(address) - 1 - at));
    }
    Address { bits, ..address }
}

/// A number without leading zeros, up to this one.
fn small(text: &str, most: u32) -> Option<u32> {
    let is_plain = text == "0" || !text.starts_with('0');
    let is_number = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    if !is_plain || !is_number || text.len() > 3 {
        return None;
    }
    text.parse().ok().filter(|number| *number <= most)
}

fn read(text: &str) -> Option<Address> {
    let address = read_as_written(text)?;
    // Four bytes written as sixteen are four.
    Some(if !address.four && address.bits >> 32 == 0xffff {
        Address { four: true, bits: address.bits & 0xffff_ffff }
    } else {
        address
    })
}

fn read_as_written(text: &str) -> Option<Address> {
    if !text.contains(':') {
        let bytes: Vec<u32> =
            text.split('.').map(|byte| small(byte, 255)).collect::<Option<_>>()?;
        let [first, second, third, fourth] = *bytes.as_slice() else { return None };
        let bits = (first << 24) | (second << 16) | (third << 8) | fourth;
        return Some(Address { four: true, bits: u128::from(bits) });
    }
    let groups = |text: &str| -> Option<Vec<u16>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        let group = |group: &str| {
            let is_hex = group.chars().all(|letter| letter.is_ascii_hexdigit());
            let fits = (1..=4).contains(&group.len());
            u16::from_str_radix(group, 16).ok().filter(|_| is_hex && fits)
        };
        text.split(':').map(group).collect()
    };
    let all = match text.split_once("::") {
        None => groups(text)?,
        Some((head, tail)) => {
            let (mut head, tail) = (groups(head)?, groups(tail)?);
            if head.len() + tail.len() > 7 {
                return None;
            }
            head.resize(8 - tail.len(), 0);
            head.extend(tail);
            head
        }
    };
    let bits = all.iter().fold(0, |bits, group| (bits << 16) | u128::from(*group));
    (all.len() == 8).then_some(Address { four: false, bits })
}

fn read_range(text: &str) -> Option<(Address, u32)> {
    let (address, length) = text.split_once('/')?;
    // An address of four bytes written as sixteen would change its number of bits.
    let address = read_as_written(address).filter(|found| read(address) == Some(*found))?;
    Some((address, small(length, width(address))?))
}

pub(crate) fn shown(address: Address) -> String {
    if address.four {
        let byte = |at: u32| (address.bits >> (24 - 8 * at)) & 0xff;
        return format!("{}.{}.{}.{}", byte(0), byte(1), byte(2), byte(3));
    }
    let groups: Vec<u128> = (0..8).map(|at| (address.bits >> (112 - 16 * at)) & 0xffff).collect();
    // The first of the longest runs of zeros, if it is no single one.
    let zeros = |at: usize| groups[at..].iter().take_while(|group| **group == 0).count();
    let longest = (0..8).map(zeros).max().unwrap_or(0);
    let hex = |groups: &[u128]| {
        groups.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":")
    };
    match (0..8).find(|at| zeros(*at) == longest) {
        Some(at) if longest > 1 => {
            format!("{}::{}", hex(&groups[..at]), hex(&groups[at + longest..]))
        }
        _ => hex(&groups),
    }
}
