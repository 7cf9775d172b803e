//! Text into words. Works on bytes, never looks back, allocates nothing.

use super::problem::{Problem, cut};
use super::span::Span;
use super::token::{Token, TokenKind};
use crate::diagnostic::{look_alike, odd};

/// Reads one word after the other from an expression.
#[derive(Debug)]
pub(crate) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.source.as_bytes().get(self.at.saturating_add(ahead)).copied().unwrap_or(0)
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.source.len()
    }

    fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    fn span_from(&self, start: usize) -> Span {
        // Sources are at most 40,000 bytes long (the parser checks), so neither end is ever cut.
        Span::new(
            u32::try_from(start).unwrap_or(u32::MAX),
            u32::try_from(self.at.min(self.source.len())).unwrap_or(u32::MAX),
        )
    }

    fn skip_blank(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c => self.advance(1),
                b'/' if self.peek(1) == b'/' => {
                    while !self.is_at_end() && self.peek(0) != b'\n' {
                        self.advance(1);
                    }
                }
                _ => return,
            }
        }
    }

    /// The next word; [`TokenKind::End`] for ever once the text is used up.
    pub(crate) fn next(&mut self) -> Result<Token, Problem> {
        self.skip_blank();
        let start = self.at;
        if self.is_at_end() {
            return Ok(Token { kind: TokenKind::End, span: self.span_from(start) });
        }
        let kind = match self.peek(0) {
            b'0'..=b'9' => self.number()?,
            b'.' if self.peek(1).is_ascii_digit() => self.number()?,
            b'\'' | b'"' => self.quoted(false, false)?,
            b'`' => self.quoted_identifier()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
            other => self.sign(other)?,
        };
        Ok(Token { kind, span: self.span_from(start) })
    }

    fn sign(&mut self, first: u8) -> Result<TokenKind, Problem> {
        let second = self.peek(1);
        let (kind, length) = match (first, second) {
            (b'&', b'&') => (TokenKind::AndAnd, 2),
            (b'|', b'|') => (TokenKind::OrOr, 2),
            (b'=', b'=') => (TokenKind::Equal, 2),
            (b'!', b'=') => (TokenKind::NotEqual, 2),
            (b'<', b'=') => (TokenKind::LessEqual, 2),
            (b'>', b'=') => (TokenKind::GreaterEqual, 2),
            (b'<', b'>') => return Err(self.unexpected(2, Some("write `!=` for not equal"))),
            (b'<', _) => (TokenKind::Less, 1),
            (b'>', _) => (TokenKind::Greater, 1),
            (b'!', _) => (TokenKind::Not, 1),
            (b'(', _) => (TokenKind::ParenthesisOpen, 1),
            (b')', _) => (TokenKind::ParenthesisClose, 1),
            (b'[', _) => (TokenKind::BracketOpen, 1),
            (b']', _) => (TokenKind::BracketClose, 1),
            (b'{', _) => (TokenKind::BraceOpen, 1),
            (b'}', _) => (TokenKind::BraceClose, 1),
            (b'.', _) => (TokenKind::Dot, 1),
            (b',', _) => (TokenKind::Comma, 1),
            (b':', _) => (TokenKind::Colon, 1),
            (b'?', _) => (TokenKind::Question, 1),
            (b'-', _) => (TokenKind::Minus, 1),
            (b'+', _) => (TokenKind::Plus, 1),
            (b'*', _) => (TokenKind::Star, 1),
            (b'/', _) => (TokenKind::Slash, 1),
            (b'%', _) => (TokenKind::Percent, 1),
            (b'=', _) => return Err(self.unexpected(1, Some("write `==` to compare"))),
            (b'&', _) => return Err(self.unexpected(1, Some("write `&&` for and"))),
            (b'|', _) => return Err(self.unexpected(1, Some("write `||` for or"))),
            _ => {
                let character = self.rest().chars().next().unwrap_or(' ');
                let help = odd(character).map(|odd| match look_alike(character) {
                    Some(known) => format!("{odd}: write `{known}`"),
                    None => format!("{odd}: remove it"),
                });
                return Err(self.unexpected(character.len_utf8(), help.as_deref()));
            }
        };
        self.advance(length);
        Ok(kind)
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn unexpected(&mut self, length: usize, help: Option<&str>) -> Problem {
        let start = self.at;
        self.advance(length);
        let span = self.span_from(start);
        let text = span.text(self.source);
        let shown = if text.chars().any(char::is_control) {
            text.escape_default().to_string()
        } else {
            text.to_owned()
        };
        let problem = Problem::syntax(span, format!("unexpected `{shown}`"));
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    fn number(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            self.advance(2);
            let digits = self.at;
            while self.peek(0).is_ascii_hexdigit() {
                self.advance(1);
            }
            if self.at == digits {
                return Err(self.malformed(start));
            }
            return self.integer_end(start);
        }
        let mut double = false;
        self.digits();
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            double = true;
            self.advance(1);
            self.digits();
        }
        if matches!(self.peek(0), b'e' | b'E') {
            double = true;
            self.advance(1);
            if matches!(self.peek(0), b'+' | b'-') {
                self.advance(1);
            }
            if !self.peek(0).is_ascii_digit() {
                return Err(self.malformed(start));
            }
            self.digits();
        }
        if !double {
            return self.integer_end(start);
        }
        if is_word_byte(self.peek(0)) {
            return Err(self.malformed(start));
        }
        Ok(TokenKind::Double)
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.advance(1);
        }
    }

    fn integer_end(&mut self, start: usize) -> Result<TokenKind, Problem> {
        let unsigned = matches!(self.peek(0), b'u' | b'U');
        if unsigned {
            self.advance(1);
        }
        if is_word_byte(self.peek(0)) {
            return Err(self.malformed(start));
        }
        Ok(if unsigned { TokenKind::Uint } else { TokenKind::Int })
    }

    fn malformed(&mut self, start: usize) -> Problem {
        while is_word_byte(self.peek(0)) {
            self.advance(1);
        }
        let span = self.span_from(start);
        Problem::syntax(span, format!("malformed number `{}`", cut(span.text(self.source))))
            .help("text goes between quotes")
    }

    fn word(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        while is_word_byte(self.peek(0)) {
            self.advance(1);
        }
        let word = self.source.get(start..self.at).unwrap_or("");
        if matches!(self.peek(0), b'\'' | b'"') {
            match word {
                "r" | "R" => return self.quoted(true, false),
                "b" | "B" => return self.quoted(false, true),
                "br" | "bR" | "Br" | "BR" | "rb" | "rB" | "Rb" | "RB" => {
                    return self.quoted(true, true);
                }
                _ => {}
            }
        }
        Ok(match word {
            "true" => TokenKind::True,
            "false" => TokenKind::False,
            "null" => TokenKind::Null,
            "in" => TokenKind::In,
            _ => TokenKind::Identifier,
        })
    }

    fn quoted_identifier(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        self.advance(1);
        let name = self.at;
        while matches!(self.peek(0), b'-' | b'.' | b'/' | b' ') || is_word_byte(self.peek(0)) {
            self.advance(1);
        }
        if self.peek(0) != b'`' || self.at == name {
            let span = self.span_from(start);
            return Err(Problem::syntax(span, "malformed name between backticks")
                .help("only letters, digits, `_`, `-`, `.`, `/` and blanks stand between them"));
        }
        self.advance(1);
        Ok(TokenKind::QuotedIdentifier)
    }

    /// A text or bytes literal; `self.at` is at the opening quote, which a prefix may precede.
    fn quoted(&mut self, raw: bool, bytes: bool) -> Result<TokenKind, Problem> {
        let start = self.at;
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.advance(if triple { 3 } else { 1 });
        loop {
            if self.is_at_end() || (!triple && matches!(self.peek(0), b'\n' | b'\r')) {
                let span = Span::new(
                    u32::try_from(start).unwrap_or(u32::MAX),
                    u32::try_from(start.saturating_add(1)).unwrap_or(u32::MAX),
                );
                return Err(Problem::syntax(span, "text without a closing quote"));
            }
            let byte = self.peek(0);
            if byte == b'\\' && !raw {
                self.advance(1);
                if !self.is_at_end() {
                    self.advance(1);
                }
            } else if byte == quote && !triple {
                self.advance(1);
                break;
            } else if byte == quote && self.peek(1) == quote && self.peek(2) == quote {
                self.advance(3);
                break;
            } else {
                self.advance(1);
            }
        }
        Ok(if bytes { TokenKind::Bytes { raw, triple } } else { TokenKind::Text { raw, triple } })
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
