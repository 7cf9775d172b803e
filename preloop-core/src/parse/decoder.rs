//! Nodes to typed values: each kind of value read in one way, each mismatch said in one way.

use std::ops::RangeInclusive;

use super::fields::Fields;
use super::path::Path;
use super::tree::{Kind, NodeId, Style, Tree};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines};
use crate::document::Secret;
use crate::limits::{ITEMS_MAX, NAME_CHARS_MAX};

/// A closed set of words that a field takes.
pub(crate) trait Keyword: Copy + 'static {
    /// Each word and what it means; further spellings of one come after the canonical one.
    const WORDS: &'static [(&'static str, Self)];
}

/// Reads typed values out of a tree and collects what is wrong.
pub(crate) struct Decoder<'t> {
    pub(crate) tree: &'t Tree,
    text: &'t str,
    lines: &'t Lines,
    findings: &'t mut Findings,
}

impl<'t> Decoder<'t> {
    pub(crate) fn new(
        tree: &'t Tree,
        text: &'t str,
        lines: &'t Lines,
        findings: &'t mut Findings,
    ) -> Self {
        Self { tree, text, lines, findings }
    }

    /// Reports an error at a node.
    pub(crate) fn error(
        &mut self,
        code: Code,
        at: &Path<'_>,
        node: NodeId,
        message: String,
        help: impl Into<String>,
    ) {
        if self.tree.node(node).kind == Kind::Refused {
            return;
        }
        let start = self.tree.node(node).start;
        let place = self.lines.place(self.text, start);
        let help = help.into();
        let diagnostic = Diagnostic::new(code, at.to_string(), message)
            .at(place)
            .in_file(self.lines.file(start));
        self.findings.error(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    /// Where a node of one of several files stands, as it is told in messages.
    pub(crate) fn place(&self, node: NodeId) -> String {
        let start = self.tree.node(node).start;
        let place = self.lines.place(self.text, start);
        let file = self.lines.file(start).unwrap_or_default();
        format!("{file}:{}:{}", place.line, place.column)
    }

    /// True, and the error counted, where it would not be shown: nothing need be worked out for it.
    pub(crate) fn skip_error(&mut self) -> bool {
        let is_full = self.findings.is_full();
        if is_full {
            self.findings.leave_out_error();
        }
        is_full
    }

    /// Reports a missing field of a mapping.
    pub(crate) fn missing(&mut self, fields: &Fields<'_>, name: &'static str, noun: &str) {
        let at = fields.at.key(name);
        let message = format!("{noun} has no `{name}`");
        self.error(Code::MissingField, &at, fields.node, message, format!("add `{name}`"));
    }

    /// What stands there, in words.
    pub(crate) fn describe(&self, node: NodeId) -> String {
        let tree = self.tree;
        match &tree.node(node).kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(value) => format!("the boolean `{value}`"),
            Kind::Number(_) => format!("the number `{}`", self.written(node)),
            Kind::Text(_) => {
                format!("the text `{}`", shorten(tree.text(node).unwrap_or_default()))
            }
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a mapping".to_owned(),
            Kind::Refused => "what cannot be read".to_owned(),
        }
    }

    /// The scalar as the author wrote it.
    fn written(&self, node: NodeId) -> String {
        let node = self.tree.node(node);
        shorten(self.text.get(node.start..node.end).unwrap_or_default().trim_end())
    }

    /// Text as it is, and a scalar without quotes as the author wrote it.
    pub(crate) fn written_plainly(&self, node: NodeId) -> String {
        self.tree.text(node).map_or_else(|| self.written(node), str::to_owned)
    }

    fn wrong_type(&mut self, at: &Path<'_>, node: NodeId, wanted: &str, help: impl Into<String>) {
        let message = format!("{wanted} is wanted, found {}", self.describe(node));
        self.error(Code::WrongType, at, node, message, help);
    }

    /// Whether a key stands with nothing behind it, which means the same as no key.
    pub(crate) fn is_null(&self, node: NodeId) -> bool {
        self.tree.node(node).kind == Kind::Null
    }

    /// Text of any form up to a length.
    pub(crate) fn text(&mut self, at: &Path<'_>, node: NodeId, max: usize) -> Option<String> {
        let Some(text) = self.tree.text(node) else {
            let help = match &self.tree.node(node).kind {
                Kind::Bool(_) | Kind::Number(_) => {
                    format!("put it in quotes: \"{}\"", self.written(node))
                }
                _ => String::new(),
            };
            self.wrong_type(at, node, "text", help);
            return None;
        };
        if text.len() > max && text.chars().count() > max {
            let message = format!("the text is longer than {max} characters");
            self.error(Code::TooLong, at, node, message, "");
            return None;
        }
        Some(text.to_owned())
    }

    /// Text that says something: not blank, no blanks around it, no control characters.
    pub(crate) fn name(&mut self, at: &Path<'_>, node: NodeId) -> Option<String> {
        let text = self.text(at, node, NAME_CHARS_MAX)?;
        if text.trim().is_empty() {
            self.error(Code::BlankValue, at, node, "the name is blank".to_owned(), "");
            return None;
        }
        if text.trim() != text || text.chars().any(char::is_control) {
            let message = format!(
                "the name `{}` has blanks around it or control characters in it",
                text.escape_debug()
            );
            self.error(Code::InvalidName, at, node, message, "remove them");
        }
        Some(text)
    }

    /// A boolean, by YAML 1.2 and JSON only.
    pub(crate) fn boolean(&mut self, at: &Path<'_>, node: NodeId) -> Option<bool> {
        if let Kind::Bool(value) = &self.tree.node(node).kind {
            return Some(*value);
        }
        let word = self.tree.text(node).unwrap_or_default().to_ascii_lowercase();
        let help = match word.as_str() {
            "yes" | "on" | "y" | "true" => "write `true`, without quotes",
            "no" | "off" | "n" | "false" => "write `false`, without quotes",
            _ => "write `true` or `false`",
        };
        self.wrong_type(at, node, "a boolean", help);
        None
    }

    /// A whole number within a range; `30.0` is one.
    pub(crate) fn integer(
        &mut self,
        at: &Path<'_>,
        node: NodeId,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let Kind::Number(number) = &self.tree.node(node).kind else {
            let help = self.number_help(node);
            self.wrong_type(at, node, "a whole number", help);
            return None;
        };
        let whole = number.as_u64().or_else(|| {
            let double = number.as_f64().filter(|double| double.fract() == 0.0)?;
            format!("{double:.0}").parse().ok()
        });
        match whole {
            Some(value) if range.contains(&value) => Some(value),
            _ => {
                let (least, most) = range.into_inner();
                self.out_of_range(at, node, &format!("a whole number from {least} to {most}"));
                None
            }
        }
    }

    /// A number within a range.
    pub(crate) fn number(
        &mut self,
        at: &Path<'_>,
        node: NodeId,
        range: RangeInclusive<f64>,
    ) -> Option<f64> {
        let Kind::Number(number) = &self.tree.node(node).kind else {
            let help = self.number_help(node);
            self.wrong_type(at, node, "a number", help);
            return None;
        };
        match number.as_f64() {
            Some(value) if range.contains(&value) => Some(value),
            _ => {
                let (least, most) = range.into_inner();
                self.out_of_range(at, node, &format!("a number from {least} to {most}"));
                None
            }
        }
    }

    fn number_help(&self, id: NodeId) -> &'static str {
        let (node, text) = (self.tree.node(id), self.tree.text(id));
        let is_number = text.is_some_and(|text| text.parse::<f64>().is_ok());
        match &node.kind {
            Kind::Text(_) if node.style != Style::Plain && is_number => "remove the quotes",
            Kind::Null => "leave the key out for the default",
            _ => "write it in digits, without a unit",
        }
    }

    fn out_of_range(&mut self, at: &Path<'_>, node: NodeId, wanted: &str) {
        let message = format!("`{}` is not {wanted}", self.written(node));
        self.error(Code::OutOfRange, at, node, message, "");
    }

    /// One word of a closed set.
    pub(crate) fn keyword<K: Keyword>(&mut self, at: &Path<'_>, node: NodeId) -> Option<K> {
        let word = self.tree.text(node).unwrap_or_default();
        if let Some((_, meaning)) = K::WORDS.iter().find(|(name, _)| *name == word) {
            return Some(*meaning);
        }
        let names: Vec<String> = K::WORDS.iter().map(|(name, _)| format!("`{name}`")).collect();
        let message =
            format!("one of {} is wanted, found {}", names.join(", "), self.describe(node));
        let meant = crate::diagnostic::nearest(word, K::WORDS.iter().map(|(name, _)| *name));
        let help =
            meant.map(|meant| crate::diagnostic::did_you_mean(word, meant)).unwrap_or_default();
        let is_text = matches!(self.tree.node(node).kind, Kind::Text(_));
        let code = if is_text { Code::InvalidValue } else { Code::WrongType };
        self.error(code, at, node, message, help);
        None
    }

    /// The items of a list; a key with nothing behind it is an empty list.
    pub(crate) fn items(&mut self, at: &Path<'_>, node: NodeId, max: usize) -> &'t [NodeId] {
        match &self.tree.node(node).kind {
            Kind::Sequence(items) if items.len() <= max => items,
            Kind::Sequence(items) => {
                let message = format!("the list has {} items, at most {max} may be", items.len());
                self.error(Code::TooManyItems, at, node, message, "");
                &[]
            }
            Kind::Null => &[],
            Kind::Mapping(_) => {
                self.wrong_type(at, node, "a list", "begin each item with `- `");
                &[]
            }
            _ => {
                let help = format!("write `[{}]`", self.written(node));
                self.wrong_type(at, node, "a list", help);
                &[]
            }
        }
    }

    /// A list of names.
    pub(crate) fn names(&mut self, at: &Path<'_>, node: NodeId) -> Vec<String> {
        let items = self.items(at, node, ITEMS_MAX);
        let name = |(index, item): (usize, &NodeId)| self.name(&at.item(index), *item);
        items.iter().enumerate().filter_map(name).collect()
    }

    /// A credential: text, or `{redacted: true}`. Its value is never shown.
    pub(crate) fn secret(&mut self, at: &Path<'_>, node: NodeId, max: usize) -> Option<Secret> {
        let tree = self.tree;
        match &tree.node(node).kind {
            Kind::Text(_) if tree.text(node).is_some_and(|text| text.trim().is_empty()) => {
                self.error(Code::BlankValue, at, node, "the value is blank".to_owned(), "");
                None
            }
            Kind::Text(_) => self.text(at, node, max).map(Secret::Written),
            Kind::Mapping(members) => {
                let is_marker = members.len() == 1
                    && tree
                        .member(node, "redacted")
                        .is_some_and(|(_, value)| tree.node(value).kind == Kind::Bool(true));
                if is_marker {
                    return Some(Secret::Redacted);
                }
                let message = "text is wanted, found a mapping".to_owned();
                let help = "write `${VARIABLE}`, or `{redacted: true}` to keep what is stored";
                self.error(Code::WrongType, at, node, message, help);
                None
            }
            kind => {
                let found = match kind {
                    Kind::Null => "nothing",
                    Kind::Sequence(_) => "a list",
                    _ => "a number or boolean",
                };
                let message = format!("text is wanted, found {found}");
                self.error(Code::WrongType, at, node, message, "put it in quotes");
                None
            }
        }
    }
}

/// Enough of a text to recognise it.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown = String::new();
    for letter in text.chars().take(SHOWN) {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
