//! Who is calling: the bearer key of the request.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::ApiError;
use crate::service::{Caller, Services};

/// The holder of the request's key; requests without a good one are refused.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated(pub(crate) Caller);

impl FromRequestParts<Services> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, ApiError> {
        caller(services, &parts.headers).map(Self)
    }
}

/// The holder of the key in the headers.
pub(crate) fn caller(services: &Services, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let key = bearer(headers)
        .ok_or_else(|| ApiError::unauthorized("send a key as `Authorization: Bearer <key>`"))?;
    services
        .authenticate(key)
        .ok_or_else(|| ApiError::unauthorized("the key is not known here or was revoked"))
}

/// The key in the headers, where there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
