//! Access tokens of servers with `auth_type: oauth`: the client-credentials grant of OAuth 2.0 (RFC 6749, section 4.4).
//!
//! INVARIANT: secret and token are in no message and in no debug output.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::failure::in_words;

/// How long the endpoint may take for an answer, and how long that may be.
const ANSWER_TIME: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// A token is replaced this long before its end, or a tenth of its time before where that is less.
const EARLY: Duration = Duration::from_secs(30);
/// What stands in the place of a token.
const REDACTED: &str = "[redacted]";
/// Longest code of an error that is told.
const CODE_CHARS_MAX: usize = 64;

/// Gets tokens, and keeps the one that is good.
pub(super) struct TokenSource {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) client_id: String,
    pub(super) client_secret: Zeroizing<String>,
    /// The scopes that are asked for, separated by blanks.
    pub(super) scope: String,
    token: Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    /// None: until it is refused.
    good_until: Option<Instant>,
}

/// How the client says who it is.
#[derive(Clone, Copy)]
enum Identified {
    /// In a header, which every endpoint has to take.
    ByHeader,
    /// In the body, which is all that some take.
    ByBody,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    /// Seconds, as a number; some write them as text.
    #[serde(default)]
    expires_in: Value,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

// === impl TokenSource ===

impl TokenSource {
    pub(super) fn new(
        client: Client,
        url: Url,
        (client_id, client_secret): (String, Zeroizing<String>),
        scopes: &[String],
    ) -> Self {
        Self {
            client,
            url,
            client_id,
            client_secret,
            scope: scopes.join(" "),
            token: Mutex::default(),
        }
    }

    /// The value of `Authorization`, with a token that is good for a while.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) async fn authorization(&self) -> Result<HeaderValue, String> {
        let mut token = self.token.lock().await;
        let is_good = |token: &&Token| token.good_until.is_none_or(|end| Instant::now() < end);
        if let Some(good) = token.as_ref().filter(is_good) {
            return Ok(good.header.clone());
        }
        Ok(token.insert(self.fetch().await?).header.clone())
    }

    /// The same with another token than one that was refused.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) async fn renewed(&self, refused: &HeaderValue) -> Result<HeaderValue, String> {
        let mut token = self.token.lock().await;
        // Of many calls that were refused at once one asks.
        if let Some(other) = token.as_ref().filter(|token| token.header != refused) {
            return Ok(other.header.clone());
        }
        *token = None;
        Ok(token.insert(self.fetch().await?).header.clone())
    }

    /// The words without the token.
    pub(super) fn mask(&self, words: String) -> String {
        let Ok(token) = self.token.try_lock() else { return REDACTED.to_owned() };
        let header = token.as_ref().and_then(|token| token.header.to_str().ok());
        match header.and_then(|header| header.strip_prefix("Bearer ")) {
            Some(text) if !text.is_empty() => words.replace(text, REDACTED),
            _ => words,
        }
    }

    async fn fetch(&self) -> Result<Token, String> {
        let asked_at = Instant::now();
        let mut response = self.ask(Identified::ByHeader).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            response = self.ask(Identified::ByBody).await?;
        }
        let status = response.status();
        let body = self.read(response).await?;
        if !status.is_success() {
            let code = serde_json::from_slice::<Refused>(&body).ok().map(|refused| refused.error);
            let code = code.filter(|code| is_code(code)).map(|code| format!(", `{code}`"));
            let code = code.unwrap_or_default();
            return Err(self.failed(&format!("it answered HTTP {}{code}", status.as_u16())));
        }
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| self.failed("its answer holds no access token"))?;
        let access_token = Zeroizing::new(granted.access_token);
        if !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(self.failed("its token is not a bearer token"));
        }
        let text = Zeroizing::new(format!("Bearer {}", *access_token));
        let mut header = HeaderValue::from_str(&text)
            .map_err(|_| self.failed("its token holds characters that no header may hold"))?;
        header.set_sensitive(true);
        let lasts = seconds(&granted.expires_in);
        let good_until = lasts
            .map(|lasts| lasts.saturating_sub(EARLY.min(lasts / 10)))
            .and_then(|good_for| asked_at.checked_add(good_for));
        Ok(Token { header, good_until })
    }

    async fn ask(&self, identified: Identified) -> Result<Response, String> {
        let mut fields = vec![("grant_type", "client_credentials")];
        if !self.scope.is_empty() {
            fields.push(("scope", &self.scope));
        }
        let mut request = self.client.post(self.url.clone()).timeout(ANSWER_TIME);
        match identified {
            Identified::ByHeader => {
                let pair = format!("{}:{}", encoded(&self.client_id), encoded(&self.client_secret));
                let pair = Zeroizing::new(pair);
                let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
                let mut value = HeaderValue::from_str(&text)
                    .map_err(|_| self.failed("the client's id or secret cannot be sent"))?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            Identified::ByBody => {
                fields.push(("client_id", &self.client_id));
                fields.push(("client_secret", &self.client_secret));
            }
        }
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let sent = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(pairs.join("&"))
            .send();
        sent.await.map_err(|error| self.failed(&in_words(&error.without_url())))
    }

    async fn read(&self, mut response: Response) -> Result<Zeroizing<Vec<u8>>, String> {
        let mut body = Zeroizing::new(Vec::new());
        let unread = |error: reqwest::Error| self.failed(&in_words(&error.without_url()));
        while let Some(chunk) = response.chunk().await.map_err(unread)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.failed("its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn failed(&self, why: &str) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("no access token from `{host}`: {why}")
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSource({})", self.url.host_str().unwrap_or_default())
    }
}

/// The text as a form has it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

/// Whether a text is a code of RFC 6749 and nothing that a secret may be in.
fn is_code(text: &str) -> bool {
    text.len() <= CODE_CHARS_MAX && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn seconds(written: &Value) -> Option<Duration> {
    let number = written.as_u64().or_else(|| written.as_str()?.parse().ok());
    number.map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_does_not_take_is_encoded() {
        assert_eq!(encoded("a b:c%ä~"), "a%20b%3Ac%25%C3%A4~");
    }

    #[test]
    fn only_codes_are_told() {
        assert!(is_code("invalid_client"));
        assert!(!is_code("bad secret hunter2") && !is_code(&"x".repeat(65)));
    }

    #[test]
    fn times_are_numbers_or_text() {
        assert_eq!(seconds(&Value::from(3600)), Some(Duration::from_hours(1)));
        assert_eq!(seconds(&Value::from("60")), Some(Duration::from_mins(1)));
        assert_eq!(seconds(&Value::Null), None);
    }
}
