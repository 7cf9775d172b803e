//! Who is calling: the key, the access token or the cookie of the request.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use subtle::ConstantTimeEq as _;

use super::ApiError;
use crate::service::{Caller, Platform, ServiceError, Services, csrf_token};

/// The cookie of a browser's session.
const SESSION_COOKIE: &str = "preloop_session";
/// The same behind https: browsers take one of that name from this very host alone, not from a sibling.
const SECURE_SESSION_COOKIE: &str = "__Host-preloop_session";
const CSRF_HEADER: &str = "x-csrf-token";

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

/// Who calls, by what the headers hold: the one door to the services of an account. A key or token counts before a cookie,
/// since no browser sends one by itself.
pub(crate) async fn authenticate(
    platform: &Platform,
    method: &Method,
    headers: &HeaderMap,
    from: Option<IpAddr>,
) -> Result<Authenticated, ApiError> {
    let found = if headers.contains_key(AUTHORIZATION) {
        match bearer(headers) {
            Some(key) => platform.authenticate(key).await?,
            None => return Err(missing()),
        }
    } else {
        let Some(cookie) = session_cookie(headers, platform.base_url()) else {
            return Err(missing());
        };
        let found = platform.authenticate_cookie(cookie).await?;
        if found.is_some() && !method.is_safe() {
            check_page(headers, cookie, platform.base_url())?;
        }
        found.map(|(services, caller, _)| (services, caller))
    };
    let Some((services, caller)) = found else {
        // A good key is always taken; only guesses are counted.
        platform.guess_key(from)?;
        return Err(ApiError::unauthorized("the key is not known here, was revoked, or has ended"));
    };
    Ok(Authenticated { services, caller })
}

/// Whether the server is reached by https alone.
pub(crate) fn is_secure(base_url: &str) -> bool {
    base_url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
}

/// What the session's cookie is called where the server is reached.
pub(crate) fn session_cookie_name(base_url: &str) -> &'static str {
    if is_secure(base_url) { SECURE_SESSION_COOKIE } else { SESSION_COOKIE }
}

/// The text of the session's cookie, where there is exactly one.
pub(crate) fn session_cookie<'h>(headers: &'h HeaderMap, base_url: &str) -> Option<&'h str> {
    cookie(headers, session_cookie_name(base_url))
}

/// The text of the cookie of that name, where there is exactly one.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value);
    let (value, None) = (values.next()?, values.next()) else { return None };
    Some(value)
}

/// Fails where a page of another origin asks: a browser says so by itself.
pub(crate) fn check_origin(headers: &HeaderMap, base_url: &str) -> Result<(), ApiError> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_here = origin.split_once("://").is_some_and(|(_, it)| it.eq_ignore_ascii_case(host));
    if is_here || base_url.trim_end_matches('/').eq_ignore_ascii_case(origin) {
        return Ok(());
    }
    Err(ApiError::origin_not_allowed(origin))
}

/// Fails where a request with a cookie was not made by a page of this server.
fn check_page(headers: &HeaderMap, cookie: &str, base_url: &str) -> Result<(), ApiError> {
    check_origin(headers, base_url)?;
    let given = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    let wanted = csrf_token(cookie);
    if bool::from(given.ct_eq(wanted.reveal().as_bytes())) {
        return Ok(());
    }
    let detail = "send the `csrf_token` of `GET /api/v1/auth/session` as `X-CSRF-Token`";
    Err(ApiError::new(StatusCode::FORBIDDEN, "csrf_failed", detail))
}

/// The key in the headers, where there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn missing() -> ApiError {
    ApiError::from(ServiceError::Unauthorized {
        code: "unauthorized",
        message: "send a key as `Authorization: Bearer <key>`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_https_only_the_cookie_of_this_very_host_counts() {
        let headers = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(text).unwrap());
            headers
        };
        let (plain, secure) = ("http://127.0.0.1:8000", "HTTPS://preloop.example");
        let planted = headers("preloop_session=planted; __Host-preloop_session=good");
        assert_eq!(session_cookie(&planted, secure), Some("good"));
        assert_eq!(session_cookie(&planted, plain), Some("planted"));
        assert_eq!(session_cookie(&headers("preloop_session=planted"), secure), None);
        let two = headers("__Host-preloop_session=a; __Host-preloop_session=b");
        assert_eq!(session_cookie(&two, secure), None);
    }
}
