//! The forms of the pages: which browser was shown one, and what it sends back.

use axum::extract::{Query, Request};
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use crate::digest::{hex, sha256_hex};
use crate::http::ApiError;
use crate::http::auth::{check_origin, cookie, is_secure};
use crate::http::body::{media_type, read_body};
use crate::service::Platform;

/// Longest form, in bytes.
const FORM_BYTES_MAX: usize = 60 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";
/// A browser takes a cookie with this prefix only from the host itself, over TLS.
const SECURE_COOKIE: &str = "__Host-preloop_form";
const COOKIE_NAME: &str = "preloop_form";
/// 16 random bytes in hex.
const KEY_CHARS: usize = 32;

/// What only one browser has: forms are bound to it, so that no other page can send one.
#[derive(Debug)]
pub(super) struct FormKey {
    /// None where the operating system gives no randomness: no form is then good.
    key: Option<String>,
    is_new: bool,
}

// === impl FormKey ===

impl FormKey {
    /// The browser's key, or a new one for it.
    pub(super) fn of(headers: &HeaderMap, base_url: &str) -> Self {
        if let Some(key) = Self::sent(headers, base_url) {
            return Self { key: Some(key), is_new: false };
        }
        let mut random = [0_u8; KEY_CHARS / 2];
        let key = getrandom::fill(&mut random).ok().map(|()| hex(&random));
        Self { key, is_new: true }
    }

    fn sent(headers: &HeaderMap, base_url: &str) -> Option<String> {
        let key = cookie(headers, cookie_name(base_url))?;
        let is_key = key.len() == KEY_CHARS && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_key.then(|| key.to_owned())
    }

    /// What a form carries: it follows from the key, from what the viewer is known by and from what the form is about.
    pub(super) fn token(&self, credential: &str, about: &str) -> String {
        let key = self.key.as_deref().unwrap_or_default();
        let parts = [key, credential, about].map(|part| sha256_hex(&[part.as_bytes()]));
        sha256_hex(&[b"preloop form ", parts.concat().as_bytes()])
    }

    /// The answer, which gives a browser its key where it has none.
    pub(super) fn kept(&self, platform: &Platform, mut answer: Response) -> Response {
        let Some(key) = self.key.as_deref().filter(|_| self.is_new) else { return answer };
        let name = cookie_name(platform.base_url());
        let secure = if is_secure(platform.base_url()) { "; Secure" } else { "" };
        let cookie = format!("{name}={key}; Path=/; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        answer
    }
}

/// What the key's cookie is called where the server is reached.
fn cookie_name(base_url: &str) -> &'static str {
    if is_secure(base_url) { SECURE_COOKIE } else { COOKIE_NAME }
}

/// Fails where the form was not sent by a page of this server in this browser.
pub(super) fn check(
    platform: &Platform,
    headers: &HeaderMap,
    (credential, about): (&str, &str),
    given: &str,
) -> Result<(), ApiError> {
    check_origin(headers, platform.base_url())?;
    let failed = || {
        let detail = "the form was not sent by the page that this browser was shown; open the page again and press the button there";
        ApiError::new(StatusCode::FORBIDDEN, "csrf_failed", detail)
    };
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return Err(failed());
    }
    let key = FormKey { key: FormKey::sent(headers, platform.base_url()), is_new: false };
    if key.key.is_none() {
        return Err(failed());
    }
    let wanted = key.token(credential, about);
    if bool::from(given.as_bytes().ct_eq(wanted.as_bytes())) { Ok(()) } else { Err(failed()) }
}

/// The fields of a form.
pub(super) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    let unreadable = || ApiError::invalid_body("the form cannot be read, or does not fit");
    if media_type(request.headers()).as_deref() != Some(FORM) {
        return Err(ApiError::content_type(FORM));
    }
    let body = read_body(request.into_body()).await?;
    let text = std::str::from_utf8(&body).ok().filter(|text| text.len() <= FORM_BYTES_MAX);
    let uri: Uri =
        format!("/?{}", text.ok_or_else(unreadable)?).parse().map_err(|_| unreadable())?;
    // What is wrong is not repeated: it may be a password.
    Query::try_from_uri(&uri).map(|Query(form)| form).map_err(|_| unreadable())
}
