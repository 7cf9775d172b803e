//! The macros, recognised while reading and kept as nodes of their own.

use super::{Parser, fail};
use crate::cel::ast::{Comprehension, Expr, Id, Loop};
use crate::cel::problem::{Problem, ProblemKind};
use crate::cel::span::Span;

impl<'s> Parser<'s> {
    /// `has(...)`; the arguments lie on the stack from `mark` on.
    pub(super) fn function_macro(
        &mut self,
        name: &str,
        name_span: Span,
        mark: usize,
        start: u32,
    ) -> Result<Option<Id>, Box<Problem>> {
        if name != "has" {
            return Ok(None);
        }
        let [(argument, _)] = *self.stack.get(mark..).unwrap_or(&[]) else {
            return fail(Self::macro_arity(name_span, "has", "one field, as in `has(args.path)`"));
        };
        let Some(Expr::Select { base, field, field_span, optional }) = self.tree.node(argument)
        else {
            return fail(Problem::syntax(
                self.tree.span(argument),
                "`has` takes a field, as in `has(args.path)`",
            ));
        };
        self.stack.truncate(mark);
        let span = self.span_since(start);
        let below = self.height(base);
        self.node(Expr::Has { base, field, field_span, optional }, span, below).map(Some)
    }

    /// Macros that are called on something: comprehensions, `cel.bind`, `optMap`, `optFlatMap`.
    pub(super) fn method_macro(
        &mut self,
        target: Id,
        name: &'s str,
        name_span: Span,
        mark: usize,
        start: u32,
    ) -> Result<Option<Id>, Box<Problem>> {
        let count = self.stack.len().saturating_sub(mark);
        let (kind, variables) = match (name, count) {
            ("all", 2) => (Loop::All, 1),
            ("all", 3) => (Loop::All, 2),
            ("exists", 2) => (Loop::Exists, 1),
            ("exists", 3) => (Loop::Exists, 2),
            ("exists_one" | "existsOne", 2) => (Loop::ExistsOne, 1),
            ("exists_one" | "existsOne", 3) => (Loop::ExistsOne, 2),
            ("map", 2 | 3) => (Loop::Map, 1),
            ("filter", 2) => (Loop::Filter, 1),
            ("sortBy", 2) => (Loop::SortBy, 1),
            ("transformList", 3 | 4) => (Loop::Map, 2),
            ("transformMap", 3 | 4) => (Loop::TransformMap, 2),
            ("transformMapEntry", 3 | 4) => (Loop::TransformMapEntry, 2),
            ("bind", 3) if self.is_cel(target) => return self.bind(mark, start).map(Some),
            ("optMap", 2) => return self.optional_map(target, mark, start, false).map(Some),
            ("optFlatMap", 2) => return self.optional_map(target, mark, start, true).map(Some),
            _ => {
                return match macro_usage(name) {
                    Some(usage) => fail(Self::macro_arity(name_span, name, usage)),
                    None => Ok(None),
                };
            }
        };
        self.comprehension(kind, variables, target, mark, start).map(Some)
    }

    fn macro_arity(span: Span, name: &str, usage: &str) -> Problem {
        Problem::new(ProblemKind::WrongArity, span, format!("`{name}` takes {usage}"))
    }

    fn is_cel(&self, target: Id) -> bool {
        matches!(self.tree.node(target), Some(Expr::Name { name: "cel", rooted: false }))
    }

    fn argument(&self, mark: usize, position: usize) -> Option<Id> {
        self.stack.get(mark.saturating_add(position)).map(|(id, _)| *id)
    }

    /// The name of the variable that the argument at `position` introduces.
    fn variable(&self, mark: usize, position: usize) -> Result<&'s str, Box<Problem>> {
        let Some(id) = self.argument(mark, position) else {
            return fail(self.unexpected("a variable name"));
        };
        match self.tree.node(id) {
            Some(Expr::Name { name, rooted: false }) => Ok(name),
            _ => {
                fail(Problem::syntax(self.tree.span(id), "a plain variable name is expected here"))
            }
        }
    }

    fn comprehension(
        &mut self,
        kind: Loop,
        variables: usize,
        range: Id,
        mark: usize,
        start: u32,
    ) -> Result<Id, Box<Problem>> {
        let first = self.variable(mark, 0)?;
        let second = if variables == 2 { Some(self.variable(mark, 1)?) } else { None };
        if second == Some(first) {
            let span = self.argument(mark, 1).map(|id| self.tree.span(id)).unwrap_or_default();
            return fail(Problem::syntax(span, format!("the variable `{first}` is named twice")));
        }
        let count = self.stack.len().saturating_sub(mark);
        let Some(body) = self.argument(mark, count.saturating_sub(1)) else {
            return fail(self.unexpected("an expression"));
        };
        let filter = if count == variables.saturating_add(2) {
            self.argument(mark, variables)
        } else {
            None
        };
        self.stack.truncate(mark);
        let below =
            self.height(range).max(self.height(body)).max(filter.map_or(0, |id| self.height(id)));
        let number = u32::try_from(self.tree.comprehensions.len()).unwrap_or(u32::MAX);
        self.tree.comprehensions.push(Comprehension { kind, range, first, second, filter, body });
        let span = self.span_since(start);
        self.node(Expr::Comprehension(number), span, below)
    }

    fn bind(&mut self, mark: usize, start: u32) -> Result<Id, Box<Problem>> {
        let name = self.variable(mark, 0)?;
        let (Some(value), Some(body)) = (self.argument(mark, 1), self.argument(mark, 2)) else {
            return fail(self.unexpected("an expression"));
        };
        self.stack.truncate(mark);
        let below = self.height(value).max(self.height(body));
        let span = self.span_since(start);
        self.node(Expr::Bind { name, value, body }, span, below)
    }

    fn optional_map(
        &mut self,
        target: Id,
        mark: usize,
        start: u32,
        flat: bool,
    ) -> Result<Id, Box<Problem>> {
        let name = self.variable(mark, 0)?;
        let Some(body) = self.argument(mark, 1) else {
            return fail(self.unexpected("an expression"));
        };
        self.stack.truncate(mark);
        let below = self.height(target).max(self.height(body));
        let span = self.span_since(start);
        self.node(Expr::OptionalMap { target, name, body, flat }, span, below)
    }
}

/// What a macro takes that is called on something, for those whose name no function has.
pub(crate) fn macro_usage(name: &str) -> Option<&'static str> {
    Some(match name {
        "all" | "exists" | "exists_one" | "existsOne" => {
            "a variable (or two) and a condition, as in `list.exists(item, item == 'x')`"
        }
        "map" => {
            "a variable, an optional condition and a result, as in `list.map(item, item.name)`"
        }
        "filter" => "a variable and a condition, as in `list.filter(item, item > 0)`",
        "sortBy" => "a variable and a key, as in `list.sortBy(item, item.name)`",
        "transformList" => {
            "two variables, an optional condition and a result, as in `list.transformList(index, item, item.name)`"
        }
        "transformMap" => {
            "two variables, an optional condition and a result, as in `map.transformMap(key, value, value.name)`"
        }
        "transformMapEntry" => {
            "two variables, an optional condition and an entry, as in `map.transformMapEntry(key, value, {value: key})`"
        }
        "optMap" => "a variable and a result, as in `map.?key.optMap(value, value + 1)`",
        "optFlatMap" => {
            "a variable and an optional result, as in `map.?key.optFlatMap(value, value.?name)`"
        }
        _ => return None,
    })
}
