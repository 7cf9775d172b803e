//! Who is calling: the bearer key of the request.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::ApiError;
use crate::service::{Caller, Platform, Services};

/// Who calls, and the services of the caller's account; requests without a good key are refused.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    pub(crate) services: Services,
    pub(crate) caller: Caller,
}

impl FromRequestParts<Platform> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, ApiError> {
        authenticate(platform, &parts.headers).await
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
