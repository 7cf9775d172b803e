//! Rules whose calls are all decided by an earlier rule.

use super::Lint;
use super::atoms::{Atom, Literal, Search, alternatives};
use crate::cel::ast::Relation;
use crate::diagnostic::Code;

/// Earlier rules that a rule is held against.
const EARLIER_MAX: usize = 100;

pub(super) fn check(lint: &mut Lint<'_>) {
    let policy = lint.policy;
    for (index, tool) in policy.document().tools.iter().enumerate() {
        let mut earlier: Vec<(usize, Vec<Vec<Atom>>, &str)> = Vec::new();
        for (number, rule) in tool.conditions.iter().enumerate() {
            if rule.enabled == Some(false) {
                continue;
            }
            let Some(asked) = alternatives(rule) else { continue };
            let text = rule.expression.as_deref().unwrap_or_default().trim();
            // What asks nothing, or the very same, validation says.
            let over = earlier.iter().find(|(_, over, other)| {
                *other != text && !over.iter().any(Vec::is_empty) && covers(over, &asked)
            });
            if let Some((over, _, _)) = over {
                let path = format!("tools[{index}].conditions[{number}]");
                let message = format!(
                    "no call comes to this rule: `conditions[{over}]` decides every call for which it holds"
                );
                let help = "move it before that rule, or remove it".to_owned();
                lint.report(Code::ShadowedRule, &path, message, help);
            } else if earlier.len() < EARLIER_MAX {
                earlier.push((number, asked, text));
            }
        }
    }
}

/// Whether each alternative of `under` leads to one of `over`.
fn covers(over: &[Vec<Atom>], under: &[Vec<Atom>]) -> bool {
    under.iter().all(|under| {
        over.iter()
            .any(|over| over.iter().all(|wanted| under.iter().any(|known| implies(known, wanted))))
    })
}

/// Whether `wanted` holds wherever `known` does.
fn implies(known: &Atom, wanted: &Atom) -> bool {
    if known == wanted {
        return true;
    }
    match (known, wanted) {
        (Atom::Order(path, relation, bound), Atom::Order(other, wider, limit)) => {
            path == other && is_within(*relation, *bound, *wider, *limit)
        }
        (Atom::Equal(path, Literal::Number(value)), Atom::Order(other, relation, limit)) => {
            path == other && holds(*value, *relation, *limit)
        }
        (Atom::Equal(path, Literal::Text(value)), Atom::Text(other, search, text)) => {
            path == other && finds(value, *search, text)
        }
        (Atom::Text(path, known, text), Atom::Text(other, search, wanted)) => {
            path == other
                && match (known, search) {
                    (Search::Matches, _) | (_, Search::Matches) => false,
                    (Search::StartsWith, Search::StartsWith) => text.starts_with(wanted.as_str()),
                    (Search::EndsWith, Search::EndsWith) => text.ends_with(wanted.as_str()),
                    (_, Search::Contains) => text.contains(wanted.as_str()),
                    _ => false,
                }
        }
        _ => false,
    }
}

fn is_within(relation: Relation, bound: f64, wider: Relation, limit: f64) -> bool {
    use Relation::{Greater, GreaterEqual, Less, LessEqual};
    match (relation, wider) {
        (Greater, Greater | GreaterEqual) | (GreaterEqual, GreaterEqual) => bound >= limit,
        (GreaterEqual, Greater) => bound > limit,
        (Less, Less | LessEqual) | (LessEqual, LessEqual) => bound <= limit,
        (LessEqual, Less) => bound < limit,
        _ => false,
    }
}

fn holds(value: f64, relation: Relation, limit: f64) -> bool {
    match relation {
        Relation::Less => value < limit,
        Relation::LessEqual => value <= limit,
        Relation::Greater => value > limit,
        Relation::GreaterEqual => value >= limit,
        _ => false,
    }
}

fn finds(value: &str, search: Search, text: &str) -> bool {
    match search {
        Search::Contains => value.contains(text),
        Search::StartsWith => value.starts_with(text),
        Search::EndsWith => value.ends_with(text),
        Search::Matches => false,
    }
}
