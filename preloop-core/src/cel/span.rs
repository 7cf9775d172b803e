//! Places in an expression's text.

/// A range of bytes in the text of an expression: `start` is the first byte, `end` the one after the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to, but without, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text that this range covers; empty if it does not fit the text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Line and column (both from 1, the column in characters) of the range's start.
    pub fn line_column(self, source: &str) -> (u32, u32) {
        let before = source.get(..self.start as usize).unwrap_or(source);
        let mut line = 1_u32;
        let mut column = 1_u32;
        for character in before.chars() {
            if character == '\n' {
                line = line.saturating_add(1);
                column = 1;
            } else {
                column = column.saturating_add(1);
            }
        }
        (line, column)
    }
}
