//! Whether a text is strict JSON, for those who keep the text and want no value.

use std::borrow::Cow;

use super::error::{Fault, JsonError, decode};
use super::number::parse_number;
use super::reader::{Scalar, Sink, Span, read};

/// Reads strict JSON and keeps nothing of it; what [`parse`](super::parse) refuses is refused here.
///
/// ```
/// assert!(preloop_core::json::check(r#"{"a": [1, {"b": null}]}"#).is_ok());
/// assert!(preloop_core::json::check(r#"{"a": {"b": 1, "\u0062": 2}}"#).is_err());
/// ```
pub fn check(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<(), JsonError> {
    let text = decode(text.as_ref())?;
    read(text, &mut Nothing).map_err(|fault| JsonError::new(fault, text))
}

struct Nothing;

impl<'t> Sink<'t> for Nothing {
    fn begin_object(&mut self, _: usize) {}

    fn key(&mut self, _: Cow<'t, str>, _: Span) {}

    fn end_object(&mut self, _: usize) {}

    fn begin_array(&mut self, _: usize) {}

    fn end_array(&mut self, _: usize) {}

    fn scalar(&mut self, scalar: Scalar<'t>, span: Span) -> Result<(), Fault> {
        if let Scalar::Number(literal) = scalar {
            parse_number(literal).ok_or_else(|| Fault::out_of_range(span.start))?;
        }
        Ok(())
    }
}
