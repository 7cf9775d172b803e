//! The credentials of a server as HTTP headers.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use preloop_core::document::{AuthConfig, AuthType, McpServer, Secret};
use zeroize::Zeroizing;

use super::address::way_to;
use super::failure::DialError;
use super::oauth::TokenSource;
use crate::mcp::dial_rules::DialRules;
use crate::mcp::environment::EnvironmentRules;
use crate::service::ServerSecrets;

const DEFAULT_API_KEY_HEADER: &str = "X-API-Key";

/// What a server gets to see; marked sensitive, so that no debug output shows it.
#[derive(Debug)]
pub(super) enum Credentials {
    /// The same headers, always.
    Fixed(HeaderMap),
    /// Tokens that end.
    Tokens(TokenSource),
}

// === impl Credentials ===

impl Credentials {
    /// The headers of a request.
    pub(super) async fn headers(&self) -> Result<HeaderMap, String> {
        match self {
            Self::Fixed(headers) => Ok(headers.clone()),
            Self::Tokens(tokens) => {
                Ok(HeaderMap::from_iter([(AUTHORIZATION, tokens.authorization().await?)]))
            }
        }
    }

    /// Others than those that were refused, where there can be any.
    pub(super) async fn renewed(&self, refused: &HeaderMap) -> Result<Option<HeaderMap>, String> {
        let (Self::Tokens(tokens), Some(refused)) = (self, refused.get(AUTHORIZATION)) else {
            return Ok(None);
        };
        Ok(Some(HeaderMap::from_iter([(AUTHORIZATION, tokens.renewed(refused).await?)])))
    }
}

/// What `host` gets.
pub(super) fn credentials(
    server: &McpServer,
    dial: &DialRules,
    stored: &ServerSecrets,
    host: &str,
) -> Result<Credentials, DialError> {
    let rules = &dial.environment;
    let config = server.auth_config.as_ref();
    let secret = |key: &str, secret: Option<&Secret>| -> Result<Zeroizing<String>, DialError> {
        let field = format!("auth_config.{key}");
        resolve(&field, secret.unwrap_or(&Secret::Redacted), rules, stored, host)
    };
    let (name, value) = match server.auth_type.unwrap_or(AuthType::None) {
        AuthType::None => return Ok(Credentials::Fixed(HeaderMap::new())),
        AuthType::Bearer => {
            let token = secret("token", config.and_then(|config| config.token.as_ref()))?;
            (AUTHORIZATION, Zeroizing::new(format!("Bearer {}", *token)))
        }
        AuthType::ApiKey => {
            let key = secret("api_key", config.and_then(|config| config.api_key.as_ref()))?;
            let header = config.and_then(|config| config.header.as_deref());
            let header = rules.expand(header.unwrap_or(DEFAULT_API_KEY_HEADER), host)?;
            let name = HeaderName::from_bytes(header.as_bytes()).map_err(|_| {
                DialError::Settings(format!("`auth_config.header` `{header}` is no header name"))
            })?;
            (name, key)
        }
        AuthType::Oauth => {
            let config = config.cloned().unwrap_or_default();
            return token_source(&config, dial, stored, host).map(Credentials::Tokens);
        }
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| {
        DialError::Settings("the credential holds characters that no header may hold".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(Credentials::Fixed(HeaderMap::from_iter([(name, value)])))
}

/// Where tokens for `host` come from.
fn token_source(
    config: &AuthConfig,
    dial: &DialRules,
    stored: &ServerSecrets,
    host: &str,
) -> Result<TokenSource, DialError> {
    let rules = &dial.environment;
    let written = config.token_url.as_deref().unwrap_or_default();
    let (client, url) = way_to("auth_config.token_url", written, dial)?;
    let token_host = url.host_str().unwrap_or_default();
    let client_id = rules.expand(config.client_id.as_deref().unwrap_or_default(), token_host)?;
    let field = "auth_config.client_secret";
    let secret = config.client_secret.as_ref().unwrap_or(&Secret::Redacted);
    let client_secret = resolve(field, secret, rules, stored, token_host)?;
    // Who gets the token has what the secret gives: its variable must be allowed for that host, too.
    resolve(field, secret, rules, stored, host)?;
    Ok(TokenSource::new(client, url, (client_id, client_secret), &config.scopes))
}

/// The value of a secret: as written with its variables resolved, or what is stored for the field.
pub(super) fn resolve(
    field: &str,
    secret: &Secret,
    rules: &EnvironmentRules,
    stored: &ServerSecrets,
    target: &str,
) -> Result<Zeroizing<String>, DialError> {
    let text = match secret.written() {
        Some(text) => rules.expand(text, target)?,
        None => stored.of(field).map_err(DialError::Settings)?.to_owned(),
    };
    Ok(Zeroizing::new(text))
}
