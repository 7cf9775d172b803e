//! The credentials of a server as HTTP headers.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use preloop_core::document::{AuthType, McpServer, Secret};

use super::failure::DialError;
use crate::mcp::environment::EnvironmentRules;

const DEFAULT_API_KEY_HEADER: &str = "X-API-Key";

/// The headers that `host` gets; marked sensitive, so that no debug output shows them.
pub(super) fn credentials(
    server: &McpServer,
    rules: &EnvironmentRules,
    host: &str,
) -> Result<HeaderMap, DialError> {
    let config = server.auth_config.as_ref();
    let secret = |key: &str, secret: Option<&Secret>| -> Result<String, DialError> {
        match secret.map(Secret::written) {
            Some(Some(text)) => Ok(rules.expand(text, host)?),
            Some(None) => Err(DialError::Settings(format!(
                "`auth_config.{key}` is redacted and no secret is stored for it"
            ))),
            None => Err(DialError::Settings(format!("`auth_config.{key}` is missing"))),
        }
    };
    let (name, value) = match server.auth_type.unwrap_or(AuthType::None) {
        AuthType::None => return Ok(HeaderMap::new()),
        AuthType::Bearer => {
            let token = secret("token", config.and_then(|config| config.token.as_ref()))?;
            (AUTHORIZATION, format!("Bearer {token}"))
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
