//! Reads and evaluates an expression in one go.

#![expect(clippy::string_slice, reason = "cuts are at ASCII characters, and a test may panic")]

use std::cmp::Ordering;

use super::call::{binary, call};
use super::{Failure, Outcome, Value};
use crate::cel::lib::number::{self, Number};

const NAMESPACES: &[&str] = &["math", "strings", "base64", "regex"];
/// Loosest first.
const OPERATORS: &[&[&str]] =
    &[&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in "], &["+", "-"], &["*", "/", "%"]];

pub(super) fn evaluate(expression: &str, bindings: &[(String, Value)]) -> Outcome {
    let mut reader = Reader { rest: expression, bindings };
    let value = reader.binary(0)?;
    reader.blank();
    if reader.rest.is_empty() { Ok(value) } else { Err(Failure::Beyond) }
}

struct Reader<'e> {
    rest: &'e str,
    bindings: &'e [(String, Value)],
}

impl<'e> Reader<'e> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.blank();
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn need(&mut self, token: &str) -> Result<(), Failure> {
        if self.take(token) { Ok(()) } else { Err(Failure::Beyond) }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'e str {
        let end = self.rest.find(|character| !keep(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn binary(&mut self, level: usize) -> Outcome {
        let Some(operators) = OPERATORS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        'more: loop {
            for operator in *operators {
                if self.take(operator) {
                    let right = self.binary(level + 1)?;
                    left = binary(operator.trim_end(), &left, &right)?;
                    continue 'more;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Outcome {
        self.blank();
        if self.take("!") {
            return match self.unary()? {
                Value::Bool(value) => Ok(Value::Bool(!value)),
                _ => Err(Failure::Beyond),
            };
        }
        if !self.rest.starts_with('-') {
            return self.postfix();
        }
        // A sign that belongs to a literal, so that the least int can be written.
        if self.rest[1..].starts_with(|next: char| next.is_ascii_digit()) {
            return self.postfix();
        }
        self.need("-")?;
        match self.unary()? {
            Value::Number(Number::Int(value)) => Ok(Value::int(number::negate(value)?)),
            Value::Number(Number::Double(value)) => Ok(Value::Number(Number::Double(-value))),
            _ => Err(Failure::Beyond),
        }
    }

    fn postfix(&mut self) -> Outcome {
        let mut value = self.primary()?;
        loop {
            if self.take(".") {
                let name = self.name();
                self.need("(")?;
                let mut arguments = vec![value];
                arguments.extend(self.items(")")?);
                value = call(name, &arguments)?;
            } else if self.take("[") {
                let index = self.binary(0)?;
                self.need("]")?;
                value = call("[]", &[value, index])?;
            } else {
                return Ok(value);
            }
        }
    }

    fn name(&mut self) -> &'e str {
        self.blank();
        self.take_while(|character| character.is_alphanumeric() || character == '_')
    }

    fn items(&mut self, end: &str) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.binary(0)?);
            if !self.take(",") {
                self.need(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Outcome {
        self.blank();
        if self.take("(") {
            let value = self.binary(0)?;
            self.need(")")?;
            return Ok(value);
        }
        if self.take("[") {
            return Ok(Value::List(self.items("]")?));
        }
        if self.take("{") {
            return self.map();
        }
        let is_raw = self.rest.starts_with("r'") || self.rest.starts_with("r\"");
        let is_bytes = self.rest.starts_with("b'") || self.rest.starts_with("b\"");
        if is_raw || is_bytes {
            self.rest = &self.rest[1..];
        }
        match self.rest.chars().next() {
            Some(quotation @ ('\'' | '"')) => self.text(quotation, is_raw, is_bytes),
            Some('-' | '0'..='9') => self.number(),
            _ => self.named(),
        }
    }

    fn map(&mut self) -> Outcome {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.binary(0)?;
            self.need(":")?;
            entries.push((key, self.binary(0)?));
            if !self.take(",") {
                self.need("}")?;
                break;
            }
        }
        Ok(Value::Map(entries))
    }

    fn named(&mut self) -> Outcome {
        let name = self.name();
        match name {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "null" => return Ok(Value::Null),
            _ => {}
        }
        if let Some((_, value)) = self.bindings.iter().find(|(bound, _)| bound == name) {
            return Ok(value.clone());
        }
        let mut function = name.to_owned();
        if (NAMESPACES.contains(&name) || name == "ip") && self.take(".") {
            function = format!("{name}.{}", self.name());
        }
        self.need("(")?;
        call(&function, &self.items(")")?)
    }

    fn number(&mut self) -> Outcome {
        let start = self.rest;
        let is_negative = self.take("-");
        let is_hex = self.take("0x");
        self.take_while(|character| {
            character.is_ascii_digit() || (is_hex && character.is_ascii_hexdigit())
        });
        let mut is_double = false;
        if !is_hex
            && self.rest.starts_with('.')
            && self.rest[1..].starts_with(|next: char| next.is_ascii_digit())
        {
            is_double = true;
            self.rest = &self.rest[1..];
            self.take_while(|character| character.is_ascii_digit());
        }
        if !is_hex && self.rest.starts_with(['e', 'E']) {
            is_double = true;
            self.rest = &self.rest[1..];
            self.rest = self.rest.strip_prefix(['+', '-']).unwrap_or(self.rest);
            self.take_while(|character| character.is_ascii_digit());
        }
        let text = &start[..start.len() - self.rest.len()];
        let value = if is_double {
            number::double_from_text(text).map(Number::Double)
        } else if is_hex {
            return Err(Failure::Beyond);
        } else if self.take("u") && !is_negative {
            number::uint_from_text(text).map(Number::Uint)
        } else {
            number::int_from_text(text).map(Number::Int)
        };
        // A literal that is too large is the parser's business.
        value.map(Value::Number).map_err(|_| Failure::Beyond)
    }

    fn text(&mut self, quotation: char, is_raw: bool, is_bytes: bool) -> Outcome {
        self.rest = &self.rest[1..];
        if self.rest.starts_with([quotation]) && self.rest[1..].starts_with([quotation]) {
            return Err(Failure::Beyond);
        }
        let mut bytes: Vec<u8> = Vec::new();
        let mut push = |character: char| {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        };
        let mut escaped: Vec<u8> = Vec::new();
        loop {
            let mut characters = self.rest.chars();
            let character = characters.next().ok_or(Failure::Beyond)?;
            self.rest = characters.as_str();
            if character == quotation {
                break;
            }
            if character != '\\' || is_raw {
                push(character);
                continue;
            }
            let letter = characters.next().ok_or(Failure::Beyond)?;
            self.rest = characters.as_str();
            let digits = match letter {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                '0'..='3' => 3,
                _ => 0,
            };
            if digits == 0 {
                push(simple_escape(letter).ok_or(Failure::Beyond)?);
                continue;
            }
            let is_octal = letter.is_ascii_digit();
            let digits: String = if is_octal {
                format!("{letter}{}", &self.rest[..2])
            } else {
                self.rest[..digits].to_owned()
            };
            self.rest = &self.rest[if is_octal { 2 } else { digits.len() }..];
            let code = u32::from_str_radix(&digits, if is_octal { 8 } else { 16 })
                .map_err(|_| Failure::Beyond)?;
            if is_bytes {
                // An escape in bytes is one byte, which no character may stand for.
                escaped.push(u8::try_from(code).map_err(|_| Failure::Beyond)?);
                push('\u{0}');
            } else {
                push(char::from_u32(code).ok_or(Failure::Beyond)?);
            }
        }
        if is_bytes {
            let mut escaped = escaped.into_iter();
            for byte in bytes.iter_mut().filter(|byte| **byte == 0) {
                *byte = escaped.next().ok_or(Failure::Beyond)?;
            }
            return Ok(Value::Bytes(bytes));
        }
        String::from_utf8(bytes).map(Value::Text).map_err(|_| Failure::Beyond)
    }
}

fn simple_escape(letter: char) -> Option<char> {
    Some(match letter {
        'a' => '\u{07}',
        'b' => '\u{08}',
        'f' => '\u{0C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{0B}',
        '\\' | '\'' | '"' | '`' | '?' => letter,
        _ => return None,
    })
}

/// How two values are ordered, where they are.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number::compare(*left, *right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
