//! `text.format(list)`: values shown to the formatter.

use std::borrow::Cow;
use std::cell::Cell;

use bumpalo::Bump;

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::lib::LibError;
use crate::cel::lib::format::{self, FormatArgument, FormatValue};
use crate::cel::program::machine::{Machine, TEXT_MAX};
use crate::cel::value::{VALUE_DEPTH_MAX, Val, entries_of};

/// A value that is being formatted, with the levels that may still lie below it.
#[derive(Clone, Copy)]
struct Shown<'e> {
    value: Val<'e>,
    arena: &'e Bump,
    levels: usize,
}

impl<'e> Shown<'e> {
    fn below(self, value: Val<'e>) -> Result<Self, LibError> {
        let too_deep = LibError::TooLarge { limit: VALUE_DEPTH_MAX, unit: "levels" };
        let levels = self.levels.checked_sub(1).ok_or(too_deep)?;
        Ok(Self { value, levels, ..self })
    }
}

impl FormatArgument for Shown<'_> {
    fn format_value(&self) -> FormatValue<'_> {
        match self.value {
            Val::Null => FormatValue::Null,
            Val::Bool(value) => FormatValue::Bool(value),
            Val::Int(value) => FormatValue::Int(value),
            Val::Uint(value) => FormatValue::Uint(value),
            Val::Double(value) => FormatValue::Double(value),
            Val::Text(value) => FormatValue::Text(value),
            Val::Bytes(value) => FormatValue::Bytes(value),
            Val::Timestamp(value) => FormatValue::Timestamp(value),
            Val::Duration(value) => FormatValue::Duration(value),
            Val::Type(name) => FormatValue::Type(name.as_str()),
            Val::Ip(_) | Val::Cidr(_) | Val::Optional(_) => FormatValue::Other,
            Val::Map(_) | Val::MapOwned(_) | Val::MapJson(_) | Val::MapParts(..) => {
                FormatValue::Map
            }
            Val::List(_)
            | Val::ListOwned(_)
            | Val::ListJson(_)
            | Val::ListText(_)
            | Val::ListParts(..) => FormatValue::List,
        }
    }

    fn type_name(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.value.type_name().as_str())
    }

    fn for_each_item(
        &self,
        visit: &mut dyn FnMut(&Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        if let Some(items) = self.value.items() {
            for item in items.iter() {
                visit(&self.below(item)?)?;
            }
        }
        Ok(())
    }

    fn for_each_entry(
        &self,
        visit: &mut dyn FnMut(&Self, &Self) -> Result<(), LibError>,
    ) -> Result<(), LibError> {
        for (key, value) in entries_of(self.value, self.arena).unwrap_or(&[]) {
            visit(&self.below(*key)?, &self.below(*value)?)?;
        }
        Ok(())
    }
}

impl<'e> Machine<'e> {
    pub(super) fn format(&self, id: OpId, pattern: &str, list: Val<'e>) -> Answer<'e> {
        let Some(items) = list.items() else { return Ok(None) };
        self.charge_bytes(pattern.len(), id)?;
        self.charge_items(items.len(), id)?;
        // What can be made is bounded by what is left to pay for it.
        let affordable = usize::try_from(self.fuel_left().saturating_add(1).saturating_mul(16));
        let limit = affordable.unwrap_or(TEXT_MAX).min(TEXT_MAX);
        let shown = |position| {
            let value = items.get(position)?;
            Some(Shown { value, arena: self.arena(), levels: VALUE_DEPTH_MAX })
        };
        let bytes = Cell::new(0);
        let made = format::format(pattern, shown, limit, &bytes);
        if limit < TEXT_MAX && matches!(made, Err(LibError::TooLarge { unit: "bytes", .. })) {
            self.charge(u32::MAX, id)?;
        }
        if made.is_err() {
            // What was made before it failed took its time, and the same budget must always give the same answer.
            self.charge_bytes(bytes.get(), id)?;
        }
        let made = self.lib(made, id)?;
        self.made_text(id, &made)
    }
}
