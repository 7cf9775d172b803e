//! Fields of values and what types they have; indexes.

use super::reference::{Step, Way};
use super::{Compiler, Out};
use crate::cel::ast::Id;
use crate::cel::check::operators;
use crate::cel::code::{NEVER, Op, Run};
use crate::cel::problem::{Problem, ProblemKind, cut, did_you_mean, nearest};
use crate::cel::source::FieldName;
use crate::cel::types::{Record, Type};

impl<'t> Compiler<'t, '_> {
    /// The fields of a value.
    pub(super) fn fields(&mut self, from: Out, way: Way<'_, 't>) -> Out {
        if way.steps.is_empty() {
            return from;
        }
        let found = self.field_types(from.found, way);
        let start = u32::try_from(self.code.names.len()).unwrap_or(u32::MAX);
        self.code.names.extend(way.steps.iter().map(|step| FieldName::from(step.name)));
        let len = u32::try_from(way.steps.len()).unwrap_or(u32::MAX);
        let names = Run { start, len };
        let optional = way.optional();
        let item = self.code.nodes.get(from.op as usize).map(|node| node.op);
        if let (Some(Op::Local { hops: 0, second: false }), [_], false, NEVER) =
            (item, way.steps, way.has, optional)
        {
            let op = self.leaf(Op::ItemField { name: start }, way.span, false, 1);
            return Out { found, op };
        }
        let op = if way.has {
            Op::HasFields { base: from.op, names, optional }
        } else {
            Op::Fields { base: from.op, names, optional }
        };
        let op = self.emit(op, way.span, &[from.op]);
        Out { found, op }
    }

    /// The type at the end of a way of fields.
    pub(super) fn field_types(&mut self, mut found: Type, way: Way<'_, 't>) -> Type {
        for step in way.steps {
            let next = self.field_type(found, step);
            found = if step.optional { self.types.optional(next) } else { next };
        }
        if way.has { Type::Bool } else { found }
    }

    fn field_type(&mut self, found: Type, step: &Step<'_>) -> Type {
        match self.types.resolve(found) {
            Type::Map(key, value) => {
                let key = self.types.part(key);
                if self.types.fits(key, Type::Text) {
                    return self.types.part(value);
                }
                let shown = self.types.show(found);
                self.mismatch(step.span, format!("{shown} has no text keys"));
                Type::Dyn
            }
            Type::Optional(inner) => {
                let inner = self.types.part(inner);
                let next = self.field_type(inner, step);
                self.types.optional(next)
            }
            Type::Record(record) => self.record_type(record, step.name).unwrap_or_else(|| {
                self.unknown_field(step, record.fields().iter().copied().map(str::to_owned));
                Type::Dyn
            }),
            Type::Object(number) => self.object_field(number, step),
            other if self.is_open(other) => Type::Dyn,
            other => {
                let shown = self.types.show(other);
                self.mismatch(
                    step.span,
                    format!(
                        "`{}` is asked of a value of type {shown}, which has no fields",
                        cut(step.name)
                    ),
                );
                Type::Dyn
            }
        }
    }

    pub(super) fn record_type(&mut self, record: Record, name: &str) -> Option<Type> {
        if !record.fields().contains(&name) {
            return None;
        }
        Some(match (record, name) {
            (Record::Tool, "annotations") => self.types.map(Type::Text, Type::Dyn),
            (Record::Tool, "is_new") => Type::Bool,
            (Record::Principal, "roles" | "teams") => self.types.list(Type::Text),
            (Record::Session, "calls") => self.types.list(Type::Record(Record::Call)),
            (Record::Call, "args") => Type::Dyn,
            (Record::Call, "at") => Type::Timestamp,
            _ => Type::Text,
        })
    }

    fn object_field(&mut self, number: u32, step: &Step<'_>) -> Type {
        let schema = self.environment.schema.clone();
        let Some(object) = schema.as_ref().and_then(|schema| schema.object(number)) else {
            return Type::Dyn;
        };
        if let Some((_, shape)) = object.properties.iter().find(|(name, _)| name == step.name) {
            return self.types.of_shape(shape);
        }
        let names = object.properties.iter().map(|(name, _)| name.clone());
        if object.closed {
            self.unknown_field(step, names);
        } else if object.others.is_none() && !object.properties.is_empty() {
            let names: Vec<String> = names.collect();
            let meant = nearest(step.name, names.iter().map(String::as_str));
            let warning = Problem::new(
                ProblemKind::UnknownField,
                step.span,
                format!("the tool's schema does not name `{}`", cut(step.name)),
            );
            let warning = match meant {
                Some(meant) => warning.help(did_you_mean(step.name, meant)),
                None => warning,
            };
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        match &object.others {
            Some(shape) => self.types.of_shape(shape),
            None => Type::Dyn,
        }
    }

    fn unknown_field(&mut self, step: &Step<'_>, known: impl Iterator<Item = String>) {
        if self.environment.unchecked {
            return;
        }
        let known: Vec<String> = known.collect();
        let problem = Problem::new(
            ProblemKind::UnknownField,
            step.span,
            format!("unknown field `{}`", cut(step.name)),
        );
        let problem = match nearest(step.name, known.iter().map(String::as_str)) {
            Some(meant) => problem.help(did_you_mean(step.name, meant)),
            None if known.is_empty() => problem,
            None => {
                let shown: Vec<&str> = known.iter().take(12).map(String::as_str).collect();
                problem.help(format!("the fields are {}", shown.join(", ")))
            }
        };
        self.problem(problem);
    }

    pub(super) fn index(&mut self, id: Id, base: Id, index: Id, optional: bool) -> Out {
        let span = self.tree.span(id);
        let base = self.visit(base);
        let index = self.visit(index);
        let found = match operators::index(&mut self.types, base.found, index.found) {
            Some(found) if optional => self.types.optional(found),
            Some(found) => found,
            None => {
                let (left, right) = (self.types.show(base.found), self.types.show(index.found));
                self.mismatch(span, format!("{left} cannot be indexed by {right}"));
                Type::Dyn
            }
        };
        let op = Op::Index { base: base.op, index: index.op, optional };
        let op = self.emit(op, span, &[base.op, index.op]);
        Out { found, op }
    }
}
