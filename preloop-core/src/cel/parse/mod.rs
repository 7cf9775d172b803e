//! Words into a tree, limits first: text length, nesting and tree height are bounded while reading.

mod expression;
mod literal;
mod macros;

#[cfg(test)]
mod tests;

pub(crate) use literal::is_reserved;
pub(crate) use macros::macro_usage;

use super::ast::{Expr, Id, Run, Tree};
use super::lexer::Lexer;
use super::problem::{Problem, ProblemKind};
use super::span::Span;
use super::token::{Token, TokenKind};

/// The longest expression, in characters.
pub const SOURCE_MAX: usize = 10_000;

/// The deepest nesting: each unary operator, parenthesis, index, call, list and map is a level.
pub const NESTING_MAX: usize = 64;

/// Reads an expression.
pub(crate) fn parse(source: &str) -> Result<Tree<'_>, Box<Problem>> {
    if source.len() > SOURCE_MAX {
        let characters = source.chars().count();
        if characters > SOURCE_MAX {
            return fail(Problem::new(
                ProblemKind::TooLarge,
                Span::new(0, 0),
                format!(
                    "the expression has {characters} characters, {SOURCE_MAX} are the most allowed"
                ),
            )
            .help("split it into several rules"));
        }
    }
    let mut parser = Parser {
        source,
        lexer: Lexer::new(source),
        current: Token { kind: TokenKind::End, span: Span::default() },
        previous_end: 0,
        depth: 0,
        tree: Tree::with_room_for(source.len()),
        stack: Vec::new(),
    };
    parser.bump()?;
    if parser.current.kind == TokenKind::End {
        return fail(
            Problem::syntax(Span::new(0, 0), "the expression is empty")
                .help("write `true` for a rule that always matches"),
        );
    }
    let root = parser.expression()?;
    parser.expect_end()?;
    parser.tree.root = root;
    Ok(parser.tree)
}

/// The words of an expression, blanks and comments left out; none where it cannot be cut into words.
pub(crate) fn words(source: &str) -> Option<Vec<&str>> {
    let mut lexer = Lexer::new(source);
    let mut words = Vec::new();
    loop {
        let token = lexer.next().ok()?;
        if token.kind == TokenKind::End {
            return Some(words);
        }
        words.push(token.span.text(source));
    }
}

/// Ends reading. Problems travel in a box, so that what reading keeps on the stack for each level stays small.
fn fail<T>(problem: Problem) -> Result<T, Box<Problem>> {
    Err(Box::new(problem))
}

struct Parser<'s> {
    source: &'s str,
    lexer: Lexer<'s>,
    current: Token,
    previous_end: u32,
    depth: usize,
    tree: Tree<'s>,
    /// Children of nodes that are still being read.
    stack: Vec<(Id, bool)>,
}

impl<'s> Parser<'s> {
    /// Steps to the next word and returns the one left behind.
    fn bump(&mut self) -> Result<Token, Box<Problem>> {
        let token = self.current;
        self.previous_end = token.span.end;
        self.current = self.lexer.next()?;
        Ok(token)
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.current.kind == kind
    }

    fn take(&mut self, kind: TokenKind) -> Result<bool, Box<Problem>> {
        if self.at(kind) {
            self.bump()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn expect(&mut self, kind: TokenKind, shown: &str) -> Result<Token, Box<Problem>> {
        if self.at(kind) {
            return self.bump();
        }
        fail(self.unexpected(&format!("`{shown}`")))
    }

    fn expect_end(&mut self) -> Result<(), Box<Problem>> {
        if self.at(TokenKind::End) {
            return Ok(());
        }
        let text = self.current.span.text(self.source);
        let help = match text.to_ascii_lowercase().as_str() {
            "and" => Some("write `&&` for and"),
            "or" => Some("write `||` for or"),
            "not" => Some("write `!` for not"),
            "is" | "eq" => Some("write `==` to compare"),
            _ => None,
        };
        let problem = self.unexpected("an operator or the end");
        fail(match help {
            Some(help) => problem.help(help),
            None => problem,
        })
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        if self.at(TokenKind::End) {
            return Problem::syntax(
                self.current.span,
                format!("the expression ends where {wanted} is expected"),
            );
        }
        let text = super::problem::cut(self.current.span.text(self.source));
        Problem::syntax(self.current.span, format!("unexpected `{text}`, expected {wanted}"))
    }

    fn too_deep(span: Span) -> Problem {
        Problem::new(
            ProblemKind::TooLarge,
            span,
            format!("the expression nests deeper than {NESTING_MAX} levels"),
        )
        .help("split it into several rules")
    }

    fn enter(&mut self) -> Result<(), Box<Problem>> {
        self.depth = self.depth.saturating_add(1);
        // The expression itself is no level.
        if self.depth > NESTING_MAX.saturating_add(1) {
            return fail(Self::too_deep(self.current.span));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn node(&mut self, node: Expr<'s>, span: Span, below: u8) -> Result<Id, Box<Problem>> {
        let height = below.saturating_add(1);
        // Leaves are not a level of nesting of their own.
        if usize::from(height) > NESTING_MAX.saturating_add(1) {
            return fail(Self::too_deep(span));
        }
        let id = u32::try_from(self.tree.nodes.len()).map_err(|_| Self::too_deep(span))?;
        self.tree.nodes.push(node);
        self.tree.spans.push(span);
        self.tree.heights.push(height);
        Ok(id)
    }

    fn height(&self, id: Id) -> u8 {
        self.tree.heights.get(id as usize).copied().unwrap_or(0)
    }

    fn height_of_run(&self, run: Run) -> u8 {
        self.tree.run(run).iter().map(|id| self.height(*id)).max().unwrap_or(0)
    }

    /// Moves the children read since `mark` from the stack into the tree.
    fn seal(&mut self, mark: usize) -> Run {
        let start = u32::try_from(self.tree.children.len()).unwrap_or(u32::MAX);
        for (id, optional) in self.stack.drain(mark.min(self.stack.len())..) {
            self.tree.children.push(id);
            self.tree.optional.push(optional);
        }
        let end = u32::try_from(self.tree.children.len()).unwrap_or(u32::MAX);
        Run { start, len: end.saturating_sub(start) }
    }

    fn span_since(&self, start: u32) -> Span {
        Span::new(start, self.previous_end)
    }
}
