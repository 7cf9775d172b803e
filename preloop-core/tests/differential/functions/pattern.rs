//! Patterns by trying everything: the first alternative, the earliest start, each repetition as often as it goes.

use preloop_core::cel::FailureKind;

use super::{WRONG, letters};
use crate::naive::{Answer, Value};

const INVALID: FailureKind = FailureKind::InvalidArgument;

/// Which letters one place of a pattern takes.
#[derive(Clone, Debug)]
enum Set {
    Any,
    Letter(char),
    Digit,
    Word,
    Blank,
    OneOf(Vec<char>, bool),
}

impl Set {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Any => letter != '\n',
            Self::Letter(wanted) => letter == *wanted,
            Self::Digit => letter.is_ascii_digit(),
            Self::Word => letter.is_ascii_alphanumeric() || letter == '_',
            Self::Blank => "\t\n\u{b}\u{c}\r ".contains(letter),
            Self::OneOf(letters, wanted) => letters.contains(&letter) == *wanted,
        }
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Start,
    End,
    Open(usize),
    Close(usize),
    /// So many letters of a set, at least and at most.
    Run(Set, usize, usize),
}

/// Alternatives, and how many groups there are in all.
struct Pattern {
    alternatives: Vec<Vec<Piece>>,
    groups: usize,
}

/// Where groups start and end, as far as they took part.
type Groups = [Option<(usize, usize)>; 4];

/// A match: where it starts and ends, and the same of its groups.
#[derive(Clone, Copy, Debug)]
struct Found {
    start: usize,
    end: usize,
    groups: Groups,
}

fn read(pattern: &str) -> Option<Pattern> {
    let mut alternatives = vec![Vec::new()];
    let mut groups = 0;
    let mut is_open = false;
    let all = letters(pattern);
    let mut rest = all.as_slice();
    while let [letter, after @ ..] = rest {
        rest = after;
        let pieces = alternatives.last_mut()?;
        let set = match letter {
            '^' => {
                pieces.push(Piece::Start);
                continue;
            }
            '$' => {
                pieces.push(Piece::End);
                continue;
            }
            '(' => {
                groups += 1;
                is_open = true;
                pieces.push(Piece::Open(groups - 1));
                continue;
            }
            ')' if is_open => {
                is_open = false;
                pieces.push(Piece::Close(groups - 1));
                continue;
            }
            '|' => {
                alternatives.push(Vec::new());
                continue;
            }
            '*' | '+' | '?' | ')' => return None,
            '.' => Set::Any,
            '\\' => {
                let [escaped, after @ ..] = rest else { return None };
                rest = after;
                match escaped {
                    'd' => Set::Digit,
                    'w' => Set::Word,
                    's' => Set::Blank,
                    'n' => Set::Letter('\n'),
                    other => Set::Letter(*other),
                }
            }
            '[' => {
                let end = rest.iter().position(|letter| *letter == ']')?;
                let (inside, after) = rest.split_at(end);
                rest = &after[1..];
                match inside {
                    ['^', inside @ ..] => Set::OneOf(inside.to_vec(), false),
                    _ => Set::OneOf(inside.to_vec(), true),
                }
            }
            other => Set::Letter(*other),
        };
        let (least, most) = match rest {
            ['*', ..] => (0, usize::MAX),
            ['+', ..] => (1, usize::MAX),
            ['?', ..] => (0, 1),
            _ => (1, 1),
        };
        if (least, most) != (1, 1) {
            rest = &rest[1..];
        }
        pieces.push(Piece::Run(set, least, most));
    }
    (!is_open).then_some(Pattern { alternatives, groups })
}

/// Where the pieces end if they match from here; the groups are noted on the way.
fn end_of(pieces: &[Piece], text: &[char], at: usize, groups: &mut Groups) -> Option<usize> {
    let Some((piece, rest)) = pieces.split_first() else { return Some(at) };
    match piece {
        Piece::Start if at > 0 => None,
        Piece::End if at < text.len() => None,
        Piece::Start | Piece::End => end_of(rest, text, at, groups),
        Piece::Open(number) | Piece::Close(number) => {
            let before = groups[*number];
            let start = if matches!(piece, Piece::Open(_)) { at } else { before?.0 };
            groups[*number] = Some((start, at));
            end_of(rest, text, at, groups).or_else(|| {
                groups[*number] = before;
                None
            })
        }
        Piece::Run(set, least, most) => {
            let run = text[at..].iter().take_while(|letter| set.takes(**letter)).count();
            let most = run.min(*most);
            (*least..=most).rev().find_map(|count| end_of(rest, text, at + count, groups))
        }
    }
}

fn find(pattern: &Pattern, text: &[char], from: usize) -> Option<Found> {
    for start in from..=text.len() {
        for pieces in &pattern.alternatives {
            let mut groups = Groups::default();
            if let Some(end) = end_of(pieces, text, start, &mut groups) {
                return Some(Found { start, end, groups });
            }
        }
    }
    None
}

/// Every match; an empty one right behind the one before is none.
fn find_all(pattern: &Pattern, text: &[char]) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let mut from = 0;
    while let Some(found) = find(pattern, text, from) {
        let is_empty = found.start == found.end;
        if is_empty && all.last().is_some_and(|last| last.end == found.end) {
            from = found.end + 1;
            continue;
        }
        from = found.end;
        all.push(found);
    }
    all
}

pub(crate) fn apply(function: &str, text: &str, pattern: &str, rest: &[Value]) -> Answer {
    let pattern = read(pattern).ok_or(INVALID)?;
    let text = letters(text);
    let taken = |found: &Found| -> Option<Value> {
        let (start, end) =
            if pattern.groups > 0 { found.groups[0]? } else { (found.start, found.end) };
        Some(Value::Text(text[start..end].iter().collect()))
    };
    match (function, rest) {
        ("matches", []) => Ok(Value::Bool(find(&pattern, &text, 0).is_some())),
        ("regex.extract" | "regex.extractAll", []) if pattern.groups > 1 => Err(INVALID),
        ("regex.extract", []) => {
            let found = find(&pattern, &text, 0).as_ref().and_then(taken);
            Ok(Value::Optional(found.map(Box::new)))
        }
        ("regex.extractAll", []) => {
            Ok(Value::List(find_all(&pattern, &text).iter().filter_map(taken).collect()))
        }
        ("regex.replace", [Value::Text(by)]) => replaced(&pattern, &text, by, -1),
        ("regex.replace", [Value::Text(by), Value::Int(limit)]) => {
            replaced(&pattern, &text, by, *limit)
        }
        _ => WRONG,
    }
}

fn replaced(pattern: &Pattern, text: &[char], by: &str, limit: i64) -> Answer {
    // `\0` is the match, `\1` the group, `\\` a backslash.
    let by = letters(by);
    let mut pieces: Vec<Result<char, usize>> = Vec::new();
    let mut rest = by.as_slice();
    while let [letter, after @ ..] = rest {
        rest = after;
        if *letter != '\\' {
            pieces.push(Ok(*letter));
            continue;
        }
        let [escaped, after @ ..] = rest else { return Err(INVALID) };
        rest = after;
        pieces.push(match escaped {
            '\\' => Ok('\\'),
            digit => {
                let number = digit.to_digit(10).map(|number| number as usize);
                Err(number.filter(|number| *number <= pattern.groups).ok_or(INVALID)?)
            }
        });
    }
    let mut made = String::new();
    let mut at = 0;
    let all = find_all(pattern, text);
    let count = if limit < 0 { all.len() } else { all.len().min(limit as usize) };
    for found in &all[..count] {
        made.extend(&text[at..found.start]);
        for piece in &pieces {
            match piece {
                Ok(letter) => made.push(*letter),
                Err(0) => made.extend(&text[found.start..found.end]),
                Err(number) => {
                    let (start, end) = found.groups[number - 1].unwrap_or((0, 0));
                    made.extend(&text[start..end]);
                }
            }
        }
        at = found.end;
    }
    made.extend(&text[at..]);
    Ok(Value::Text(made))
}
