//! Something at an address of its own, fetched again and again, and only where it changed.

use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};

use crate::error::ClientError;
use crate::transport::{Client, unasked};

/// Asks a server to answer only when there is something new; who does not know it answers at once.
const PREFER: (HeaderName, HeaderValue) =
    (HeaderName::from_static("prefer"), HeaderValue::from_static("wait=60"));

/// What is followed, and what of it is known.
#[derive(Debug)]
pub struct Followed {
    client: Client,
    tag: Option<HeaderValue>,
}

impl Followed {
    /// Follows what is at `url`, which may have a query; `token` goes to https and to this machine alone.
    ///
    /// # Errors
    /// Where the address or the token cannot be used.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let client = Client::at(url)?;
        let client = match token {
            Some(_) if !client.is_private() => {
                return Err(ClientError::InvalidUrl {
                    url: client.shown(),
                    reason: "a token is sent over `https://` alone, and to this machine".to_owned(),
                });
            }
            Some(token) => client.with_token(token)?,
            None => client,
        };
        Ok(Self { client, tag: None })
    }

    /// The address without its query, which may hold a secret.
    pub fn url(&self) -> String {
        self.client.shown()
    }

    /// What is there now; none where it is what was answered last.
    ///
    /// # Errors
    /// Where nothing answers, the answer is no success, or longer than `bytes_max`.
    pub async fn next(&mut self, bytes_max: usize) -> Result<Option<Vec<u8>>, ClientError> {
        let client = &self.client;
        let (prefer, wait) = PREFER;
        let mut request = client.request(Method::GET, client.base().clone()).header(prefer, wait);
        if let Some(tag) = &self.tag {
            request = request.header(IF_NONE_MATCH, tag.clone());
        }
        let mut response =
            request.send().await.map_err(|cause| unasked(self.url(), &cause.without_url()))?;
        let unexpected = |what: String| ClientError::Unexpected { url: self.url(), what };
        match response.status() {
            StatusCode::NOT_MODIFIED if self.tag.is_some() => return Ok(None),
            StatusCode::OK => {}
            status => return Err(unexpected(format!("status {}", status.as_u16()))),
        }
        let mut bytes = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|cause| unasked(self.url(), &cause.without_url()))?;
            let Some(chunk) = chunk else { break };
            bytes.extend_from_slice(&chunk);
            if bytes.len() > bytes_max {
                return Err(unexpected(format!("more than {bytes_max} bytes")));
            }
        }
        self.tag = response.headers().get(ETAG).cloned();
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_sent_in_the_clear_and_a_query_is_not_shown() {
        let error =
            Followed::new("http://bundles.example.com/b?sig=s3cret", Some("t")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`http://bundles.example.com/b` is not the address of a server: \
             a token is sent over `https://` alone, and to this machine"
        );
        for url in ["https://bundles.example.com/b?sig=x", "http://127.0.0.1:9/b"] {
            assert!(!Followed::new(url, Some("t")).unwrap().url().contains('?'));
        }
        assert!(Followed::new("http://bundles.example.com/b", None).is_ok());
        for url in ["file:///etc/passwd", "https://me:pass@example.com/", "https://example.com/#x"]
        {
            assert!(Followed::new(url, None).is_err(), "{url}");
        }
    }
}
