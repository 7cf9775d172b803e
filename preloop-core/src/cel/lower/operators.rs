//! Operators: what they take is checked, constants decide early, usual comparisons get operations of their own.

use super::{Compiler, Out};
use crate::cel::ast::{Arithmetic, Id, Relation};
use crate::cel::check::operators;
use crate::cel::code::{Op, OpId, Run};
use crate::cel::problem::{Problem, ProblemKind, cut};
use crate::cel::span::Span;
use crate::cel::types::Type;
use crate::cel::value::Value;

impl Compiler<'_, '_> {
    /// Reports an operand that cannot be true or false.
    fn want_bool(&mut self, operand: Out, what: &str) {
        if let Some(found) = self.no_bool(operand) {
            let span = self.code.span(operand.op);
            self.mismatch(span, format!("{what} needs true or false, this {found}"));
        }
    }

    /// What is to be said of a part that can never be true or false.
    pub(super) fn no_bool(&self, part: Out) -> Option<String> {
        match self.types.resolve(part.found) {
            Type::Bool => None,
            Type::Dyn | Type::Variable(_) => {
                self.computes(part.op).then(|| "computes a value".to_owned())
            }
            found => Some(format!("is of type {}", self.types.show(found))),
        }
    }

    /// Whether this is arithmetic: whatever its operands turn out to be, what it gives is never true or false.
    fn computes(&self, id: OpId) -> bool {
        match self.code.nodes.get(id as usize).map(|node| node.op) {
            Some(Op::Arithmetic { .. } | Op::Chain { .. } | Op::Negate(_)) => true,
            Some(Op::Conditional { then, otherwise, .. }) => {
                self.computes(then) && self.computes(otherwise)
            }
            Some(Op::Bind { body, .. }) => self.computes(body),
            _ => false,
        }
    }

    pub(super) fn not(&mut self, operand: Id, span: Span) -> Out {
        let operand = self.visit(operand);
        self.want_bool(operand, "`!`");
        let op = self.emit(Op::Not(operand.op), span, &[operand.op]);
        Out { found: Type::Bool, op }
    }

    pub(super) fn negate(&mut self, operand: Id, span: Span) -> Out {
        let operand = self.visit(operand);
        let found = self.types.resolve(operand.found);
        let fine = matches!(
            found,
            Type::Int | Type::Double | Type::Number | Type::Dyn | Type::Variable(_)
        );
        if !fine {
            let shown = self.types.show(found);
            self.mismatch(span, format!("`-` needs a number with sign, this is of type {shown}"));
        }
        let op = self.emit(Op::Negate(operand.op), span, &[operand.op]);
        Out { found, op }
    }

    /// `&&` where `every`, else `||`.
    pub(super) fn logic(&mut self, run: Run, span: Span, every: bool) -> Out {
        let operands = self.visit_run(run);
        let sign = if every { "`&&`" } else { "`||`" };
        let mut kept: Vec<OpId> = Vec::with_capacity(operands.len());
        let mut decided = false;
        for operand in operands {
            self.want_bool(operand, sign);
            match self.code.constant(operand.op) {
                Some(Value::Bool(value)) if *value == every => {}
                Some(Value::Bool(_)) => decided = true,
                _ => kept.push(operand.op),
            }
        }
        if decided || kept.is_empty() {
            return self.constant_out(Value::Bool(every != decided), span);
        }
        let children = self.children(&kept, &[]);
        let op = if every { Op::And(children) } else { Op::Or(children) };
        let op = self.emit(op, span, &kept);
        Out { found: Type::Bool, op }
    }

    pub(super) fn chain(&mut self, operands: Run, signs: u32, span: Span) -> Out {
        let operands = self.visit_run(operands);
        let count = operands.len().saturating_sub(1);
        let first = signs as usize;
        let signs: Vec<Arithmetic> = self
            .tree
            .signs
            .get(first..first.saturating_add(count))
            .map_or_else(Vec::new, <[Arithmetic]>::to_vec);
        let mut found = operands.first().map_or(Type::Dyn, |operand| operand.found);
        let start = operands.first().map(|operand| self.code.span(operand.op)).unwrap_or_default();
        for (sign, operand) in signs.iter().zip(operands.iter().skip(1)) {
            let result = operators::arithmetic(&mut self.types, *sign, found, operand.found);
            if result.is_none() {
                let span = start.to(self.code.span(operand.op));
                let (left, right) = (self.types.show(found), self.types.show(operand.found));
                self.mismatch(
                    span,
                    format!("`{}` does not work on {left} and {right}", sign.sign()),
                );
            }
            found = result.unwrap_or(Type::Dyn);
        }
        let ops: Vec<OpId> = operands.iter().map(|operand| operand.op).collect();
        let op = if let ([left, right], [sign]) = (ops.as_slice(), signs.as_slice()) {
            Op::Arithmetic { sign: *sign, left: *left, right: *right }
        } else {
            let children = self.children(&ops, &[]);
            let first = u32::try_from(self.code.signs.len()).unwrap_or(u32::MAX);
            self.code.signs.extend_from_slice(&signs);
            Op::Chain { operands: children, signs: first }
        };
        let op = self.emit(op, span, &ops);
        Out { found, op }
    }

    pub(super) fn relation(&mut self, relation: Relation, left: Id, right: Id, span: Span) -> Out {
        let left = self.visit(left);
        let right = self.visit(right);
        if !operators::relation(&mut self.types, relation, left.found, right.found) {
            let (shown, other) = (self.types.show(left.found), self.types.show(right.found));
            let message = match relation {
                Relation::In => format!("{shown} can never be in {other}"),
                _ => format!("`{}` does not work on {shown} and {other}", relation.sign()),
            };
            self.mismatch(span, message);
        }
        if matches!(relation, Relation::Equal | Relation::NotEqual) {
            self.never_null(left, right);
            self.never_null(right, left);
        }
        let op = self
            .constant_test(relation, left.op, right.op, false)
            .or_else(|| self.constant_test(mirrored(relation)?, right.op, left.op, true))
            .unwrap_or(Op::Compare { relation, left: left.op, right: right.op });
        let op = self.emit(op, span, &[left.op, right.op]);
        Out { found: Type::Bool, op }
    }

    /// Warns where null is asked of a standard variable: what a call does not say of itself is empty instead.
    fn never_null(&mut self, asked: Out, null: Out) {
        if !matches!(self.code.constant(null.op), Some(Value::Null)) {
            return;
        }
        let Some(node) = self.code.nodes.get(asked.op as usize) else { return };
        let whole = |path: u32| {
            self.code.paths.get(path as usize).is_some_and(|path| path.segments().is_empty())
        };
        let is_never_null = match node.op {
            Op::Field(_) | Op::Record(_) => true,
            Op::Path { path, .. } => whole(path),
            _ => false,
        };
        if !is_never_null {
            return;
        }
        let help = match self.types.resolve(asked.found) {
            Type::Text => "where it is not known it is empty: compare it with `''`",
            Type::Bool => "where it is not known it is false",
            Type::Timestamp => "where it is not known, reading it fails",
            Type::List(_) => "where it is not known it is empty: compare its `size()` with 0",
            _ => "ask one of its fields, as in `args.name == null`",
        };
        let part = cut(node.span.text(self.source));
        let message = format!("`{part}` is never null");
        self.warnings.push(Problem::new(ProblemKind::NeverNull, node.span, message).help(help));
    }

    pub(super) fn conditional(&mut self, [condition, then, otherwise]: [Id; 3], span: Span) -> Out {
        let condition = self.visit(condition);
        self.want_bool(condition, "the condition before `?`");
        let then = self.visit(then);
        let otherwise = self.visit(otherwise);
        let found = self.types.join(then.found, otherwise.found);
        if let Some(Value::Bool(value)) = self.code.constant(condition.op) {
            let op = if *value { then.op } else { otherwise.op };
            return Out { found, op };
        }
        let op =
            Op::Conditional { condition: condition.op, then: then.op, otherwise: otherwise.op };
        let op = self.emit(op, span, &[condition.op, then.op, otherwise.op]);
        Out { found, op }
    }
}

/// The relation that says the same with its sides exchanged.
const fn mirrored(relation: Relation) -> Option<Relation> {
    Some(match relation {
        Relation::Equal => Relation::Equal,
        Relation::NotEqual => Relation::NotEqual,
        Relation::Less => Relation::Greater,
        Relation::LessEqual => Relation::GreaterEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterEqual => Relation::LessEqual,
        Relation::In => return None,
    })
}
