//! One JSON-RPC message as it arrived: told apart, checked for form, its values still raw.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A well-formed JSON-RPC 2.0 message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    /// Wants an answer.
    Request {
        /// The id as it was written, so that the answer carries the same bytes.
        id: &'a str,
        /// What to do.
        method: &'a str,
        /// The parameters as they were written.
        params: Option<&'a str>,
    },
    /// Wants no answer.
    Notification {
        /// What happened.
        method: &'a str,
        /// The parameters as they were written.
        params: Option<&'a str>,
    },
    /// Answers a request of ours.
    Response {
        /// The id as it was written.
        id: &'a str,
        /// The result or the error object, as it was written.
        answer: Result<&'a str, &'a str>,
    },
}

/// Why bytes are not a JSON-RPC message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    /// Not JSON at all.
    #[error("the body is not valid JSON")]
    Syntax,
    /// A JSON array.
    #[error("JSON-RPC batches are not supported: send one message a request")]
    Batch,
    /// JSON, but no message.
    #[error("{0}")]
    Form(&'static str),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

// === impl Message ===

impl<'a> Message<'a> {
    /// Reads one message; unknown members are left alone.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MessageError::Syntax)?;
        if text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('[') {
            return Err(match serde_json::from_str::<&RawValue>(text) {
                Ok(_) => MessageError::Batch,
                Err(_) => MessageError::Syntax,
            });
        }
        let envelope: Envelope<'a> = serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                MessageError::Form("a JSON-RPC message is an object with `jsonrpc`: \"2.0\"")
            } else {
                MessageError::Syntax
            }
        })?;
        Self::from_envelope(&envelope)
    }

    fn from_envelope(envelope: &Envelope<'a>) -> Result<Self, MessageError> {
        if envelope.jsonrpc.as_deref() != Some("2.0") {
            return Err(MessageError::Form("`jsonrpc` must be \"2.0\""));
        }
        let id = envelope.id.map(RawValue::get);
        let Some(method) = envelope.method else {
            let answer = match (envelope.result, envelope.error) {
                (Some(result), None) => Ok(result.get()),
                (None, Some(error)) => Err(error.get()),
                _ => return Err(MessageError::Form("`method` is missing")),
            };
            let id = id.ok_or(MessageError::Form("a response needs an `id`"))?;
            return Ok(Self::Response { id, answer });
        };
        if id.is_some_and(|id| !is_id(id)) {
            return Err(MessageError::Form("`id` must be a string or an integer"));
        }
        // Method names of the protocol need no escapes, so that the borrowed text is enough.
        let method: &'a str = serde_json::from_str(method.get())
            .map_err(|_| MessageError::Form("`method` must be a plain string"))?;
        let params = envelope.params.map(RawValue::get);
        if params.is_some_and(|params| !params.starts_with(['{', '['])) {
            return Err(MessageError::Form("`params` must be an object"));
        }
        Ok(match id {
            Some(id) => Self::Request { id, method, params },
            None => Self::Notification { method, params },
        })
    }
}

/// A member that stands there, `null` included.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

fn is_id(text: &str) -> bool {
    text.starts_with('"')
        || text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_messages_apart() {
        let request = br#" {"jsonrpc":"2.0","id":"a\u0062","method":"ping","extra":[1]}"#;
        assert!(matches!(
            Message::parse(request),
            Ok(Message::Request { id: r#""a\u0062""#, method: "ping", params: None })
        ));
        let notification = br#"{"jsonrpc":"2.0","method":"x","params":{"a": 1}}"#;
        assert!(matches!(
            Message::parse(notification),
            Ok(Message::Notification { method: "x", params: Some(r#"{"a": 1}"#) })
        ));
        let error = br#"{"jsonrpc":"2.0","id":7,"error":{"code":1}}"#;
        assert!(matches!(
            Message::parse(error),
            Ok(Message::Response { id: "7", answer: Err(r#"{"code":1}"#) })
        ));
    }

    #[test]
    fn an_error_may_answer_nothing_in_particular() {
        let error = br#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#;
        assert!(matches!(Message::parse(error), Ok(Message::Response { id: "null", .. })));
        let null = br#"{"jsonrpc":"2.0","id":1,"result":null}"#;
        assert!(matches!(Message::parse(null), Ok(Message::Response { answer: Ok("null"), .. })));
    }

    #[test]
    fn refuses_what_is_no_message() {
        let error = |text: &str| Message::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error("{"), MessageError::Syntax);
        assert_eq!(error(""), MessageError::Syntax);
        assert_eq!(error("[{}"), MessageError::Syntax);
        assert_eq!(error("[]"), MessageError::Batch);
        assert!(Message::parse(b"\xff").is_err());
        for text in [
            "1",
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":2}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x","params":3}"#,
            r#"{"jsonrpc":"2.0","result":{}}"#,
        ] {
            assert!(matches!(error(text), MessageError::Form(_)), "{text}: {:?}", error(text));
        }
    }
}
