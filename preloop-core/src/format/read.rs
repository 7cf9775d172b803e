//! Text to sheet: the parser's events say what the values are, the gaps between them the rest.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::attach::comment;
use super::block;
use super::gap::{self, Until};
use super::sheet::{Body, Collection, Entry, Id, Key, Node, Sheet};
use crate::parse::Offsets;

/// Reads a text whose line breaks are all `\n`; none where it is written in a way that is not kept.
pub(super) fn read(text: &str) -> Option<Sheet> {
    let offsets = Offsets::new(text);
    let mut reader = Reader { text, ..Reader::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        let start = offsets.byte(text, span.start.index());
        let end = offsets.byte(text, span.end.index());
        reader.event(event, start, end)?;
    }
    reader.finish()
}

/// An entry, by its collection and its number.
pub(super) type Place = (Id, usize);

#[derive(Default)]
pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) sheet: Sheet,
    /// Behind the last value.
    at: usize,
    /// The collections that are open, outermost first.
    pub(super) open: Vec<Id>,
    /// Block collections closed since the last value, innermost first.
    pub(super) closed: Vec<Id>,
    /// Entries begun since the last value, outermost first.
    pub(super) begun: Vec<Place>,
    /// Nodes begun since the last value and how many properties each has.
    dressed: Vec<(Id, usize)>,
    /// The entry that the last value is part of.
    pub(super) last: Option<Place>,
    /// Whether a key waits for its value.
    has_key: bool,
    has_root: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Option<()> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Some(()),
            Event::Alias(_) => self.alias(start),
            Event::Scalar(text, style, anchor, tag) => {
                let properties = count(anchor, tag.as_deref());
                if self.wants_key() {
                    return self.key(&text, style, properties, start, end);
                }
                self.scalar(&text, style, properties, start, end)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(false, count(anchor, tag.as_deref()), start, end)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(true, count(anchor, tag.as_deref()), start, end)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(start),
        }
    }

    fn wants_key(&self) -> bool {
        let collection = self.open.last().and_then(|id| self.sheet.collection(*id));
        collection.is_some_and(|collection| collection.is_mapping) && !self.has_key
    }

    fn add(&mut self, begin: usize, body: Body) -> Id {
        self.sheet.nodes.push(Node { properties: Vec::new(), begin, body });
        self.sheet.nodes.len() - 1
    }

    /// Puts a node where it belongs.
    fn place(&mut self, id: Id) -> Option<()> {
        let Some(parent) = self.open.last().copied() else {
            self.sheet.root = id;
            self.has_root = true;
            return Some(());
        };
        let collection = self.sheet.collection_mut(parent)?;
        if collection.is_mapping {
            collection.entries.last_mut()?.value = id;
            self.has_key = false;
        } else {
            collection.entries.push(entry(None, id));
            self.begun.push((parent, collection.entries.len() - 1));
        }
        Some(())
    }

    /// The entry that the innermost open collection is at.
    fn current(&self) -> Option<Place> {
        let parent = *self.open.last()?;
        let number = self.sheet.collection(parent)?.entries.len().checked_sub(1)?;
        Some((parent, number))
    }

    fn key(
        &mut self,
        name: &str,
        style: ScalarStyle,
        properties: usize,
        start: usize,
        end: usize,
    ) -> Option<()> {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if properties > 0 || is_block || start == end {
            return None;
        }
        let parent = *self.open.last()?;
        let collection = self.sheet.collection_mut(parent)?;
        collection.entries.push(entry(None, usize::MAX));
        self.begun.push((parent, collection.entries.len() - 1));
        let start = self.token(Until::Offset(start))?;
        let raw = self.text.get(start..end)?.trim_end().to_owned();
        if raw.contains('\n') {
            return None;
        }
        self.at = start + raw.len();
        let entry = self.sheet.collection_mut(parent)?.entries.last_mut()?;
        entry.key = Some(Key { raw, name: name.to_owned() });
        self.last = self.current();
        self.has_key = true;
        Some(())
    }

    fn alias(&mut self, start: usize) -> Option<()> {
        let id = self.add(0, Body::Empty);
        self.place(id)?;
        let start = self.token(Until::Offset(start))?;
        let rest = self.text.get(start..)?;
        let end = rest.find([' ', '\t', '\n', ',', '[', ']', '{', '}']).unwrap_or(rest.len());
        let raw = rest.get(..end).filter(|raw| raw.starts_with('*'))?;
        self.sheet.nodes.get_mut(id)?.body = Body::Scalar(raw.to_owned());
        self.at = start + end;
        self.last = self.current();
        Some(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        properties: usize,
        start: usize,
        end: usize,
    ) -> Option<()> {
        let id = self.add(0, Body::Empty);
        let parent = self.open.last().copied();
        self.place(id)?;
        if properties > 0 {
            self.dressed.push((id, properties));
        }
        let is_empty = style == ScalarStyle::Plain && text.is_empty();
        if is_empty && self.dressed.is_empty() && self.begun.is_empty() {
            return Some(());
        }
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        // Of a block the parser says where its lines begin, and not its header.
        let start = self.token(match (is_empty, is_block) {
            (true, _) => Until::Properties,
            (_, true) => Until::Content,
            _ => Until::Offset(start),
        })?;
        if is_empty {
            self.at = self.at.max(start);
            self.last = self.current();
            return Some(());
        }
        let body = if is_block {
            let parent = parent.and_then(|id| self.sheet.nodes.get(id)).map_or(0, |n| n.begin);
            let found = block::read(self.text, start, parent)?;
            self.last = self.current();
            if let (Some(comment), Some(place)) = (found.comment, self.last) {
                self.entry_mut(place)?.trailing.push(comment);
            }
            self.at = found.end;
            Body::Block(found.scalar)
        } else {
            let raw = self.text.get(start..end)?.trim_end();
            self.at = start + raw.len();
            self.last = self.current();
            Body::Scalar(raw.to_owned())
        };
        self.sheet.nodes.get_mut(id)?.body = body;
        Some(())
    }

    fn begin(
        &mut self,
        is_mapping: bool,
        properties: usize,
        start: usize,
        end: usize,
    ) -> Option<()> {
        // What the parser says of a block collection is empty but for its properties.
        let here = self.text.get(start..end)?;
        let is_flow = self.is_in_flow()
            || here.starts_with(['{', '['])
            || properties > 0 && {
                let gap = gap::read(self.text, start, Until::Offset(start), properties);
                self.text.get(gap.end..)?.starts_with(['{', '['])
            };
        let collection = Collection {
            is_mapping,
            is_flow,
            is_spread: false,
            entries: Vec::new(),
            tail: Vec::new(),
        };
        let id = self.add(self.column(start), Body::Collection(collection));
        self.place(id)?;
        if properties > 0 {
            self.dressed.push((id, properties));
        }
        // A pair without braces inside a list has no bracket of its own.
        if is_flow && here.starts_with(['{', '[', '&', '!']) {
            let at = self.token(Until::Offset(start))?;
            self.at = at + 1;
            self.last = self.current();
            self.sheet.nodes.get_mut(id)?.begin = at;
        }
        self.open.push(id);
        self.has_key = false;
        Some(())
    }

    fn is_in_flow(&self) -> bool {
        let parent = self.open.last().and_then(|id| self.sheet.collection(*id));
        parent.is_some_and(|parent| parent.is_flow)
    }

    pub(super) fn column(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    fn end(&mut self, close: usize) -> Option<()> {
        let id = self.open.pop()?;
        self.has_key = false;
        let collection = self.sheet.collection(id)?;
        if !collection.is_flow {
            self.closed.push(id);
            return Some(());
        }
        let bracket = if collection.is_mapping { '}' } else { ']' };
        let is_closed = self.text.get(close..)?.starts_with(bracket);
        if !is_closed || close < self.at {
            return Some(());
        }
        let open = self.sheet.nodes.get(id)?.begin;
        let gap = gap::read(self.text, self.at, Until::Offset(close), 0);
        if gap.end != close {
            return None;
        }
        self.closed.clear();
        let place = self.last;
        for found in gap.comments {
            match place.filter(|_| found.is_trailing) {
                Some(place) => self.entry_mut(place)?.trailing.push(found.text),
                None => self.sheet.collection_mut(id)?.tail.push(comment(found)),
            }
        }
        let is_spread = self.text.get(open..close)?.contains('\n');
        self.sheet.collection_mut(id)?.is_spread = is_spread;
        self.at = close + 1;
        self.last = self.current();
        Some(())
    }

    pub(super) fn entry_mut(&mut self, (id, number): Place) -> Option<&mut Entry> {
        self.sheet.collection_mut(id)?.entries.get_mut(number)
    }

    /// Reads the gap before a value and hands out what it holds; where the value itself begins.
    fn token(&mut self, until: Until) -> Option<usize> {
        let wanted = self.dressed.iter().map(|(_, count)| count).sum();
        let mut gap = gap::read(self.text, self.at, until, wanted);
        let is_short = matches!(until, Until::Offset(limit) if gap.end < limit);
        if is_short || gap.properties.len() != wanted {
            return None;
        }
        self.measure(&gap)?;
        let mut properties = std::mem::take(&mut gap.properties).into_iter();
        for (id, count) in std::mem::take(&mut self.dressed) {
            self.sheet.nodes.get_mut(id)?.properties = properties.by_ref().take(count).collect();
        }
        let end = gap.end;
        self.hand_out(gap)?;
        Some(end)
    }

    fn finish(mut self) -> Option<Sheet> {
        if !self.has_root || !self.open.is_empty() {
            return None;
        }
        let gap = gap::read(self.text, self.at, Until::Content, 0);
        if gap.end < self.text.len() {
            return None;
        }
        self.begun.clear();
        self.hand_out(gap)?;
        self.sheet.collection(self.sheet.root)?;
        Some(self.sheet)
    }
}

fn entry(key: Option<Key>, value: Id) -> Entry {
    Entry {
        lead: Vec::new(),
        is_set_off: false,
        key,
        trailing: Vec::new(),
        inside: Vec::new(),
        value,
    }
}

fn count(anchor: usize, tag: Option<&Tag>) -> usize {
    usize::from(anchor > 0) + usize::from(tag.is_some())
}
