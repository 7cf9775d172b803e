//! Instants and spans of time.

use super::Answer;
use crate::cel::code::OpId;
use crate::cel::function::Function;
use crate::cel::lib::LibError;
use crate::cel::lib::time::{Duration, DurationPart, TimestampPart, Zone};
use crate::cel::program::machine::Machine;
use crate::cel::value::Val;
use crate::time::Timestamp;

impl<'e> Machine<'e> {
    pub(super) fn time_function(
        &self,
        id: OpId,
        function: Function,
        values: &[Val<'e>],
    ) -> Answer<'e> {
        match (function, values) {
            (Function::Timestamp, [value]) => self.to_timestamp(id, *value),
            (Function::Duration, [value]) => match *value {
                Val::Duration(_) => Ok(Some(*value)),
                Val::Text(text) => {
                    self.charge_bytes(text.len(), id)?;
                    self.lib(Duration::parse(text), id).map(|span| Some(Val::Duration(span)))
                }
                _ => Ok(None),
            },
            (_, [Val::Duration(span)]) => {
                Ok(DurationPart::from_function(function.name())
                    .map(|part| Val::Int(span.part(part))))
            }
            (_, [Val::Timestamp(instant)]) => Ok(TimestampPart::from_function(function.name())
                .map(|part| Val::Int(instant.part(part, &Zone::Utc)))),
            (_, [Val::Timestamp(instant), Val::Text(zone)]) => {
                self.charge_bytes(zone.len(), id)?;
                let zone = self.lib(Zone::parse(zone), id)?;
                Ok(TimestampPart::from_function(function.name())
                    .map(|part| Val::Int(instant.part(part, &zone))))
            }
            _ => Ok(None),
        }
    }

    fn to_timestamp(&self, id: OpId, value: Val<'e>) -> Answer<'e> {
        let converted = match value {
            Val::Timestamp(_) => return Ok(Some(value)),
            Val::Int(seconds) => Timestamp::from_unix_seconds(seconds),
            Val::Text(text) => {
                self.charge_bytes(text.len(), id)?;
                text.parse()
            }
            _ => return Ok(None),
        };
        self.lib(converted.map_err(LibError::from), id).map(|instant| Some(Val::Timestamp(instant)))
    }
}
