//! Requests that are refused before they mean anything: the HTTP status, and words in a JSON-RPC error.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::mcp::wire::outgoing::{self, code};

/// A refusal, ready to be sent and to be written into the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: i32,
    pub(super) message: String,
    /// The JSON text of the request's id, where it is known.
    pub(super) id: Option<String>,
}

// === impl Refused ===

impl Refused {
    pub(super) fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), id: None }
    }

    /// A message that is not what the protocol says.
    pub(super) fn malformed(code: i32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is longer than {} MiB", limit / 1024 / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code::INVALID_REQUEST, message)
    }

    pub(super) fn content_type() -> Self {
        let message = "the body must be JSON: send `Content-Type: application/json`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::INVALID_REQUEST, message)
    }

    pub(super) fn accept(wanted: &str) -> Self {
        let message = format!("the answer comes in another form: send `Accept: {wanted}`");
        Self::new(StatusCode::NOT_ACCEPTABLE, code::INVALID_REQUEST, message)
    }

    pub(super) fn no_session() -> Self {
        let message = "the header `Mcp-Session-Id` is missing: begin with `initialize`";
        Self::malformed(code::REFUSED, message)
    }

    pub(super) fn unknown_session() -> Self {
        let message = "the session is not known (any more): begin with `initialize`";
        Self::new(StatusCode::NOT_FOUND, code::REFUSED, message)
    }

    pub(super) fn unknown_server(server: &str) -> Self {
        let message = format!("there is no MCP server `{server}` in the policy");
        Self::new(StatusCode::NOT_FOUND, code::REFUSED, message)
    }

    pub(super) fn too_many_calls() -> Self {
        let message = "the session has too many calls in flight: wait for some to end";
        Self::new(StatusCode::TOO_MANY_REQUESTS, code::REFUSED, message)
    }

    pub(super) fn stopping() -> Self {
        let message = "the server is stopping: try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::REFUSED, message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "only POST, GET and DELETE are spoken here";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, code::INVALID_REQUEST, message)
    }

    /// The same refusal as the answer to a request.
    pub(super) fn to(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    pub(super) fn into_response(self) -> Response {
        let body = outgoing::error(self.id.as_deref().unwrap_or("null"), self.code, &self.message);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"preloop\""));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST, GET, DELETE"));
        }
        response
    }
}
