//! An upstream MCP server.

use serde::Serialize;

use super::{Secret, Secrets};

/// How to reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// MCP streamable HTTP; also written `http-streaming`.
    StreamableHttp,
    /// The older HTTP with server-sent events.
    Sse,
    /// A child process.
    Stdio,
}

/// How to authenticate to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// No credentials.
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// A key in a header.
    ApiKey,
    /// A token of the client-credentials grant of OAuth 2.0, as `Authorization: Bearer`.
    Oauth,
}

/// Credentials of a server; which fields stand here is decided by its `auth_type`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AuthConfig {
    /// Bearer: the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// API key: the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// API key: the header that carries it; default `X-API-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// OAuth: the address that gives tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// OAuth: the client's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// OAuth: the client's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// OAuth: the scopes asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// An entry of `mcp_servers[]`; what is left out has the stated default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct McpServer {
    /// Unique without regard to case.
    pub name: String,
    /// http(s) address; none for stdio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Default streamable-http.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// Program to start (stdio).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its arguments (stdio).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its environment (stdio); values may hold `${ENV_VAR}`.
    #[serde(skip_serializing_if = "Secrets::is_empty")]
    pub env: Secrets,
    /// Its working directory (stdio).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<AuthType>,
    /// Credentials as written, `${ENV_VAR}` kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_config: Option<AuthConfig>,
    /// Tools appear to agents as `<prefix>_<tool>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_prefix: Option<String>,
    /// Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Check arguments against the tool's schema; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_arguments: Option<bool>,
}

// === impl Transport ===

impl Transport {
    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StreamableHttp => "streamable-http",
            Self::Sse => "sse",
            Self::Stdio => "stdio",
        }
    }
}
