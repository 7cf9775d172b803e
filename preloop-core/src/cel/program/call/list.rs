//! Functions of lists, and of lists as sets.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::failure::Trouble;
use crate::cel::function::Function;
use crate::cel::lib::lists;
use crate::cel::program::machine::{ITEMS_MAX, Machine};
use crate::cel::value::{Items, Val};

impl<'e> Machine<'e> {
    pub(super) fn list_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        if let (Function::ListsRange, [Val::Int(count)]) = (function, values) {
            return self.range(id, *count);
        }
        let Some((Some(items), rest)) =
            values.split_first().map(|(first, rest)| (first.items(), rest))
        else {
            return Ok(None);
        };
        match (function, rest) {
            (Function::Slice, [Val::Int(start), Val::Int(end)]) => {
                let range = self.lib(lists::slice(*start, *end, items.len()), id)?;
                let part: Vec<Val<'e>> = items.iter().skip(range.start).take(range.len()).collect();
                self.made_list(id, &part)
            }
            (Function::Reverse, []) => {
                let mut reversed: Vec<Val<'e>> = items.iter().collect();
                reversed.reverse();
                self.made_list(id, &reversed)
            }
            (Function::Flatten, []) => self.flatten(id, items, 1),
            (Function::Flatten, [Val::Int(depth)]) => {
                let depth = self.lib(lists::flatten_depth(*depth), id)?;
                self.flatten(id, items, depth)
            }
            (Function::Distinct, []) => self.distinct(id, items),
            (Function::Sort, []) => {
                let keyed = items.iter().map(|item| (item, item)).collect();
                self.sort_by(id, keyed).map(Some)
            }
            (Function::First, []) => Ok(Some(self.maybe(items.get(0)))),
            (Function::Last, []) => {
                let last = items.len().checked_sub(1).and_then(|last| items.get(last));
                Ok(Some(self.maybe(last)))
            }
            (_, [other]) => match other.items() {
                Some(other) => self.set_function(id, function, items, other),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn maybe(&self, found: Option<Val<'e>>) -> Val<'e> {
        found.map_or(Val::Optional(None), |found| self.some(found))
    }

    fn range(&self, id: OpId, count: i64) -> Answer<'e> {
        let length = self.lib(lists::range_length(count, ITEMS_MAX), id)?;
        self.charge_items(length, id)?;
        let numbers = (0..i64::try_from(length).unwrap_or(0)).map(Val::Int);
        let numbers: Vec<Val<'e>> = numbers.collect();
        Ok(Some(Val::List(self.arena().alloc_slice_copy(&numbers))))
    }

    /// Takes away `depth` levels, one at a time, so that depth is no recursion.
    fn flatten(&self, id: OpId, items: Items<'e>, depth: usize) -> Answer<'e> {
        let mut flat: Vec<Val<'e>> = items.iter().collect();
        for _ in 0..depth {
            self.charge_items(flat.len().saturating_add(1), id)?;
            let mut next = Vec::with_capacity(flat.len());
            let mut nested = false;
            for item in flat {
                match item.items() {
                    Some(inner) => {
                        nested = true;
                        self.charge_items(inner.len(), id)?;
                        if next.len().saturating_add(inner.len()) > ITEMS_MAX {
                            return Err(self.too_long(id));
                        }
                        next.extend(inner.iter());
                    }
                    None => next.push(item),
                }
            }
            flat = next;
            if !nested {
                break;
            }
        }
        self.made_list(id, &flat)
    }

    fn distinct(&self, id: OpId, items: Items<'e>) -> Answer<'e> {
        let mut kept: Vec<Val<'e>> = Vec::new();
        for item in items.iter() {
            let mut known = false;
            for other in &kept {
                self.charge(1, id)?;
                if self.equal(id, *other, item)? {
                    known = true;
                    break;
                }
            }
            if !known {
                kept.push(item);
            }
        }
        self.made_list(id, &kept)
    }

    fn set_function(
        &self,
        id: OpId,
        function: Function,
        left: Items<'e>,
        right: Items<'e>,
    ) -> Answer<'e> {
        Ok(Some(Val::Bool(match function {
            Function::SetsContains => self.holds_all(id, left, right)?,
            Function::SetsEquivalent => {
                self.holds_all(id, left, right)? && self.holds_all(id, right, left)?
            }
            Function::SetsIntersects => {
                let mut found = false;
                for item in right.iter() {
                    if self.contains_item(id, left, item)? {
                        found = true;
                        break;
                    }
                }
                found
            }
            _ => return Ok(None),
        })))
    }

    fn holds_all(&self, id: OpId, set: Items<'e>, items: Items<'e>) -> Result<bool, Trouble> {
        for item in items.iter() {
            if !self.contains_item(id, set, item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
