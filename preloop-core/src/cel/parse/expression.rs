//! Operators by precedence, then what binds tighter: fields, calls, indexes, and the primary expressions.

use super::{Parser, fail};
use crate::cel::ast::{Arithmetic, Expr, Id, Relation};
use crate::cel::problem::Problem;
use crate::cel::span::Span;
use crate::cel::token::TokenKind;

/// How tight an operator binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Relation,
    Sum,
    Product,
    Unary,
}

impl Level {
    const fn tighter(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Relation,
            Self::Relation => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Unary => Self::Unary,
        }
    }
}

fn level(kind: TokenKind) -> Option<Level> {
    Some(match kind {
        TokenKind::OrOr => Level::Or,
        TokenKind::AndAnd => Level::And,
        TokenKind::Equal
        | TokenKind::NotEqual
        | TokenKind::Less
        | TokenKind::LessEqual
        | TokenKind::Greater
        | TokenKind::GreaterEqual
        | TokenKind::In => Level::Relation,
        TokenKind::Plus | TokenKind::Minus => Level::Sum,
        TokenKind::Star | TokenKind::Slash | TokenKind::Percent => Level::Product,
        _ => return None,
    })
}

fn relation(kind: TokenKind) -> Option<Relation> {
    Some(match kind {
        TokenKind::Equal => Relation::Equal,
        TokenKind::NotEqual => Relation::NotEqual,
        TokenKind::Less => Relation::Less,
        TokenKind::LessEqual => Relation::LessEqual,
        TokenKind::Greater => Relation::Greater,
        TokenKind::GreaterEqual => Relation::GreaterEqual,
        TokenKind::In => Relation::In,
        _ => return None,
    })
}

fn arithmetic(kind: TokenKind) -> Option<Arithmetic> {
    Some(match kind {
        TokenKind::Plus => Arithmetic::Add,
        TokenKind::Minus => Arithmetic::Subtract,
        TokenKind::Star => Arithmetic::Multiply,
        TokenKind::Slash => Arithmetic::Divide,
        TokenKind::Percent => Arithmetic::Remainder,
        _ => return None,
    })
}

impl<'s> Parser<'s> {
    pub(super) fn expression(&mut self) -> Result<Id, Box<Problem>> {
        self.enter()?;
        let start = self.current.span.start;
        let condition = self.binary(Level::Or)?;
        let id = if self.take(TokenKind::Question)? {
            let then = self.binary(Level::Or)?;
            self.expect(TokenKind::Colon, ":")?;
            let otherwise = self.expression()?;
            let below = self.height(condition).max(self.height(then)).max(self.height(otherwise));
            let span = self.span_since(start);
            self.node(Expr::Conditional { condition, then, otherwise }, span, below)?
        } else {
            condition
        };
        self.leave();
        Ok(id)
    }

    /// Operators of `least` and tighter. Operators of one level are read in a loop, not by recursion.
    fn binary(&mut self, least: Level) -> Result<Id, Box<Problem>> {
        let start = self.current.span.start;
        let mut left = self.unary()?;
        let mut reach = Level::Unary;
        while let Some(found) = level(self.current.kind) {
            if found < least || found > reach {
                break;
            }
            reach = found;
            left = match found {
                Level::Or | Level::And => self.logic(left, found, start)?,
                Level::Sum | Level::Product => self.chain(left, found, start)?,
                Level::Relation | Level::Unary => self.relation(left, start)?,
            };
        }
        Ok(left)
    }

    fn operand(&mut self, above: Level) -> Result<Id, Box<Problem>> {
        self.enter()?;
        let id = self.binary(above.tighter())?;
        self.leave();
        Ok(id)
    }

    fn logic(&mut self, first: Id, found: Level, start: u32) -> Result<Id, Box<Problem>> {
        let mark = self.stack.len();
        self.stack.push((first, false));
        while level(self.current.kind) == Some(found) {
            self.bump()?;
            let operand = self.operand(found)?;
            self.stack.push((operand, false));
        }
        let run = self.seal(mark);
        let span = self.span_since(start);
        let below = self.height_of_run(run);
        let node = if found == Level::Or { Expr::Or(run) } else { Expr::And(run) };
        self.node(node, span, below)
    }

    fn chain(&mut self, first: Id, found: Level, start: u32) -> Result<Id, Box<Problem>> {
        let mark = self.stack.len();
        self.stack.push((first, false));
        // Operands are at least unary, so no chain of this level opens inside of this one's operators.
        let mut signs = Vec::new();
        while level(self.current.kind) == Some(found) {
            let Some(sign) = arithmetic(self.current.kind) else { break };
            self.bump()?;
            let operand = self.operand(found)?;
            signs.push(sign);
            self.stack.push((operand, false));
        }
        let operands = self.seal(mark);
        let first_sign = u32::try_from(self.tree.signs.len()).unwrap_or(u32::MAX);
        self.tree.signs.append(&mut signs);
        let span = self.span_since(start);
        let below = self.height_of_run(operands);
        self.node(Expr::Chain { operands, signs: first_sign }, span, below)
    }

    fn relation(&mut self, left: Id, start: u32) -> Result<Id, Box<Problem>> {
        let Some(relation) = relation(self.current.kind) else {
            return fail(self.unexpected("a comparison"));
        };
        self.bump()?;
        let right = self.operand(Level::Relation)?;
        let below = self.height(left).max(self.height(right));
        let span = self.span_since(start);
        self.node(Expr::Relation { relation, left, right }, span, below)
    }

    fn unary(&mut self) -> Result<Id, Box<Problem>> {
        match self.current.kind {
            TokenKind::Not => self.unary_operator(Expr::Not),
            TokenKind::Minus => {
                let minus = self.current.span;
                self.bump()?;
                if matches!(self.current.kind, TokenKind::Int | TokenKind::Double) {
                    let id = self.number(Some(minus))?;
                    return self.member(id, minus.start);
                }
                self.unary_operand(Expr::Negate, minus.start)
            }
            _ => {
                let start = self.current.span.start;
                let id = self.primary()?;
                self.member(id, start)
            }
        }
    }

    fn unary_operator(&mut self, make: fn(Id) -> Expr<'s>) -> Result<Id, Box<Problem>> {
        let start = self.current.span.start;
        self.bump()?;
        self.unary_operand(make, start)
    }

    fn unary_operand(&mut self, make: fn(Id) -> Expr<'s>, start: u32) -> Result<Id, Box<Problem>> {
        self.enter()?;
        let operand = self.unary()?;
        self.leave();
        let below = self.height(operand);
        let span = self.span_since(start);
        self.node(make(operand), span, below)
    }

    /// Fields, calls and indexes behind `id`.
    fn member(&mut self, mut id: Id, start: u32) -> Result<Id, Box<Problem>> {
        loop {
            if self.take(TokenKind::Dot)? {
                id = self.field_or_method(id, start)?;
            } else if self.at(TokenKind::BracketOpen) {
                id = self.index(id, start)?;
            } else if self.at(TokenKind::BraceOpen) {
                return fail(self.unexpected("an operator or the end").help(
                    "messages are not part of this language; a map is written `{'key': value}`",
                ));
            } else {
                return Ok(id);
            }
        }
    }

    fn field_or_method(&mut self, base: Id, start: u32) -> Result<Id, Box<Problem>> {
        let optional = self.take(TokenKind::Question)?;
        let field_span = self.current.span;
        let field = self.field_name()?;
        if self.at(TokenKind::ParenthesisOpen) && !optional {
            return self.method(base, field, field_span, start);
        }
        let span = self.span_since(start);
        // A chain of fields is one path to a reader and one loop to the evaluator: no level of its own.
        let below = self.height(base).saturating_sub(1);
        let below = if matches!(self.tree.node(base), Some(Expr::Select { .. } | Expr::Name { .. }))
        {
            below
        } else {
            self.height(base)
        };
        self.node(Expr::Select { base, field, field_span, optional }, span, below)
    }

    fn index(&mut self, base: Id, start: u32) -> Result<Id, Box<Problem>> {
        self.bump()?;
        let optional = self.take(TokenKind::Question)?;
        let index = self.expression()?;
        self.expect(TokenKind::BracketClose, "]")?;
        let span = self.span_since(start);
        let below = self.height(base).max(self.height(index));
        self.node(Expr::Index { base, index, optional }, span, below)
    }

    fn method(
        &mut self,
        target: Id,
        function: &'s str,
        function_span: Span,
        start: u32,
    ) -> Result<Id, Box<Problem>> {
        let mark = self.stack.len();
        self.arguments()?;
        if let Some(id) = self.method_macro(target, function, function_span, mark, start)? {
            return Ok(id);
        }
        let arguments = self.seal(mark);
        let below = self.height(target).max(self.height_of_run(arguments));
        let span = self.span_since(start);
        self.node(
            Expr::Call { target: Some(target), function, function_span, arguments },
            span,
            below,
        )
    }

    /// The arguments of a call, from its opening parenthesis to behind the closing one, onto the stack.
    fn arguments(&mut self) -> Result<(), Box<Problem>> {
        self.expect(TokenKind::ParenthesisOpen, "(")?;
        while !self.at(TokenKind::ParenthesisClose) {
            let argument = self.expression()?;
            self.stack.push((argument, false));
            if !self.take(TokenKind::Comma)? {
                break;
            }
            if self.at(TokenKind::ParenthesisClose) {
                return fail(self.unexpected("an argument"));
            }
        }
        self.expect(TokenKind::ParenthesisClose, ")")?;
        Ok(())
    }

    fn primary(&mut self) -> Result<Id, Box<Problem>> {
        let span = self.current.span;
        match self.current.kind {
            TokenKind::ParenthesisOpen => {
                self.bump()?;
                let id = self.expression()?;
                self.expect(TokenKind::ParenthesisClose, ")")?;
                Ok(id)
            }
            TokenKind::BracketOpen => self.list(),
            TokenKind::BraceOpen => self.map(),
            TokenKind::Dot => {
                self.bump()?;
                let name_span = self.current.span;
                let name = self.root_name()?;
                self.name_or_call(name, name_span, true, span.start)
            }
            TokenKind::Identifier => {
                let name = self.root_name()?;
                self.name_or_call(name, span, false, span.start)
            }
            TokenKind::Int | TokenKind::Double => self.number(None),
            TokenKind::Uint
            | TokenKind::Text { .. }
            | TokenKind::Bytes { .. }
            | TokenKind::True
            | TokenKind::False
            | TokenKind::Null => self.literal(),
            _ => fail(self.unexpected("a value")),
        }
    }

    fn name_or_call(
        &mut self,
        name: &'s str,
        name_span: Span,
        rooted: bool,
        start: u32,
    ) -> Result<Id, Box<Problem>> {
        if !self.at(TokenKind::ParenthesisOpen) {
            let span = self.span_since(start);
            return self.node(Expr::Name { name, rooted }, span, 0);
        }
        let mark = self.stack.len();
        self.arguments()?;
        if let Some(id) = self.function_macro(name, name_span, mark, start)? {
            return Ok(id);
        }
        let arguments = self.seal(mark);
        let below = self.height_of_run(arguments);
        let span = self.span_since(start);
        self.node(
            Expr::Call { target: None, function: name, function_span: name_span, arguments },
            span,
            below,
        )
    }

    fn list(&mut self) -> Result<Id, Box<Problem>> {
        let start = self.current.span.start;
        self.bump()?;
        let mark = self.stack.len();
        while !self.at(TokenKind::BracketClose) {
            let optional = self.take(TokenKind::Question)?;
            let element = self.expression()?;
            self.stack.push((element, optional));
            if !self.take(TokenKind::Comma)? {
                break;
            }
        }
        self.expect(TokenKind::BracketClose, "]")?;
        let run = self.seal(mark);
        let below = self.height_of_run(run);
        let span = self.span_since(start);
        self.node(Expr::List(run), span, below)
    }

    fn map(&mut self) -> Result<Id, Box<Problem>> {
        let start = self.current.span.start;
        self.bump()?;
        let mark = self.stack.len();
        while !self.at(TokenKind::BraceClose) {
            let optional = self.take(TokenKind::Question)?;
            let key = self.expression()?;
            self.expect(TokenKind::Colon, ":")?;
            let value = self.expression()?;
            self.stack.push((key, optional));
            self.stack.push((value, optional));
            if !self.take(TokenKind::Comma)? {
                break;
            }
        }
        self.expect(TokenKind::BraceClose, "}")?;
        let run = self.seal(mark);
        let below = self.height_of_run(run);
        let span = self.span_since(start);
        self.node(Expr::Map(run), span, below)
    }
}
