//! What a command shows to a person: lines, pairs and tables, put together before they are printed.

use std::borrow::Cow;

use super::style::{Paint, Style};
use super::text::{shortened, visible};

/// The last column is not cut to less than this, however narrow the terminal.
const LAST_COLUMN_MIN: usize = 16;

/// Lines of text for a person.
#[derive(Debug)]
pub(crate) struct Page {
    paint: Paint,
    /// Columns of the terminal; none where the text may be as wide as it likes.
    width: Option<usize>,
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
    pub(crate) fn new(paint: Paint, width: Option<usize>) -> Self {
        Self { paint, width, text: String::new() }
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
        let mut used = 1;
        for (column, cell) in row.iter().enumerate() {
            line.push(' ');
            used += 1;
            let is_last = column + 1 == row.len();
            if is_last {
                line.push_str(&self.cell(cell, self.width.map(|width| width.saturating_sub(used))));
            } else {
                line.push_str(&self.cell(cell, None));
                let length = cell.text.chars().count();
                let width = widths.get(column).copied().unwrap_or(0).max(length);
                line.extend(std::iter::repeat_n(' ', width - length + 1));
                used += width + 1;
            }
        }
        self.line(line.trim_end())
    }

    fn cell(&self, cell: &Cell, most: Option<usize>) -> String {
        let text = match most {
            Some(most) => shortened(&cell.text, most.max(LAST_COLUMN_MIN)),
            None => Cow::Borrowed(cell.text.as_str()),
        };
        cell.style.map_or_else(|| text.to_string(), |style| self.paint.text(style, &text))
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
        let mut page = Page::new(Paint::PLAIN, None);
        page.table(
            &["TOOL", "ACTION"],
            &[
                vec![Cell::plain("refund"), Cell::styled(Style::Green, "allow")],
                vec![Cell::plain("a\u{1b}b"), Cell::plain("")],
            ],
        );
        assert_eq!(page.into_text(), "  TOOL      ACTION\n  refund    allow\n  a\\u{1b}b\n");
    }

    #[test]
    fn the_last_column_ends_where_the_terminal_does() {
        let mut page = Page::new(Paint::PLAIN, Some(30));
        page.columns(&[Cell::plain("refund"), Cell::plain("x".repeat(40))], &[8]);
        let text = page.into_text();
        assert_eq!(text.trim_end().chars().count(), 30, "{text}");
        assert!(text.trim_end().ends_with('…'));
    }
}
