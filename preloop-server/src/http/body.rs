//! Request bodies: JSON, strictly read, bounded; refusals of known callers go into the trail.

use std::fmt::Display;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, Uri};
use preloop_core::audit::EnforcementPoint;
use preloop_core::json;
use serde::de::DeserializeOwned;

use super::ApiError;
use super::auth::Authenticated;
use crate::bounded::{self, BODY_BYTES_MAX, BodyError};
use crate::service::{Caller, Refusal, Services};

/// A request with a JSON body, from a known caller.
#[derive(Debug)]
pub(crate) struct JsonRequest {
    /// What the server can do for the caller's account.
    pub(crate) services: Services,
    /// Who calls.
    pub(crate) caller: Caller,
    /// The body: JSON without duplicate keys; `{}` where the request has none.
    pub(crate) body: Bytes,
}

// === impl JsonRequest ===

impl JsonRequest {
    /// The body as `T`.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| misfit("the body does not fit", &error))
    }
}

impl<S: Sync> FromRequest<S> for JsonRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let admitted = Authenticated::from_request_parts(&mut parts, state).await?;
        let read = async {
            let bytes = read_body(body).await?;
            if bytes.is_empty() {
                return Ok(Bytes::from_static(b"{}"));
            }
            if !is_json(&parts.headers) {
                return Err(ApiError::content_type("application/json"));
            }
            json::check(&bytes).map_err(|error| ApiError::json(&error))?;
            must_be_object(&bytes)?;
            Ok(bytes)
        };
        match read.await {
            Ok(body) => {
                let Authenticated { services, caller } = admitted;
                Ok(Self { services, caller, body })
            }
            Err(error) => {
                record_refusal(&admitted, &parts.method, &parts.uri, &error);
                Err(error)
            }
        }
    }
}

/// A list must not be read as the fields of an object in their order.
pub(crate) fn must_be_object(json: &[u8]) -> Result<(), ApiError> {
    if json.trim_ascii_start().first() == Some(&b'{') {
        return Ok(());
    }
    Err(ApiError::invalid_body("the body must be an object"))
}

/// The JSON body of a request of anybody.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = read_body(body).await?;
    if !is_json(&parts.headers) {
        return Err(ApiError::content_type("application/json"));
    }
    json::check(&bytes).map_err(|error| ApiError::json(&error))?;
    must_be_object(&bytes)?;
    serde_json::from_slice(&bytes).map_err(|error| misfit("the body does not fit", &error))
}

/// Says why what was sent is not what is wanted.
pub(crate) fn misfit(what: &str, why: &dyn Display) -> ApiError {
    ApiError::invalid_body(format!("{what}: {}", in_plain_words(&why.to_string())))
}

/// What a reader of values says, without the names that types have in this program.
pub(crate) fn in_plain_words(words: &str) -> String {
    let mut plain = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once("expected struct ") {
        let is_name = |one: char| one.is_alphanumeric() || one == '_';
        plain.push_str(before);
        plain.push_str("expected an object");
        rest = after.trim_start_matches(is_name);
    }
    plain.push_str(rest);
    for (theirs, ours) in [
        ("expected usize", "expected a whole number from 0"),
        ("expected u64", "expected a whole number from 0"),
        ("expected u32", "expected a whole number from 0"),
        ("expected u16", "expected a whole number from 0"),
        ("expected i64", "expected a whole number"),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected an object"),
        ("invalid digit found in string", "this is no whole number"),
        ("provided string was not `true` or `false`", "this is neither `true` nor `false`"),
        ("Failed to deserialize query string: ", ""),
        ("Failed to deserialize query string", "its fields do not fit"),
    ] {
        plain = plain.replace(theirs, ours);
    }
    plain
}

/// Puts a refusal of a known caller into the trail.
pub(crate) fn record_refusal(
    admitted: &Authenticated,
    method: &Method,
    uri: &Uri,
    error: &ApiError,
) {
    let message = format!("{method} {}: {}", uri.path(), error.detail());
    let approval_id = uri
        .path()
        .strip_prefix("/api/v1/approvals/")
        .and_then(|rest| rest.split('/').next()?.parse().ok());
    let refusal = Refusal { approval_id, message, ..Refusal::default() };
    let point = enforcement_point(uri.path());
    admitted.services.record_refusal(&admitted.caller, point, refusal);
}

/// Whose door a path is.
fn enforcement_point(path: &str) -> EnforcementPoint {
    if path == "/mcp" || path.starts_with("/mcp/") {
        EnforcementPoint::Mcp
    } else {
        EnforcementPoint::Http
    }
}

/// The whole body, as long as it is not too large.
pub(crate) async fn read_body(body: axum::body::Body) -> Result<Bytes, ApiError> {
    bounded::read(body).await.map_err(|error| match error {
        BodyError::TooLarge => ApiError::body_too_large(BODY_BYTES_MAX),
        BodyError::Slow => ApiError::body_too_slow(),
        BodyError::Broken => ApiError::invalid_body("the body could not be read".to_owned()),
    })
}

/// Whether the body says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"))
}

/// The media type without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::in_plain_words;

    #[test]
    fn no_type_of_this_program_is_named() {
        for (theirs, ours) in [
            (
                "invalid type: string \"olga\", expected struct NewOwner at line 1",
                "invalid type: string \"olga\", expected an object at line 1",
            ),
            ("expected struct A or expected struct B", "expected an object or expected an object"),
            (
                "invalid value: integer `-1`, expected usize",
                "invalid value: integer `-1`, expected a whole number from 0",
            ),
            (
                "Failed to deserialize query string: wait: invalid digit found in string",
                "wait: this is no whole number",
            ),
            ("missing field `name`", "missing field `name`"),
        ] {
            assert_eq!(in_plain_words(theirs), ours);
        }
    }
}
