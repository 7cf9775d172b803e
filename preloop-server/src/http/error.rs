//! The one shape of an error answer: problem+json with a stable code.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use preloop_api::{ApprovalState, Problem, ProblemItem};
use preloop_core::diagnostic::{Diagnostic, Report};
use preloop_core::diff::PolicyDiff;
use preloop_core::json::{JsonError, JsonErrorKind};

use crate::service::{ServiceError, not_valid};

/// Why a request is not done.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    state: Option<ApprovalState>,
    digest: Option<String>,
    diff: Option<Box<PolicyDiff>>,
    errors: Vec<ProblemItem>,
    /// Seconds after which it may be tried again.
    retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            state: None,
            digest: None,
            diff: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    pub(crate) fn route_not_found(path: &str) -> Self {
        let detail = format!("there is nothing at `{}`", shown(path));
        Self::new(StatusCode::NOT_FOUND, "route_not_found", detail)
    }

    pub(crate) fn method_not_allowed(method: &Method, path: &str) -> Self {
        let detail = format!("`{method}` does nothing at `{}`", shown(path));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub(crate) fn host_not_allowed(host: &str) -> Self {
        let detail = format!(
            "requests to the host `{}` are not answered; the operator allows further names with `--allowed-hosts`",
            shown(host)
        );
        Self::new(StatusCode::FORBIDDEN, "host_not_allowed", detail)
    }

    pub(crate) fn origin_not_allowed(origin: &str) -> Self {
        let detail = format!(
            "pages of `{}` may not call this server; the operator allows further origins with `--allowed-origins`",
            shown(origin)
        );
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
    }

    pub(crate) fn body_too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "the body did not come in time")
    }

    pub(crate) fn body_too_large(bytes_max: usize) -> Self {
        let detail = format!("the body is larger than {} MiB", bytes_max / (1024 * 1024));
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    pub(crate) fn content_type(wanted: &str) -> Self {
        let detail = format!("send the body as `{wanted}` and say so in `Content-Type`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type", detail)
    }

    pub(crate) fn json(error: &JsonError) -> Self {
        let code = if error.kind() == JsonErrorKind::DuplicateKey {
            "duplicate_key"
        } else {
            "invalid_json"
        };
        let place = error.place();
        let item = ProblemItem {
            message: error.message().to_owned(),
            code: code.to_owned(),
            line: Some(place.line),
            column: Some(place.column),
            ..ProblemItem::default()
        };
        Self {
            errors: vec![item],
            ..Self::new(StatusCode::BAD_REQUEST, code, format!("the body cannot be read: {error}"))
        }
    }

    pub(crate) fn invalid_body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_body", detail)
    }

    /// One field of the body or the query is wrong.
    pub(crate) fn invalid_field(path: &str, message: String, help: Option<String>) -> Self {
        let item = ProblemItem {
            path: path.to_owned(),
            message: message.clone(),
            code: "invalid_field".to_owned(),
            help,
            ..ProblemItem::default()
        };
        Self { errors: vec![item], ..Self::new(StatusCode::BAD_REQUEST, "invalid_field", message) }
    }

    pub(crate) fn invalid_policy(report: &Report) -> Self {
        let detail = not_valid(report);
        Self {
            errors: report.errors.iter().map(item).collect(),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_policy", detail)
        }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Seconds after which it may be tried again.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// What happened, in words.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The error as it goes over the wire.
    pub(crate) fn problem(&self) -> Problem {
        Problem {
            kind: format!("urn:preloop:problem:{}", self.code),
            title: self.code.replace('_', " "),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
            state: self.state,
            digest: self.digest.clone(),
            diff: self.diff.clone(),
            errors: self.errors.clone(),
            request_id: None,
        }
    }
}

fn item(diagnostic: &Diagnostic) -> ProblemItem {
    ProblemItem {
        path: diagnostic.path.clone(),
        message: diagnostic.message.clone(),
        code: diagnostic.code.to_string(),
        line: diagnostic.line,
        column: diagnostic.column,
        help: diagnostic.help.clone(),
    }
}

/// Input as it is shown in messages: short, on one line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        match error {
            ServiceError::Forbidden { code, .. } => Self::new(StatusCode::FORBIDDEN, code, detail),
            ServiceError::NotFound { code, .. } => Self::new(StatusCode::NOT_FOUND, code, detail),
            ServiceError::Conflict { code, state, .. } => {
                Self { state, ..Self::new(StatusCode::CONFLICT, code, detail) }
            }
            ServiceError::InvalidPolicy { report } => Self::invalid_policy(&report),
            ServiceError::PolicyChanged { digest, diff, .. } => Self {
                digest,
                diff,
                ..Self::new(StatusCode::PRECONDITION_FAILED, "policy_changed", detail)
            },
            ServiceError::Invalid { code, .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
            }
            ServiceError::Unauthorized { code, .. } => {
                Self::new(StatusCode::UNAUTHORIZED, code, detail)
            }
            ServiceError::TooMany { retry_after, .. } => Self {
                retry_after: Some(retry_after.as_secs().saturating_add(1)),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail)
            },
            ServiceError::Unavailable { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.response()
    }
}

impl ApiError {
    /// The answer that says so.
    pub(crate) fn response(&self) -> Response {
        let mut response = (self.status, Json(self.problem())).into_response();
        // The name of the request is added where it is known.
        response.extensions_mut().insert(self.clone());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"preloop\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
