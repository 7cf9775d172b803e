//! Macros that give a list or a map, and what all macros walk over.

use super::machine::{Frame, ITEMS_MAX, Machine, Scope};
use crate::cel::ast::Loop;
use crate::cel::code::{LoopParts, OpId};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::value::{Items, Standing, Val, entries_of, order};

/// What a macro walks over.
#[derive(Clone, Copy)]
pub(super) enum Elements<'e> {
    Items { items: Items<'e>, pairs: bool },
    Entries(&'e [(Val<'e>, Val<'e>)]),
}

impl<'e> Elements<'e> {
    #[inline]
    pub(super) fn len(self) -> usize {
        match self {
            Self::Items { items, .. } => items.len(),
            Self::Entries(entries) => entries.len(),
        }
    }

    /// The macro's variables at a position.
    #[inline]
    pub(super) fn frame<'s>(self, position: usize, outer: Scope<'s, 'e>) -> Frame<'s, 'e> {
        match self {
            Self::Items { items: Items::Json(items), pairs: false } => match items.get(position) {
                Some(item) => Frame::of_json(item, outer),
                None => Frame::new(Val::Null, Val::Null, outer),
            },
            Self::Items { items, pairs } => {
                let item = items.get(position).unwrap_or(Val::Null);
                if !pairs {
                    return Frame::new(item, Val::Null, outer);
                }
                let position = Val::Int(i64::try_from(position).unwrap_or(i64::MAX));
                Frame::new(position, item, outer)
            }
            Self::Entries(entries) => {
                let (key, value) = entries.get(position).copied().unwrap_or((Val::Null, Val::Null));
                Frame::new(key, value, outer)
            }
        }
    }
}

impl<'e> Machine<'e> {
    pub(super) fn elements(
        &self,
        id: OpId,
        parts: &LoopParts,
        range: Val<'e>,
    ) -> Result<Elements<'e>, Trouble> {
        if let Some(items) = range.items() {
            return Ok(Elements::Items { items, pairs: parts.pairs });
        }
        if let Some(count) = range.map_len() {
            self.charge_items(count, id)?;
            if let Some(entries) = entries_of(range, self.arena()) {
                return Ok(Elements::Entries(entries));
            }
        }
        Err(self.wrong_type(parts.range, "a list or a map", range))
    }

    /// `map`, `filter`, `transformList`, `transformMap`, `transformMapEntry`, `sortBy`.
    pub(super) fn gather(
        &self,
        id: OpId,
        number: u32,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let Some(parts) = self.code.loops.get(number as usize) else {
            return Err(self.broken(id));
        };
        let range = self.operand(parts.range, scope)?;
        let elements = self.elements(id, parts, range)?;
        let mut made: Vec<(Val<'e>, Val<'e>)> = Vec::new();
        for position in 0..elements.len() {
            self.charge(parts.step_cost, id)?;
            let frame = elements.frame(position, scope);
            self.gather_step(id, parts, &frame, &mut made)?;
            if made.len() > ITEMS_MAX {
                return Err(self.too_long(id));
            }
        }
        match parts.kind {
            Loop::TransformMap | Loop::TransformMapEntry => self.make_map(id, made),
            Loop::SortBy => self.sort_by(id, made),
            _ => Ok(Val::List(
                self.arena().alloc_slice_fill_iter(made.iter().map(|(_, item)| *item)),
            )),
        }
    }

    fn gather_step(
        &self,
        id: OpId,
        parts: &LoopParts,
        frame: &Frame<'_, 'e>,
        made: &mut Vec<(Val<'e>, Val<'e>)>,
    ) -> Result<(), Trouble> {
        if let Some(filter) = parts.filter
            && !self.decide(filter, Some(frame))?
        {
            return Ok(());
        }
        if parts.kind == Loop::Filter {
            if self.decide(parts.body, Some(frame))? {
                made.push((Val::Null, frame.first()));
            }
            return Ok(());
        }
        let value = self.operand(parts.body, Some(frame))?;
        match parts.kind {
            Loop::TransformMap => made.push((frame.first(), value)),
            Loop::SortBy => made.push((value, frame.first())),
            Loop::TransformMapEntry => {
                let Some(count) = value.map_len() else {
                    return Err(self.wrong_type(parts.body, "a map", value));
                };
                self.charge_items(count, id)?;
                made.extend_from_slice(entries_of(value, self.arena()).unwrap_or(&[]));
            }
            _ => made.push((Val::Null, value)),
        }
        Ok(())
    }

    #[cold]
    pub(super) fn too_long(&self, id: OpId) -> Trouble {
        self.fail(FailureKind::TooLarge, id, || {
            format!("the result has more than {ITEMS_MAX} elements")
        })
    }

    /// The values, in the order of their keys.
    pub(super) fn sort_by(
        &self,
        id: OpId,
        mut keyed: Vec<(Val<'e>, Val<'e>)>,
    ) -> Result<Val<'e>, Trouble> {
        let mut kind = None;
        for (key, _) in &keyed {
            if let Val::Text(text) = key {
                self.charge_bytes(text.len(), id)?;
            }
            // NaN has no place among others, so a list that holds it has no order.
            let comparable = matches!(order(*key, *key), Standing::Ordered(_));
            let same = kind.is_none_or(|known| order(known, *key) != Standing::Unrelated);
            if !comparable || !same {
                return Err(self.fail(FailureKind::WrongType, id, || {
                    "only numbers, texts, bytes, bools, instants or durations, all of one kind, can be sorted"
                        .to_owned()
                }));
            }
            kind = kind.or(Some(*key));
        }
        // Each comparison is a step; there are about n log n.
        let steps = keyed.len().checked_ilog2().unwrap_or(0).saturating_add(1);
        self.charge_items(keyed.len().saturating_mul(steps as usize), id)?;
        keyed.sort_by(|left, right| order(left.0, right.0).ordering());
        Ok(Val::List(self.arena().alloc_slice_fill_iter(keyed.iter().map(|(_, item)| *item))))
    }
}
