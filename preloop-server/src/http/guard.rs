//! What every request must pass first: Host and Origin (against DNS rebinding and foreign pages), and its announced size.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, HOST, HeaderValue, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::body::record_refusal;
use super::client::{self, Proxies};
use super::{ApiError, auth};
use crate::bounded::{self, BODY_BYTES_MAX};
use crate::service::Platform;

/// Which names the server answers to, and which pages may call it.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    platform: Platform,
    hosts: Arc<[String]>,
    origins: Arc<[String]>,
    proxies: Proxies,
}

// === impl Guard ===

impl Guard {
    /// Loopback names and IP addresses are always answered to.
    pub(crate) fn new(
        platform: Platform,
        hosts: &[String],
        origins: &[String],
        proxies: Proxies,
    ) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { platform, hosts: lower(hosts), origins: lower(origins), proxies }
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let headers = request.headers();
        let uri_host = request.uri().authority().map(http::uri::Authority::as_str);
        let host = match uri_host {
            Some(host) => host,
            None => single(headers, &HOST).ok_or_else(|| ApiError::host_not_allowed(""))?,
        };
        if !self.is_allowed_host(host) {
            return Err(ApiError::host_not_allowed(host));
        }
        if headers.contains_key(ORIGIN) {
            let origin = single(headers, &ORIGIN).unwrap_or_default();
            if !self.is_allowed_origin(origin) {
                return Err(ApiError::origin_not_allowed(origin));
            }
        }
        let length =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: usize| length > BODY_BYTES_MAX) {
            return Err(ApiError::body_too_large(BODY_BYTES_MAX));
        }
        Ok(())
    }

    /// An IP address cannot be rebound to another machine, a name can.
    fn is_allowed_host(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        let name = name.to_ascii_lowercase();
        is_loopback_name(&name)
            || address(&name).is_some()
            || self.hosts.iter().any(|allowed| *allowed == name || *allowed == host)
    }

    fn is_allowed_origin(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        if self.origins.contains(&origin) {
            return true;
        }
        let Some(host) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
        else {
            return false;
        };
        let Some(name) = name_of(host) else { return false };
        is_loopback_name(name) || address(name).is_some_and(|address| address.is_loopback())
    }
}

/// The middleware in front of every route.
pub(crate) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    guard.proxies.note(&mut request);
    let mut response = answer(&guard, request, next).await;
    // What an answer says that it is, it is: no browser makes a page of text that somebody else wrote.
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn answer(guard: &Guard, request: Request, next: Next) -> Response {
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let known = auth::authenticate(
                &guard.platform,
                request.method(),
                request.headers(),
                client::address(&request),
            )
            .await;
            if let Ok(admitted) = known {
                record_refusal(&admitted, request.method(), request.uri(), &error);
            }
            bounded::discard(request.into_body()).await;
            error.into_response()
        }
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    value.to_str().ok()
}

/// The name or address of `host` or `host:port`; none where it is anything else.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => host.split_at_checked(rest.find(']')?.checked_add(2)?)?,
        None => host.split_at_checked(host.find(':').unwrap_or(host.len()))?,
    };
    let is_port = match port.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    let is_name =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte));
    (is_port && is_name && !name.is_empty()).then_some(name)
}

fn is_loopback_name(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn address(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_a_name() {
        for (host, name) in [
            ("localhost:8000", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]:8000", "[::1]"),
            ("[::1]", "[::1]"),
            ("evil.example:80", "evil.example"),
        ] {
            assert_eq!(name_of(host), Some(name));
        }
        for host in [
            "",
            ":80",
            "[::1].evil.example",
            "[::1",
            "evil.example/.localhost",
            "evil.example#.localhost",
            "user@localhost",
            "localhost:1@evil.example",
            "localhost:80:80",
            "127.0.0.1:http",
        ] {
            assert_eq!(name_of(host), None, "{host}");
        }
        assert!(is_loopback_name("app.localhost"));
        assert!(!is_loopback_name("localhost.evil.example"));
        assert!(address("[::1]").is_some_and(|address| address.is_loopback()));
        assert!(address("127.0.0.1.evil.example").is_none());
    }
}
