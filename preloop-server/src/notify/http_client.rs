//! Requests of the channels: bounded in time and size, without redirects, and no further than they may.

use std::error::Error as _;
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};

use super::SendError;
use crate::mcp::{PublicResolver, Reach, is_public};

/// How long one request may take.
const REQUEST_TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Most that is read of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Longest pause that a receiver may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// The clients of all channels.
#[derive(Clone, Debug)]
pub(crate) struct HttpClients {
    anywhere: Client,
    public: Client,
}

/// An answer that is a success.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) body: Vec<u8>,
}

// === impl HttpClients ===

impl HttpClients {
    /// # Errors
    /// Where the machine has no certificates to trust.
    pub(crate) fn new() -> Result<Self, String> {
        // A provider that somebody else has installed will do as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .user_agent(concat!("preloop/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIME)
                .timeout(REQUEST_TIME)
                // Where a message goes was checked; where a redirect leads was not.
                .redirect(Policy::none())
        };
        let failed = |error: reqwest::Error| format!("cannot make an HTTP client: {error}");
        let anywhere = builder().no_proxy().build().map_err(failed)?;
        // A proxy would look names up by itself, and reach what this server may not.
        let public = builder().no_proxy().dns_resolver(PublicResolver).build().map_err(failed)?;
        Ok(Self { anywhere, public })
    }

    /// A request to an address that somebody else wrote, where `reach` lets it go.
    pub(crate) fn post(&self, url: &str, reach: Reach) -> Result<RequestBuilder, SendError> {
        let url = checked(url, reach)?;
        Ok(self.client(reach).post(url))
    }

    /// A request to an address of the operator's.
    pub(crate) fn operators(&self) -> &Client {
        &self.anywhere
    }

    fn client(&self, reach: Reach) -> &Client {
        match reach {
            Reach::Anywhere => &self.anywhere,
            Reach::Public => &self.public,
        }
    }
}

/// The address, where it may be reached; a name is checked again where it is resolved.
fn checked(url: &str, reach: Reach) -> Result<Url, SendError> {
    let parsed = Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| SendError::permanent("the address is no http or https URL"))?;
    let literal = parsed
        .host_str()
        .and_then(|host| host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok());
    match literal {
        Some(address) if reach == Reach::Public && !is_public(address) => {
            Err(SendError::permanent(format!(
                "`{address}` is not a public address: documents that came over the API reach \
                 no private ones unless the operator says `--allow-private-upstreams`"
            )))
        }
        _ => Ok(parsed),
    }
}

/// Sends a request and reads the answer, as far as it is bounded.
pub(crate) async fn send(request: RequestBuilder) -> Result<Answered, SendError> {
    let mut response = request.send().await.map_err(|error| unreachable_receiver(&error))?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            body.truncate(ANSWER_BYTES_MAX);
            break;
        }
    }
    if status.is_success() {
        return Ok(Answered { body });
    }
    Err(SendError::of_status(status, retry_after))
}

/// Why there is no answer, without the address: it may be a secret.
fn unreachable_receiver(error: &reqwest::Error) -> SendError {
    let mut cause = error.source();
    let mut last = None;
    while let Some(inner) = cause {
        last = Some(inner.to_string());
        cause = inner.source();
    }
    if let Some(refused) = last.as_ref().filter(|text| text.contains("not a public one")) {
        return SendError::permanent(refused.clone());
    }
    if error.is_timeout() {
        return SendError::transient(format!(
            "the receiver did not answer within {} seconds",
            REQUEST_TIME.as_secs()
        ));
    }
    if error.is_builder() {
        return SendError::permanent(
            "the request cannot be made: a header holds a wrong character",
        );
    }
    let words = last.unwrap_or_else(|| "the connection failed".to_owned());
    SendError::transient(format!("the receiver cannot be reached: {words}"))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}
