//! The types of one expression, and the search for types that fit each other.

use std::fmt::Write as _;

use crate::cel::check::schema::Shape;
use crate::cel::types::{Declared, Record, Type, TypeId};
use crate::cel::value::TypeName;

/// The deepest type that is compared or written out; beyond, types count as fitting.
const TYPE_DEPTH_MAX: usize = 80;

/// The parts of compound types, and what is known of type variables.
#[derive(Debug, Default)]
pub(crate) struct Types {
    parts: Vec<Type>,
    bound: Vec<Option<Type>>,
    names: Vec<String>,
}

impl Types {
    pub(crate) fn id(&mut self, part: Type) -> TypeId {
        let id = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        self.parts.push(part);
        id
    }

    pub(crate) fn part(&self, id: TypeId) -> Type {
        self.parts.get(id as usize).copied().unwrap_or(Type::Dyn)
    }

    pub(crate) fn variable(&mut self) -> Type {
        let variable = u32::try_from(self.bound.len()).unwrap_or(u32::MAX);
        self.bound.push(None);
        Type::Variable(variable)
    }

    pub(crate) fn list(&mut self, element: Type) -> Type {
        Type::List(self.id(element))
    }

    pub(crate) fn map(&mut self, key: Type, value: Type) -> Type {
        let key = self.id(key);
        Type::Map(key, self.id(value))
    }

    pub(crate) fn optional(&mut self, inner: Type) -> Type {
        match inner {
            Type::Optional(_) => inner,
            _ => Type::Optional(self.id(inner)),
        }
    }

    pub(crate) fn kind(&mut self, inner: Type) -> Type {
        Type::Kind(self.id(inner))
    }

    pub(crate) fn of_shape(&mut self, shape: &Shape) -> Type {
        match shape {
            Shape::Any => Type::Dyn,
            Shape::Null => Type::Null,
            Shape::Bool => Type::Bool,
            Shape::Number => Type::Number,
            Shape::Text => Type::Text,
            Shape::List(element) => {
                let element = self.of_shape(element);
                self.list(element)
            }
            Shape::Object(number) => Type::Object(*number),
        }
    }

    pub(crate) fn of_name(&mut self, name: TypeName) -> Type {
        let inner = match name {
            TypeName::Null => Type::Null,
            TypeName::Bool => Type::Bool,
            TypeName::Int => Type::Int,
            TypeName::Uint => Type::Uint,
            TypeName::Double => Type::Double,
            TypeName::Text => Type::Text,
            TypeName::Bytes => Type::Bytes,
            TypeName::List => self.list(Type::Dyn),
            TypeName::Map => self.map(Type::Dyn, Type::Dyn),
            TypeName::Timestamp => Type::Timestamp,
            TypeName::Duration => Type::Duration,
            TypeName::Ip => Type::Ip,
            TypeName::Cidr => Type::Cidr,
            TypeName::Optional => self.optional(Type::Dyn),
            TypeName::Type => self.kind(Type::Dyn),
        };
        self.kind(inner)
    }

    /// The type that an environment declares; parameters of one signature share `parameters`.
    pub(crate) fn declared(
        &mut self,
        declared: &Declared,
        parameters: &mut Vec<(String, Type)>,
    ) -> Type {
        match declared {
            Declared::Dyn => Type::Dyn,
            Declared::Null => Type::Null,
            Declared::Bool => Type::Bool,
            Declared::Int => Type::Int,
            Declared::Uint => Type::Uint,
            Declared::Double => Type::Double,
            Declared::Text => Type::Text,
            Declared::Bytes => Type::Bytes,
            Declared::Timestamp => Type::Timestamp,
            Declared::Duration => Type::Duration,
            Declared::Ip => Type::Ip,
            Declared::Cidr => Type::Cidr,
            Declared::List(element) => {
                let element = self.declared(element, parameters);
                self.list(element)
            }
            Declared::Map(key, value) => {
                let key = self.declared(key, parameters);
                let value = self.declared(value, parameters);
                self.map(key, value)
            }
            Declared::Optional(inner) => {
                let inner = self.declared(inner, parameters);
                Type::Optional(self.id(inner))
            }
            Declared::Kind(inner) => {
                let inner = self.declared(inner, parameters);
                self.kind(inner)
            }
            Declared::Parameter(name) => {
                if let Some((_, known)) = parameters.iter().find(|(known, _)| known == name) {
                    return *known;
                }
                let variable = self.variable();
                parameters.push((name.clone(), variable));
                variable
            }
            Declared::Abstract(name, inner) => {
                let inner: Vec<Type> =
                    inner.iter().map(|inner| self.declared(inner, parameters)).collect();
                self.named(name, &inner)
            }
        }
    }

    fn named(&mut self, name: &str, inner: &[Type]) -> Type {
        let known = self.names.iter().position(|known| known == name);
        let name = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len().saturating_sub(1)
        });
        let first = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        self.parts.extend_from_slice(inner);
        Type::Abstract(
            u32::try_from(name).unwrap_or(u32::MAX),
            first,
            u8::try_from(inner.len()).unwrap_or(u8::MAX),
        )
    }

    /// The type that a variable stands for, as far as that is known.
    pub(crate) fn resolve(&self, mut found: Type) -> Type {
        // Bindings never form a circle (`bind` checks), so this ends.
        while let Type::Variable(variable) = found {
            match self.bound.get(variable as usize) {
                Some(Some(bound)) => found = *bound,
                _ => return found,
            }
        }
        found
    }

    /// Marks where to go back to if the next signature does not fit.
    pub(crate) fn snapshot(&self) -> Vec<Option<Type>> {
        self.bound.clone()
    }

    pub(crate) fn restore(&mut self, snapshot: Vec<Option<Type>>) {
        self.bound = snapshot;
    }

    /// Whether a value of type `got` may stand where `want` is asked for; binds type variables on the way.
    pub(crate) fn fits(&mut self, want: Type, got: Type) -> bool {
        self.fits_below(want, got, TYPE_DEPTH_MAX)
    }

    fn fits_below(&mut self, want: Type, got: Type, levels: usize) -> bool {
        let Some(levels) = levels.checked_sub(1) else { return true };
        if let Type::Variable(variable) = want {
            return self.bind(variable, got, levels);
        }
        let got = self.resolve(got);
        if let Type::Variable(variable) = got {
            return self.bind(variable, want, levels);
        }
        match (want, got) {
            (Type::List(want), Type::List(got)) | (Type::Optional(want), Type::Optional(got)) => {
                self.fits_below(self.part(want), self.part(got), levels)
            }
            (Type::Map(want_key, want_value), Type::Map(got_key, got_value)) => {
                self.fits_below(self.part(want_key), self.part(got_key), levels)
                    && self.fits_below(self.part(want_value), self.part(got_value), levels)
            }
            (Type::Map(key, value), Type::Object(_) | Type::Record(_))
            | (Type::Object(_) | Type::Record(_), Type::Map(key, value)) => {
                self.fits_below(self.part(key), Type::Text, levels)
                    && self.fits_below(self.part(value), Type::Dyn, levels)
            }
            (Type::Abstract(want, first, count), Type::Abstract(got, other, others)) => {
                want == got
                    && count == others
                    && (0..u32::from(count)).all(|step| {
                        let want = self.part(first.saturating_add(step));
                        let got = self.part(other.saturating_add(step));
                        self.fits_below(want, got, levels)
                    })
            }
            // JSON's numbers are of any number type, and a value that may be absent may be given as null.
            (Type::Dyn, _)
            | (_, Type::Dyn)
            | (Type::Kind(_), Type::Kind(_))
            | (Type::Number, Type::Int | Type::Uint | Type::Double)
            | (Type::Int | Type::Uint | Type::Double, Type::Number)
            | (
                Type::Optional(_) | Type::Abstract(..) | Type::Timestamp | Type::Duration,
                Type::Null,
            ) => true,
            _ => want == got,
        }
    }

    fn bind(&mut self, variable: u32, got: Type, levels: usize) -> bool {
        let got = self.resolve(got);
        if got == Type::Variable(variable) {
            return true;
        }
        let known = self.bound.get(variable as usize).copied().flatten();
        let Some(known) = known else {
            if self.mentions(got, variable, levels) {
                return false;
            }
            if let Some(slot) = self.bound.get_mut(variable as usize) {
                *slot = Some(got);
            }
            return true;
        };
        if let Type::Variable(next) = known {
            return self.bind(next, got, levels);
        }
        if !self.fits_below(known, got, levels) {
            return false;
        }
        if self.is_wider(got, known, levels)
            && !self.mentions(got, variable, levels)
            && let Some(slot) = self.bound.get_mut(variable as usize)
        {
            *slot = Some(got);
        }
        true
    }

    fn mentions(&self, found: Type, variable: u32, levels: usize) -> bool {
        let Some(levels) = levels.checked_sub(1) else { return true };
        match self.resolve(found) {
            Type::Variable(found) => found == variable,
            Type::List(inner) | Type::Optional(inner) | Type::Kind(inner) => {
                self.mentions(self.part(inner), variable, levels)
            }
            Type::Map(key, value) => {
                self.mentions(self.part(key), variable, levels)
                    || self.mentions(self.part(value), variable, levels)
            }
            Type::Abstract(_, first, count) => (0..u32::from(count))
                .any(|step| self.mentions(self.part(first.saturating_add(step)), variable, levels)),
            _ => false,
        }
    }

    /// Whether `left` says the same as `right` or less.
    fn is_wider(&self, left: Type, right: Type, levels: usize) -> bool {
        let Some(levels) = levels.checked_sub(1) else { return false };
        match (self.resolve(left), self.resolve(right)) {
            (Type::Dyn | Type::Variable(_), _) => true,
            (_, Type::Dyn | Type::Variable(_)) => false,
            (Type::List(left), Type::List(right))
            | (Type::Optional(left), Type::Optional(right))
            | (Type::Kind(left), Type::Kind(right)) => {
                self.is_wider(self.part(left), self.part(right), levels)
            }
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                self.is_wider(self.part(key), self.part(other_key), levels)
                    && self.is_wider(self.part(value), self.part(other_value), levels)
            }
            (Type::Abstract(left, first, count), Type::Abstract(right, other, _)) => {
                left == right
                    && (0..u32::from(count)).all(|step| {
                        let left = self.part(first.saturating_add(step));
                        self.is_wider(left, self.part(other.saturating_add(step)), levels)
                    })
            }
            (left, Type::Null) if left != Type::Null => true,
            (left, right) => left == right || left == Type::Number,
        }
    }

    /// The type of something that is either: the wider of two that fit, else known only when it is met.
    pub(crate) fn join(&mut self, left: Type, right: Type) -> Type {
        let snapshot = self.snapshot();
        if self.fits(left, right) {
            return if self.is_wider(left, right, TYPE_DEPTH_MAX) { left } else { right };
        }
        self.restore(snapshot);
        Type::Dyn
    }

    /// The type as messages write it.
    pub(crate) fn show(&self, found: Type) -> String {
        let mut shown = String::new();
        self.write(found, &mut shown, 6);
        shown
    }

    fn write(&self, found: Type, out: &mut String, levels: usize) {
        let Some(levels) = levels.checked_sub(1) else {
            out.push('…');
            return;
        };
        let plain = match self.resolve(found) {
            Type::Dyn | Type::Variable(_) => "dyn",
            Type::Null => "null",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::Number => "number",
            Type::Text => "string",
            Type::Bytes => "bytes",
            Type::Timestamp => "timestamp",
            Type::Duration => "duration",
            Type::Ip => "ip",
            Type::Cidr => "cidr",
            Type::Kind(_) => "type",
            Type::Object(_) => "object",
            Type::Record(Record::Tool) => "tool",
            Type::Record(Record::Principal) => "principal",
            Type::Record(Record::Session) => "session",
            Type::Record(Record::Call) => "call",
            Type::List(inner) => return self.write_compound("list", &[inner], out, levels),
            Type::Optional(inner) => return self.write_compound("optional", &[inner], out, levels),
            Type::Map(key, value) => {
                return self.write_compound("map", &[key, value], out, levels);
            }
            Type::Abstract(name, ..) => self.names.get(name as usize).map_or("dyn", String::as_str),
        };
        out.push_str(plain);
    }

    fn write_compound(&self, name: &str, parts: &[TypeId], out: &mut String, levels: usize) {
        let _ = write!(out, "{name}(");
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                out.push_str(", ");
            }
            self.write(self.part(*part), out, levels);
        }
        out.push(')');
    }

    /// The type as an environment would declare it; unknown variables are dyn.
    pub(crate) fn to_declared(&self, found: Type) -> Declared {
        let inner = |part: TypeId| Box::new(self.to_declared(self.part(part)));
        match self.resolve(found) {
            Type::Dyn | Type::Variable(_) | Type::Number => Declared::Dyn,
            Type::Null => Declared::Null,
            Type::Bool => Declared::Bool,
            Type::Int => Declared::Int,
            Type::Uint => Declared::Uint,
            Type::Double => Declared::Double,
            Type::Text => Declared::Text,
            Type::Bytes => Declared::Bytes,
            Type::Timestamp => Declared::Timestamp,
            Type::Duration => Declared::Duration,
            Type::Ip => Declared::Ip,
            Type::Cidr => Declared::Cidr,
            Type::List(element) => Declared::List(inner(element)),
            Type::Map(key, value) => Declared::Map(inner(key), inner(value)),
            Type::Optional(value) => Declared::Optional(inner(value)),
            Type::Kind(value) => Declared::Kind(inner(value)),
            Type::Object(_) | Type::Record(_) => {
                Declared::Map(Box::new(Declared::Text), Box::new(Declared::Dyn))
            }
            Type::Abstract(name, first, count) => Declared::Abstract(
                self.names.get(name as usize).cloned().unwrap_or_default(),
                (0..u32::from(count))
                    .map(|step| self.to_declared(self.part(first.saturating_add(step))))
                    .collect(),
            ),
        }
    }
}
