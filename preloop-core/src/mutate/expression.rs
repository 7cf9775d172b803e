//! The small changes that can be made to the text of a condition, one at a time.

use std::collections::HashSet;

use super::pattern;
use super::{Kind, shown};
use crate::cel::Span;
use crate::cel::ast::{Expr, Id, Loop, Relation, Run, Tree};
use crate::cel::lexer::Lexer;
use crate::cel::parse;
use crate::cel::token::{Token, TokenKind};
use crate::cel::value::Value;

/// One change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pub(super) replacement: String,
    pub(super) words: String,
}

impl Edit {
    /// The text with the change made.
    pub(super) fn apply(&self, source: &str) -> String {
        let before = source.get(..self.span.start as usize).unwrap_or_default();
        let behind = source.get(self.span.end as usize..).unwrap_or_default();
        format!("{before}{}{behind}", self.replacement)
    }
}

/// Every change of an expression, in the order of its text; none that gives the same text twice.
pub(super) fn edits(source: &str) -> Vec<Edit> {
    let Ok(tree) = parse::parse(source) else { return Vec::new() };
    let mut changes = Changes { source, tree: &tree, tokens: tokens(source), found: Vec::new() };
    for id in 0..tree.nodes.len() {
        changes.of_node(u32::try_from(id).unwrap_or(u32::MAX));
    }
    let mut found = changes.found;
    found.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut texts = HashSet::from([source.to_owned()]);
    found.retain(|edit| texts.insert(edit.apply(source)));
    found
}

fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Vec::new();
    while let Ok(token) = lexer.next() {
        if token.kind == TokenKind::End {
            break;
        }
        tokens.push(token);
    }
    tokens
}

struct Changes<'t, 's> {
    source: &'s str,
    tree: &'t Tree<'s>,
    tokens: Vec<Token>,
    found: Vec<Edit>,
}

impl<'s> Changes<'_, 's> {
    fn of_node(&mut self, id: Id) {
        let tree = self.tree;
        match tree.node(id) {
            Some(Expr::Relation { relation, left, right }) => self.relation(relation, left, right),
            Some(Expr::And(run)) => self.logic(run, TokenKind::AndAnd),
            Some(Expr::Or(run)) => self.logic(run, TokenKind::OrOr),
            Some(Expr::Not(_)) => {
                let start = tree.span(id).start;
                let sign = Span::new(start, start.saturating_add(1));
                self.replace(Kind::Operator, sign, "", "`!` is left out".to_owned());
            }
            Some(Expr::Conditional { condition, .. }) => {
                self.settle(condition, "true");
                self.settle(condition, "false");
            }
            Some(Expr::Call { target, function, function_span, arguments }) => {
                self.call(target, function, function_span, arguments);
            }
            Some(Expr::Comprehension(number)) => self.comprehension(number),
            _ => {}
        }
    }

    fn replace(&mut self, kind: Kind, span: Span, replacement: &str, words: String) {
        self.found.push(Edit { kind, span, replacement: replacement.to_owned(), words });
    }

    /// One word becomes another.
    fn exchange(&mut self, kind: Kind, span: Span, replacement: &str) {
        let old = shown(span.text(self.source));
        self.replace(kind, span, replacement, format!("`{old}` becomes `{}`", shown(replacement)));
    }

    /// The first token of a kind between two places; parentheses may stand there too.
    fn token(&self, from: u32, to: u32, is_it: impl Fn(Token, &str) -> bool) -> Option<Span> {
        let inside = |token: &&Token| token.span.start >= from && token.span.end <= to;
        let mut tokens = self.tokens.iter().filter(inside);
        tokens.find(|token| is_it(**token, token.span.text(self.source))).map(|token| token.span)
    }

    fn relation(&mut self, relation: Relation, left: Id, right: Id) {
        let (from, to) = (self.tree.span(left).end, self.tree.span(right).start);
        if let Some(sign) = self.token(from, to, |_, text| text == relation.sign()) {
            for other in others(relation) {
                self.exchange(Kind::Operator, sign, other);
            }
        }
        if relation == Relation::In {
            return self.elements(right);
        }
        if let Some(step) = step(relation) {
            self.bound(right, step);
            self.bound(left, step.saturating_neg());
        }
    }

    /// A number that is compared with, moved by one step to where only a call beside the edge tells the difference:
    /// the edge itself is tried by the other operators.
    fn bound(&mut self, id: Id, step: i64) {
        let Some(Expr::Literal(number)) = self.tree.node(id) else { return };
        let span = self.tree.span(id);
        let text = span.text(self.source);
        let moved = match self.tree.literal(number) {
            Some(Value::Int(value)) => value.checked_add(step).map(|value| value.to_string()),
            Some(Value::Uint(value)) => {
                value.checked_add_signed(step).map(|value| format!("{value}u"))
            }
            Some(Value::Double(value)) => moved_double(text, *value, step),
            _ => None,
        };
        if let Some(moved) = moved {
            self.exchange(Kind::Bound, span, &moved);
        }
    }

    /// `&&` and `||`: each sign becomes the other, each operand is taken for settled.
    fn logic(&mut self, run: Run, kind: TokenKind) {
        let operands = self.tree.run(run);
        let (other, settled) =
            if kind == TokenKind::AndAnd { ("||", "true") } else { ("&&", "false") };
        for pair in operands.windows(2) {
            let &[left, right] = pair else { continue };
            let (from, to) = (self.tree.span(left).end, self.tree.span(right).start);
            if let Some(sign) = self.token(from, to, |token, _| token.kind == kind) {
                self.exchange(Kind::Operator, sign, other);
            }
        }
        for operand in operands {
            self.settle(*operand, settled);
        }
    }

    fn settle(&mut self, id: Id, settled: &str) {
        let span = self.tree.span(id);
        let words = format!("`{}` is taken for {settled}", shown(span.text(self.source)));
        self.replace(Kind::Part, span, settled, words);
    }

    /// Each element of a list that is searched.
    fn elements(&mut self, id: Id) {
        let Some(Expr::List(run)) = self.tree.node(id) else { return };
        let spans: Vec<Span> =
            self.tree.run(run).iter().map(|element| self.tree.span(*element)).collect();
        for (span, cut) in spans.iter().zip(cuts(&spans)) {
            let words = format!("`{}` is left out of the list", shown(span.text(self.source)));
            self.replace(Kind::List, cut, "", words);
        }
    }

    fn call(&mut self, target: Option<Id>, function: &'s str, name: Span, arguments: Run) {
        let text = match (target, self.tree.run(arguments)) {
            (Some(_), [text]) => *text,
            (None, [_, text]) if function == "matches" => *text,
            _ => return,
        };
        let Some(Expr::Literal(number)) = self.tree.node(text) else { return };
        let Some(Value::Text(_)) = self.tree.literal(number) else { return };
        let span = self.tree.span(text);
        match function {
            "matches" => self.found.extend(pattern::edits(self.source, span)),
            "contains" => {
                self.exchange(Kind::Operator, name, "startsWith");
                self.shorter(span, true, true);
            }
            "startsWith" => {
                self.exchange(Kind::Operator, name, "contains");
                self.shorter(span, false, true);
            }
            "endsWith" => {
                self.exchange(Kind::Operator, name, "contains");
                self.shorter(span, true, false);
            }
            _ => {}
        }
    }

    /// The text without its first character, without its last one.
    fn shorter(&mut self, literal: Span, first: bool, last: bool) {
        let Some(body) = pattern::plain_body(self.source, literal) else { return };
        let text = body.text(self.source);
        let mut characters = text.chars();
        let (Some(head), Some(tail)) = (characters.next(), characters.next_back()) else { return };
        let old = shown(text);
        let mut cut = |span: Span, new: &str| {
            let words = format!("`{old}` becomes `{}`", shown(new));
            self.replace(Kind::Text, span, "", words);
        };
        let length = |character: char| u32::try_from(character.len_utf8()).unwrap_or(0);
        if first {
            let end = body.start.saturating_add(length(head));
            cut(Span::new(body.start, end), text.get(head.len_utf8()..).unwrap_or_default());
        }
        if last {
            let start = body.end.saturating_sub(length(tail));
            let kept = text.len().saturating_sub(tail.len_utf8());
            cut(Span::new(start, body.end), text.get(..kept).unwrap_or_default());
        }
    }

    /// `all` and `exists` ask of every element or of any.
    fn comprehension(&mut self, number: u32) {
        let Some(parts) = self.tree.comprehensions.get(number as usize) else { return };
        let (word, other) = match parts.kind {
            Loop::All => ("all", "exists"),
            Loop::Exists => ("exists", "all"),
            _ => return,
        };
        let (from, to) = (self.tree.span(parts.range).end, self.tree.span(parts.body).start);
        if let Some(name) = self.token(from, to, |_, text| text == word) {
            self.exchange(Kind::Operator, name, other);
        }
    }
}

/// The operators that one may be mistaken for: the same with or without the edge, and its opposite.
const fn others(relation: Relation) -> &'static [&'static str] {
    match relation {
        Relation::Equal => &["!="],
        Relation::NotEqual => &["=="],
        Relation::Less => &["<=", ">="],
        Relation::LessEqual => &["<", ">"],
        Relation::Greater => &[">=", "<="],
        Relation::GreaterEqual => &[">", "<"],
        Relation::In => &[],
    }
}

/// Which way a bound on the right is moved.
const fn step(relation: Relation) -> Option<i64> {
    match relation {
        Relation::Greater | Relation::LessEqual => Some(1),
        Relation::GreaterEqual | Relation::Less => Some(-1),
        Relation::Equal | Relation::NotEqual | Relation::In => None,
    }
}

/// A decimal fraction moved in its last digit; none for one with an exponent.
fn moved_double(text: &str, value: f64, step: i64) -> Option<String> {
    let (_, decimals) = text.split_once('.')?;
    if !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let places = i32::try_from(decimals.len()).ok()?;
    let size = 10_f64.powi(places.saturating_neg());
    let moved = if step > 0 { value + size } else { value - size };
    Some(format!("{moved:.places$}", places = decimals.len()))
}

/// What to cut to remove each of some items together with one sign between them; nothing where there is only one.
pub(super) fn cuts(items: &[Span]) -> Vec<Span> {
    if items.len() < 2 {
        return Vec::new();
    }
    let next = items.iter().skip(1).map(Some).chain([None]);
    let mut before = 0;
    let cut = |(item, next): (&Span, Option<&Span>)| {
        let cut = match next {
            Some(next) => Span::new(item.start, next.start),
            None => Span::new(before, item.end),
        };
        before = item.end;
        cut
    };
    items.iter().zip(next).map(cut).collect()
}
