//! Who is calling: the bearer key of the request.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use super::ApiError;
use crate::service::{Caller, Platform, Services};

/// The caller of a request, and everything the server can do for the caller's account.
///
/// Only the check of a route puts it into a request, so that no handler reaches an account by another way.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    pub(crate) services: Services,
    pub(crate) caller: Caller,
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a public route asks who calls");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            ApiError::new(status, "internal", "this is a fault of the server")
        })
    }
}

/// Who calls, by the key in the headers: the one door to the services of an account.
pub(crate) async fn authenticate(
    platform: &Platform,
    headers: &HeaderMap,
) -> Result<Authenticated, ApiError> {
    let key = bearer(headers)
        .ok_or_else(|| ApiError::unauthorized("send a key as `Authorization: Bearer <key>`"))?;
    let found = platform.authenticate(key).await?;
    let (services, caller) =
        found.ok_or_else(|| ApiError::unauthorized("the key is not known here or was revoked"))?;
    Ok(Authenticated { services, caller })
}

/// The key in the headers, where there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
