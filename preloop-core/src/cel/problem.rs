//! What is wrong with an expression before it ever runs: kinds, message, help and place.

use super::span::Span;

/// The number of problems after which checking an expression stops.
pub(crate) const PROBLEMS_MAX: usize = 10;

/// What sort of static problem an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The text is not an expression.
    Syntax,
    /// The text is longer than allowed, or nests deeper.
    TooLarge,
    /// A name that no variable has.
    UnknownVariable,
    /// A field that the value does not have.
    UnknownField,
    /// A name that no function has.
    UnknownFunction,
    /// A function with the wrong number of arguments.
    WrongArity,
    /// Operands that can never work.
    WrongType,
    /// A condition whose value is not true or false.
    NotBool,
    /// A constant pattern, instant, duration or address that is not valid.
    InvalidLiteral,
}

impl ProblemKind {
    /// The kind as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::TooLarge => "too_large",
            Self::UnknownVariable => "unknown_variable",
            Self::UnknownField => "unknown_field",
            Self::UnknownFunction => "unknown_function",
            Self::WrongArity => "wrong_arity",
            Self::WrongType => "wrong_type",
            Self::NotBool => "not_bool",
            Self::InvalidLiteral => "invalid_literal",
        }
    }
}

/// One static problem of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// Where in the expression's text.
    pub span: Span,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, span }
    }

    pub(crate) fn syntax(span: Span, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Syntax, span, message)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Input as it may stand in a message: at most 80 characters of it.
pub(crate) fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// The candidate closest to `word`, if one is close enough to be meant.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > 128 {
            continue;
        }
        let distance =
            if candidate.eq_ignore_ascii_case(word) { 0 } else { distance(word, candidate) };
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Edit distance (insert, delete, replace, swap of neighbours).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut previous_left = None;
    for (line, left) in left.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(line.saturating_add(1));
        let mut previous_right = None;
        for (column, right) in right.iter().copied().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let replace = at(&row, column).saturating_add(usize::from(left != right));
            let insert = at(&next, column).saturating_add(1);
            let delete = at(&row, column.saturating_add(1)).saturating_add(1);
            let mut least = replace.min(insert).min(delete);
            if previous_left == Some(right) && previous_right == Some(left) && column > 0 {
                least = least.min(at(&before, column.saturating_sub(1)).saturating_add(1));
            }
            next.push(least);
            previous_right = Some(right);
        }
        before = std::mem::replace(&mut row, next);
        previous_left = Some(left);
    }
    row.last().copied().unwrap_or(usize::MAX)
}
