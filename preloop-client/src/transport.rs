//! One request and its answer: address, token, JSON in and out, problems as errors.

use std::fmt;
use std::time::Duration;

use preloop_api::Problem;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ClientError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
const EXCERPT_CHARS_MAX: usize = 120;

/// A connection to one server as one principal; cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
}

/// What a change wants to find, so that nobody overwrites what they have not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Anything,
    /// Nothing.
    Nothing,
    /// What has this digest.
    Digest(String),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:8000`; without a token only the
    /// health of the server can be asked for.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::to(base_url(url)?)
    }

    /// A client of one address, whatever path and query it has.
    pub(crate) fn at(url: &str) -> Result<Self, ClientError> {
        Self::to(address(url)?)
    }

    fn to(base: Url) -> Result<Self, ClientError> {
        install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("preloop/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            // A proxy cannot reach this machine's own loopback.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|cause| ClientError::NoClient(chain(&cause)))?;
        Ok(Self { http, base, authorization: None })
    }

    /// The same client, acting with a key.
    pub fn with_token(mut self, token: &str) -> Result<Self, ClientError> {
        self.authorization = Some(bearer(token)?);
        Ok(self)
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Whether nobody on the way can read what is sent.
    pub(crate) fn is_private(&self) -> bool {
        self.base.scheme() == "https" || self.is_local()
    }

    /// The address without its query.
    pub(crate) fn shown(&self) -> String {
        let mut url = self.base.clone();
        url.set_query(None);
        url.to_string()
    }

    /// Whether the server is on this machine, by its address alone.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.base)
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, query)?;
        self.answer(self.request(Method::GET, url)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &(impl Serialize + Sync + ?Sized),
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, &[])?;
        self.answer(self.request(Method::POST, url).json(body)).await
    }

    pub(crate) async fn post_asking<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        body: &(impl Serialize + Sync + ?Sized),
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, query)?;
        self.answer(self.request(Method::POST, url).json(body)).await
    }

    pub(crate) async fn delete_asking<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, query)?;
        self.answer(self.request(Method::DELETE, url)).await
    }

    /// A POST that is refused where the server has something else than expected.
    pub(crate) async fn post_expecting<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &(impl Serialize + Sync + ?Sized),
        expected: &Expected,
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, &[])?;
        let request = self.request(Method::POST, url).json(body);
        let request = match expected {
            Expected::Anything => request,
            Expected::Nothing => request.header(IF_NONE_MATCH, "*"),
            Expected::Digest(digest) => request.header(IF_MATCH, format!("\"{digest}\"")),
        };
        self.answer(request).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &(impl Serialize + Sync + ?Sized),
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, &[])?;
        self.answer(self.request(Method::PUT, url).json(body)).await
    }

    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &(impl Serialize + Sync + ?Sized),
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, &[])?;
        self.answer(self.request(Method::PATCH, url).json(body)).await
    }

    /// An answer that is text, not JSON.
    pub(crate) async fn get_text(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<String, ClientError> {
        let url = self.endpoint(path, query)?;
        let response = self.send(self.request(Method::GET, url)).await?;
        response.text().await.map_err(|cause| self.unreachable(&cause))
    }

    /// A POST that is answered without a body.
    pub(crate) async fn post_for_nothing(
        &self,
        path: &[&str],
        body: &(impl Serialize + Sync + ?Sized),
    ) -> Result<(), ClientError> {
        let url = self.endpoint(path, &[])?;
        self.send(self.request(Method::POST, url).json(body)).await.map(drop)
    }

    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), ClientError> {
        let url = self.endpoint(path, &[])?;
        self.send(self.request(Method::DELETE, url)).await.map(drop)
    }

    /// A DELETE that leaves something, which is the answer.
    pub(crate) async fn delete_answered<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<T, ClientError> {
        let url = self.endpoint(path, &[])?;
        self.answer(self.request(Method::DELETE, url)).await
    }

    fn endpoint(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, ClientError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::InvalidUrl {
                url: self.base.to_string(),
                reason: "it cannot hold a path".to_owned(),
            })?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        let request = self.http.request(method, url);
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|cause| self.unreachable(&cause))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        let url = response.url().to_string();
        let body = response.bytes().await.map_err(|cause| self.unreachable(&cause))?;
        serde_json::from_slice(&body).map_err(|cause| ClientError::Unexpected {
            url,
            what: format!("{cause}, in `{}`", excerpt(&body)),
        })
    }

    async fn refusal(&self, response: Response) -> ClientError {
        let status = response.status();
        let url = response.url().to_string();
        let is_problem = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/problem+json"));
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(cause) => return self.unreachable(&cause),
        };
        if is_problem && let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
            return ClientError::Refused(Box::new(problem));
        }
        ClientError::Unexpected {
            url,
            what: format!("status {}, `{}`", status.as_u16(), excerpt(&body)),
        }
    }

    fn unreachable(&self, cause: &reqwest::Error) -> ClientError {
        unasked(self.url().to_owned(), cause)
    }
}

/// What it means that a request brought no answer.
pub(crate) fn unasked(url: String, cause: &reqwest::Error) -> ClientError {
    ClientError::Unreachable { url, cause: innermost(cause) }
}

/// The query of the page behind a cursor.
pub(crate) fn behind(cursor: Option<&str>) -> Vec<(&'static str, String)> {
    cursor.map(|cursor| ("cursor", cursor.to_owned())).into_iter().collect()
}

/// Lets rustls find its cryptography; a second call changes nothing.
pub fn install_tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race means that another thread has just installed one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

fn base_url(text: &str) -> Result<Url, ClientError> {
    let url = address(text)?;
    if url.query().is_some() {
        let reason = "it must not hold a query or fragment".to_owned();
        return Err(ClientError::InvalidUrl { url: text.to_owned(), reason });
    }
    Ok(url)
}

fn address(text: &str) -> Result<Url, ClientError> {
    let refuse =
        |reason: &str| ClientError::InvalidUrl { url: text.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(text).map_err(|cause| refuse(&cause.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("it has to start with `http://` or `https://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it must not hold a user name or password; give the key as the token"));
    }
    if url.fragment().is_some() {
        return Err(refuse("it must not hold a query or fragment"));
    }
    Ok(url)
}

fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| ClientError::InvalidToken)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(EXCERPT_CHARS_MAX).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// The last cause is the one that a person can do something about, such as "connection refused".
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    // The system adds its number, which helps nobody: "Connection refused (os error 111)".
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_a_server_are_refused_with_a_reason() {
        for (url, reason) in [
            ("127.0.0.1:8000", "relative URL without a base"),
            ("ftp://127.0.0.1", "it has to start with `http://` or `https://`"),
            (
                "http://me:pass@127.0.0.1",
                "it must not hold a user name or password; give the key as the token",
            ),
            ("http://127.0.0.1/?a=b", "it must not hold a query or fragment"),
        ] {
            let error = Client::new(url).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{url}` is not the address of a server: {reason}")
            );
        }
    }

    #[test]
    fn paths_are_escaped_and_joined_under_the_base() {
        let client = Client::new("http://127.0.0.1:9/base/").unwrap();
        let url = client
            .endpoint(&["api", "v1", "approvals", "a/../b"], &[("q", "x&y".to_owned())])
            .unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:9/base/api/v1/approvals/a%2F..%2Fb?q=x%26y");
    }

    #[test]
    fn the_token_is_not_in_the_debug_text() {
        let client = Client::new("http://127.0.0.1:9").unwrap().with_token("plo_secret").unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
