//! Reading: arguments by path, standard variables, fields and elements of values.

use serde_json::Value as Json;

use super::Tri;
use super::machine::{Machine, Scope};
use crate::cel::ast::Run;
use crate::cel::code::{NEVER, Node, Op, OpId};
use crate::cel::failure::{FailureKind, Trouble};
use crate::cel::lib::{lists, number::Number};
use crate::cel::source::{ArgPath, FieldName, Lookup};
use crate::cel::value::{Val, render};

impl<'e> Machine<'e> {
    fn lookup(&self, id: OpId, path: u32) -> Result<(&'e ArgPath, Lookup<'e>), Trouble> {
        let Some(path) = self.code.paths.get(path as usize) else { return Err(self.broken(id)) };
        Ok((path, self.input.args.lookup(path)))
    }

    #[inline]
    pub(super) fn path(&self, id: OpId, path: u32) -> Result<Val<'e>, Trouble> {
        match self.json_path(path) {
            Some(found) => Ok(Val::of_json(found)),
            None => self.path_of_source(id, path),
        }
    }

    /// The argument under a path, where arguments are one JSON object and have it.
    #[inline]
    pub(super) fn json_path(&self, path: u32) -> Option<&'e Json> {
        let (known, found) = self.last.get();
        if known == path {
            return found;
        }
        let found = self.code.paths.get(path as usize)?.find(self.object?);
        self.last.set((path, found));
        found
    }

    /// A field of the innermost macro's first variable, where that is a JSON object that has it.
    #[inline]
    pub(super) fn json_field(&self, name: u32, scope: Scope<'_, 'e>) -> Option<&'e Json> {
        let Json::Object(entries) = scope?.json? else { return None };
        entries.get(&**self.code.names.get(name as usize)?)
    }

    /// The JSON value of an operand, for those that usually have one; none says nothing but "go the long way".
    #[inline]
    pub(super) fn json(&self, id: OpId, scope: Scope<'_, 'e>) -> Option<&'e Json> {
        if self.notes.is_some() {
            return None;
        }
        match self.code.nodes.get(id as usize)?.op {
            Op::Path { path, optional: NEVER } => self.json_path(path),
            Op::ItemField { name } => self.json_field(name, scope),
            Op::Local { hops: 0, second: false } => scope?.json,
            _ => None,
        }
    }

    pub(super) fn item_field(
        &self,
        id: OpId,
        name: u32,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let (Some(frame), Some(name)) = (scope, self.code.names.get(name as usize)) else {
            return Err(self.broken(id));
        };
        self.field_of(id, frame.first(), name, false)
    }

    fn path_of_source(&self, id: OpId, path: u32) -> Result<Val<'e>, Trouble> {
        let (path, found) = self.lookup(id, path)?;
        match found {
            Lookup::Found(found) => Ok(Val::of_argument(found)),
            missing => Err(self.missing_argument(id, path, missing)),
        }
    }

    /// From key `optional` on, absence is an empty optional.
    pub(super) fn optional_path(
        &self,
        id: OpId,
        path: u32,
        optional: u16,
    ) -> Result<Val<'e>, Trouble> {
        let (path, found) = self.lookup(id, path)?;
        match found {
            Lookup::Found(found) => Ok(self.some(Val::of_argument(found))),
            Lookup::Missing(at) if at >= usize::from(optional) => Ok(Val::Optional(None)),
            missing => Err(self.missing_argument(id, path, missing)),
        }
    }

    #[inline(never)]
    pub(super) fn has_path(&self, id: OpId, path: u32, optional: u16) -> Tri {
        match self.json_path(path) {
            Some(_) => Tri::True,
            None => self.tri(self.has_path_of_source(id, path, optional)),
        }
    }

    fn has_path_of_source(&self, id: OpId, path: u32, optional: u16) -> Result<bool, Trouble> {
        let (path, found) = self.lookup(id, path)?;
        let last = path.segments().len().saturating_sub(1);
        match found {
            Lookup::Found(_) => Ok(true),
            Lookup::Missing(at) if at >= last || at >= usize::from(optional) => Ok(false),
            missing => Err(self.missing_argument(id, path, missing)),
        }
    }

    #[cold]
    fn missing_argument(&self, id: OpId, path: &ArgPath, missing: Lookup<'_>) -> Trouble {
        let (kind, at) = match missing {
            Lookup::NotAnObject(at) | Lookup::NullAbove(at) => (FailureKind::WrongType, at),
            Lookup::Missing(at) => (FailureKind::NoSuchKey, at),
            Lookup::Found(_) => (FailureKind::NoSuchKey, 0),
        };
        let trouble = Trouble { kind, at: id };
        if let Some(notes) = self.notes {
            let shown = if kind == FailureKind::WrongType {
                path.shown(at)
            } else {
                path.shown(at.saturating_add(1))
            };
            let words = if kind == FailureKind::WrongType {
                format!("`{shown}` is not an object, so it has no fields")
            } else {
                format!("no such key `{shown}`")
            };
            notes.say(trouble, words, Some(shown));
        }
        trouble
    }

    pub(super) fn fields(
        &self,
        id: OpId,
        base: OpId,
        names: Run,
        optional: u16,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let mut value = self.operand(base, scope)?;
        let names = self.code.names(names);
        if optional == NEVER && !matches!(value, Val::Optional(_)) {
            for name in names {
                value = match value.field(name) {
                    Some(found) => found,
                    None => return Err(self.missing_field(id, value, name)),
                };
            }
            return Ok(value);
        }
        for (position, name) in names.iter().enumerate() {
            value = self.field_of(id, value, name, position >= usize::from(optional))?;
        }
        Ok(value)
    }

    /// A field of a value that may be optional, or is asked for in a way that makes it so.
    fn field_of(
        &self,
        id: OpId,
        value: Val<'e>,
        name: &FieldName,
        optional: bool,
    ) -> Result<Val<'e>, Trouble> {
        let (inner, optional) = match value {
            Val::Optional(None) => return Ok(value),
            Val::Optional(Some(inner)) => (*inner, true),
            other => (other, optional),
        };
        match inner.field(name) {
            Some(found) if optional => Ok(self.some(found)),
            Some(found) => Ok(found),
            None if optional && inner.is_map() => Ok(Val::Optional(None)),
            None => Err(self.missing_field(id, inner, name)),
        }
    }

    #[cold]
    fn missing_field(&self, id: OpId, value: Val<'_>, name: &str) -> Trouble {
        let kind = if value.is_map() { FailureKind::NoSuchKey } else { FailureKind::WrongType };
        self.fail(kind, id, || {
            let name = crate::cel::problem::cut(name);
            match kind {
                FailureKind::NoSuchKey => format!("no such key `{name}`"),
                _ => format!(
                    "`{name}` is asked of a value of type {}, which has no fields",
                    value.type_name().as_str()
                ),
            }
        })
    }

    #[inline(never)]
    pub(super) fn has_fields(&self, id: OpId, node: &Node, scope: Scope<'_, 'e>) -> Tri {
        let Op::HasFields { base, names, optional } = node.op else { return self.damaged(id) };
        if !self.pay(node.cost) {
            return self.spent(id);
        }
        self.tri(self.has_fields_of(id, base, names, optional, scope))
    }

    fn has_fields_of(
        &self,
        id: OpId,
        base: OpId,
        names: Run,
        optional: u16,
        scope: Scope<'_, 'e>,
    ) -> Result<bool, Trouble> {
        let mut value = self.operand(base, scope)?;
        let Some((last, names)) = self.code.names(names).split_last() else {
            return Err(self.broken(id));
        };
        for (position, name) in names.iter().enumerate() {
            value = self.field_of(id, value, name, position >= usize::from(optional))?;
        }
        let inner = match value {
            Val::Optional(None) => return Ok(false),
            Val::Optional(Some(inner)) => *inner,
            other => other,
        };
        if !inner.is_map() {
            return Err(self.missing_field(id, inner, last));
        }
        Ok(inner.field(last).is_some())
    }

    pub(super) fn index(
        &self,
        id: OpId,
        base: OpId,
        index: OpId,
        optional: bool,
        scope: Scope<'_, 'e>,
    ) -> Result<Val<'e>, Trouble> {
        let base = self.operand(base, scope)?;
        let index = self.operand(index, scope)?;
        let (inner, optional) = match base {
            Val::Optional(None) => return Ok(base),
            Val::Optional(Some(inner)) => (*inner, true),
            other => (other, optional),
        };
        if let Some(items) = inner.items() {
            let found = self.position(id, index, items.len(), optional)?;
            let found = found.and_then(|found| items.get(found));
            return match found {
                Some(found) if optional => Ok(self.some(found)),
                Some(found) => Ok(found),
                None => Ok(Val::Optional(None)),
            };
        }
        if !inner.is_map() {
            return Err(self.wrong_type(id, "a list or a map", inner));
        }
        match inner.entry(index) {
            Some(found) if optional => Ok(self.some(found)),
            Some(found) => Ok(found),
            None if optional => Ok(Val::Optional(None)),
            None => Err(self.fail(FailureKind::NoSuchKey, id, || {
                format!("no such key `{}`", crate::cel::problem::cut(&render(index)))
            })),
        }
    }

    /// The position that an index means; none if there is no such element and that is fine.
    fn position(
        &self,
        id: OpId,
        index: Val<'e>,
        length: usize,
        optional: bool,
    ) -> Result<Option<usize>, Trouble> {
        let number = match index {
            Val::Int(value) => Number::Int(value),
            Val::Uint(value) => Number::Uint(value),
            Val::Double(value) => Number::Double(value),
            other => return Err(self.wrong_type(id, "a whole number as index", other)),
        };
        match lists::index(number, length) {
            Ok(position) => Ok(Some(position)),
            Err(_) if optional => Ok(None),
            Err(error) => Err(self.fail_with(&error, id)),
        }
    }
}
