//! A condition as alternatives of questions asked together, as far as it is written so.

use crate::cel::ast::{Expr, Id, Relation, Tree};
use crate::cel::parse;
use crate::cel::value::Value;
use crate::document::Condition;

/// One question: what is asked of a path, or any other part as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    /// `PATH OP NUMBER`; `bound` as written, for messages elsewhere.
    Order(String, Relation, f64),
    /// `PATH == LITERAL`.
    Equal(String, Literal),
    /// `PATH.function(TEXT)`.
    Text(String, Search, String),
    /// Anything else, its words joined by one blank.
    Other(String),
}

/// What a path is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(f64),
    Text(String),
    Bool(bool),
}

/// How a text is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Contains,
    StartsWith,
    EndsWith,
    Matches,
}

/// The alternatives of a rule, each the questions that must all hold. A rule without an expression
/// has one alternative that asks nothing.
pub(super) fn alternatives(rule: &Condition) -> Option<Vec<Vec<Atom>>> {
    let Some(text) = &rule.expression else { return Some(vec![Vec::new()]) };
    let tree = parse::parse(text).ok()?;
    let reader = Reader { text, tree: &tree };
    let roots = match tree.node(tree.root)? {
        Expr::Or(run) => tree.run(run).to_vec(),
        _ => vec![tree.root],
    };
    roots.into_iter().map(|root| reader.all(root)).collect()
}

struct Reader<'t> {
    text: &'t str,
    tree: &'t Tree<'t>,
}

impl Reader<'_> {
    fn all(&self, id: Id) -> Option<Vec<Atom>> {
        match self.tree.node(id)? {
            Expr::And(run) => self.tree.run(run).iter().map(|part| self.atom(*part)).collect(),
            _ => Some(vec![self.atom(id)?]),
        }
    }

    fn atom(&self, id: Id) -> Option<Atom> {
        Some(self.known(id).unwrap_or(Atom::Other(self.words(id)?)))
    }

    fn words(&self, id: Id) -> Option<String> {
        Some(parse::words(self.tree.span(id).text(self.text))?.join(" "))
    }

    fn known(&self, id: Id) -> Option<Atom> {
        match self.tree.node(id)? {
            Expr::Relation { relation, left, right } => {
                let path = self.path(left)?;
                let literal = self.literal(right)?;
                match (relation, literal) {
                    (Relation::Equal, literal) => Some(Atom::Equal(path, literal)),
                    (
                        Relation::Less
                        | Relation::LessEqual
                        | Relation::Greater
                        | Relation::GreaterEqual,
                        Literal::Number(bound),
                    ) => Some(Atom::Order(path, relation, bound)),
                    _ => None,
                }
            }
            Expr::Call { target: Some(target), function, arguments, .. } => {
                let search = match function {
                    "contains" => Search::Contains,
                    "startsWith" => Search::StartsWith,
                    "endsWith" => Search::EndsWith,
                    "matches" => Search::Matches,
                    _ => return None,
                };
                let [argument] = self.tree.run(arguments) else { return None };
                let Literal::Text(text) = self.literal(*argument)? else { return None };
                Some(Atom::Text(self.path(target)?, search, text))
            }
            _ => None,
        }
    }

    /// The path that is asked about; one bare name is a field of the arguments.
    fn path(&self, id: Id) -> Option<String> {
        let (names, is_rooted) = self.tree.dotted(id)?;
        match names.as_slice() {
            _ if is_rooted => None,
            [only] => Some(format!("args.{only}")),
            _ => Some(names.join(".")),
        }
    }

    fn literal(&self, id: Id) -> Option<Literal> {
        let Expr::Literal(number) = self.tree.node(id)? else { return None };
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^53 the number is left out below, so that no order is guessed"
        )]
        let number = match self.tree.literal(number)? {
            Value::Int(value) => *value as f64,
            Value::Uint(value) => *value as f64,
            Value::Double(value) => *value,
            Value::Text(text) => return Some(Literal::Text(text.to_string())),
            Value::Bool(value) => return Some(Literal::Bool(*value)),
            _ => return None,
        };
        (number.abs() < 9_007_199_254_740_992.0).then_some(Literal::Number(number))
    }
}
