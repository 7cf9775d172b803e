//! Macros over lists and maps, and those that name a value.

use super::{Compiler, Frame, Out};
use crate::cel::ast::{Expr, Id, Loop};
use crate::cel::code::{LoopParts, Op};
use crate::cel::span::Span;
use crate::cel::types::Type;

impl Compiler<'_, '_> {
    pub(super) fn comprehension(&mut self, number: u32, span: Span) -> Out {
        let Some(parts) = self.tree.comprehensions.get(number as usize).copied() else {
            return self.unknown(span);
        };
        let range = self.visit(parts.range);
        let (first, second) = self.variables(range, parts.second.is_some());
        self.frames.push(Frame {
            first: (parts.first, first),
            second: parts.second.map(|name| (name, second)),
        });
        let filter = parts.filter.map(|filter| self.visit(filter));
        let body = self.visit(parts.body);
        self.frames.pop();
        if let Some(filter) = filter {
            self.loop_bool(filter);
        }
        if matches!(parts.kind, Loop::All | Loop::Exists | Loop::ExistsOne | Loop::Filter) {
            self.loop_bool(body);
        }
        let found = self.loop_type(parts.kind, range, first, body);
        let parts = LoopParts {
            kind: parts.kind,
            range: range.op,
            filter: filter.map(|filter| filter.op),
            body: body.op,
            pairs: parts.second.is_some(),
            step_cost: 0,
        };
        let parts = LoopParts { step_cost: self.step_cost(&parts), ..parts };
        let number = u32::try_from(self.code.loops.len()).unwrap_or(u32::MAX);
        self.code.loops.push(parts);
        let inside: Vec<u32> = filter.iter().chain([&body]).map(|inner| inner.op).collect();
        let quantifier = matches!(parts.kind, Loop::All | Loop::Exists | Loop::ExistsOne);
        let op = if quantifier { Op::Quantifier(number) } else { Op::Loop(number) };
        let op = self.emit_scoped(op, span, &[range.op], &inside);
        Out { found, op }
    }

    fn loop_bool(&mut self, inner: Out) {
        if let Some(found) = self.no_bool(inner) {
            let span = self.code.span(inner.op);
            self.mismatch(span, format!("this macro needs a condition, this {found}"));
        }
    }

    /// The types of a macro's variables.
    fn variables(&mut self, range: Out, pairs: bool) -> (Type, Type) {
        match self.types.resolve(range.found) {
            Type::List(element) => {
                let element = self.types.part(element);
                if pairs { (Type::Int, element) } else { (element, Type::Dyn) }
            }
            Type::Map(key, value) => (self.types.part(key), self.types.part(value)),
            Type::Object(_) | Type::Record(_) => (Type::Text, Type::Dyn),
            other if self.is_open(other) => (Type::Dyn, Type::Dyn),
            other => {
                let shown = self.types.show(other);
                let span = self.code.span(range.op);
                self.mismatch(
                    span,
                    format!("only lists and maps have elements, this is of type {shown}"),
                );
                (Type::Dyn, Type::Dyn)
            }
        }
    }

    fn loop_type(&mut self, kind: Loop, range: Out, first: Type, body: Out) -> Type {
        match kind {
            Loop::All | Loop::Exists | Loop::ExistsOne => Type::Bool,
            Loop::Filter => self.types.list(first),
            Loop::Map => self.types.list(body.found),
            Loop::SortBy => range.found,
            Loop::TransformMap => self.types.map(first, body.found),
            Loop::TransformMapEntry => match self.types.resolve(body.found) {
                found @ Type::Map(..) => found,
                _ => self.types.map(Type::Dyn, Type::Dyn),
            },
        }
    }

    pub(super) fn bind(&mut self, id: Id, value: Id, body: Id) -> Out {
        let span = self.tree.span(id);
        let Some(Expr::Bind { name, .. }) = self.tree.node(id) else { return self.unknown(span) };
        let value = self.visit(value);
        self.frames.push(Frame { first: (name, value.found), second: None });
        let body = self.visit(body);
        self.frames.pop();
        let op = Op::Bind { value: value.op, body: body.op };
        let op = self.emit_scoped(op, span, &[value.op], &[body.op]);
        Out { found: body.found, op }
    }

    pub(super) fn optional_map(&mut self, id: Id, target: Id, body: Id, flat: bool) -> Out {
        let span = self.tree.span(id);
        let Some(Expr::OptionalMap { name, .. }) = self.tree.node(id) else {
            return self.unknown(span);
        };
        let target = self.visit(target);
        let inner = match self.types.resolve(target.found) {
            Type::Optional(inner) => self.types.part(inner),
            other if self.is_open(other) => Type::Dyn,
            other => {
                let shown = self.types.show(other);
                let span = self.code.span(target.op);
                self.mismatch(
                    span,
                    format!("this macro needs an optional, this is of type {shown}"),
                );
                Type::Dyn
            }
        };
        self.frames.push(Frame { first: (name, inner), second: None });
        let body = self.visit(body);
        self.frames.pop();
        let found = self.types.optional(body.found);
        let op = Op::OptionalMap { target: target.op, body: body.op, flat };
        let op = self.emit_scoped(op, span, &[target.op], &[body.op]);
        Out { found, op }
    }
}
