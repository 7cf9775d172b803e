//! Equality of values of any depth, and membership; every step is paid for.

use super::machine::Machine;
use crate::cel::code::OpId;
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::value::{Items, VALUE_DEPTH_MAX, Val, entries_of, scalar_equal};

impl<'e> Machine<'e> {
    pub(super) fn equal(&self, id: OpId, left: Val<'e>, right: Val<'e>) -> Result<bool, Trouble> {
        self.equal_below(id, left, right, VALUE_DEPTH_MAX)
    }

    fn equal_below(
        &self,
        id: OpId,
        left: Val<'e>,
        right: Val<'e>,
        levels: usize,
    ) -> Result<bool, Trouble> {
        if let (Val::Text(left), Val::Text(right)) = (left, right) {
            self.charge_bytes(left.len().min(right.len()), id)?;
            return Ok(left == right);
        }
        if let (Val::Bytes(left), Val::Bytes(right)) = (left, right) {
            self.charge_bytes(left.len().min(right.len()), id)?;
        }
        if let Some(equal) = scalar_equal(left, right) {
            return Ok(equal);
        }
        let Some(levels) = levels.checked_sub(1) else {
            return Err(self.fail(FailureKind::TooLarge, id, || {
                format!("the values nest deeper than {VALUE_DEPTH_MAX} levels")
            }));
        };
        if let (Some(left), Some(right)) = (left.items(), right.items()) {
            return self.equal_lists(id, left, right, levels);
        }
        if left.is_map() && left.map_len() == right.map_len() {
            return self.equal_maps(id, left, right, levels);
        }
        match (left, right) {
            (Val::Optional(None), Val::Optional(None)) => Ok(true),
            (Val::Optional(Some(left)), Val::Optional(Some(right))) => {
                self.charge(1, id)?;
                self.equal_below(id, *left, *right, levels)
            }
            _ => Ok(false),
        }
    }

    fn equal_lists(
        &self,
        id: OpId,
        left: Items<'e>,
        right: Items<'e>,
        levels: usize,
    ) -> Result<bool, Trouble> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right.iter()) {
            self.charge(1, id)?;
            if !self.equal_below(id, left, right, levels)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_maps(
        &self,
        id: OpId,
        left: Val<'e>,
        right: Val<'e>,
        levels: usize,
    ) -> Result<bool, Trouble> {
        self.charge_items(left.map_len().unwrap_or(0), id)?;
        for (key, left) in entries_of(left, self.arena()).unwrap_or(&[]) {
            self.charge(1, id)?;
            let Some(right) = right.entry(*key) else { return Ok(false) };
            if !self.equal_below(id, *left, right, levels)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn is_in(&self, id: OpId, left: Val<'e>, right: Val<'e>) -> Result<bool, Trouble> {
        if let Some(items) = right.items() {
            return self.contains_item(id, items, left);
        }
        if right.is_map() {
            return Ok(right.entry(left).is_some());
        }
        Err(self.wrong_type(id, "a list or a map on the right of `in`", right))
    }

    pub(super) fn contains_item(
        &self,
        id: OpId,
        items: Items<'e>,
        wanted: Val<'e>,
    ) -> Result<bool, Trouble> {
        for item in items.iter() {
            self.charge(1, id)?;
            if self.equal(id, item, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
