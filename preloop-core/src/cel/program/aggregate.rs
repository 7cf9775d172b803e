//! Making lists and maps; sizes.

use std::cmp::Ordering;

use super::machine::{ITEMS_MAX, Machine, Scope};
use crate::cel::ast::Run;
use crate::cel::code::OpId;
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::value::{Val, key_order, render};

impl<'e> Machine<'e> {
    pub(super) fn list(&self, run: Run, scope: Scope<'_, 'e>) -> Result<Val<'e>, Trouble> {
        let mut made = Vec::with_capacity(run.len as usize);
        for (position, element) in self.code.run(run).iter().enumerate() {
            let value = self.operand(*element, scope)?;
            if !self.code.is_optional(run, position) {
                made.push(value);
                continue;
            }
            match value {
                Val::Optional(inner) => made.extend(inner.copied()),
                other => return Err(self.wrong_type(*element, "an optional", other)),
            }
        }
        Ok(Val::List(self.arena().alloc_slice_copy(&made)))
    }

    pub(super) fn map(&self, id: OpId, run: Run, scope: Scope<'_, 'e>) -> Result<Val<'e>, Trouble> {
        let mut made = Vec::with_capacity(run.len as usize / 2);
        for (position, pair) in self.code.run(run).chunks_exact(2).enumerate() {
            let [key, value] = pair else { return Err(self.broken(id)) };
            let key = self.operand(*key, scope)?;
            let value = self.operand(*value, scope)?;
            if !self.code.is_optional(run, position.saturating_mul(2)) {
                made.push((key, value));
                continue;
            }
            match value {
                Val::Optional(inner) => made.extend(inner.map(|inner| (key, *inner))),
                other => return Err(self.wrong_type(id, "an optional", other)),
            }
        }
        self.make_map(id, made)
    }

    /// A map of these entries; keys must be of a key's type and differ.
    pub(super) fn make_map(
        &self,
        id: OpId,
        mut entries: Vec<(Val<'e>, Val<'e>)>,
    ) -> Result<Val<'e>, Trouble> {
        if entries.len() > ITEMS_MAX {
            return Err(self.too_long(id));
        }
        for (key, _) in &entries {
            if !matches!(key, Val::Bool(_) | Val::Int(_) | Val::Uint(_) | Val::Text(_)) {
                return Err(self.wrong_type(id, "a bool, int, uint or string as key", *key));
            }
        }
        entries.sort_by(|left, right| key_order(left.0, right.0));
        for pair in entries.windows(2) {
            if let [(left, _), (right, _)] = pair
                && key_order(*left, *right) == Ordering::Equal
            {
                return Err(self.fail(FailureKind::DuplicateKey, id, || {
                    format!("the key `{}` stands twice", crate::cel::problem::cut(&render(*left)))
                }));
            }
        }
        Ok(Val::Map(self.arena().alloc_slice_copy(&entries)))
    }

    pub(super) fn size(
        &self,
        id: OpId,
        operand: OpId,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let value = self.operand(operand, scope)?;
        if let Val::Text(text) = value {
            self.charge_bytes(text.len(), id)?;
            return Ok(Val::Int(crate::cel::lib::text::size(text)));
        }
        let length = match value {
            Val::Bytes(bytes) => Some(bytes.len()),
            other => other.items().map(crate::cel::value::Items::len).or_else(|| other.map_len()),
        };
        match length {
            Some(length) => Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX))),
            None => Err(self.wrong_type(id, "text, bytes, a list or a map", value)),
        }
    }
}
