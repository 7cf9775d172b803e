//! Conversions between types, and the type of a value.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::function::Function;
use crate::cel::lib::{number, text};
use crate::cel::program::machine::Machine;
use crate::cel::value::{Val, render};

impl<'e> Machine<'e> {
    pub(super) fn convert(&self, id: OpId, function: Function, values: &[Val<'e>]) -> Answer<'e> {
        let [value] = *values else { return Ok(None) };
        match function {
            Function::Dyn => Ok(Some(value)),
            Function::Type => Ok(Some(Val::Type(value.type_name()))),
            Function::Bool => self.to_bool(id, value),
            Function::Int => self.to_int(id, value),
            Function::Uint => self.to_uint(id, value),
            Function::Double => self.to_double(id, value),
            Function::Text => self.to_text(id, value),
            Function::Bytes => match value {
                Val::Bytes(_) => Ok(Some(value)),
                Val::Text(text) => Ok(Some(Val::Bytes(text.as_bytes()))),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn to_bool(&self, id: OpId, value: Val<'e>) -> Answer<'e> {
        Ok(Some(match value {
            Val::Bool(_) => value,
            Val::Text(text) => Val::Bool(self.lib(text::to_bool(text), id)?),
            _ => return Ok(None),
        }))
    }

    fn to_int(&self, id: OpId, value: Val<'e>) -> Answer<'e> {
        let converted = match value {
            Val::Int(_) => return Ok(Some(value)),
            Val::Uint(value) => number::int_from_uint(value),
            Val::Double(value) => number::int_from_double(value),
            Val::Text(text) => {
                self.charge_bytes(text.len(), id)?;
                number::int_from_text(text)
            }
            Val::Timestamp(instant) => Ok(instant.unix_seconds()),
            _ => return Ok(None),
        };
        self.lib(converted, id).map(|value| Some(Val::Int(value)))
    }

    fn to_uint(&self, id: OpId, value: Val<'e>) -> Answer<'e> {
        let converted = match value {
            Val::Uint(_) => return Ok(Some(value)),
            Val::Int(value) => number::uint_from_int(value),
            Val::Double(value) => number::uint_from_double(value),
            Val::Text(text) => {
                self.charge_bytes(text.len(), id)?;
                number::uint_from_text(text)
            }
            _ => return Ok(None),
        };
        self.lib(converted, id).map(|value| Some(Val::Uint(value)))
    }

    fn to_double(&self, id: OpId, value: Val<'e>) -> Answer<'e> {
        let converted = match value {
            Val::Double(_) => return Ok(Some(value)),
            Val::Int(value) => number::double_from_int(value),
            Val::Uint(value) => number::double_from_uint(value),
            Val::Text(text) => {
                self.charge_bytes(text.len(), id)?;
                self.lib(number::double_from_text(text), id)?
            }
            _ => return Ok(None),
        };
        Ok(Some(Val::Double(converted)))
    }

    fn to_text(&self, id: OpId, value: Val<'e>) -> Answer<'e> {
        match value {
            Val::Text(_) => Ok(Some(value)),
            Val::Bytes(bytes) => {
                self.charge_bytes(bytes.len(), id)?;
                self.lib(text::from_bytes(bytes), id).map(|text| Some(Val::Text(text)))
            }
            Val::Bool(_)
            | Val::Int(_)
            | Val::Uint(_)
            | Val::Double(_)
            | Val::Timestamp(_)
            | Val::Duration(_)
            | Val::Ip(_)
            | Val::Cidr(_) => self.made_text(id, &render(value)),
            _ => Ok(None),
        }
    }
}
