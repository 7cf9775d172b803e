//! Signing in: bearer tokens, the session of a browser, and who one is.

use preloop_core::Timestamp;
use preloop_core::call::Principal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Account, Permission, Role, SecretText, User};

/// Body of `POST /api/v1/auth/token`, as JSON or as a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "grant_type", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenRequest {
    /// Name or e-mail address, and password.
    Password {
        /// Name or e-mail address.
        username: String,
        /// Password.
        password: SecretText,
        /// Name of the account, where the same user name is in several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    /// A refresh token, which is spent by this.
    RefreshToken {
        /// The token.
        refresh_token: SecretText,
    },
}

/// Answer to `POST /api/v1/auth/token`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenAnswer {
    /// Send it as `Authorization: Bearer ...`.
    pub access_token: SecretText,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
    /// Gives the next pair of tokens, once.
    pub refresh_token: SecretText,
    /// Seconds until the refresh token ends.
    pub refresh_expires_in: u64,
}

/// Body of `POST /api/v1/auth/login`; the answer sets the cookie `preloop_session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Name or e-mail address.
    pub username: String,
    /// Password.
    pub password: SecretText,
    /// Name of the account, where the same user name is in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// How a caller proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// The cookie of a browser's session.
    Cookie,
    /// An API key.
    Key,
    /// An access token.
    Token,
}

/// Answer to `POST /api/v1/auth/login` and `GET /api/v1/auth/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionInfo {
    /// How the caller proved who it is.
    pub credential: Credential,
    /// With a cookie: send it as `X-CSRF-Token` with every request that changes something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<SecretText>,
    /// Until when the sign-in lasts at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Who is signed in.
    pub me: Me,
}

/// Answer to `GET /api/v1/auth/me`: who the caller is and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The account.
    pub account: Account,
    /// The identity that policies and approvers see.
    pub principal: Principal,
    /// The role.
    pub role: Role,
    /// What role and scopes allow together.
    pub permissions: Vec<Permission>,
    /// The user, where it is one.
    pub user: Option<User>,
    /// How the caller proved who it is.
    pub credential: Credential,
    /// The key, the session or the family of tokens.
    pub credential_id: Uuid,
}
