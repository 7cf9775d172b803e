//! Query parameters and ids in paths.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::ApiError;

/// The query of the request; unknown parameters are refused.
#[derive(Clone, Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(|rejection| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "invalid_query",
                format!("the query cannot be read: {}", rejection.body_text()),
            )
        })
    }
}

/// How many items a page has.
pub(crate) fn limit(given: Option<u32>, default: u32, max: u32) -> Result<u32, ApiError> {
    match given {
        None => Ok(default),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(limit) => Err(ApiError::invalid_field(
            "limit",
            format!("`limit` must be 1 to {max}, not {limit}"),
            None,
        )),
    }
}

/// A value of the query that must be read further.
pub(crate) fn parsed<T>(
    name: &str,
    text: Option<&str>,
    wanted: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    match text {
        None => Ok(None),
        Some(text) => read(text).map(Some).ok_or_else(|| {
            let text: String = text.chars().take(100).collect();
            ApiError::invalid_field(name, format!("`{name}` must be {wanted}, not `{text}`"), None)
        }),
    }
}

/// An id in a path; what is no id names nothing.
pub(crate) fn id(text: &str, code: &'static str, what: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| {
        let text: String = text.chars().take(100).collect();
        let detail = format!("there is no {what} with the id `{text}`");
        ApiError::new(StatusCode::NOT_FOUND, code, detail)
    })
}
