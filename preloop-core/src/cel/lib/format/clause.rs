//! The clauses of a format pattern.

use super::LibError;

/// Digits after the point where a clause does not say.
const DEFAULT_PRECISION: usize = 6;
/// More digits than any double has; a larger precision would only make zeros.
const MAX_PRECISION: usize = 1_000;

/// How one value is to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    /// `%s`: any value.
    Text,
    /// `%d`: a number.
    Decimal,
    /// `%f` and `%.3f`: a number with so many decimals.
    Fixed(usize),
    /// `%e` and `%.3e`: a number with an exponent.
    Scientific(usize),
    /// `%b`: a whole number or a bool in binary.
    Binary,
    /// `%o`: a whole number in octal.
    Octal,
    /// `%x` and `%X`: a whole number, text or bytes in hexadecimal.
    Hex {
        /// `%X`.
        upper: bool,
    },
}

/// A stretch of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'p> {
    Literal(&'p str),
    Clause(Clause),
}

/// Reads a pattern without values: its clauses in order, for a check before evaluation.
pub(crate) fn placeholders(pattern: &str) -> Result<Vec<Clause>, LibError> {
    let mut clauses = Vec::new();
    let mut rest = pattern;
    while let Some((piece, tail)) = next_piece(rest)? {
        rest = tail;
        if let Piece::Clause(clause) = piece {
            clauses.push(clause);
        }
    }
    Ok(clauses)
}

/// Takes the first piece off a pattern; `None` at its end.
pub(super) fn next_piece(pattern: &str) -> Result<Option<(Piece<'_>, &str)>, LibError> {
    let Some(after) = pattern.strip_prefix('%') else {
        let end = pattern.find('%').unwrap_or(pattern.len());
        let (literal, rest) = pattern.split_at_checked(end).unwrap_or((pattern, ""));
        return Ok((!literal.is_empty()).then_some((Piece::Literal(literal), rest)));
    };
    if let Some(rest) = after.strip_prefix('%') {
        return Ok(Some((Piece::Literal("%"), rest)));
    }
    let (precision, after) = precision(after)?;
    let mut rest = after.chars();
    let Some(letter) = rest.next() else {
        return Err(parse_error("unexpected end of string"));
    };
    let clause = match letter {
        's' => Clause::Text,
        'd' => Clause::Decimal,
        'f' => Clause::Fixed(precision),
        'e' => Clause::Scientific(precision),
        'b' => Clause::Binary,
        'o' => Clause::Octal,
        'x' => Clause::Hex { upper: false },
        'X' => Clause::Hex { upper: true },
        other => {
            return Err(parse_error(&format!(
                "unrecognized formatting clause \"{}\"",
                other.escape_debug()
            )));
        }
    };
    Ok(Some((Piece::Clause(clause), rest.as_str())))
}

/// Takes `.3` off what follows a `%`.
fn precision(text: &str) -> Result<(usize, &str), LibError> {
    let Some(after) = text.strip_prefix('.') else {
        return Ok((DEFAULT_PRECISION, text));
    };
    let end = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
    let (digits, rest) = after.split_at_checked(end).unwrap_or((after, ""));
    if digits.is_empty() {
        return Err(parse_error("a precision needs digits"));
    }
    match digits.parse() {
        Ok(precision) if precision <= MAX_PRECISION => Ok((precision, rest)),
        _ => Err(parse_error("a precision may be at most 1000")),
    }
}

fn parse_error(message: &str) -> LibError {
    LibError::invalid(format!("could not parse formatting clause: {message}"))
}
