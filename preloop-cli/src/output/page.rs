//! What a command shows to a person: lines, pairs and tables, put together before they are printed.

use super::style::{Paint, Style};
use super::text::visible;

/// Lines of text for a person.
#[derive(Debug)]
pub(crate) struct Page {
    paint: Paint,
    text: String,
}

/// One cell of a table.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    style: Option<Style>,
}

// === impl Page ===

impl Page {
    /// An empty page.
    pub(crate) fn new(paint: Paint) -> Self {
        Self { paint, text: String::new() }
    }

    /// Everything written so far.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The text in a style, for use inside a line.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        self.paint.text(style, text)
    }

    /// Adds a line that is ours, word for word.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) -> &mut Self {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
        self
    }

    /// Adds an empty line.
    pub(crate) fn blank(&mut self) -> &mut Self {
        self.line("")
    }

    /// Adds `label  value`, where the value came from elsewhere.
    pub(crate) fn pair(&mut self, label: &str, value: impl AsRef<str>) -> &mut Self {
        let label = self.paint.text(Style::Dim, &format!("  {label:<14}"));
        let line = format!("{label} {}", visible(value.as_ref()));
        self.line(line)
    }

    /// Adds a table; columns are as wide as their widest cell.
    pub(crate) fn table(&mut self, headings: &[&str], rows: &[Vec<Cell>]) -> &mut Self {
        let widths: Vec<usize> = headings
            .iter()
            .enumerate()
            .map(|(column, heading)| {
                rows.iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.text.chars().count())
                    .chain([heading.chars().count()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let headings: Vec<Cell> =
            headings.iter().map(|heading| Cell::styled(Style::Dim, heading)).collect();
        for row in std::iter::once(&headings).chain(rows) {
            self.columns(row, &widths);
        }
        self
    }

    /// Adds one row whose columns have at least the given widths.
    pub(crate) fn columns(&mut self, row: &[Cell], widths: &[usize]) -> &mut Self {
        let mut line = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            line.push(' ');
            line.push_str(&self.cell(cell));
            let is_last = column + 1 == row.len();
            if !is_last {
                let width = widths.get(column).copied().unwrap_or(0);
                let missing = width.saturating_sub(cell.text.chars().count());
                line.extend(std::iter::repeat_n(' ', missing + 1));
            }
        }
        self.line(line.trim_end())
    }

    fn cell(&self, cell: &Cell) -> String {
        cell.style.map_or_else(|| cell.text.clone(), |style| self.paint.text(style, &cell.text))
    }
}

// === impl Cell ===

impl Cell {
    /// A cell as it is; text from elsewhere is made safe to look at.
    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self { text: visible(text.as_ref()).into_owned(), style: None }
    }

    /// A cell set off.
    pub(crate) fn styled(style: Style, text: impl AsRef<str>) -> Self {
        Self { text: visible(text.as_ref()).into_owned(), style: Some(style) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Page};
    use crate::output::{Paint, Style};

    #[test]
    fn columns_line_up_and_nothing_trails() {
        let mut page = Page::new(Paint::PLAIN);
        page.table(
            &["TOOL", "ACTION"],
            &[
                vec![Cell::plain("refund"), Cell::styled(Style::Green, "allow")],
                vec![Cell::plain("a\u{1b}b"), Cell::plain("")],
            ],
        );
        assert_eq!(page.into_text(), "  TOOL      ACTION\n  refund    allow\n  a\\u{1b}b\n");
    }
}
