//! The standard variables beside the arguments.

use super::machine::Machine;
use crate::call::SessionCall;
use crate::cel::code::{Field, OpId};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::input::Input;
use crate::cel::types::Record;
use crate::cel::value::Val;

/// The value of a field that is only read, not made.
pub(super) fn plain_field<'e>(input: &'e Input<'e>, field: Field) -> Option<Val<'e>> {
    let text = |text: Option<&'e String>| Val::Text(text.map_or("", String::as_str));
    let texts = |texts: Option<&'e Vec<String>>| Val::ListText(texts.map_or(&[], Vec::as_slice));
    Some(match field {
        Field::ToolName => Val::Text(input.tool.name),
        Field::ToolSource => Val::Text(input.tool.source),
        Field::ToolServer => Val::Text(input.tool.server),
        Field::ToolAnnotations => input.tool.annotations.map_or(Val::Map(&[]), Val::MapJson),
        Field::ToolIsNew => Val::Bool(input.tool.is_new),
        Field::PrincipalId => text(input.principal.map(|principal| &principal.id)),
        Field::PrincipalKind => text(input.principal.map(|principal| &principal.kind)),
        Field::PrincipalName => text(input.principal.map(|principal| &principal.name)),
        Field::PrincipalRoles => texts(input.principal.map(|principal| &principal.roles)),
        Field::PrincipalTeams => texts(input.principal.map(|principal| &principal.teams)),
        Field::SessionId => text(input.session.map(|session| &session.id)),
        Field::Context => input.context.map_or(Val::Map(&[]), Val::MapJson),
        Field::Justification => Val::Text(input.justification),
        Field::SessionCalls | Field::Now => return None,
    })
}

impl<'e> Machine<'e> {
    pub(super) fn field(&self, id: OpId, field: Field) -> Result<Val<'e>, Trouble> {
        match plain_field(self.input, field) {
            Some(value) => Ok(value),
            None if field == Field::Now => self.now(id),
            None => self.session_calls(id),
        }
    }

    fn now(&self, id: OpId) -> Result<Val<'e>, Trouble> {
        let Some(now) = self.input.now else {
            return Err(self.fail(FailureKind::NoSuchKey, id, || "`now` is not known".to_owned()));
        };
        Ok(Val::Timestamp(now))
    }

    fn session_calls(&self, id: OpId) -> Result<Val<'e>, Trouble> {
        let Some(session) = self.input.session else { return Ok(Val::List(&[])) };
        self.charge_items(session.calls.len().saturating_mul(Record::Call.fields().len()), id)?;
        let mut calls = Vec::with_capacity(session.calls.len());
        for call in &session.calls {
            calls.push(self.session_call(call));
        }
        Ok(Val::List(self.arena().alloc_slice_copy(&calls)))
    }

    fn session_call(&self, call: &'e SessionCall) -> Val<'e> {
        let at = call.at.map_or(Val::Null, Val::Timestamp);
        // Sorted by key, as all maps are.
        Val::Map(self.arena().alloc([
            (Val::Text("action"), Val::Text(&call.action)),
            (Val::Text("args"), Val::of_json(&call.args)),
            (Val::Text("at"), at),
            (Val::Text("source"), Val::Text(&call.source)),
            (Val::Text("tool"), Val::Text(&call.tool)),
        ]))
    }

    /// A standard variable as a map, for expressions that use it whole.
    pub(super) fn record(&self, id: OpId, record: Record) -> Result<Val<'e>, Trouble> {
        let fields: &[(&'static str, Field)] = match record {
            Record::Tool => &[
                ("annotations", Field::ToolAnnotations),
                ("is_new", Field::ToolIsNew),
                ("name", Field::ToolName),
                ("server", Field::ToolServer),
                ("source", Field::ToolSource),
            ],
            Record::Principal => &[
                ("id", Field::PrincipalId),
                ("kind", Field::PrincipalKind),
                ("name", Field::PrincipalName),
                ("roles", Field::PrincipalRoles),
                ("teams", Field::PrincipalTeams),
            ],
            Record::Session => &[("calls", Field::SessionCalls), ("id", Field::SessionId)],
            Record::Call => return Err(self.broken(id)),
        };
        let mut entries = Vec::with_capacity(fields.len());
        for (name, field) in fields {
            entries.push((Val::Text(name), self.field(id, *field)?));
        }
        Ok(Val::Map(self.arena().alloc_slice_copy(&entries)))
    }
}
