//! From an offset inside a scalar's value back to the offset in the text that says it.
//!
//! Quoting, escapes, indentation and folding change blanks and quotes only: every other character
//! of the value stands in the text once, in the same order. So value and text are walked side by
//! side, and a character that does not meet its like means that the offset cannot be told.

use super::tree::Style;
use crate::json::{EscapeUnit, skip_string_escape};

/// The text's byte offset for a byte offset inside the value of the scalar that begins at `start`.
pub(super) fn source_offset(
    text: &str,
    start: usize,
    style: Style,
    value: &str,
    offset: usize,
) -> Option<usize> {
    let mut source = Source { text, at: start, style };
    source.skip_opening();
    for (at, character) in value.char_indices() {
        if at >= offset {
            return Some(source.start_of(character));
        }
        source.pass(character)?;
    }
    Some(source.at)
}

struct Source<'t> {
    text: &'t str,
    at: usize,
    style: Style,
}

/// What the text says next.
#[derive(Clone, Copy)]
struct Unit {
    /// The character said; none for a line break that an escape removes.
    character: Option<char>,
    /// Byte offset behind it.
    end: usize,
}

impl Source<'_> {
    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn skip_opening(&mut self) {
        let quote = match self.style {
            Style::SingleQuoted => '\'',
            Style::DoubleQuoted | Style::Json => '"',
            Style::Plain => return,
            Style::Block => {
                // A block that carries an anchor or tag begins at its header.
                if self.rest(self.at).starts_with(['|', '>']) {
                    self.at += self.rest(self.at).find('\n').map_or(0, |end| end + 1);
                }
                return;
            }
        };
        if self.rest(self.at).starts_with(quote) {
            self.at += 1;
        }
    }

    fn unit(&self) -> Option<Unit> {
        let mut characters = self.rest(self.at).chars();
        let first = characters.next()?;
        let plain = Unit { character: Some(first), end: self.at + first.len_utf8() };
        match (self.style, first) {
            (Style::SingleQuoted, '\'') => {
                let is_pair = characters.next() == Some('\'');
                is_pair.then_some(Unit { end: plain.end + 1, ..plain })
            }
            (Style::DoubleQuoted | Style::Json, '"') => None,
            (Style::Json, '\\') => self.json_escape(),
            (Style::DoubleQuoted, '\\') => self.yaml_escape(),
            _ => Some(plain),
        }
    }

    fn json_escape(&self) -> Option<Unit> {
        match skip_string_escape(self.text, self.at) {
            EscapeUnit::Char { character, end } => Some(Unit { character: Some(character), end }),
            EscapeUnit::LoneSurrogate | EscapeUnit::Invalid => None,
        }
    }

    fn yaml_escape(&self) -> Option<Unit> {
        let kind = self.rest(self.at + 1).chars().next()?;
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let end = self.at + 1 + kind.len_utf8() + digits;
        let character = match kind {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            'x' | 'u' | 'U' => {
                let code = self.text.get(self.at + 2..end)?;
                char::from_u32(u32::from_str_radix(code, 16).ok()?)?
            }
            '\n' | '\r' => return Some(Unit { character: None, end }),
            other => other,
        };
        Some(Unit { character: Some(character), end })
    }

    /// Moves past blanks that the value does not hold.
    fn skip_blanks(&mut self) {
        while let Some(unit) = self.unit() {
            if unit.character.is_some_and(|character| !is_blank(character)) {
                return;
            }
            self.at = unit.end;
        }
    }

    /// Moves past one character of the value.
    fn pass(&mut self, wanted: char) -> Option<()> {
        if is_blank(wanted) {
            // A fold says one blank with other ones; those are skipped with the next character.
            if let Some(unit) = self.unit()
                && unit.character == Some(wanted)
            {
                self.at = unit.end;
            }
            return Some(());
        }
        self.skip_blanks();
        let unit = self.unit()?;
        (unit.character == Some(wanted)).then(|| self.at = unit.end)
    }

    /// Where a character of the value begins.
    fn start_of(&mut self, wanted: char) -> usize {
        if !is_blank(wanted) {
            self.skip_blanks();
        }
        self.at
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}
