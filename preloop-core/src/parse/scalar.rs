//! Plain YAML scalars by the core schema of YAML 1.2, with what readers disagree about refused.

use serde_json::Number;

use super::tree::Kind;
use crate::json::parse_number;

/// What a plain scalar means, or why it may not stand; none where it is text.
pub(crate) fn resolve(text: &str) -> Result<Option<Kind>, &'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Kind::Null)),
        "true" | "True" | "TRUE" => return Ok(Some(Kind::Bool(true))),
        "false" | "False" | "FALSE" => return Ok(Some(Kind::Bool(false))),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => return Err("JSON has no such number"),
        _ => {}
    }
    match text.bytes().next() {
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => {}
        _ => return Ok(None),
    }
    if let Some(number) = radix(text) {
        return number.map(|number| Some(Kind::Number(number)));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_decimal(unsigned) {
        return Ok(None);
    }
    let whole = unsigned.split(['.', 'e', 'E']).next().unwrap_or_default();
    if whole.len() > 1 && whole.starts_with('0') {
        return Err("a leading zero means octal to some readers and nothing to others");
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let literal = format!("{sign}{}", as_json(unsigned));
    let number = parse_number(&literal).ok_or("the number is too large for a double")?;
    Ok(Some(Kind::Number(number)))
}

/// `0o17` and `0x1F`; none where the text is neither.
fn radix(text: &str) -> Option<Result<Number, &'static str>> {
    let (digits, radix) = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(digits), _) => (digits, 8),
        (_, Some(digits)) => (digits, 16),
        _ => return None,
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).map(Number::from);
    Some(number.map_err(|_| "the number is longer than 64 bits"))
}

/// `[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?` or `\.[0-9]+([eE][-+]?[0-9]+)?`.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    let is_exponent =
        exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    is_mantissa && is_exponent
}

/// `.5` and `1.` as JSON writes them.
fn as_json(unsigned: &str) -> String {
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at_checked(at).unwrap_or((unsigned, "")),
        None => (unsigned, ""),
    };
    let zero = if mantissa.starts_with('.') { "0" } else { "" };
    let tail = if mantissa.ends_with('.') { "0" } else { "" };
    format!("{zero}{mantissa}{tail}{exponent}")
}

/// What other readers take the text for, where that is not text: it must be quoted when written.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    let is_yaml_1_1_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "<<" | "="
    );
    let is_number_like = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
    is_yaml_1_1_word || is_number_like || !matches!(resolve(text), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_and_nothing_of_yaml_1_1() {
        let number = |text: &str| match resolve(text) {
            Ok(Some(Kind::Number(number))) => number.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(number("12"), "12");
        assert_eq!(number("+12"), "12");
        assert_eq!(number("-12"), "-12");
        assert_eq!(number("1."), "1.0");
        assert_eq!(number(".5e1"), "5.0");
        assert_eq!(number("1e2"), "100.0");
        assert_eq!(number("0o17"), "15");
        assert_eq!(number("0x1F"), "31");
        assert_eq!(number("18446744073709551615"), "18446744073709551615");
        for text in [
            "yes", "no", "on", "1:30", "1_000", "0b1", "1e", "e1", "+", "-", ".", "0x", "1.2.3",
            "--1",
        ] {
            assert_eq!(resolve(text), Ok(None), "{text}");
        }
        for text in ["010", "-08.5", ".inf", ".NaN", "1e999", "0xfffffffffffffffff"] {
            assert!(resolve(text).is_err(), "{text}");
        }
        assert_eq!(resolve("~"), Ok(Some(Kind::Null)));
        assert_eq!(resolve("True"), Ok(Some(Kind::Bool(true))));
    }
}
