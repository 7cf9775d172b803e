//! Printing one value by one clause, within a limit.

use std::cell::Cell;

use super::super::number::{double_from_int, double_from_uint, text_from_double};
use super::{Clause, FormatArgument, FormatValue, LibError, check_bytes, formatting_error};

/// How deep lists and maps may be nested; deeper ones would let input deepen the recursion.
const MAX_DEPTH: usize = 64;

const NOT_TEXT: &str = "string clause can only be used on strings, bools, bytes, ints, doubles, \
                        maps, lists, types, durations, and timestamps";
const NOT_DECIMAL: &str = "decimal clause can only be used on integers";
const NOT_FIXED: &str = "fixed-point clause can only be used on doubles";
const NOT_SCIENTIFIC: &str = "scientific clause can only be used on doubles";
const NOT_BINARY: &str = "only integers and bools can be formatted as binary";
const NOT_OCTAL: &str = "octal clause can only be used on integers";
const NOT_HEX: &str = "only integers, byte buffers, and strings can be formatted as hex";

/// Text being made, never longer than allowed.
pub(super) struct Output<'m> {
    text: String,
    max_bytes: usize,
    made: &'m Cell<usize>,
}

impl<'m> Output<'m> {
    /// What is made, also of what is thrown away where a later clause fails, is counted in `made`.
    pub(super) fn new(max_bytes: usize, made: &'m Cell<usize>) -> Self {
        Self { text: String::new(), max_bytes, made }
    }

    fn count(&self, bytes: usize) {
        self.made.set(self.made.get().saturating_add(bytes));
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), LibError> {
        check_bytes(self.text.len().saturating_add(text.len()), self.max_bytes)?;
        self.count(text.len());
        self.text.push_str(text);
        Ok(())
    }

    pub(super) fn clause<A: FormatArgument>(
        &mut self,
        clause: Clause,
        value: &A,
    ) -> Result<(), LibError> {
        let shape = value.format_value();
        let (printed, refusal) = match clause {
            Clause::Text => return self.value(value, MAX_DEPTH),
            Clause::Decimal => (decimal(shape), NOT_DECIMAL),
            Clause::Fixed(precision) => {
                (double(shape).map(|value| fixed(value, precision)), NOT_FIXED)
            }
            Clause::Scientific(precision) => {
                (double(shape).map(|value| scientific(value, precision)), NOT_SCIENTIFIC)
            }
            Clause::Binary => (binary(shape), NOT_BINARY),
            Clause::Octal => (octal(shape), NOT_OCTAL),
            Clause::Hex { upper } => {
                // Text and bytes become twice as long, so the limit comes before the digits.
                if let FormatValue::Text(_) | FormatValue::Bytes(_) = shape {
                    return self.hex_bytes(bytes_of(shape), upper);
                }
                (hex(shape, upper), NOT_HEX)
            }
        };
        match printed {
            Some(text) => self.push(&text),
            None => Err(formatting_error(refusal, &value.type_name())),
        }
    }

    fn hex_bytes(&mut self, bytes: &[u8], upper: bool) -> Result<(), LibError> {
        let size = self.text.len().saturating_add(bytes.len().saturating_mul(2));
        check_bytes(size, self.max_bytes)?;
        for byte in bytes {
            self.push(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") })?;
        }
        Ok(())
    }

    /// `%s`, down to `depth` levels of lists and maps.
    fn value<A: FormatArgument>(&mut self, value: &A, depth: usize) -> Result<(), LibError> {
        match value.format_value() {
            FormatValue::Null => self.push("null"),
            FormatValue::Bool(value) => self.push(if value { "true" } else { "false" }),
            FormatValue::Int(value) => self.push(&value.to_string()),
            FormatValue::Uint(value) => self.push(&value.to_string()),
            FormatValue::Double(value) => self.push(&text_from_double(value)),
            FormatValue::Text(text) | FormatValue::Type(text) => self.push(text),
            FormatValue::Bytes(bytes) => self.push(&String::from_utf8_lossy(bytes)),
            FormatValue::Timestamp(value) => self.push(&value.to_string()),
            FormatValue::Duration(value) => self.push(&value.to_string()),
            FormatValue::List => self.list(value, deeper(depth)?),
            FormatValue::Map => self.map(value, deeper(depth)?),
            FormatValue::Other => Err(formatting_error(NOT_TEXT, &value.type_name())),
        }
    }

    fn list<A: FormatArgument>(&mut self, list: &A, depth: usize) -> Result<(), LibError> {
        self.push("[")?;
        let mut separator = "";
        list.for_each_item(&mut |item| {
            self.push(separator)?;
            separator = ", ";
            self.value(item, depth)
        })?;
        self.push("]")
    }

    /// Entries in the order of their printed keys, so that the same map always prints the same.
    fn map<A: FormatArgument>(&mut self, map: &A, depth: usize) -> Result<(), LibError> {
        let counted = self.made;
        let mut left = self.max_bytes.saturating_sub(self.text.len());
        let mut entries = Vec::new();
        map.for_each_entry(&mut |key, value| {
            let mut print = |value: &A| -> Result<String, LibError> {
                let mut out = Self::new(left, counted);
                out.value(value, depth)?;
                left = left.saturating_sub(out.text.len());
                Ok(out.text)
            };
            entries.push((print(key)?, print(value)?));
            // The colon, the comma and the blanks, which also bound a map of empty texts.
            check_bytes(4, left)?;
            left = left.saturating_sub(4);
            counted.set(counted.get().saturating_add(4));
            Ok(())
        })
        .map_err(|error| match error {
            // Name the limit that the caller set, not what was left of it.
            LibError::TooLarge { unit: unit @ "bytes", .. } => {
                LibError::TooLarge { limit: self.max_bytes, unit }
            }
            other => other,
        })?;
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        self.push("{")?;
        let mut separator = "";
        for (key, value) in entries {
            for text in [separator, &key, ": ", &value] {
                self.push(text)?;
            }
            separator = ", ";
        }
        self.push("}")
    }
}

fn deeper(depth: usize) -> Result<usize, LibError> {
    depth.checked_sub(1).ok_or(LibError::TooLarge { limit: MAX_DEPTH, unit: "levels" })
}

fn decimal(value: FormatValue<'_>) -> Option<String> {
    match value {
        FormatValue::Int(value) => Some(value.to_string()),
        FormatValue::Uint(value) => Some(value.to_string()),
        FormatValue::Double(value) => Some(text_from_double(value)),
        _ => None,
    }
}

fn double(value: FormatValue<'_>) -> Option<f64> {
    match value {
        FormatValue::Int(value) => Some(double_from_int(value)),
        FormatValue::Uint(value) => Some(double_from_uint(value)),
        FormatValue::Double(value) => Some(value),
        _ => None,
    }
}

fn fixed(value: f64, precision: usize) -> String {
    if value.is_finite() { format!("{value:.precision$}") } else { text_from_double(value) }
}

/// With a sign and at least two digits in the exponent.
fn scientific(value: f64, precision: usize) -> String {
    if !value.is_finite() {
        return text_from_double(value);
    }
    let printed = format!("{value:.precision$e}");
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((&printed, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn binary(value: FormatValue<'_>) -> Option<String> {
    match value {
        FormatValue::Bool(value) => Some(if value { "1" } else { "0" }.to_owned()),
        FormatValue::Int(value) => Some(format!("{}{:b}", minus(value), value.unsigned_abs())),
        FormatValue::Uint(value) => Some(format!("{value:b}")),
        _ => None,
    }
}

fn octal(value: FormatValue<'_>) -> Option<String> {
    match value {
        FormatValue::Int(value) => Some(format!("{}{:o}", minus(value), value.unsigned_abs())),
        FormatValue::Uint(value) => Some(format!("{value:o}")),
        _ => None,
    }
}

fn hex(value: FormatValue<'_>, upper: bool) -> Option<String> {
    let (sign, magnitude) = match value {
        FormatValue::Int(value) => (minus(value), value.unsigned_abs()),
        FormatValue::Uint(value) => ("", value),
        _ => return None,
    };
    Some(if upper { format!("{sign}{magnitude:X}") } else { format!("{sign}{magnitude:x}") })
}

fn minus(value: i64) -> &'static str {
    if value < 0 { "-" } else { "" }
}

fn bytes_of(value: FormatValue<'_>) -> &[u8] {
    match value {
        FormatValue::Text(text) => text.as_bytes(),
        FormatValue::Bytes(bytes) => bytes,
        _ => &[],
    }
}
