//! JSON text to a `serde_json` value.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::{Fault, JsonError, decode};
use super::number::parse_number;
use super::reader::{Scalar, Sink, Span, read};

/// Reads strict JSON; integers beyond 64 bits become doubles.
///
/// ```
/// assert_eq!(preloop_core::json::parse("[1, 2.5]").unwrap()[1], 2.5);
/// let error = preloop_core::json::parse("{\"a\": 1,\n \"a\": 2}").unwrap_err();
/// assert_eq!(error.to_string(), "duplicate key `a` at line 2 column 2");
/// ```
pub fn parse(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Value, JsonError> {
    let text = decode(text.as_ref())?;
    let mut sink = Values::default();
    read(text, &mut sink).map_err(|fault| JsonError::new(fault, text))?;
    Ok(sink.done)
}

#[derive(Default)]
struct Values {
    open: Vec<Open>,
    done: Value,
}

enum Open {
    Object(Map<String, Value>, String),
    Array(Vec<Value>),
}

impl Values {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(Open::Object(members, key)) => {
                members.insert(std::mem::take(key), value);
            }
            Some(Open::Array(items)) => items.push(value),
            None => self.done = value,
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::Object(members, _)) => self.put(Value::Object(members)),
            Some(Open::Array(items)) => self.put(Value::Array(items)),
            None => {}
        }
    }
}

impl<'t> Sink<'t> for Values {
    fn begin_object(&mut self, _: usize) {
        self.open.push(Open::Object(Map::new(), String::new()));
    }

    fn key(&mut self, key: Cow<'t, str>, _: Span) {
        if let Some(Open::Object(_, slot)) = self.open.last_mut() {
            *slot = key.into_owned();
        }
    }

    fn end_object(&mut self, _: usize) {
        self.close();
    }

    fn begin_array(&mut self, _: usize) {
        self.open.push(Open::Array(Vec::new()));
    }

    fn end_array(&mut self, _: usize) {
        self.close();
    }

    fn scalar(&mut self, scalar: Scalar<'t>, span: Span) -> Result<(), Fault> {
        let value = match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Text(text) => Value::String(text.into_owned()),
            Scalar::Number(literal) => {
                let number =
                    parse_number(literal).ok_or_else(|| Fault::out_of_range(span.start))?;
                Value::Number(number)
            }
        };
        self.put(value);
        Ok(())
    }
}
