//! `X-Request-Id`: every request has a name, which is in its answer, in the log and in problems.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::ApiError;
use crate::ids::new_id;
use crate::service::Platform;

/// The header that names a request.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest name that is taken from a client, in bytes.
const BYTES_MAX: usize = 128;

/// The outermost middleware: takes a request's name or makes one.
pub(crate) async fn name(
    State(platform): State<Platform>,
    request: Request,
    next: Next,
) -> Response {
    let id = given(request.headers())
        .cloned()
        .or_else(|| HeaderValue::try_from(new_id(platform.clock().now()).to_string()).ok());
    let Some(id) = id else { return next.run(request).await };
    let shown = id.to_str().unwrap_or_default().to_owned();
    let span = tracing::info_span!(
        "request",
        id = shown,
        method = request.method().as_str(),
        path = request.uri().path()
    );
    let mut response = next.run(request).instrument(span).await;
    if let Some(error) = response.extensions().get::<ApiError>() {
        let mut problem = error.problem();
        problem.request_id = Some(shown);
        if let Ok(text) = serde_json::to_vec(&problem) {
            *response.body_mut() = Body::from(text);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
    }
    response.headers_mut().insert(HEADER, id);
    response
}

/// The name that the client gave, where it is one and harmless in a log.
fn given(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(HEADER).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    let bytes = value.as_bytes();
    let is_good = !bytes.is_empty() && bytes.len() <= BYTES_MAX && bytes.iter().all(is_harmless);
    is_good.then_some(value)
}
