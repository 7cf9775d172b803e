//! Operators of other languages, told with the spelling that works here.

use crate::cel::{Problem, ProblemKind, Span};

/// Signs that other languages have, longest first, with what to write instead.
const SIGNS: &[(&str, &str)] = &[
    ("===", "write `==` to compare"),
    ("!==", "write `!=` for not equal"),
    ("<>", "write `!=` for not equal"),
    ("=~", "write `args.field.matches('pattern')`"),
    ("!~", "write `!args.field.matches('pattern')`"),
    ("=<", "write `<=`"),
    ("=>", "write `>=`"),
    (":=", "write `==` to compare"),
    ("**", "there is no power operator"),
];
/// Words that other languages have.
const WORDS: &[(&str, &str)] = &[
    ("and", "write `&&` for and"),
    ("or", "write `||` for or"),
    ("not", "write `!` for not"),
    ("is", "write `==` to compare"),
    ("like", "write `args.field.contains('text')` or `.matches('pattern')`"),
    ("equals", "write `==` to compare"),
    ("none", "write `null`"),
    ("nil", "write `null`"),
    ("undefined", "write `has(args.field)` to ask whether a field is there"),
];

/// The problems, with the right spelling where the text holds an operator of another language.
pub(super) fn corrected(text: &str, problems: Vec<Problem>) -> Vec<Problem> {
    match foreign(text) {
        // It explains the syntax error or the unknown name; what else is said follows from it.
        Some(problem) if problems.iter().any(|problem| is_explained(problem.kind)) => vec![problem],
        _ => problems,
    }
}

const fn is_explained(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::Syntax | ProblemKind::UnknownVariable | ProblemKind::UnknownFunction
    )
}

fn foreign(text: &str) -> Option<Problem> {
    let mut rest = text;
    let mut last = ' ';
    let mut last_word = "";
    while let Some(first) = rest.chars().next() {
        let at = text.len().saturating_sub(rest.len());
        if matches!(first, '\'' | '"') {
            rest = after_quoted(rest, first);
            (last, last_word) = (first, "");
            continue;
        }
        if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end)?;
            if last != '.'
                && let Some(problem) = foreign_word(word, after, at, last_word)
            {
                return Some(problem);
            }
            rest = after;
            (last, last_word) = ('a', word);
            continue;
        }
        if let Some((sign, help)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            return Some(problem(sign, help, at));
        }
        if let Some(problem) = lone_sign(rest, first, last, at) {
            return Some(problem);
        }
        if !first.is_whitespace() {
            (last, last_word) = (first, "");
        }
        rest = rest.get(first.len_utf8()..)?;
    }
    None
}

fn foreign_word(word: &str, after: &str, at: usize, last_word: &str) -> Option<Problem> {
    let spaced = after;
    let after = spaced.trim_start();
    let blanks = spaced.len().saturating_sub(after.len());
    // Up to the end of what is told as two, however much stands between them.
    let two = |second: usize| word.len().saturating_add(blanks).saturating_add(second);
    if word == "in" && after.starts_with('(') {
        let help = "write `args.field in ['a', 'b']` with brackets";
        return Some(problem_of("in (", help, at, two(1)));
    }
    if word.eq_ignore_ascii_case("in") && word != "in" {
        return Some(problem(word, "write `in` in lower case", at));
    }
    if word == "in" && last_word.eq_ignore_ascii_case("not") {
        return Some(problem_of("not in", "write `!(args.field in ['a', 'b'])`", at, word.len()));
    }
    // `not in` is told as a whole.
    if word.eq_ignore_ascii_case("not") && after.starts_with("in ") {
        return Some(problem_of("not in", "write `!(args.field in ['a', 'b'])`", at, two(2)));
    }
    let (_, help) = WORDS.iter().find(|(foreign, _)| word.eq_ignore_ascii_case(foreign))?;
    Some(problem(word, help, at))
}

/// `=`, `&` and `|` alone.
fn lone_sign(rest: &str, first: char, last: char, at: usize) -> Option<Problem> {
    let next = rest.chars().nth(1);
    let is_alone = next != Some(first) && last != first;
    match first {
        '=' if is_alone && !matches!(last, '!' | '<' | '>') => {
            Some(problem("=", "write `==` to compare", at))
        }
        '&' if is_alone => Some(problem("&", "write `&&` for and", at)),
        '|' if is_alone => Some(problem("|", "write `||` for or", at)),
        _ => None,
    }
}

/// The rest behind a quoted text; nothing where the quote is never closed.
fn after_quoted(text: &str, quote: char) -> &str {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return text.get(at.saturating_add(1)..).unwrap_or("");
        }
    }
    ""
}

fn problem(word: &str, help: &str, at: usize) -> Problem {
    problem_of(word, help, at, word.len())
}

/// What is told as `word` and takes `length` bytes as it is written.
fn problem_of(word: &str, help: &str, at: usize, length: usize) -> Problem {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Problem {
        kind: ProblemKind::Syntax,
        message: format!("`{word}` is no operator of this language"),
        help: Some(help.to_owned()),
        span: Span::new(offset(at), offset(at.saturating_add(length))),
    }
}
