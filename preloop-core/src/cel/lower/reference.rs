//! Names and the fields behind them: macro variables, standard variables, argument paths, declared names, types.

use super::{Compiler, Frame, Out};
use crate::cel::ast::{Expr, Id};
use crate::cel::code::{Field, NEVER, Op};
use crate::cel::environment::STANDARD;
use crate::cel::problem::{Problem, ProblemKind, cut, did_you_mean, nearest};
use crate::cel::source::ArgPath;
use crate::cel::span::Span;
use crate::cel::types::{Record, Type};
use crate::cel::value::{TypeName, Value};

/// One field on the way from a name to a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'n> {
    pub(super) name: &'n str,
    pub(super) span: Span,
    pub(super) optional: bool,
}

/// A way of fields, and whether its last one is only asked after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'w, 'n> {
    pub(super) steps: &'w [Step<'n>],
    pub(super) has: bool,
    /// The whole of it.
    pub(super) span: Span,
}

impl Way<'_, '_> {
    /// The way behind its first `count` steps.
    pub(super) fn after(self, count: usize) -> Self {
        Way { steps: self.steps.get(count..).unwrap_or(&[]), ..self }
    }

    /// The position of the first optional step.
    pub(super) fn optional(self) -> u16 {
        let position = self.steps.iter().position(|step| step.optional);
        position.and_then(|position| u16::try_from(position).ok()).unwrap_or(NEVER)
    }
}

impl<'t, 's> Compiler<'t, 's> {
    /// A name, a field, a `has`, or an index: walks down to what it starts from in a loop, since fields may be many.
    pub(super) fn reference(&mut self, id: Id) -> Out {
        let tree = self.tree;
        let span = tree.span(id);
        let mut steps: Vec<Step<'t>> = Vec::new();
        let mut base = id;
        let mut has = false;
        if let Some(Expr::Has { base: below, field, field_span, optional }) = tree.node(id) {
            steps.push(Step { name: field, span: field_span, optional });
            base = below;
            has = true;
        }
        loop {
            match tree.node(base) {
                Some(Expr::Select { base: below, field, field_span, optional }) => {
                    steps.push(Step { name: field, span: field_span, optional });
                    base = below;
                }
                Some(Expr::Index { base: below, index, optional }) => {
                    let Some(Expr::Literal(number)) = tree.node(index) else { break };
                    let Some(Value::Text(name)) = tree.literal(number) else { break };
                    steps.push(Step { name, span: tree.span(index), optional });
                    base = below;
                }
                _ => break,
            }
        }
        steps.reverse();
        let way = Way { steps: &steps, has, span };
        match tree.node(base) {
            Some(Expr::Name { name, rooted }) => self.name(base, name, rooted, way),
            Some(Expr::Index { base: below, index, optional }) => {
                let indexed = self.index(base, below, index, optional);
                self.fields(indexed, way)
            }
            _ => {
                let from = self.visit(base);
                self.fields(from, way)
            }
        }
    }

    fn name(&mut self, id: Id, name: &'s str, rooted: bool, way: Way<'_, 't>) -> Out {
        let span = self.tree.span(id);
        if !rooted && let Some(local) = self.local(name, span) {
            return self.fields(local, way);
        }
        if let Some(out) = self.declared(name, rooted, span, way) {
            return out;
        }
        if self.environment.standard
            && let Some(out) = self.standard(name, span, way)
        {
            return out;
        }
        if let Some(out) = self.type_name(name, span, way) {
            return out;
        }
        if self.environment.unchecked {
            return self.unknown(way.span);
        }
        self.unknown_variable(name, span);
        self.unknown(way.span)
    }

    fn unknown_variable(&mut self, name: &str, span: Span) {
        let problem = Problem::new(
            ProblemKind::UnknownVariable,
            span,
            format!("unknown variable `{}`", cut(name)),
        );
        let locals = self.frames.iter().flat_map(|frame| {
            [Some(frame.first.0), frame.second.map(|second| second.0)].into_iter().flatten()
        });
        let declared = self.environment.variables.iter().map(|variable| variable.name.as_str());
        let standard = if self.environment.standard { STANDARD.as_slice() } else { &[] };
        let known = standard.iter().copied().chain(locals).chain(declared);
        let problem = match in_cel(name).or_else(|| nearest(name, known)) {
            Some(meant) => problem.help(did_you_mean(name, meant)),
            None if self.environment.standard => problem.help(format!(
                "arguments are written `args.{}`; the variables are {}",
                cut(name),
                STANDARD.join(", ")
            )),
            None => problem,
        };
        self.problem(problem);
    }

    fn local(&mut self, name: &str, span: Span) -> Option<Out> {
        for (hops, frame) in self.frames.iter().rev().enumerate() {
            let (found, second) = match frame {
                Frame { second: Some((second, found)), .. } if *second == name => (*found, true),
                Frame { first: (first, found), .. } if *first == name => (*found, false),
                _ => continue,
            };
            let hops = u16::try_from(hops).ok()?;
            let free = hops.saturating_add(1);
            let op = self.leaf(Op::Local { hops, second }, span, false, free);
            return Some(Out { found, op });
        }
        None
    }

    /// A variable that the environment declares: the longest name, in the innermost namespace.
    fn declared(&mut self, name: &str, rooted: bool, span: Span, way: Way<'_, 't>) -> Option<Out> {
        let environment = self.environment;
        if environment.variables.is_empty() {
            return None;
        }
        let mut container = if rooted { "" } else { environment.container.as_str() };
        loop {
            for taken in (0..=way.steps.len()).rev() {
                let steps = way.steps.get(..taken)?;
                if steps.iter().any(|step| step.optional) || (way.has && taken == way.steps.len()) {
                    continue;
                }
                let names = [container, name].into_iter().filter(|name| !name.is_empty());
                let full: Vec<&str> = names.chain(steps.iter().map(|step| step.name)).collect();
                let full = full.join(".");
                let known = environment.variables.iter().find(|variable| variable.name == full);
                let Some(known) = known else { continue };
                let found = self.types.declared(&known.declared, &mut Vec::new());
                let number = u32::try_from(self.code.names.len()).unwrap_or(u32::MAX);
                self.code.names.push(full.as_str().into());
                let last = steps.last().map_or(span, |step| span.to(step.span));
                let op = self.leaf(Op::Variable(number), last, true, 0);
                return Some(self.fields(Out { found, op }, way.after(taken)));
            }
            if container.is_empty() {
                return None;
            }
            container = container.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    fn standard(&mut self, name: &str, span: Span, way: Way<'_, 't>) -> Option<Out> {
        let field = match name {
            "args" => return Some(self.args(way)),
            "tool" => return Some(self.record(Record::Tool, span, way)),
            "principal" => return Some(self.record(Record::Principal, span, way)),
            "session" => return Some(self.record(Record::Session, span, way)),
            "context" => Field::Context,
            "now" => Field::Now,
            "justification" => Field::Justification,
            _ => return None,
        };
        let found = match field {
            Field::Context => self.types.map(Type::Text, Type::Dyn),
            Field::Now => Type::Timestamp,
            _ => Type::Text,
        };
        let op = self.leaf(Op::Field(field), span, true, 0);
        Some(self.fields(Out { found, op }, way))
    }

    fn args(&mut self, way: Way<'_, 't>) -> Out {
        let root = match &self.environment.schema {
            Some(schema) => {
                let shape = schema.root.clone();
                self.types.of_shape(&shape)
            }
            None => self.types.map(Type::Text, Type::Dyn),
        };
        let found = self.field_types(root, way);
        let path = ArgPath::new(way.steps.iter().map(|step| step.name), 0);
        let known = self.code.paths.iter().position(|known| known.segments() == path.segments());
        let number = known.unwrap_or(self.code.paths.len());
        let path_number = u32::try_from(number).unwrap_or(u32::MAX);
        if known.is_none() {
            let mut path = path;
            path.set_slot(path_number);
            self.code.paths.push(path);
        }
        let op = if way.has {
            Op::HasPath { path: path_number, optional: way.optional() }
        } else {
            Op::Path { path: path_number, optional: way.optional() }
        };
        let op = self.leaf(op, way.span, true, 0);
        Out { found, op }
    }

    fn record(&mut self, record: Record, span: Span, way: Way<'_, 't>) -> Out {
        let direct = way.steps.first().filter(|step| !step.optional);
        let direct = direct.filter(|_| !(way.has && way.steps.len() == 1));
        if let Some(step) = direct
            && let Some(field) = record_field(record, step.name)
        {
            let found = self.record_type(record, step.name).unwrap_or(Type::Dyn);
            let op = self.leaf(Op::Field(field), span.to(step.span), true, 0);
            return self.fields(Out { found, op }, way.after(1));
        }
        let op = self.leaf(Op::Record(record), span, true, 0);
        self.fields(Out { found: Type::Record(record), op }, way)
    }

    fn type_name(&mut self, name: &str, span: Span, way: Way<'_, 't>) -> Option<Out> {
        for taken in (0..=way.steps.len().min(2)).rev() {
            let steps = way.steps.get(..taken)?;
            let found = if taken == 0 {
                TypeName::named(name)
            } else {
                let names: Vec<&str> =
                    std::iter::once(name).chain(steps.iter().map(|step| step.name)).collect();
                TypeName::named(&names.join("."))
            };
            if let Some(found) = found {
                let out = self.constant_out(Value::Type(found), span);
                return Some(self.fields(out, way.after(taken)));
            }
        }
        None
    }
}

const fn record_field(record: Record, name: &str) -> Option<Field> {
    Some(match (record, name.as_bytes()) {
        (Record::Tool, b"name") => Field::ToolName,
        (Record::Tool, b"source") => Field::ToolSource,
        (Record::Tool, b"server") => Field::ToolServer,
        (Record::Tool, b"annotations") => Field::ToolAnnotations,
        (Record::Tool, b"is_new") => Field::ToolIsNew,
        (Record::Principal, b"id") => Field::PrincipalId,
        (Record::Principal, b"kind") => Field::PrincipalKind,
        (Record::Principal, b"name") => Field::PrincipalName,
        (Record::Principal, b"roles") => Field::PrincipalRoles,
        (Record::Principal, b"teams") => Field::PrincipalTeams,
        (Record::Session, b"id") => Field::SessionId,
        (Record::Session, b"calls") => Field::SessionCalls,
        _ => return None,
    })
}

/// What a constant of other languages is called in CEL.
fn in_cel(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" | "yes" | "on" => "true",
        "False" | "FALSE" | "no" | "off" => "false",
        "None" | "nil" | "undefined" | "NULL" | "Null" => "null",
        _ => return None,
    })
}
