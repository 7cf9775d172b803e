//! Where each value of a document stands in its text, through aliases of keys, quotes and blocks.

use std::ops::Range;

use super::alignment::source_offset;
use super::section::spellings;
use super::tree::{Kind, NodeId, Style, Tree};
use crate::diagnostic::{Lines, Place};

/// The places of a document's values, asked for by canonical path.
///
/// A path is the one of the document's canonical form, such as `tools[0].conditions[1]`; it finds
/// the value under whichever spelling of the keys the author chose.
#[derive(Clone, Debug)]
pub struct Places {
    text: String,
    lines: Lines,
    tree: Tree,
}

/// One step of a path.
enum Step<'p> {
    Key(&'p str),
    Item(usize),
}

impl Places {
    pub(crate) fn new(text: &str, lines: Lines, tree: Tree) -> Self {
        Self { text: text.to_owned(), lines, tree }
    }

    /// The text of the document; of several files one after the other, see [`Self::files`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file that holds the value at a path, or the innermost value around it that is written
    /// out; none where the document is one text without a name.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.lines.file(self.tree.node(self.nearest(path)).start)
    }

    /// The document's files, each with its text, in the order in which they were merged; one without
    /// a name where the document is one text.
    pub fn files(&self) -> Vec<(Option<&str>, &str)> {
        let starts: Vec<(&str, usize)> = self.lines.files().collect();
        if starts.is_empty() {
            return vec![(None, &self.text)];
        }
        let ends = starts.iter().skip(1).map(|(_, start)| start - 1).chain([self.text.len()]);
        let text = |start: usize, end: usize| self.text.get(start..end).unwrap_or_default();
        starts
            .iter()
            .zip(ends)
            .map(|((name, start), end)| (Some(*name), text(*start, end)))
            .collect()
    }

    /// Where the value at a path begins.
    pub fn value_place(&self, path: &str) -> Option<Place> {
        Some(self.place(self.value(path)?))
    }

    /// Where the key of the value at a path begins.
    pub fn key_place(&self, path: &str) -> Option<Place> {
        let split = path.rfind(['.', '[']).unwrap_or(0);
        let (parent, last) = path.split_at_checked(split)?;
        let Some(Step::Key(name)) = steps(last).next() else { return None };
        let (key, _) = self.member(self.value(parent)?, name)?;
        Some(self.place(key))
    }

    /// Where the value at a path begins, or the innermost value around it that is written out.
    pub fn nearest_place(&self, path: &str) -> Place {
        self.place(self.nearest(path))
    }

    fn nearest(&self, path: &str) -> NodeId {
        let mut node = self.tree.root();
        for step in steps(path) {
            match self.step(node, &step) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// The place of a byte offset inside the text at a path, such as an offset inside a rule's
    /// `expression`: through quotes, escapes and block scalars, or where the text begins if the
    /// document does not say it letter by letter.
    pub fn expression_place(&self, path: &str, offset: usize) -> Option<Place> {
        let id = self.value(path)?;
        let node = self.tree.node(id);
        let at = match (&node.kind, self.tree.text(id)) {
            (_, Some(text)) => source_offset(&self.text, node.start, node.style, text, offset),
            (Kind::Bool(_), _) if node.style != Style::Block => Some(node.start + offset),
            _ => None,
        };
        Some(self.lines.place(&self.text, at.unwrap_or(node.start)))
    }

    /// The bytes of the text that say the value at a path, and how.
    pub(crate) fn range(&self, path: &str) -> Option<(Range<usize>, Style)> {
        let node = self.tree.node(self.value(path)?);
        Some((node.start..node.end, node.style))
    }

    /// The bytes of the text that say this part of the scalar at a path; none where the text does not say it
    /// letter by letter.
    pub(crate) fn range_within(&self, path: &str, part: Range<usize>) -> Option<Range<usize>> {
        let id = self.value(path)?;
        let (node, value) = (self.tree.node(id), self.tree.text(id)?);
        let at = |offset| source_offset(&self.text, node.start, node.style, value, offset);
        let (start, end) = (at(part.start)?, at(part.end)?);
        let said = self.text.get(start..end)?;
        // What comes next in a folded text begins behind a line break and its indentation.
        let ends_blank = value.get(part).is_some_and(|part| part.ends_with(char::is_whitespace));
        let length = if ends_blank { said.len() } else { said.trim_end().len() };
        Some(start..start + length)
    }

    /// The place of a byte offset of the text.
    pub(crate) fn place_at(&self, offset: usize) -> Place {
        self.lines.place(&self.text, offset)
    }

    /// The file that a byte offset of the text is in, where there are several.
    pub(crate) fn file_at(&self, offset: usize) -> Option<&str> {
        self.lines.file(offset)
    }

    /// Whether a mapping stands at a path.
    pub(crate) fn is_mapping(&self, path: &str) -> bool {
        let node = self.value(path).map(|id| self.tree.node(id));
        node.is_some_and(|node| matches!(node.kind, Kind::Mapping(_)))
    }

    fn place(&self, id: NodeId) -> Place {
        self.lines.place(&self.text, self.tree.node(id).start)
    }

    fn value(&self, path: &str) -> Option<NodeId> {
        steps(path).try_fold(self.tree.root(), |node, step| self.step(node, &step))
    }

    fn step(&self, node: NodeId, step: &Step<'_>) -> Option<NodeId> {
        match (step, &self.tree.node(node).kind) {
            (Step::Key(name), _) => self.member(node, name).map(|(_, value)| value),
            (Step::Item(index), Kind::Sequence(items)) => items.get(*index).copied(),
            // A list may be written as a mapping from names to items.
            (Step::Item(index), Kind::Mapping(members)) => {
                members.get(*index).map(|(_, value)| *value)
            }
            (Step::Item(_), _) => None,
        }
    }

    fn member(&self, node: NodeId, name: &str) -> Option<(NodeId, NodeId)> {
        self.tree
            .member(node, name)
            .or_else(|| spellings(name).find_map(|alias| self.tree.member(node, alias)))
    }
}

/// The steps of a path; keys of free mappings with dots in them are not found.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).filter(|part| !part.is_empty()).map(|part| {
        match part.strip_suffix(']').map(str::parse) {
            Some(Ok(index)) => Step::Item(index),
            _ => Step::Key(part),
        }
    })
}
