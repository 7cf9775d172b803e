//! Query parameters and ids in paths.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::ApiError;
use super::body::in_plain_words;
use crate::service::NamedPart;
use crate::store::Part;

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
                format!("the query cannot be read: {}", in_plain_words(&rejection.body_text())),
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

/// Query of a list whose items are ordered by when they were made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageParams {
    /// Most items of the page; 100 where it is left out.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,16}\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))]
    cursor: Option<String>,
}

impl PageParams {
    /// The part of the list that is asked for.
    pub(super) fn part(&self) -> Result<Part<i64>, ApiError> {
        part(self.limit, self.cursor.as_deref())
    }
}

/// Query of a list whose items are ordered by their names.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedPageParams {
    /// Most items of the page; 100 where it is left out.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

impl NamedPageParams {
    /// The part of the list that is asked for.
    pub(super) fn part(&self) -> Result<NamedPart, ApiError> {
        let limit = usize::try_from(limit(self.limit, 100, 1_000)?).unwrap_or(usize::MAX);
        let cursor = self.cursor.as_deref();
        let after = parsed("cursor", cursor, "a `next_cursor`", NamedPart::place)?;
        Ok(NamedPart { after, limit })
    }
}

/// The part of a list that a page asks for.
pub(super) fn part<K: FromStr>(
    given: Option<u32>,
    cursor: Option<&str>,
) -> Result<Part<K>, ApiError> {
    let limit = Some(limit(given, 100, 1_000)?);
    Ok(Part { after: parsed("cursor", cursor, "a `next_cursor`", Part::place)?, limit })
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
