//! The credentials of a server as HTTP headers.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use preloop_core::document::{AuthType, McpServer, Secret};
use zeroize::Zeroizing;

use super::failure::DialError;
use crate::mcp::environment::EnvironmentRules;
use crate::service::ServerSecrets;

const DEFAULT_API_KEY_HEADER: &str = "X-API-Key";

/// The headers that `host` gets; marked sensitive, so that no debug output shows them.
pub(super) fn credentials(
    server: &McpServer,
    rules: &EnvironmentRules,
    stored: &ServerSecrets,
    host: &str,
) -> Result<HeaderMap, DialError> {
    let config = server.auth_config.as_ref();
    let secret = |key: &str, secret: Option<&Secret>| -> Result<Zeroizing<String>, DialError> {
        let field = format!("auth_config.{key}");
        resolve(&field, secret.unwrap_or(&Secret::Redacted), rules, stored, host)
    };
    let (name, value) = match server.auth_type.unwrap_or(AuthType::None) {
        AuthType::None => return Ok(HeaderMap::new()),
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
            return Err(DialError::Settings(
                "`auth_type: oauth` is not supported in this version: use bearer or api_key"
                    .to_owned(),
            ));
        }
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| {
        DialError::Settings("the credential holds characters that no header may hold".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
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
