//! Changes that cannot matter, where it can be proven.

use crate::cel::ast::{Expr, Relation};
use crate::cel::parse;
use crate::cel::value::Value;
use crate::compile::Rule;
use crate::decision::Action;
use crate::document::{self, ConditionType};

/// A rule that matches every call.
pub(super) fn is_always(rule: &Rule) -> bool {
    rule.condition().is_none_or(|condition| condition.constant() == Some(true))
}

/// Whether no call's action depends on which of two neighbours is asked first.
///
/// Two rules that deny deny together whatever is asked first, and so do two that ask the same approvers. Two allow
/// rules are not the same: one whose condition fails raises what comes after it, and nothing that came before.
/// Where at most one of them can match, the order is nothing to a call either.
pub(super) fn order_never_matters(pair: [(&document::Condition, &Rule); 2]) -> bool {
    let [(_, first), (_, second)] = pair;
    let does_same = first.action == second.action
        && first.action != Action::Allow
        && first.answer.workflow == second.answer.workflow;
    does_same || are_exclusive(first, second)
}

/// Whether the conditions are comparisons of one field of which at most one can hold.
///
/// Both are `simple`, and of a kind that fails for the same values or is false where the other fails: so there is no
/// call for which one matches and the other one fails.
fn are_exclusive(first: &Rule, second: &Rule) -> bool {
    let compared = |rule: &Rule| {
        let condition = rule.condition()?;
        (condition.condition_type() == ConditionType::Simple)
            .then(|| Comparison::read(condition.source()))?
    };
    match (compared(first), compared(second)) {
        (Some(first), Some(second)) => first.path == second.path && first.excludes(&second),
        _ => false,
    }
}

/// `path relation literal`.
struct Comparison {
    path: String,
    relation: Relation,
    literal: Value,
}

impl Comparison {
    fn read(source: &str) -> Option<Self> {
        let tree = parse::parse(source).ok()?;
        let Expr::Relation { relation, left, right } = tree.node(tree.root)? else { return None };
        let Expr::Literal(number) = tree.node(right)? else { return None };
        let (mut names, _) = tree.dotted(left)?;
        if names.len() == 1 {
            names.insert(0, "args");
        }
        let literal = tree.literal(number)?.clone();
        Some(Self { path: names.join("."), relation, literal })
    }

    fn excludes(&self, other: &Self) -> bool {
        match (self.relation, other.relation, &self.literal, &other.literal) {
            (Relation::Equal, Relation::Equal, Value::Text(one), Value::Text(two)) => one != two,
            (Relation::Equal, Relation::NotEqual, Value::Text(one), Value::Text(two))
            | (Relation::NotEqual, Relation::Equal, Value::Text(one), Value::Text(two)) => {
                one == two
            }
            (_, _, Value::Int(one), Value::Int(two)) => {
                match (range(self.relation, *one), range(other.relation, *two)) {
                    // Fractions lie between whole numbers, so ends are compared as they are written.
                    (Some(one), Some(two)) => one.ends_before(two) || two.ends_before(one),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// The numbers that a comparison holds for; an end is the number and whether it belongs to them.
#[derive(Clone, Copy)]
struct Numbers {
    from: Option<(i64, bool)>,
    to: Option<(i64, bool)>,
}

const fn range(relation: Relation, number: i64) -> Option<Numbers> {
    let (from, to) = match relation {
        Relation::Equal => (Some((number, true)), Some((number, true))),
        Relation::Less => (None, Some((number, false))),
        Relation::LessEqual => (None, Some((number, true))),
        Relation::Greater => (Some((number, false)), None),
        Relation::GreaterEqual => (Some((number, true)), None),
        Relation::NotEqual | Relation::In => return None,
    };
    Some(Numbers { from, to })
}

impl Numbers {
    const fn ends_before(self, other: Self) -> bool {
        match (self.to, other.from) {
            (Some((end, end_belongs)), Some((start, start_belongs))) => {
                end < start || (end == start && !(end_belongs && start_belongs))
            }
            _ => false,
        }
    }
}
