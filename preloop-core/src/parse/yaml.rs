//! YAML 1.2 text to a node tree, through the events of `saphyr-parser`.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::builder::{Builder, Extent, Stop};
use super::input::TextInput;
use super::scalar::resolve;
use super::tree::{Kind, Node, NodeId, Style, Tree};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines};

/// Reads one YAML document; none where there is nothing or where reading had to stop.
pub(super) fn tree(text: &str, lines: &Lines, findings: &mut Findings) -> Option<Tree> {
    if !check_characters(text, lines, findings) {
        return None;
    }
    let offsets = Offsets::new(text);
    let builder = Builder::new(text, lines, findings);
    let mut reader = Reader {
        text,
        builder,
        offsets,
        anchors: HashMap::new(),
        pending: Vec::new(),
        documents: 0,
    };
    let mut parser = Parser::new(TextInput::new(text));
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => {
                let start = reader.offsets.byte(text, span.start.index());
                let end = reader.offsets.byte(text, span.end.index());
                reader.event(event, start, end)
            }
            Err(error) => reader.syntax_error(&error, lines),
        };
        if step.is_err() {
            return None;
        }
    }
    reader.builder.finish()
}

/// Refuses what YAML calls not printable; the parser would take a NUL for the end of the text.
fn check_characters(text: &str, lines: &Lines, findings: &mut Findings) -> bool {
    let is_refused =
        |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}') || c == '\u{fffe}';
    // Nearly every text has none. A block is looked at whole, so that many bytes are compared in one step.
    let is_plain = |byte: &u8| matches!(byte, b' '..0x7f | b'\n' | b'\t');
    let is_all_plain = |block: &[u8]| block.iter().fold(true, |all, byte| all & is_plain(byte));
    if text.as_bytes().chunks(256).all(is_all_plain) {
        return true;
    }
    let Some((at, character)) = text.char_indices().find(|(_, c)| is_refused(*c)) else {
        return true;
    };
    let message = format!("control character U+{:04X}", u32::from(character));
    findings.error(
        Diagnostic::new(Code::InvalidCharacter, "", message)
            .at(lines.place(text, at))
            .help("write it as an escape in double quotes, such as `\"\\x07\"`"),
    );
    false
}

/// From the parser's character counts to byte offsets.
pub(crate) struct Offsets {
    /// Byte offset of each 64th character; empty where every character is a byte.
    steps: Vec<usize>,
}

impl Offsets {
    const STEP: usize = 64;

    pub(crate) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self { steps: Vec::new() };
        }
        let steps = text.char_indices().step_by(Self::STEP).map(|(at, _)| at).collect();
        Self { steps }
    }

    pub(crate) fn byte(&self, text: &str, characters: usize) -> usize {
        if self.steps.is_empty() {
            return characters.min(text.len());
        }
        let Some(start) = self.steps.get(characters / Self::STEP) else { return text.len() };
        let rest = text.get(*start..).unwrap_or_default();
        rest.char_indices()
            .nth(characters % Self::STEP)
            .map_or(text.len(), |(offset, _)| start + offset)
    }
}

struct Reader<'a> {
    text: &'a str,
    builder: Builder<'a>,
    offsets: Offsets,
    /// Finished anchors; `None` while the anchored node is open.
    anchors: HashMap<usize, Option<(NodeId, Extent)>>,
    /// Anchored containers that are open, outermost first.
    pending: Vec<(usize, NodeId)>,
    documents: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(start),
            Event::Alias(anchor) => self.alias(anchor, start),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), start, end)
            }
            Event::SequenceStart(anchor, tag) => {
                self.container(tag.as_deref(), start)?;
                let id = self.builder.begin_sequence(start)?;
                self.open_anchor(anchor, id);
                Ok(())
            }
            Event::MappingStart(anchor, tag) => {
                self.container(tag.as_deref(), start)?;
                let id = self.builder.begin_mapping(start)?;
                self.open_anchor(anchor, id);
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, extent)) = self.builder.end(end) {
                    self.close_anchor(id, extent);
                }
                Ok(())
            }
        }
    }

    fn document(&mut self, start: usize) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents > 1 {
            let message = "the file holds several documents".to_owned();
            let help = "keep one document in a file and remove the `---` between them";
            self.builder.error(Code::SeveralDocuments, start, message, help);
            return Err(Stop);
        }
        Ok(())
    }

    fn container(&mut self, tag: Option<&Tag>, start: usize) -> Result<(), Stop> {
        self.check_tag(tag, start);
        if self.builder.wants_key() {
            let message = "a list or mapping stands where a key is wanted".to_owned();
            let help = "a value that begins with `{`, `[` or `?` has to be quoted to be text";
            self.builder.error(Code::InvalidKey, start, message, help);
            return Err(Stop);
        }
        Ok(())
    }

    /// Reports a tag other than `!!str`; true where the tag says text.
    fn check_tag(&mut self, tag: Option<&Tag>, start: usize) -> bool {
        let Some(tag) = tag else { return false };
        let is_text = tag.is_yaml_core_schema() && tag.suffix == "str"
            || tag.handle.is_empty() && tag.suffix == "!"
            || tag.handle == "!" && tag.suffix.is_empty();
        if !is_text {
            let shown = if tag.is_yaml_core_schema() {
                format!("!!{}", tag.suffix)
            } else {
                tag.to_string()
            };
            let message = format!("tag `{shown}` is not supported");
            self.builder.error(Code::UnsupportedTag, start, message, "remove the tag");
        }
        is_text
    }

    fn open_anchor(&mut self, anchor: usize, id: NodeId) {
        if anchor > 0 {
            self.anchors.insert(anchor, None);
            self.pending.push((anchor, id));
        }
    }

    fn close_anchor(&mut self, id: NodeId, extent: Extent) {
        if let Some((anchor, open)) = self.pending.last().copied()
            && open == id
        {
            self.pending.pop();
            self.anchors.insert(anchor, Some((id, extent)));
        }
    }

    fn alias(&mut self, anchor: usize, start: usize) -> Result<(), Stop> {
        if self.builder.wants_key() {
            let message = "an alias stands where a key is wanted".to_owned();
            self.builder.error(Code::InvalidKey, start, message, "write the key out");
            return Err(Stop);
        }
        if let Some(Some((id, extent))) = self.anchors.get(&anchor).copied() {
            return self.builder.alias(id, extent, start);
        }
        let message = "the alias stands inside its own anchor".to_owned();
        self.builder.error(Code::InvalidAlias, start, message, "write the value out");
        Err(Stop)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Result<(), Stop> {
        let has_properties = anchor > 0 || tag.is_some();
        let start = if has_properties { self.skip_properties(start) } else { start };
        let is_text = self.check_tag(tag, start);
        let style_of_node = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let is_plain = style == ScalarStyle::Plain && !is_text;
        if self.builder.wants_key() {
            self.key(text, style_of_node, is_plain, start, end);
            return Ok(());
        }
        let kind = match if is_plain { resolve(text) } else { Ok(None) } {
            Ok(Some(kind)) => kind,
            Ok(None) => self.builder.keep(text),
            Err(reason) => {
                let message = format!("`{text}` cannot stand without quotes: {reason}");
                let help = "quote it where text is meant, else write the number in decimal digits";
                self.builder.error(Code::AmbiguousNumber, start, message, help);
                Kind::Refused
            }
        };
        let node = Node { kind, style: style_of_node, start, end };
        let (id, extent) = self.builder.scalar(node)?;
        if anchor > 0 {
            self.anchors.insert(anchor, Some((id, extent)));
        }
        Ok(())
    }

    fn key(&mut self, text: &str, style: Style, is_plain: bool, start: usize, end: usize) {
        if is_plain && text == "<<" {
            let message = "merge keys are not part of YAML 1.2".to_owned();
            let help = "write the keys out, or give whole values an anchor and use an alias";
            self.builder.error(Code::MergeKey, start, message, help);
            self.builder.refused_key(text, style, start, end);
            return;
        }
        if is_plain && !matches!(resolve(text), Ok(None)) {
            let shown: String = text.chars().take(80).collect();
            let message = format!("key `{shown}` is not text");
            self.builder.error(Code::InvalidKey, start, message, "put the key in quotes");
            self.builder.refused_key(text, style, start, end);
            return;
        }
        self.builder.key(text, style, start, end);
    }

    /// Behind `&anchor` and `!tag`, where the value itself begins.
    fn skip_properties(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let word = match rest.bytes().next() {
                Some(b'&' | b'!') => rest.find(char::is_whitespace).unwrap_or(rest.len()),
                _ => return at,
            };
            let rest = rest.get(word..).unwrap_or_default();
            at += word + (rest.len() - rest.trim_start().len());
        }
    }

    fn syntax_error(&mut self, error: &ScanError, lines: &Lines) -> Result<(), Stop> {
        let at = self.offsets.byte(self.text, error.marker().index());
        let place = lines.place(self.text, at);
        let line = lines.line(self.text, place.line);
        let indent: &str =
            line.find(|c: char| !c.is_whitespace()).and_then(|end| line.get(..end)).unwrap_or(line);
        if indent.contains('\t') {
            let message = "a tab is used for indentation".to_owned();
            self.builder.error(Code::InvalidYaml, at, message, "indent with spaces");
            return Err(Stop);
        }
        let message = format!("invalid YAML: {}", error.info());
        match self.builder.open_start().filter(|_| error.info().contains("flow")) {
            // What follows an open bracket is read as its content, line after line.
            Some(start) if lines.place(self.text, start).line < place.line => {
                let bracket = self.text.get(start..=start).unwrap_or_default();
                let message = format!("{message}, before the end of `{bracket}`");
                self.builder.leave();
                self.builder.error(Code::InvalidYaml, start, message, "close the bracket");
            }
            _ => self.builder.error(Code::InvalidYaml, at, message, yaml_help(error.info())),
        }
        Err(Stop)
    }
}

/// What to do about a fault, by the parser's words for it.
fn yaml_help(info: &str) -> &'static str {
    if info.contains("mapping values") {
        "put text that holds `: ` in quotes"
    } else if info.contains("quoted scalar") {
        "close the quotes"
    } else if info.contains("cannot start any token") {
        "put text that begins with `@`, `` ` `` or `%` in quotes"
    } else if info.contains("undefined alias") || info.contains("unknown anchor") {
        "put text that begins with `*` in quotes"
    } else {
        "check the indentation and the quotes of this line and the one before"
    }
}
