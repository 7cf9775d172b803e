//! Tree to code in one walk: names are resolved, types checked, constants folded, usual shapes specialised.

mod aggregate;
mod call;
mod emit;
mod field;
mod loops;
mod operators;
mod pattern;
mod reference;

#[cfg(test)]
pub(in crate::cel) use call::MACROS;

use super::ast::{Expr, Id, Tree};
use super::check::Types;
use super::code::{Code, Inquiry, Op, OpId};
use super::environment::Environment;
use super::problem::{PROBLEMS_MAX, Problem, ProblemKind};
use super::span::Span;
use super::types::Type;

/// What may be spent on folding the constants of one expression.
const FOLD_FUEL: u64 = 10_000;

/// A checked and lowered expression.
pub(crate) struct Lowered {
    pub(crate) code: Code,
    pub(crate) result: super::types::Declared,
    pub(crate) warnings: Vec<Problem>,
}

/// Checks and lowers a tree.
pub(crate) fn lower(
    source: &str,
    tree: &Tree<'_>,
    environment: &Environment,
) -> Result<Lowered, Vec<Problem>> {
    let mut compiler = Compiler {
        source,
        tree,
        environment,
        types: Types::default(),
        code: Code { nodes: Vec::with_capacity(tree.nodes.len()), ..Code::default() },
        frames: Vec::new(),
        problems: Vec::new(),
        warnings: Vec::new(),
        fold_fuel: FOLD_FUEL,
    };
    let root = compiler.visit(tree.root);
    compiler.code.root = root.op;
    if !environment.any_result
        && let Some(found) = compiler.no_bool(root)
    {
        let message = format!("a condition must be true or false, this {found}");
        let problem = Problem::new(ProblemKind::NotBool, tree.span(tree.root), message);
        let help = "compare it with something, as in `… == 'value'` or `… > 10`";
        compiler.problem(problem.help(help));
    }
    if !compiler.problems.is_empty() {
        return Err(compiler.problems);
    }
    let result = compiler.types.to_declared(root.found);
    compiler.code.inquiry = Inquiry::of(&compiler.code);
    Ok(Lowered { code: compiler.code, result, warnings: compiler.warnings })
}

/// The type of a sub-expression and the operation that computes it.
#[derive(Clone, Copy, Debug)]
struct Out {
    found: Type,
    op: OpId,
}

/// The variables of one macro.
#[derive(Clone, Copy, Debug)]
struct Frame<'s> {
    first: (&'s str, Type),
    second: Option<(&'s str, Type)>,
}

struct Compiler<'t, 's> {
    source: &'s str,
    tree: &'t Tree<'s>,
    environment: &'t Environment,
    types: Types,
    code: Code,
    frames: Vec<Frame<'s>>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    fold_fuel: u64,
}

impl Compiler<'_, '_> {
    /// Height of the tree, and so of this recursion, is bounded by the parser.
    fn visit(&mut self, id: Id) -> Out {
        let Some(node) = self.tree.node(id) else { return self.unknown(Span::default()) };
        let span = self.tree.span(id);
        match node {
            Expr::Literal(number) => self.literal(number, span),
            Expr::Name { .. } | Expr::Select { .. } | Expr::Has { .. } | Expr::Index { .. } => {
                self.reference(id)
            }
            Expr::Call { .. } => self.call(id),
            Expr::Not(operand) => self.not(operand, span),
            Expr::Negate(operand) => self.negate(operand, span),
            Expr::And(run) => self.logic(run, span, true),
            Expr::Or(run) => self.logic(run, span, false),
            Expr::Chain { operands, signs } => self.chain(operands, signs, span),
            Expr::Relation { relation, left, right } => self.relation(relation, left, right, span),
            Expr::Conditional { condition, then, otherwise } => {
                self.conditional([condition, then, otherwise], span)
            }
            Expr::List(run) => self.list(run, span),
            Expr::Map(run) => self.map(run, span),
            Expr::Comprehension(number) => self.comprehension(number, span),
            Expr::Bind { name: _, value, body } => self.bind(id, value, body),
            Expr::OptionalMap { target, body, flat, .. } => {
                self.optional_map(id, target, body, flat)
            }
        }
    }

    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Reports operands that can never work, where types are checked.
    fn mismatch(&mut self, span: Span, message: String) {
        if !self.environment.unchecked {
            self.problem(Problem::new(ProblemKind::WrongType, span, message));
        }
    }

    fn is_open(&self, found: Type) -> bool {
        matches!(self.types.resolve(found), Type::Dyn | Type::Variable(_))
    }

    fn unknown(&mut self, span: Span) -> Out {
        let op = self.leaf(Op::Unknown, span, true, 0);
        Out { found: Type::Dyn, op }
    }
}
