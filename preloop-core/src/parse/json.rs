//! JSON text to a node tree, through the strict reader.

use std::borrow::Cow;

use super::builder::{Builder, Stop};
use super::tree::{Kind, Node, Style, Tree};
use crate::diagnostic::{Code, Diagnostic, Findings, Lines};
use crate::json::{Fault, JsonErrorKind, Scalar, Sink, Span, parse_number, read};

/// Reads one JSON value; none where reading had to stop.
pub(super) fn tree(text: &str, lines: &Lines, findings: &mut Findings) -> Option<Tree> {
    let mut growth = Growth { builder: Builder::new(text, lines, findings), has_stopped: false };
    let outcome = read(text, &mut growth);
    let Growth { builder, has_stopped } = growth;
    let tree = builder.finish();
    match outcome {
        Ok(()) if !has_stopped => tree,
        Ok(()) => None,
        Err(fault) => {
            findings.error(diagnostic(&fault, text, lines));
            None
        }
    }
}

fn diagnostic(fault: &Fault, text: &str, lines: &Lines) -> Diagnostic {
    let place = lines.place(text, fault.offset());
    let code = match fault.kind() {
        JsonErrorKind::ByteOrderMark => Code::InvalidCharacter,
        JsonErrorKind::NestingTooDeep => Code::NestingTooDeep,
        _ => Code::InvalidJson,
    };
    let message = match fault.kind() {
        JsonErrorKind::Syntax => format!("invalid JSON: {}", fault.message()),
        _ => fault.message().to_owned(),
    };
    let diagnostic = Diagnostic::new(code, "", message).at(place);
    if code == Code::InvalidJson {
        diagnostic.help("a document that begins with `{` or `[` is read as JSON")
    } else {
        diagnostic
    }
}

struct Growth<'a> {
    builder: Builder<'a>,
    /// The builder refused something; it said why, and the rest is read in vain.
    has_stopped: bool,
}

impl Growth<'_> {
    fn note<T>(&mut self, outcome: &Result<T, Stop>) {
        self.has_stopped |= outcome.is_err();
    }
}

impl<'t> Sink<'t> for Growth<'_> {
    fn begin_object(&mut self, offset: usize) {
        let outcome = self.builder.begin_mapping(offset);
        self.note(&outcome);
    }

    fn key(&mut self, key: Cow<'t, str>, span: Span) {
        self.builder.key(&key, Style::Json, span.start, span.end);
    }

    fn duplicate_key(&mut self, _: &str, _: usize) -> Result<(), Fault> {
        // The builder reports it with its path and goes on.
        Ok(())
    }

    fn end_object(&mut self, end: usize) {
        self.builder.end(end);
    }

    fn begin_array(&mut self, offset: usize) {
        let outcome = self.builder.begin_sequence(offset);
        self.note(&outcome);
    }

    fn end_array(&mut self, end: usize) {
        self.builder.end(end);
    }

    fn scalar(&mut self, scalar: Scalar<'t>, span: Span) -> Result<(), Fault> {
        let kind = match scalar {
            Scalar::Null => Kind::Null,
            Scalar::Bool(value) => Kind::Bool(value),
            Scalar::Text(text) => self.builder.keep(&text),
            Scalar::Number(literal) => {
                Kind::Number(parse_number(literal).ok_or_else(|| Fault::out_of_range(span.start))?)
            }
        };
        let node = Node { kind, style: Style::Json, start: span.start, end: span.end };
        let outcome = self.builder.scalar(node);
        self.note(&outcome);
        Ok(())
    }
}
