//! Literals into values, and the names that stand where literals may.

use super::{Parser, fail};
use crate::cel::ast::{Expr, Id};
use crate::cel::problem::{Problem, ProblemKind, cut};
use crate::cel::span::Span;
use crate::cel::token::TokenKind;
use crate::cel::value::Value;

/// Words that the language keeps for later; they are fine as field and method names.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// True for the words that the language keeps for later.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

impl<'s> Parser<'s> {
    pub(super) fn root_name(&mut self) -> Result<&'s str, Box<Problem>> {
        let span = self.current.span;
        if !self.at(TokenKind::Identifier) {
            return fail(self.unexpected("a name"));
        }
        self.bump()?;
        let name = span.text(self.source);
        if RESERVED.contains(&name) {
            return fail(
                Problem::syntax(span, format!("`{name}` is a reserved word"))
                    .help("pick another name"),
            );
        }
        Ok(name)
    }

    /// A name behind a dot: any word, or anything between backticks.
    pub(super) fn field_name(&mut self) -> Result<&'s str, Box<Problem>> {
        let span = self.current.span;
        match self.current.kind {
            TokenKind::Identifier => {
                self.bump()?;
                Ok(span.text(self.source))
            }
            TokenKind::QuotedIdentifier => {
                self.bump()?;
                let inner = Span::new(span.start.saturating_add(1), span.end.saturating_sub(1));
                Ok(inner.text(self.source))
            }
            TokenKind::In | TokenKind::True | TokenKind::False | TokenKind::Null => {
                fail(self.unexpected("a field name").help("write `['name']` for this field"))
            }
            _ => fail(self.unexpected("a field name")),
        }
    }

    fn push_literal(&mut self, value: Value, span: Span) -> Result<Id, Box<Problem>> {
        let number = u32::try_from(self.tree.literals.len()).unwrap_or(u32::MAX);
        self.tree.literals.push(value);
        self.node(Expr::Literal(number), span, 0)
    }

    /// An int or double, with the minus before it where there is one.
    pub(super) fn number(&mut self, minus: Option<Span>) -> Result<Id, Box<Problem>> {
        let token = self.bump()?;
        let span = minus.map_or(token.span, |minus| minus.to(token.span));
        let text = token.span.text(self.source);
        let negative = minus.is_some();
        let value = if token.kind == TokenKind::Double {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| Value::Double(if negative { -number } else { number }))
        } else {
            let magnitude = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(digits) => i128::from_str_radix(digits, 16),
                None => text.parse::<i128>(),
            };
            let signed = magnitude
                .ok()
                .map(|number| if negative { number.saturating_neg() } else { number });
            signed.and_then(|number| i64::try_from(number).ok()).map(Value::Int)
        };
        if let Some(value) = value {
            return self.push_literal(value, span);
        }
        let problem = out_of_range(text, span);
        // Signed and unsigned numbers are two types, and this one would be unsigned.
        let is_uint = !negative && text.parse::<u64>().is_ok();
        let help = format!("write `{text}u`: without the `u` numbers end at {}", i64::MAX);
        fail(if is_uint { problem.help(help) } else { problem })
    }

    pub(super) fn literal(&mut self) -> Result<Id, Box<Problem>> {
        let token = self.bump()?;
        let text = token.span.text(self.source);
        let value = match token.kind {
            TokenKind::True => Value::Bool(true),
            TokenKind::False => Value::Bool(false),
            TokenKind::Null => Value::Null,
            TokenKind::Uint => {
                let digits = text.trim_end_matches(['u', 'U']);
                let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
                    Some(digits) => u64::from_str_radix(digits, 16),
                    None => digits.parse::<u64>(),
                };
                Value::Uint(number.map_err(|_| out_of_range(text, token.span))?)
            }
            TokenKind::Text { raw, triple } => {
                let (inner, offset) = inside(text, triple, token.span);
                if raw || !inner.contains('\\') {
                    Value::Text(inner.into())
                } else {
                    Value::Text(unescape_text(inner, offset)?.into())
                }
            }
            TokenKind::Bytes { raw, triple } => {
                let (inner, offset) = inside(text, triple, token.span);
                if raw {
                    Value::Bytes(inner.as_bytes().into())
                } else {
                    Value::Bytes(unescape_bytes(inner, offset)?.into())
                }
            }
            _ => return fail(self.unexpected("a value")),
        };
        self.push_literal(value, token.span)
    }
}

fn out_of_range(text: &str, span: Span) -> Problem {
    Problem::new(
        ProblemKind::InvalidLiteral,
        span,
        format!("the number `{}` is out of range", cut(text)),
    )
}

/// What stands between the quotes of a literal, and where in the expression it starts.
fn inside(text: &str, triple: bool, span: Span) -> (&str, u32) {
    let prefix = text.bytes().take_while(|byte| !matches!(byte, b'\'' | b'"')).count();
    let quotes = if triple { 3 } else { 1 };
    let start = prefix.saturating_add(quotes);
    let inner = text.get(start..text.len().saturating_sub(quotes)).unwrap_or("");
    (inner, span.start.saturating_add(u32::try_from(start).unwrap_or(0)))
}

/// One escape sequence, read.
enum Escape {
    Character(char),
    /// A code below 256 written in octal or `\x`: a code point in text, a byte in bytes.
    Code(u8),
}

fn unescape_text(inner: &str, offset: u32) -> Result<String, Problem> {
    let mut text = String::with_capacity(inner.len());
    walk(inner, offset, true, |piece| match piece {
        Escape::Character(character) => text.push(character),
        Escape::Code(code) => text.push(char::from(code)),
    })?;
    Ok(text)
}

fn unescape_bytes(inner: &str, offset: u32) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(inner.len());
    walk(inner, offset, false, |piece| match piece {
        Escape::Character(character) => {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        Escape::Code(code) => bytes.push(code),
    })?;
    Ok(bytes)
}

/// Hands out the characters of a literal, escape sequences read.
fn walk(
    mut inner: &str,
    mut offset: u32,
    unicode: bool,
    mut emit: impl FnMut(Escape),
) -> Result<(), Problem> {
    while let Some(character) = inner.chars().next() {
        let length = if character == '\\' {
            let rest = inner.get(1..).unwrap_or("");
            let Some((escape, length)) = escape(rest, unicode) else {
                let shown: String = rest.chars().take(1).collect();
                let length = u32::try_from(shown.len()).unwrap_or(1);
                let end = offset.saturating_add(1).saturating_add(length);
                let span = Span::new(offset, end);
                if unicode && matches!(shown.as_str(), "u" | "U") {
                    let help = "write `\\u` with four hexadecimal digits or `\\U` with eight; half of a surrogate pair is none";
                    return Err(Problem::syntax(
                        span,
                        format!("`\\{shown}` is followed by no character"),
                    )
                    .help(help));
                }
                return Err(Problem::syntax(
                    span,
                    format!("unknown escape sequence `\\{}`", shown.escape_debug()),
                )
                .help("write `\\\\` for a backslash, or put an `r` before the opening quote"));
            };
            emit(escape);
            length.saturating_add(1)
        } else {
            emit(Escape::Character(character));
            character.len_utf8()
        };
        inner = inner.get(length..).unwrap_or("");
        offset = offset.saturating_add(u32::try_from(length).unwrap_or(0));
    }
    Ok(())
}

/// Reads the escape sequence behind a backslash: what it means and how many bytes it takes.
fn escape(rest: &str, unicode: bool) -> Option<(Escape, usize)> {
    let first = rest.chars().next()?;
    let plain = |character| Some((Escape::Character(character), 1));
    match first {
        'a' => plain('\u{07}'),
        'b' => plain('\u{08}'),
        'f' => plain('\u{0c}'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\u{0b}'),
        '\\' | '\'' | '"' | '`' | '?' => plain(first),
        'x' | 'X' => {
            let code = u8::try_from(hexadecimal(rest.get(1..3)?)?).ok()?;
            Some((Escape::Code(code), 3))
        }
        'u' if unicode => {
            let code = char::from_u32(hexadecimal(rest.get(1..5)?)?)?;
            Some((Escape::Character(code), 5))
        }
        'U' if unicode => {
            let code = char::from_u32(hexadecimal(rest.get(1..9)?)?)?;
            Some((Escape::Character(code), 9))
        }
        '0'..='3' => {
            let digits = rest.get(0..3)?;
            if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
                return None;
            }
            Some((Escape::Code(u8::from_str_radix(digits, 8).ok()?), 3))
        }
        _ => None,
    }
}

fn hexadecimal(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}
