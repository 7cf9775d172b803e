//! Where a server over HTTP is: its address, the credentials that it gets, and the client that goes there.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};
use preloop_core::document::McpServer;
use reqwest::{Client, RequestBuilder, Response, Url};

use super::credentials::{Credentials, credentials};
use super::failure::{CallFailure, DialError, in_words};
use super::http_client::client_for;
use crate::mcp::dial_rules::DialRules;
use crate::service::ServerSecrets;

/// The way to a server over HTTP.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) client: Client,
    pub(super) url: Url,
    credentials: Credentials,
}

// === impl Address ===

impl Address {
    /// Resolves the address and the credentials of `server`; nothing is sent yet.
    pub(super) fn of(
        server: &McpServer,
        rules: &DialRules,
        stored: &ServerSecrets,
    ) -> Result<Self, DialError> {
        let written = server.url.as_deref().unwrap_or_default();
        let (client, url) = way_to("url", written, rules)?;
        let host = url.host_str().unwrap_or_default();
        let credentials = credentials(server, rules, stored, host)?;
        Ok(Self { client, url, credentials })
    }

    /// Makes a request with the credentials; where the server does not take a token any more, once more with another.
    pub(super) async fn send(
        &self,
        request: impl Fn(HeaderMap) -> RequestBuilder,
    ) -> Result<Response, CallFailure> {
        let headers = self.credentials.headers().await.map_err(CallFailure::NotSent)?;
        let response = request(headers.clone()).send().await.map_err(unanswered)?;
        // A request that was refused for its token did not run, and only the challenge says that it was: a server may hand
        // on a 401 of what stands behind it.
        let is_challenged = response.headers().contains_key(WWW_AUTHENTICATE);
        if response.status() != StatusCode::UNAUTHORIZED || !is_challenged {
            return Ok(response);
        }
        match self.credentials.renewed(&headers).await.map_err(CallFailure::Refused)? {
            Some(headers) => request(headers).send().await.map_err(unanswered),
            None => Ok(response),
        }
    }

    /// The words without the token that the server got; what does not change is masked elsewhere.
    pub(super) fn mask(&self, words: String) -> String {
        match &self.credentials {
            Credentials::Fixed(_) => words,
            Credentials::Tokens(tokens) => tokens.mask(words),
        }
    }
}

/// The address that is written in a field, and the client that goes there and no further than the document may.
pub(super) fn way_to(
    field: &str,
    written: &str,
    rules: &DialRules,
) -> Result<(Client, Url), DialError> {
    // Variables are allowed by the host as written, so that none can choose where it goes.
    let written_host = Url::parse(written).ok().and_then(|url| url.host_str().map(str::to_owned));
    let expanded =
        rules.environment.expand(written, written_host.as_deref().unwrap_or_default())?;
    let url = Url::parse(&expanded)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| DialError::Settings(format!("`{field}` is not an http or https address")))?;
    rules.check_host(url.host_str().unwrap_or_default())?;
    let client =
        client_for(&url, rules.reach()).map_err(|error| DialError::Settings(in_words(&error)))?;
    Ok((client, url))
}

/// What it means for a request that its answer did not come.
fn unanswered(error: reqwest::Error) -> CallFailure {
    let is_unsent = error.is_connect() || error.is_builder();
    let words = in_words(&error.without_url());
    if is_unsent { CallFailure::NotSent(words) } else { CallFailure::Lost(words) }
}
