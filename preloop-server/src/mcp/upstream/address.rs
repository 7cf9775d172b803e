//! Where a server over HTTP is: its address, the credentials that it gets, and the client that goes there.

use http::HeaderMap;
use preloop_core::document::McpServer;
use reqwest::{Client, Url};

use super::credentials::credentials;
use super::failure::{CallFailure, DialError, in_words};
use super::http_client::client_for;
use crate::mcp::dial_rules::DialRules;
use crate::service::ServerSecrets;

/// The way to a server over HTTP.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) client: Client,
    pub(super) url: Url,
    /// Credentials; marked sensitive, so that no debug output shows them.
    pub(super) credentials: HeaderMap,
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
        // Variables are allowed by the host as written, so that none can choose where it goes.
        let written_host =
            Url::parse(written).ok().and_then(|url| url.host_str().map(str::to_owned));
        let expanded =
            rules.environment.expand(written, written_host.as_deref().unwrap_or_default())?;
        let url = Url::parse(&expanded)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                DialError::Settings("`url` is not an http or https address".to_owned())
            })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        rules.check_host(&host)?;
        let credentials = credentials(server, &rules.environment, stored, &host)?;
        let client = client_for(&url, rules.reach())
            .map_err(|error| DialError::Settings(in_words(&error)))?;
        Ok(Self { client, url, credentials })
    }
}

/// What it means for a request that its answer did not come.
pub(super) fn unanswered(error: reqwest::Error) -> CallFailure {
    let is_unsent = error.is_connect() || error.is_builder();
    let words = in_words(&error.without_url());
    if is_unsent { CallFailure::NotSent(words) } else { CallFailure::Lost(words) }
}
