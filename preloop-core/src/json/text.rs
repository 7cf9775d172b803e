//! JSON text to its canonical bytes, without a value in between, so that integers keep every digit.

use std::borrow::Cow;

use super::error::{Fault, JsonError, decode};
use super::reader::{Scalar, Sink, Span, read};
use crate::canonical::{compare_keys, write_number_literal, write_string};

/// The text as RFC 8785 JSON with exact integers.
///
/// Keys are sorted by UTF-16 code units. An integer literal of any length keeps its digits; a
/// literal with fraction or exponent is read as a double and, where that is integral, written as
/// an integer too, so `30`, `30.0` and `3e1` give the same bytes. Other numbers are written as
/// ECMAScript writes them.
///
/// ```
/// let canonical = preloop_core::json::canonicalize(r#"{ "b": 30.0, "a": [1e-7, "\u00e9"] }"#);
/// assert_eq!(canonical.unwrap(), r#"{"a":[1e-7,"é"],"b":30}"#);
/// ```
pub fn canonicalize(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<String, JsonError> {
    let text = decode(text.as_ref())?;
    let mut sink =
        Canonical { out: String::with_capacity(text.len()), open: Vec::new(), broken: None };
    read(text, &mut sink).map_err(|fault| JsonError::new(fault, text))?;
    match sink.broken {
        None => Ok(sink.out),
        Some(end) => {
            let fault = Fault::syntax(end, "the members of this object cannot be put in order");
            Err(JsonError::new(fault, text))
        }
    }
}

/// Writes in the order of the text and sorts the members of an object when it closes.
struct Canonical<'t> {
    out: String,
    open: Vec<Open<'t>>,
    /// Where an object ends whose members are not where they were written.
    broken: Option<usize>,
}

enum Open<'t> {
    Object { start: usize, members: Vec<(Cow<'t, str>, usize)> },
    Array { is_first: bool },
}

impl Canonical<'_> {
    fn before_value(&mut self) {
        if let Some(Open::Array { is_first }) = self.open.last_mut()
            && !std::mem::replace(is_first, false)
        {
            self.out.push(',');
        }
    }
}

impl<'t> Sink<'t> for Canonical<'t> {
    fn begin_object(&mut self, _: usize) {
        self.before_value();
        self.out.push('{');
        self.open.push(Open::Object { start: self.out.len(), members: Vec::new() });
    }

    fn key(&mut self, key: Cow<'t, str>, _: Span) {
        if let Some(Open::Object { members, .. }) = self.open.last_mut() {
            if !members.is_empty() {
                self.out.push(',');
            }
            let start = self.out.len();
            write_string(&mut self.out, &key);
            self.out.push(':');
            members.push((key, start));
        }
    }

    fn end_object(&mut self, end: usize) {
        if let Some(Open::Object { start, members }) = self.open.pop() {
            let is_sorted =
                members.is_sorted_by(|(left, _), (right, _)| compare_keys(left, right).is_le());
            if !is_sorted {
                match sort_members(&self.out, start, members) {
                    Some(sorted) => {
                        self.out.truncate(start);
                        self.out.push_str(&sorted);
                    }
                    None => self.broken = Some(end),
                }
            }
        }
        self.out.push('}');
    }

    fn begin_array(&mut self, _: usize) {
        self.before_value();
        self.out.push('[');
        self.open.push(Open::Array { is_first: true });
    }

    fn end_array(&mut self, _: usize) {
        self.open.pop();
        self.out.push(']');
    }

    fn scalar(&mut self, scalar: Scalar<'t>, span: Span) -> Result<(), Fault> {
        self.before_value();
        match scalar {
            Scalar::Null => self.out.push_str("null"),
            Scalar::Bool(true) => self.out.push_str("true"),
            Scalar::Bool(false) => self.out.push_str("false"),
            Scalar::Text(text) => write_string(&mut self.out, &text),
            Scalar::Number(literal) => write_number_literal(&mut self.out, literal)
                .ok_or_else(|| Fault::out_of_range(span.start))?,
        }
        Ok(())
    }
}

/// The members that stand in `out` from `start`, in canonical order.
fn sort_members(out: &str, start: usize, members: Vec<(Cow<'_, str>, usize)>) -> Option<String> {
    let ends = members.iter().skip(1).map(|(_, next)| next.saturating_sub(1)).chain([out.len()]);
    let ends: Vec<usize> = ends.collect();
    let mut members: Vec<(Cow<'_, str>, usize, usize)> =
        members.into_iter().zip(ends).map(|((key, from), to)| (key, from, to)).collect();
    members.sort_by(|(left, ..), (right, ..)| compare_keys(left, right));
    let mut sorted = String::with_capacity(out.len().saturating_sub(start));
    for (index, (_, from, to)) in members.iter().enumerate() {
        if index > 0 {
            sorted.push(',');
        }
        sorted.push_str(out.get(*from..*to)?);
    }
    Some(sorted)
}
