//! `Idempotency-Key`: a repeated request is answered as before and not done again.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::ApiError;
use crate::service::{Caller, Repeated, Repetition, ServiceError, Services};

/// What tells one request from another.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    key: Option<String>,
    method: Method,
    path: String,
    body: Bytes,
}

/// An answer whose body may be kept for repetitions, or must not because it holds a secret.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    pub(crate) status: StatusCode,
    pub(crate) body: T,
    /// Kept instead of the body.
    pub(crate) kept: Option<ApiError>,
}

// === impl Answer ===

impl<T> Answer<T> {
    /// An ordinary answer.
    pub(crate) fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body, kept: None }
    }
}

// === impl Request ===

impl Request {
    pub(crate) fn new(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Self, ApiError> {
        let key = match headers.get("idempotency-key").map(HeaderValue::to_str) {
            None => None,
            Some(Ok(key)) => Some(key.to_owned()),
            Some(Err(_)) => {
                return Err(ApiError::from(ServiceError::Invalid {
                    code: "invalid_idempotency_key",
                    message: "`Idempotency-Key` must be plain text".to_owned(),
                }));
            }
        };
        let path = uri.path_and_query().map_or_else(String::new, |path| path.as_str().to_owned());
        Ok(Self { key, method: method.clone(), path, body: body.clone() })
    }

    /// Does the work, unless it was done before under the same key: then the answer is the one of that time.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        services: &Services,
        caller: &Caller,
        work: impl Future<Output = Result<Answer<T>, ApiError>>,
    ) -> Result<Response, ApiError> {
        let Some(key) = &self.key else {
            let answer = work.await?;
            return Ok(json(answer.status, to_text(&answer.body)?));
        };
        let request: [&[u8]; 3] =
            [self.method.as_str().as_bytes(), self.path.as_bytes(), &self.body];
        match services.repetition_begin(caller, key, &request).await? {
            Repeated::Answered { status, body } => Ok(replayed(status, body)),
            Repeated::First(repetition) => first(services, &repetition, work).await,
        }
    }
}

async fn first<T: Serialize>(
    services: &Services,
    repetition: &Repetition,
    work: impl Future<Output = Result<Answer<T>, ApiError>>,
) -> Result<Response, ApiError> {
    match work.await {
        Ok(answer) => {
            let body = to_text(&answer.body)?;
            let (status, kept) = match &answer.kept {
                None => (answer.status, body.clone()),
                Some(error) => (error.status(), to_text(&error.problem())?),
            };
            // The work is done; that its answer is not kept must not turn it into a failure.
            if let Err(error) = services.repetition_keep(repetition, status.as_u16(), &kept).await {
                tracing::warn!(%error, "an answer was not kept for repetitions");
            }
            Ok(json(answer.status, body))
        }
        Err(error) => {
            // Nothing was done, so the same request may be made again.
            if let Err(error) = services.repetition_release(repetition).await {
                tracing::warn!(%error, "an idempotency key was not freed");
            }
            Err(error)
        }
    }
}

fn to_text<T: Serialize>(body: &T) -> Result<String, ApiError> {
    serde_json::to_string(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        ApiError::new(
            status,
            "internal",
            "the answer cannot be written; this is a fault of the server",
        )
    })
}

fn json(status: StatusCode, body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, kind)], Body::from(body)).into_response()
}

fn replayed(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, body);
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    if status.is_client_error() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }
    response
}
