//! List and map literals.

use super::{Compiler, Out};
use crate::cel::ast::Run;
use crate::cel::code::{Op, OpId};
use crate::cel::span::Span;
use crate::cel::types::Type;

impl Compiler<'_, '_> {
    pub(super) fn list(&mut self, run: Run, span: Span) -> Out {
        let elements = self.visit_run(run);
        let mut joined: Option<Type> = None;
        let mut flags = Vec::with_capacity(elements.len());
        for (position, element) in elements.iter().enumerate() {
            let optional = self.tree.is_optional(run, position);
            flags.push(optional);
            let found = if optional { self.unwrapped(element, span) } else { element.found };
            joined = Some(match joined {
                None => found,
                Some(known) => self.types.join(known, found),
            });
        }
        let element = joined.unwrap_or_else(|| self.types.variable());
        let found = self.types.list(element);
        let ops: Vec<OpId> = elements.iter().map(|element| element.op).collect();
        let children = self.children(&ops, &flags);
        let op = self.emit(Op::List(children), span, &ops);
        Out { found, op }
    }

    pub(super) fn map(&mut self, run: Run, span: Span) -> Out {
        let parts = self.visit_run(run);
        let mut key_type: Option<Type> = None;
        let mut value_type: Option<Type> = None;
        let mut flags = Vec::with_capacity(parts.len());
        for (position, pair) in parts.chunks_exact(2).enumerate() {
            let [key, value] = pair else { continue };
            let optional = self.tree.is_optional(run, position.saturating_mul(2));
            flags.extend([optional, optional]);
            let found = if optional { self.unwrapped(value, span) } else { value.found };
            self.check_key(*key, span);
            key_type = Some(match key_type {
                None => key.found,
                Some(known) => self.types.join(known, key.found),
            });
            value_type = Some(match value_type {
                None => found,
                Some(known) => self.types.join(known, found),
            });
        }
        let key = key_type.unwrap_or_else(|| self.types.variable());
        let value = value_type.unwrap_or_else(|| self.types.variable());
        let found = self.types.map(key, value);
        let ops: Vec<OpId> = parts.iter().map(|part| part.op).collect();
        let children = self.children(&ops, &flags);
        let op = self.emit(Op::Map(children), span, &ops);
        Out { found, op }
    }

    fn check_key(&mut self, key: Out, span: Span) {
        let found = self.types.resolve(key.found);
        let fine = matches!(
            found,
            Type::Bool
                | Type::Int
                | Type::Uint
                | Type::Text
                | Type::Number
                | Type::Dyn
                | Type::Variable(_)
        );
        if !fine {
            let span = self.code.nodes.get(key.op as usize).map_or(span, |node| node.span);
            let shown = self.types.show(found);
            self.mismatch(
                span,
                format!("a map key must be bool, int, uint or string, not {shown}"),
            );
        }
    }

    /// What is inside of an element that stands behind a question mark.
    fn unwrapped(&mut self, element: &Out, span: Span) -> Type {
        match self.types.resolve(element.found) {
            Type::Optional(inner) => self.types.part(inner),
            Type::Dyn | Type::Variable(_) => Type::Dyn,
            other => {
                let span = self.code.nodes.get(element.op as usize).map_or(span, |node| node.span);
                let shown = self.types.show(other);
                self.mismatch(span, format!("only an optional may stand behind `?`, not {shown}"));
                Type::Dyn
            }
        }
    }
}
