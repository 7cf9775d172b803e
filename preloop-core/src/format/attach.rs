//! Comments to what they are about, by their lines and columns.

use super::gap::{Found, Gap};
use super::read::{Place, Reader};
use super::sheet::{Body, Comment, Id};

impl Reader<'_> {
    /// Notes the columns of the block collections that begin here: of a list that of its first `-`, of
    /// a mapping that of its first key.
    pub(super) fn measure(&mut self, gap: &Gap) -> Option<()> {
        let mut dashes = gap.dashes.iter();
        for (id, number) in self.begun.clone() {
            let collection = self.sheet.collection(id)?;
            if collection.is_flow {
                continue;
            }
            let at = if collection.is_mapping { Some(&gap.end) } else { dashes.next() };
            if let Some(at) = at.filter(|_| number == 0) {
                let column = self.column(*at);
                self.sheet.nodes.get_mut(id)?.begin = column;
            }
        }
        Some(())
    }

    /// Gives each comment of a gap to what it is about.
    pub(super) fn hand_out(&mut self, mut gap: Gap) -> Option<()> {
        if let Some(before) = gap.marker {
            self.sheet.has_marker = true;
            self.sheet.prefix.extend(gap.comments.drain(..before).map(comment));
        }
        let first = self.begun.first().copied();
        let next = first.and_then(|(id, _)| self.sheet.nodes.get(id)).map(|node| node.begin);
        let mut lead: Vec<Comment> = Vec::new();
        let mut depth = 0;
        let is_behind = first.is_some() || self.open.is_empty();
        let mut may_be_inside = is_behind && self.last.is_some_and(|place| self.is_left_out(place));
        for found in gap.comments {
            if let Some(place) = self.last.filter(|_| found.is_trailing) {
                self.entry_mut(place)?.trailing.push(found.text);
                continue;
            }
            let inside = self.last.filter(|(id, _)| {
                may_be_inside && self.sheet.nodes.get(*id).is_some_and(|n| found.column > n.begin)
            });
            if let Some(place) = inside {
                self.entry_mut(place)?.inside.push(comment(found));
                continue;
            }
            may_be_inside = false;
            match self.closed_at(&mut depth, found.column, next) {
                Some(id) => self.sheet.collection_mut(id)?.tail.push(comment(found)),
                None => lead.push(comment(found)),
            }
        }
        self.closed.clear();
        self.begun.clear();
        match first {
            Some(place) => {
                let is_set_off = gap.is_set_off;
                if place == (self.sheet.root, 0) && self.sheet.nodes.len() <= 2 {
                    lead = self.split_header(lead, is_set_off);
                }
                let entry = self.entry_mut(place)?;
                entry.lead = lead;
                entry.is_set_off = is_set_off;
            }
            None => match self.last {
                Some(place) => self.entry_mut(place)?.lead.extend(lead),
                None => self.sheet.collection_mut(self.sheet.root)?.tail.extend(lead),
            },
        }
        Some(())
    }

    /// Whether the entry of the last value is a key without one, as far as is known.
    fn is_left_out(&self, (id, number): Place) -> bool {
        let entry = self.sheet.collection(id).and_then(|c| c.entries.get(number));
        let value = entry.and_then(|entry| self.sheet.nodes.get(entry.value));
        value.is_some_and(|node| matches!(node.body, Body::Empty))
    }

    /// The closed collection that a comment at a column is the end of.
    fn closed_at(&self, depth: &mut usize, column: usize, next: Option<usize>) -> Option<Id> {
        let column_of = |id: &Id| self.sheet.nodes.get(*id).map_or(0, |node| node.begin);
        let candidates: Vec<Id> = self
            .closed
            .iter()
            .copied()
            .filter(|id| next.is_none_or(|next| column_of(id) > next))
            .collect();
        let found =
            candidates.iter().enumerate().skip(*depth).find(|(_, id)| column_of(id) <= column);
        let (mut number, mut chosen) = found.map(|(number, id)| (number, *id))?;
        // A list that stands right under its key belongs to the mapping around it.
        while let Some(outer) = candidates.get(number + 1)
            && column_of(outer) == column_of(&chosen)
        {
            number += 1;
            chosen = *outer;
        }
        *depth = number;
        Some(chosen)
    }

    /// Takes the comments away that are about the file.
    fn split_header(&mut self, mut lead: Vec<Comment>, is_set_off: bool) -> Vec<Comment> {
        let is_last_off = |number: usize| match lead.get(number + 1) {
            Some(next) => next.is_set_off,
            None => is_set_off,
        };
        let off = (0..lead.len()).rev().find(|number| is_last_off(*number));
        let modeline = lead.iter().rposition(|comment| super::is_modeline(&comment.text));
        // Of one block right above the first key nobody knows; at the top it stays where it was.
        let whole = lead.len().checked_sub(1);
        let Some(last) = off.max(modeline).or(whole) else { return lead };
        self.sheet.has_header_gap = is_last_off(last);
        let rest = lead.split_off(last + 1);
        self.sheet.header = lead;
        rest
    }
}

/// A found comment that stands on lines of its own.
pub(super) fn comment(found: Found) -> Comment {
    Comment { text: found.text, is_set_off: found.is_set_off }
}
