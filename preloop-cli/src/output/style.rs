//! Colours, used only where a person looks at a terminal.

use std::io::IsTerminal;

/// A way to set text off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Headings and names.
    Bold,
    /// What matters less.
    Dim,
    /// Allowed, done.
    Green,
    /// Denied, broken.
    Red,
    /// Waits for somebody, deserves a look.
    Yellow,
    /// Commands to type.
    Cyan,
}

/// Whether text may carry colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Plain text, whoever reads it.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self(false);

    /// Colours if the stream is a terminal that wants them (`NO_COLOR`, `TERM=dumb`).
    pub(crate) fn for_stream(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self(stream.is_terminal() && !refused)
    }

    /// Whether colours are used.
    pub(crate) const fn is_on(self) -> bool {
        self.0
    }

    /// The text in the style.
    pub(crate) fn text(self, style: Style, text: &str) -> String {
        if !self.0 || text.is_empty() {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Green => "32",
            Style::Red => "31",
            Style::Yellow => "33",
            Style::Cyan => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::{Paint, Style};

    #[test]
    fn plain_paint_adds_nothing() {
        assert_eq!(Paint::PLAIN.text(Style::Red, "no"), "no");
        assert_eq!(Paint(true).text(Style::Red, "no"), "\u{1b}[31mno\u{1b}[0m");
    }
}
