//! Text to tokens with byte offsets: the one place that knows how JSON is spelled.

use std::borrow::Cow;

use super::error::Fault;

/// A token with its value as far as the token alone says it.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'t> {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Colon,
    Comma,
    /// A string, unescaped.
    Text(Cow<'t, str>),
    /// A number as written, its grammar checked.
    Number(&'t str),
    Bool(bool),
    Null,
    End,
}

/// Reads one token at a time.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte offset of what comes next.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips blanks; the next token begins at [`Self::offset`] then.
    pub(super) fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    pub(super) fn next(&mut self) -> Result<Token<'t>, Fault> {
        let Some(byte) = self.peek() else { return Ok(Token::End) };
        let token = match byte {
            b'{' => Token::BeginObject,
            b'}' => Token::EndObject,
            b'[' => Token::BeginArray,
            b']' => Token::EndArray,
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'"' => return self.string().map(Token::Text),
            b'-' | b'0'..=b'9' => return self.number().map(Token::Number),
            _ => return self.word(),
        };
        self.at = self.at.saturating_add(1);
        Ok(token)
    }

    fn word(&mut self) -> Result<Token<'t>, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let token = match word {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            "null" => Token::Null,
            "" => {
                let shown = rest.chars().next().map(show).unwrap_or_default();
                let message = match shown.as_str() {
                    "`'`" => "text is written in double quotes, found `'`".to_owned(),
                    "`/`" | "`#`" => format!("JSON has no comments, found {shown}"),
                    _ => format!("unexpected {shown}"),
                };
                return Err(Fault::syntax(self.at, message));
            }
            _ => {
                let shown: String = word.chars().take(40).collect();
                return Err(Fault::syntax(self.at, format!("unexpected `{shown}`")));
            }
        };
        self.at = self.at.saturating_add(word.len());
        Ok(token)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at = self.at.saturating_add(1);
        }
        self.at.saturating_sub(start)
    }

    fn number(&mut self) -> Result<&'t str, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at = self.at.saturating_add(1);
        }
        let first = self.peek();
        let count = self.digits();
        if count == 0 {
            return Err(Fault::syntax(start, "a number needs a digit after `-`"));
        }
        if first == Some(b'0') && count > 1 {
            return Err(Fault::syntax(start, "a number does not begin with `0`"));
        }
        if self.peek() == Some(b'.') {
            self.at = self.at.saturating_add(1);
            if self.digits() == 0 {
                return Err(Fault::syntax(start, "a number needs a digit after `.`"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at = self.at.saturating_add(1);
            if let Some(b'+' | b'-') = self.peek() {
                self.at = self.at.saturating_add(1);
            }
            if self.digits() == 0 {
                return Err(Fault::syntax(start, "a number needs a digit in its exponent"));
            }
        }
        self.piece(start)
    }

    /// The text from `start` to where the lexer is, which begins and ends between characters.
    fn piece(&self, start: usize) -> Result<&'t str, Fault> {
        let piece = self.text.get(start..self.at);
        piece.ok_or_else(|| Fault::syntax(start, "the text cannot be read here"))
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        let quote = self.at;
        self.at = self.at.saturating_add(1);
        let mut piece = self.at;
        let mut owned: Option<String> = None;
        loop {
            match self.peek() {
                None => return Err(Fault::syntax(quote, "text has no closing `\"`")),
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(self.piece(piece)?);
                    text.push(self.escape()?);
                    piece = self.at;
                }
                Some(byte) if byte < 0x20 => {
                    let shown = show(char::from(byte));
                    let message = format!("{shown} inside text has to be escaped");
                    return Err(Fault::syntax(self.at, message));
                }
                Some(_) => self.at = self.at.saturating_add(1),
            }
        }
        let last = self.piece(piece)?;
        self.at = self.at.saturating_add(1);
        Ok(match owned {
            None => Cow::Borrowed(last),
            Some(mut text) => {
                text.push_str(last);
                Cow::Owned(text)
            }
        })
    }

    fn escape(&mut self) -> Result<char, Fault> {
        match skip_string_escape(self.text, self.at) {
            EscapeUnit::Char { character, end } => {
                self.at = end;
                Ok(character)
            }
            EscapeUnit::LoneSurrogate => Err(Fault::syntax(
                self.at,
                "a surrogate such as `\\ud800` stands alone; it is half of a character",
            )),
            EscapeUnit::Invalid => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let shown: String = rest.chars().take(2).collect();
                Err(Fault::syntax(self.at, format!("unknown escape `{shown}`")))
            }
        }
    }
}

/// What an escape sequence stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EscapeUnit {
    /// One character, and the offset behind the sequence (behind both halves of a pair).
    Char {
        /// The character meant.
        character: char,
        /// Byte offset behind the sequence.
        end: usize,
    },
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// Not an escape of JSON.
    Invalid,
}

/// Reads the JSON escape that begins with the backslash at `at`.
pub(crate) fn skip_string_escape(text: &str, at: usize) -> EscapeUnit {
    let simple = |character| EscapeUnit::Char { character, end: at.saturating_add(2) };
    match text.as_bytes().get(at.saturating_add(1)) {
        Some(b'"') => simple('"'),
        Some(b'\\') => simple('\\'),
        Some(b'/') => simple('/'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'u') => unicode_escape(text, at),
        _ => EscapeUnit::Invalid,
    }
}

fn unicode_escape(text: &str, at: usize) -> EscapeUnit {
    let Some(first) = hex4(text, at.saturating_add(2)) else { return EscapeUnit::Invalid };
    if !(0xd800..0xe000).contains(&first) {
        return char::from_u32(first).map_or(EscapeUnit::Invalid, |character| EscapeUnit::Char {
            character,
            end: at.saturating_add(6),
        });
    }
    let second = match text.get(at.saturating_add(6)..at.saturating_add(8)) {
        Some("\\u") => hex4(text, at.saturating_add(8)),
        _ => None,
    };
    match second {
        Some(second) if first < 0xdc00 && (0xdc00..0xe000).contains(&second) => {
            let code = 0x1_0000_u32
                .saturating_add(first.saturating_sub(0xd800) << 10)
                .saturating_add(second.saturating_sub(0xdc00));
            char::from_u32(code).map_or(EscapeUnit::LoneSurrogate, |character| EscapeUnit::Char {
                character,
                end: at.saturating_add(12),
            })
        }
        _ => EscapeUnit::LoneSurrogate,
    }
}

fn hex4(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at.saturating_add(4))?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// A character for people: itself where it can be seen, else its code point.
fn show(character: char) -> String {
    if character.is_control() || matches!(character, '\u{feff}' | '\u{2028}' | '\u{2029}') {
        format!("U+{:04X}", u32::from(character))
    } else {
        format!("`{character}`")
    }
}
