//! The `simple` grammar: `true`, `false`, `PATH OP LITERAL` and `PATH.function(LITERAL)`.
//!
//! A text is read by CEL's own parser and its tree is looked at, so that literals, escapes and places are the
//! same in both languages.

use std::sync::Arc;

use super::simple::{Literal, Simple, Test, TextFunction};
use super::subject::Subject;
use crate::cel::ast::{Expr, Id, Relation, Tree};
use crate::cel::lib::regex::{self, Pattern};
use crate::cel::parse;
use crate::cel::value::Value;
use crate::cel::{ArgPath, Problem, ProblemKind, Span, TextTest};

/// What a text was read as.
pub(super) enum Read<'s> {
    /// A condition of the grammar.
    Simple(Simple),
    /// Something else, with its tree where it has one.
    Other(Option<Tree<'s>>),
}

/// Reads a text; a problem where it is in the grammar and can never work.
pub(super) fn read(text: &str) -> Result<Read<'_>, Problem> {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\u{c}']);
    for (word, value) in [("true", true), ("false", false)] {
        if trimmed.eq_ignore_ascii_case(word) {
            return Ok(Read::Simple(Simple::constant_of(value, span_of(text, trimmed))));
        }
    }
    if let Ok(tree) = parse::parse(text) {
        let simple = of_tree(text, &tree)?;
        return Ok(simple.map_or_else(|| Read::Other(Some(tree)), Read::Simple));
    }
    // CEL keeps some words for later; as a bare name they are a field of the arguments.
    let word = trimmed.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
    if parse::is_reserved(word) {
        let spelled_out = format!("args.{trimmed}");
        if let Ok(tree) = parse::parse(&spelled_out) {
            let start = span_of(text, trimmed).start;
            let simple = of_tree(&spelled_out, &tree).map_err(|problem| moved(problem, start))?;
            // A bare name is one name: a longer path begins with a variable.
            let is_bare = |path: &ArgPath| path.keys().len() == 1;
            return Ok(simple
                .filter(|simple| simple.arg_path().is_some_and(is_bare))
                .map_or(Read::Other(None), |simple| {
                    Read::Simple(simple.moved(|span| back(span, start)))
                }));
        }
    }
    // What does not parse is left to CEL, which says what is wrong with it.
    Ok(Read::Other(None))
}

fn moved(mut problem: Problem, start: u32) -> Problem {
    problem.span = back(problem.span, start);
    problem
}

/// A place in the text that was written, from one in the text that `args.` was put before.
fn back(span: Span, start: u32) -> Span {
    let offset = |at: u32| at.saturating_sub(5).saturating_add(start);
    Span::new(offset(span.start), offset(span.end))
}

fn of_tree(text: &str, tree: &Tree<'_>) -> Result<Option<Simple>, Problem> {
    match tree.node(tree.root) {
        Some(Expr::Relation { relation, left, right }) => {
            comparison(text, tree, relation, left, right)
        }
        Some(Expr::Call { target: Some(target), function, arguments, .. }) => {
            match (tree.run(arguments), TextFunction::named(function)) {
                ([argument], Some(function)) if !tree.is_optional(arguments, 0) => {
                    text_test(text, tree, target, function, *argument)
                }
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn comparison(
    text: &str,
    tree: &Tree<'_>,
    relation: Relation,
    left: Id,
    right: Id,
) -> Result<Option<Simple>, Problem> {
    if relation == Relation::In || is_decorated(text, tree, [left, right], 0) {
        return Ok(None);
    }
    let Some(literal) = literal(tree, right) else { return Ok(None) };
    let Some(subject) = subject(text, tree, left) else { return Ok(None) };
    if !subject.may_compare_with(&literal) {
        // The checker of CEL says what does not go together.
        return Ok(None);
    }
    let is_equality = matches!(relation, Relation::Equal | Relation::NotEqual);
    if !is_equality && matches!(literal, Literal::Null) {
        let sign = relation.sign();
        return Err(Problem {
            kind: ProblemKind::WrongType,
            message: format!("`null` has no order, so `{sign}` never holds"),
            help: Some("compare with `==` or `!=`, or with a number or text".to_owned()),
            span: tree.span(right),
        });
    }
    let question = Test::Compare { relation, literal };
    Ok(Some(Simple::new(subject, question, tree.span(tree.root), tree.span(left))))
}

fn text_test(
    text: &str,
    tree: &Tree<'_>,
    target: Id,
    function: TextFunction,
    argument: Id,
) -> Result<Option<Simple>, Problem> {
    if is_decorated(text, tree, [target, argument], 1) {
        return Ok(None);
    }
    let Some(literal) = literal(tree, argument) else { return Ok(None) };
    let Some(subject) = subject(text, tree, target) else { return Ok(None) };
    if !subject.may_search(function, &literal) {
        // The checker of CEL says what does not go together.
        return Ok(None);
    }
    let span = tree.span(argument);
    let question = match (function, literal) {
        (TextFunction::Contains, Literal::Text(text)) => Test::Text(TextTest::contains(&text)),
        (TextFunction::Contains, literal) => Test::HasMember(literal),
        (TextFunction::StartsWith, Literal::Text(text)) => Test::Text(TextTest::StartsWith(text)),
        (TextFunction::EndsWith, Literal::Text(text)) => Test::Text(TextTest::EndsWith(text)),
        (TextFunction::Matches, Literal::Text(pattern)) => {
            Test::Text(TextTest::Matches(Arc::new(compiled(&pattern, span)?)))
        }
        (function, _) => {
            let name = function.as_str();
            return Err(Problem {
                kind: ProblemKind::WrongType,
                message: format!("`{name}` looks for text, and this is none"),
                help: Some("put the text between quotes".to_owned()),
                span,
            });
        }
    };
    Ok(Some(Simple::new(subject, question, tree.span(tree.root), tree.span(target))))
}

fn compiled(pattern: &str, span: Span) -> Result<Pattern, Problem> {
    regex::compile(pattern).map_err(|error| Problem {
        kind: ProblemKind::InvalidLiteral,
        message: error.to_string(),
        help: Some("patterns are RE2 syntax; write `\\\\.` or `r'\\.'` for a backslash".to_owned()),
        span,
    })
}

/// A literal of JSON's types; bytes and the rest belong to CEL.
fn literal(tree: &Tree<'_>, id: Id) -> Option<Literal> {
    let Expr::Literal(number) = tree.node(id)? else { return None };
    Some(match tree.literal(number)? {
        Value::Null => Literal::Null,
        Value::Bool(value) => Literal::Bool(*value),
        Value::Int(value) => Literal::Int(*value),
        Value::Uint(value) => Literal::Uint(*value),
        Value::Double(value) => Literal::Double(*value),
        Value::Text(value) => Literal::Text(value.clone()),
        _ => return None,
    })
}

/// What a path stands for. One bare name is a field of the arguments, but for the names of variables.
fn subject(text: &str, tree: &Tree<'_>, id: Id) -> Option<Subject> {
    let (names, rooted) = tree.dotted(id)?;
    // Names between backticks and names with a leading dot are CEL.
    if rooted || tree.span(id).text(text).contains('`') {
        return None;
    }
    match names.as_slice() {
        ["args", keys @ ..] if !keys.is_empty() => {
            Some(Subject::Argument(ArgPath::new(keys.iter().copied(), 0)))
        }
        [variable @ ("tool" | "principal" | "session" | "context"), fields @ ..] => {
            Subject::variable(variable, fields)
        }
        ["justification"] => Some(Subject::Justification),
        // These always mean the variable.
        ["args" | "now"] => None,
        [name] => Some(Subject::Argument(ArgPath::new([*name], 0))),
        _ => None,
    }
}

/// True where the text has parentheses (beyond those of the one call) or comments, which the tree does not show.
fn is_decorated(text: &str, tree: &Tree<'_>, parts: [Id; 2], calls: usize) -> bool {
    let mut at = 0_usize;
    let mut parentheses = 0_usize;
    let ends = parts
        .map(|part| tree.span(part))
        .into_iter()
        .map(|span| (span.start as usize, span.end as usize));
    for (start, end) in ends.chain([(text.len(), text.len())]) {
        // Nothing that can be read between the parts: they are in another order than a simple text has.
        let Some(between) = text.get(at..start) else { return true };
        // What stands between is a few bytes, for which no search is worth preparing.
        if between.as_bytes().windows(2).any(|pair| pair == b"//") {
            return true;
        }
        parentheses = parentheses.saturating_add(between.matches('(').count());
        at = end;
    }
    parentheses > calls
}

fn span_of(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap_or(0);
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(start), offset(start.saturating_add(part.len())))
}
