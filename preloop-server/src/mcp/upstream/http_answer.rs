//! What the HTTP answer of a server means: its status, its form, its body.

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use reqwest::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::MESSAGE_BYTES_MAX;
use super::failure::{CallFailure, in_words};

/// What a status that is no success means for the request.
pub(super) fn refused(response: &Response) -> Option<CallFailure> {
    let status = response.status();
    if status.is_success() {
        return None;
    }
    let words = match status.as_u16() {
        300..=399 => "the server redirects elsewhere, which is not followed".to_owned(),
        401 | 403 => format!("the server refused our credentials (HTTP {})", status.as_u16()),
        code => format!("the server answered HTTP {code}"),
    };
    // A gateway in between may have lost the answer of a call that did run.
    Some(if status.is_server_error() {
        CallFailure::Lost(words)
    } else {
        CallFailure::Refused(words)
    })
}

/// Whether a refusal is about the session. The protocol says 404 for one that is not known any
/// more; servers built after the examples of the TypeScript SDK say 400 and these words.
///
/// Such a refusal comes before the request is looked at, so that it names no request or says that
/// the HTTP request is bad; an error of a tool that did run must not be taken for one.
pub(super) fn names_the_session(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        id: Option<IgnoredAny>,
        error: RefusalError,
    }
    #[derive(Deserialize)]
    struct RefusalError {
        code: i64,
        message: String,
    }
    serde_json::from_slice::<Refusal>(body).is_ok_and(|refusal| {
        let words = refusal.error.message.to_ascii_lowercase();
        matches!(refusal.error.code, -32000 | -32001)
            && (refusal.id.is_none() || words.starts_with("bad request"))
            && words.contains("session")
    })
}

pub(super) fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|text| {
        text.get(..17).is_some_and(|start| start.eq_ignore_ascii_case(b"text/event-stream"))
    })
}

pub(super) async fn read_body(response: &mut Response) -> Result<Bytes, CallFailure> {
    let lost = |error: reqwest::Error| CallFailure::Lost(in_words(&error.without_url()));
    let Some(first) = response.chunk().await.map_err(lost)? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await.map_err(lost)? else { return Ok(first) };
    let mut body = BytesMut::with_capacity(first.len() + second.len());
    body.extend_from_slice(&first);
    body.extend_from_slice(&second);
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > MESSAGE_BYTES_MAX {
            return Err(CallFailure::Lost(format!(
                "the server sent a message of more than {} MB",
                MESSAGE_BYTES_MAX / 1024 / 1024
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::names_the_session;

    #[test]
    fn only_a_refusal_of_the_session_is_one() {
        let old = br#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}"#;
        assert!(names_the_session(old));
        let named = br#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":4}"#;
        assert!(names_the_session(named));
        for other in [
            r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"the browser session expired"},"id":4}"#,
            r#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"no such session of the tool"},"id":4}"#,
            r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: malformed"},"id":4}"#,
            r#"{"jsonrpc":"2.0","id":4,"result":{"content":[]}}"#,
            "the session is over",
        ] {
            assert!(!names_the_session(other.as_bytes()), "{other}");
        }
    }
}
