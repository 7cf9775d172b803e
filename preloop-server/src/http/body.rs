//! Request bodies: JSON, strictly read, bounded; refusals of known callers go into the trail.

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
        serde_json::from_slice(&self.body)
            .map_err(|error| ApiError::invalid_body(format!("the body does not fit: {error}")))
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
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::invalid_body(format!("the body does not fit: {error}")))
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
