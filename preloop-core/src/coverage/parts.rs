//! The parts of a condition that are true or false: what a test can see both ways.

use crate::cel::Span;
use crate::cel::ast::{Expr, Id, Loop, Tree};
use crate::cel::parse;

/// The parts of an expression in the order of its text, the whole first. Constant parts are left out: no call
/// changes them. `!x` is one part, since `x` says no more.
pub(super) fn parts(source: &str) -> Vec<Span> {
    let Ok(tree) = parse::parse(source) else {
        // A `simple` text that CEL does not read, such as a bare reserved word: it has no parts but itself.
        let length = u32::try_from(source.len()).unwrap_or(u32::MAX);
        return vec![Span::new(0, length)];
    };
    let mut walk = Walk { tree: &tree, found: Vec::new() };
    walk.condition(tree.root);
    let mut found = walk.found;
    found.sort_by_key(|span| (span.start, u32::MAX.saturating_sub(span.end)));
    found.dedup();
    found
}

struct Walk<'t, 's> {
    tree: &'t Tree<'s>,
    found: Vec<Span>,
}

impl Walk<'_, '_> {
    /// A node that stands where true or false is meant. The tree's height bounds the recursion.
    fn condition(&mut self, id: Id) {
        // `dyn(x)` is x, of which only less is known beforehand.
        if let Some(Expr::Call { target: None, function: "dyn", arguments, .. }) =
            self.tree.node(id)
            && let [argument] = *self.tree.run(arguments)
        {
            return self.condition(argument);
        }
        if self.reads(id) {
            self.found.push(self.tree.span(id));
        }
        match self.tree.node(id) {
            Some(Expr::And(run) | Expr::Or(run)) => {
                self.tree.run(run).iter().for_each(|operand| self.condition(*operand));
            }
            Some(Expr::Not(operand)) => self.below_not(operand),
            Some(Expr::Conditional { condition, then, otherwise }) => {
                self.condition(condition);
                self.condition(then);
                self.condition(otherwise);
            }
            Some(Expr::Bind { value, body, .. }) => {
                self.value(value);
                self.condition(body);
            }
            _ => self.children(id),
        }
    }

    /// What is not true tells whether it is true; only what it is made of tells more.
    fn below_not(&mut self, operand: Id) {
        match self.tree.node(operand) {
            Some(Expr::And(run) | Expr::Or(run)) => {
                self.tree.run(run).iter().for_each(|operand| self.condition(*operand));
            }
            Some(Expr::Not(operand)) => self.below_not(operand),
            _ => self.children(operand),
        }
    }

    /// A node that stands where any value is meant; some give true or false all the same.
    fn value(&mut self, id: Id) {
        match self.tree.node(id) {
            Some(
                Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::Relation { .. }
                | Expr::Has { .. },
            ) => self.condition(id),
            Some(Expr::Comprehension(number)) if self.is_quantifier(number) => self.condition(id),
            Some(Expr::Conditional { condition, then, otherwise }) => {
                self.condition(condition);
                self.value(then);
                self.value(otherwise);
            }
            Some(Expr::Bind { value, body, .. }) => {
                self.value(value);
                self.value(body);
            }
            _ => self.children(id),
        }
    }

    fn is_quantifier(&self, number: u32) -> bool {
        let kind = self.tree.comprehensions.get(number as usize).map(|parts| parts.kind);
        matches!(kind, Some(Loop::All | Loop::Exists | Loop::ExistsOne))
    }

    /// The operands of a node that are values.
    fn children(&mut self, id: Id) {
        let tree = self.tree;
        match tree.node(id) {
            Some(Expr::Comprehension(number)) => self.comprehension(number),
            Some(Expr::Relation { left, right, .. }) => {
                self.value(left);
                self.value(right);
            }
            Some(Expr::Select { base, .. } | Expr::Has { base, .. } | Expr::Negate(base)) => {
                self.value(base);
            }
            Some(Expr::Index { base, index, .. }) => {
                self.value(base);
                self.value(index);
            }
            Some(Expr::Call { target, arguments, .. }) => {
                let arguments = tree.run(arguments).iter().copied();
                target.into_iter().chain(arguments).for_each(|part| self.value(part));
            }
            Some(Expr::Chain { operands: run, .. } | Expr::List(run) | Expr::Map(run)) => {
                tree.run(run).iter().for_each(|part| self.value(*part));
            }
            Some(Expr::OptionalMap { target, body, .. }) => {
                self.value(target);
                self.value(body);
            }
            _ => {}
        }
    }

    fn comprehension(&mut self, number: u32) {
        let Some(parts) = self.tree.comprehensions.get(number as usize).copied() else { return };
        self.value(parts.range);
        if let Some(filter) = parts.filter {
            self.condition(filter);
        }
        match parts.kind {
            Loop::All | Loop::Exists | Loop::ExistsOne | Loop::Filter => self.condition(parts.body),
            _ => self.value(parts.body),
        }
    }

    /// Whether a name stands somewhere in the node's text: what has none is the same for every call.
    fn reads(&self, id: Id) -> bool {
        let whole = self.tree.span(id);
        let inside = |span: &Span| span.start >= whole.start && span.end <= whole.end;
        let nodes = self.tree.nodes.iter().zip(&self.tree.spans);
        nodes.into_iter().any(|(node, span)| matches!(node, Expr::Name { .. }) && inside(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let found: Vec<&str> = parts(source).iter().map(|span| span.text(source)).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn what_is_true_or_false_is_a_part() {
        check("args.a > 1", &["args.a > 1"]);
        check("args.flag", &["args.flag"]);
        check("if == 1", &["if == 1"]);
        check("true", &[]);
        check(
            "args.a > 1 && (args.b || !args.c) && true",
            &[
                "args.a > 1 && (args.b || !args.c) && true",
                "args.a > 1",
                "args.b || !args.c",
                "args.b",
                "!args.c",
            ],
        );
        check("!(args.a && has(args.b))", &["!(args.a && has(args.b))", "args.a", "has(args.b)"]);
        check(
            "args.to.all(x, x.endsWith('@a') || x == 'b')",
            &[
                "args.to.all(x, x.endsWith('@a') || x == 'b')",
                "x.endsWith('@a') || x == 'b'",
                "x.endsWith('@a')",
                "x == 'b'",
            ],
        );
        check(
            "args.a ? args.b == 1 : args.c",
            &["args.a ? args.b == 1 : args.c", "args.a", "args.b == 1", "args.c"],
        );
        check(
            "size(args.l.filter(x, x > 1)) > (args.b ? 1 : 2)",
            &["size(args.l.filter(x, x > 1)) > (args.b ? 1 : 2)", "x > 1", "args.b"],
        );
        check(
            "cel.bind(n, args.a, n > 1 && n < 5)",
            &["cel.bind(n, args.a, n > 1 && n < 5)", "n > 1 && n < 5", "n > 1", "n < 5"],
        );
    }
}
