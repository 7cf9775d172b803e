//! From byte offsets to lines and columns, as editors count them.

use super::Place;

/// Where each line of a text begins. `\n`, `\r\n` and a lone `\r` end a line, as in YAML.
///
/// The text may be that of several files, one after the other: lines then count from the beginning
/// of each.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    files: Vec<File>,
}

/// One of several files in a text.
#[derive(Clone, Debug)]
struct File {
    name: String,
    start: usize,
    /// Lines of the files before.
    lines_before: usize,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let is_first_half = bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
            if !is_first_half {
                starts.push(at + 1);
            }
        }
        Self { starts, files: Vec::new() }
    }

    /// The lines of several files, each given by its name and where it begins in the text, in order.
    pub(crate) fn of_files(text: &str, files: impl IntoIterator<Item = (String, usize)>) -> Self {
        let mut lines = Self::new(text);
        for (name, start) in files {
            let lines_before = lines.starts.partition_point(|line| *line < start);
            lines.files.push(File { name, start, lines_before });
        }
        lines
    }

    /// The name of the file that a byte offset is in, where there are several.
    pub(crate) fn file(&self, offset: usize) -> Option<&str> {
        self.file_at(offset).map(|file| file.name.as_str())
    }

    /// The names of the files and where each begins; none where the text is one document.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files.iter().map(|file| (file.name.as_str(), file.start))
    }

    fn file_at(&self, offset: usize) -> Option<&File> {
        let index = self.files.partition_point(|file| file.start <= offset);
        self.files.get(index.checked_sub(1)?)
    }

    /// The place of a byte offset; offsets past the end are at the end.
    pub(crate) fn place(&self, text: &str, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = text.get(start..offset.min(text.len())).unwrap_or_default();
        let column = before.chars().count() + 1;
        let line = line - self.file_at(offset).map_or(0, |file| file.lines_before).min(line);
        Place { line: narrow(line), column: narrow(column) }
    }

    /// The text of a line, from 1, without its end.
    pub(crate) fn line<'t>(&self, text: &'t str, line: u32) -> &'t str {
        let index = line.saturating_sub(1) as usize;
        let start = self.starts.get(index).copied().unwrap_or(text.len());
        let end = self.starts.get(index + 1).copied().unwrap_or(text.len());
        text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// Documents are far shorter than `u32::MAX`; a longer text saturates.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_counts_once() {
        let text = "a\nbé\r\nc\rd";
        let lines = Lines::new(text);
        let at = |needle: &str| lines.place(text, text.find(needle).unwrap());
        assert_eq!(at("a"), Place { line: 1, column: 1 });
        assert_eq!(at("é"), Place { line: 2, column: 2 });
        assert_eq!(at("c"), Place { line: 3, column: 1 });
        assert_eq!(at("d"), Place { line: 4, column: 1 });
        assert_eq!(lines.place(text, 999), Place { line: 4, column: 2 });
        assert_eq!(lines.line(text, 2), "bé");
        assert_eq!(lines.line(text, 9), "");
    }
}
