//! A node tree as YAML in block style, quoted so that every reader gets the same values back.

use std::fmt::Write as _;

use crate::parse::{Kind, NodeId, Tree, is_ambiguous};

/// Longest key that YAML lets stand without `?` is 1024 characters; escapes make keys longer.
const PLAIN_KEY_CHARS_MAX: usize = 120;

/// Writes the tree of `json`, the text that its numbers are taken from.
pub(super) fn write(out: &mut String, tree: &Tree, json: &str) {
    let mut writer = Writer { out, tree, json };
    writer.value(tree.root(), 0, Position::Line);
}

struct Writer<'w> {
    out: &'w mut String,
    tree: &'w Tree,
    json: &'w str,
}

/// Where a value begins.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// At the beginning of a line.
    Line,
    /// Behind `key:`.
    Key,
    /// Behind `- `.
    Item,
}

impl Writer<'_> {
    /// Recursion is bounded by the nesting that the tree's builder allows.
    fn value(&mut self, id: NodeId, indent: usize, position: Position) {
        let tree = self.tree;
        match &tree.node(id).kind {
            Kind::Mapping(members) if !members.is_empty() => {
                self.mapping(members, indent, position);
            }
            Kind::Sequence(items) if !items.is_empty() => self.sequence(items, indent, position),
            scalar => {
                if position == Position::Key {
                    self.out.push(' ');
                }
                self.scalar(id, scalar, indent);
                self.out.push('\n');
            }
        }
    }

    fn mapping(&mut self, members: &[(NodeId, NodeId)], indent: usize, position: Position) {
        if position == Position::Key {
            self.out.push('\n');
        }
        for (index, (key, value)) in members.iter().enumerate() {
            if index > 0 && indent == 0 && self.is_tall(*value) {
                self.out.push('\n');
            }
            if index > 0 || position != Position::Item {
                self.indent(indent);
            }
            let key = self.tree.text(*key).unwrap_or_default();
            if key.chars().count() > PLAIN_KEY_CHARS_MAX {
                self.out.push_str("? ");
                write_quoted(self.out, key);
                self.out.push('\n');
                self.indent(indent);
            } else if is_plain(key) {
                self.out.push_str(key);
            } else {
                write_quoted(self.out, key);
            }
            self.out.push(':');
            self.value(*value, indent.saturating_add(2), Position::Key);
        }
    }

    /// Whether a section stands on lines of its own: a blank line is put before it.
    fn is_tall(&self, id: NodeId) -> bool {
        match &self.tree.node(id).kind {
            Kind::Mapping(members) => !members.is_empty(),
            Kind::Sequence(items) => !items.is_empty(),
            _ => false,
        }
    }

    fn sequence(&mut self, items: &[NodeId], indent: usize, position: Position) {
        if position == Position::Key {
            self.out.push('\n');
        }
        for (index, item) in items.iter().enumerate() {
            if index > 0 || position != Position::Item {
                self.indent(indent);
            }
            self.out.push_str("- ");
            self.value(*item, indent.saturating_add(2), Position::Item);
        }
    }

    fn scalar(&mut self, id: NodeId, kind: &Kind, indent: usize) {
        match kind {
            Kind::Null | Kind::Refused => self.out.push_str("null"),
            Kind::Bool(value) => {
                let _ = write!(self.out, "{value}");
            }
            Kind::Number(_) => {
                let node = self.tree.node(id);
                self.out.push_str(self.json.get(node.start..node.end).unwrap_or("0"));
            }
            Kind::Text(_) => self.text(self.tree.text(id).unwrap_or_default(), indent),
            Kind::Sequence(_) => self.out.push_str("[]"),
            Kind::Mapping(_) => self.out.push_str("{}"),
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        if is_plain(text) {
            self.out.push_str(text);
        } else if is_block(text) {
            self.block(text, indent);
        } else {
            write_quoted(self.out, text);
        }
    }

    /// A literal block, without its last line break.
    fn block(&mut self, text: &str, indent: usize) {
        self.out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.indent(indent.max(2));
                self.out.push_str(line);
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// Text that needs no quotes in any position, and that no reader takes for anything but text.
fn is_plain(text: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let ends_well = text.ends_with(|c: char| !c.is_whitespace());
    begins_well
        && ends_well
        && text
            .chars()
            .all(|c| is_safe(c) || matches!(c, ' ' | ',' | '(' | ')' | '+' | ';' | '*' | '?'))
        && !text.contains("---")
        && !is_ambiguous(text)
}

/// Text of several lines that a literal block says exactly.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let is_printable = |c: char| c == '\n' || (' '..='~').contains(&c) || c.is_alphanumeric();
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && body.chars().all(is_printable)
        && body.split('\n').all(|line| !line.ends_with(' '))
}

/// Text in double quotes.
fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                escape(out, character);
            }
            _ if character.is_control() => escape(out, character),
            _ => out.push(character),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, character: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(character));
}
