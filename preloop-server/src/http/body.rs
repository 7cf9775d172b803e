//! Request bodies: JSON, strictly read, bounded; refusals of known callers go into the trail.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, Uri};
use preloop_core::audit::EnforcementPoint;
use preloop_core::json;
use serde::de::DeserializeOwned;

use super::auth::{self, Authenticated};
use super::{ApiError, once::Request as OnceRequest};
use crate::bounded::{self, BODY_BYTES_MAX, BodyError};
use crate::service::{Caller, Platform, Refusal, Services};

/// A request with a JSON body, from a known caller.
#[derive(Debug)]
pub(crate) struct JsonRequest {
    /// The services of the caller's account.
    pub(crate) services: Services,
    /// Who calls.
    pub(crate) caller: Caller,
    /// The body: JSON without duplicate keys; `{}` where the request has none.
    pub(crate) body: Bytes,
    /// What a repetition is told by.
    pub(crate) once: OnceRequest,
}

// === impl JsonRequest ===

impl JsonRequest {
    /// The body as `T`.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ApiError::invalid_body(format!("the body does not fit: {error}")))
    }
}

impl FromRequest<Platform> for JsonRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Platform) -> Result<Self, ApiError> {
        let Authenticated { services, caller } =
            auth::authenticate(platform, request.headers()).await?;
        let (parts, body) = request.into_parts();
        let read = async {
            let bytes = read_body(body).await?;
            if bytes.is_empty() {
                return Ok(Bytes::from_static(b"{}"));
            }
            if !is_json(&parts.headers) {
                return Err(ApiError::content_type("application/json"));
            }
            json::check(&bytes).map_err(|error| ApiError::json(&error))?;
            Ok(bytes)
        };
        match read.await {
            Ok(body) => {
                let once = OnceRequest::new(&parts.method, &parts.uri, &parts.headers, &body)?;
                Ok(Self { services, caller, body, once })
            }
            Err(error) => {
                record_refusal(&services, &caller, &parts.method, &parts.uri, &error);
                Err(error)
            }
        }
    }
}

/// Puts a refusal of a known caller into the trail.
pub(crate) fn record_refusal(
    services: &Services,
    caller: &Caller,
    method: &Method,
    uri: &Uri,
    error: &ApiError,
) {
    let message = format!("{method} {}: {}", uri.path(), error.detail());
    let refusal = Refusal { message, ..Refusal::default() };
    services.record_refusal(caller, EnforcementPoint::Http, refusal);
}

/// The whole body, as long as it is not too large.
pub(crate) async fn read_body(body: axum::body::Body) -> Result<Bytes, ApiError> {
    bounded::read(body).await.map_err(|error| match error {
        BodyError::TooLarge => ApiError::body_too_large(BODY_BYTES_MAX),
        BodyError::Broken => ApiError::invalid_body("the body could not be read".to_owned()),
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"))
}

/// The media type without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}
