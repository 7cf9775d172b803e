//! Secrets of documents that come over the API: taken out, sealed, stored beside the versions, and
//! opened only for the dial that needs them.
//!
//! A document that comes from a local file keeps its literals in memory; nothing of it is stored.

mod channels;
mod credentials;
mod key;
mod keys;
mod own;
mod prune;
mod rotate;
mod take;
mod texts;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use preloop_core::canonical::{SecretOwner, SecretPlace};
use preloop_core::document::{AuthType, McpServer, PolicyDocument, Secret};
use tokio::sync::watch;
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) use self::channels::ChannelSecrets;
pub(crate) use self::keys::SecretKeys;
use self::take::{NewSecret, take, target_of_server};
pub(in crate::service) use self::texts::{CallPlace, CallText};
use super::{ServiceError, Services};
use crate::ids::new_id;
use crate::store::{Sealing, SecretSlot, StoreError, StoredSecret};

/// The scope of the account's own policy, whose servers are dialled.
pub(crate) const ACCOUNT_SCOPE: &str = "account";

/// Secrets taken out of a document and not stored yet.
#[derive(Debug)]
pub(crate) struct SecretsTaken {
    account_id: Uuid,
    scope: String,
    keys: Arc<SecretKeys>,
    secrets: Vec<NewSecret>,
    now: preloop_core::Timestamp,
}

/// What is stored for one server and its address, opened.
#[derive(Default)]
pub(crate) struct ServerSecrets {
    fields: HashMap<String, Zeroizing<String>>,
    /// Why what is stored cannot be used, by field.
    closed: HashMap<String, String>,
    /// Changes whenever one of them does.
    stamp: SecretStamp,
}

/// Which values are stored for a server; two are equal where no value was set or forgotten between.
pub(crate) type SecretStamp = BTreeSet<Uuid>;

/// Which values are stored for each server and its address.
#[derive(Debug, Default)]
pub(crate) struct SecretStamps {
    by_server: HashMap<(String, String), SecretStamp>,
}

impl SecretStamps {
    /// Those that a dial of this server would use.
    pub(crate) fn of(&self, server: &McpServer) -> SecretStamp {
        if !needs_stored(server) {
            return SecretStamp::new();
        }
        let key = (server.name.to_lowercase(), target_of_server(server));
        self.by_server.get(&key).cloned().unwrap_or_default()
    }
}

impl std::fmt::Debug for ServerSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerSecrets({})", self.fields.len())
    }
}

// === impl SecretsTaken ===

impl SecretsTaken {
    /// Whether nothing is to be stored.
    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    fn row(&self, secret: &NewSecret) -> Result<StoredSecret, StoreError> {
        let SecretPlace { owner, name, field } = &secret.place;
        let slot =
            SecretSlot::new(self.account_id, &self.scope, *owner, name, field, &secret.target);
        let sealed = self.keys.seal(&slot, &secret.text);
        let (key_id, sealed) = sealed.map_err(|message| StoreError::Sealed { message })?;
        Ok(StoredSecret { slot, id: new_id(self.now), key_id, sealed, set_at: self.now })
    }
}

impl Sealing for SecretsTaken {
    fn account_id(&self) -> Uuid {
        self.account_id
    }

    fn rows(&self) -> Result<Vec<StoredSecret>, StoreError> {
        self.secrets.iter().map(|secret| self.row(secret)).collect()
    }
}

// === impl ServerSecrets ===

impl ServerSecrets {
    /// The secret of a field such as `auth_config.token`.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(crate) fn of(&self, field: &str) -> Result<&str, String> {
        if let Some(secret) = self.fields.get(field) {
            return Ok(secret);
        }
        Err(self.closed.get(field).cloned().unwrap_or_else(|| {
            format!(
                "no credential is stored for `{field}` at this address: set it with \
                 `PUT /api/v1/mcp-servers/NAME/credentials`"
            )
        }))
    }

    /// All of them, to be masked in what the server says.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.fields.values().map(|text| text.as_str())
    }

    /// Which values these are.
    pub(crate) fn stamp(&self) -> &SecretStamp {
        &self.stamp
    }
}

// === impl Services ===

impl Services {
    /// Takes the literal secrets out of a document; each stays as `{redacted: true}`. They are stored
    /// together with the version that the document becomes. Where the same value is stored already,
    /// it stays as it is.
    ///
    /// # Errors
    /// Where the document keeps a secret that is not stored, or there is no key to seal with.
    pub(crate) async fn secrets_take(
        &self,
        document: &mut PolicyDocument,
        scope: &str,
    ) -> Result<SecretsTaken, ServiceError> {
        let account_id = self.inner.account_id;
        let stored: HashMap<SecretSlot, StoredSecret> = self
            .inner
            .store
            .secret_list(account_id, scope)
            .await?
            .into_iter()
            .map(|secret| (secret.slot.clone(), secret))
            .collect();
        let slot = |place: &SecretPlace, target: &str| {
            let SecretPlace { owner, name, field } = place;
            SecretSlot::new(account_id, scope, *owner, name, field, target)
        };
        let mut secrets = take(document, |place, target, may_keep| {
            if may_keep && stored.contains_key(&slot(place, target)) {
                return Ok(());
            }
            let is_elsewhere = stored.keys().any(|known| {
                let here = slot(place, &known.target);
                *known == here
            });
            Err(missing(place, is_elsewhere))
        })?;
        secrets.retain(|secret| {
            let known = stored.get(&slot(&secret.place, &secret.target));
            let text = known.and_then(|known| self.inner.secret_keys.open_secret(known).ok());
            text.as_deref() != Some(&*secret.text)
        });
        self.secrets_new(scope, secrets)
    }

    /// Lets the firewall know that stored secrets changed; to be called once they are stored.
    pub(crate) fn secrets_changed(&self, taken: &SecretsTaken) {
        if !taken.is_empty() {
            self.secrets_follow();
        }
    }

    /// Changes whenever a stored secret may have.
    pub(crate) fn secret_changes(&self) -> watch::Receiver<u64> {
        self.inner.secret_changes.subscribe()
    }

    pub(super) fn secrets_follow(&self) {
        self.inner.secret_changes.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// What is stored for a server, opened for a dial. The store is asked only where the entry leaves
    /// something to it.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(crate) async fn server_secrets(
        &self,
        server: &McpServer,
    ) -> Result<ServerSecrets, ServiceError> {
        let mut secrets = ServerSecrets::default();
        if !needs_stored(server) {
            return Ok(secrets);
        }
        let target = target_of_server(server);
        let name = server.name.to_lowercase();
        // A key that was retired between reading and opening is gone at the second look.
        for _ in 0..2 {
            secrets = ServerSecrets::default();
            let listed = self.inner.store.secret_list(self.inner.account_id, ACCOUNT_SCOPE).await?;
            let own = listed.into_iter().filter(|secret| {
                let slot = &secret.slot;
                slot.owner == SecretOwner::McpServer && slot.name == name && slot.target == target
            });
            for secret in own {
                secrets.stamp.insert(secret.id);
                let field = secret.slot.field.clone();
                match self.inner.secret_keys.open_secret(&secret) {
                    Ok(text) => drop(secrets.fields.insert(field, text)),
                    Err(message) => drop(secrets.closed.insert(field, message)),
                }
            }
            if secrets.closed.is_empty() {
                break;
            }
        }
        Ok(secrets)
    }

    /// Which values are stored for the servers now.
    pub(crate) async fn secret_stamps(&self) -> Result<SecretStamps, ServiceError> {
        let listed = self.inner.store.secret_list(self.inner.account_id, ACCOUNT_SCOPE).await?;
        let mut stamps = SecretStamps::default();
        for secret in listed {
            let slot = secret.slot;
            if slot.owner == SecretOwner::McpServer {
                stamps.by_server.entry((slot.name, slot.target)).or_default().insert(secret.id);
            }
        }
        Ok(stamps)
    }

    fn secrets_new(
        &self,
        scope: &str,
        secrets: Vec<NewSecret>,
    ) -> Result<SecretsTaken, ServiceError> {
        let keys = Arc::clone(&self.inner.secret_keys);
        if !secrets.is_empty() {
            keys.prepare().map_err(no_key)?;
        }
        let (account_id, scope) = (self.inner.account_id, scope.to_owned());
        Ok(SecretsTaken { account_id, scope, keys, secrets, now: self.now() })
    }
}

fn needs_stored(server: &McpServer) -> bool {
    let config = server.auth_config.as_ref();
    let written = |secret: Option<&Secret>| secret.is_some_and(|secret| secret.written().is_some());
    let auth = match server.auth_type.unwrap_or(AuthType::None) {
        AuthType::None => false,
        AuthType::Bearer => !written(config.and_then(|config| config.token.as_ref())),
        AuthType::ApiKey => !written(config.and_then(|config| config.api_key.as_ref())),
        AuthType::Oauth => !written(config.and_then(|config| config.client_secret.as_ref())),
    };
    auth || server.env.values().any(|secret| *secret == Secret::Redacted)
}

fn missing(place: &SecretPlace, is_elsewhere: bool) -> ServiceError {
    let SecretPlace { owner, name, field } = place;
    let of = match owner {
        SecretOwner::ApprovalWorkflow => "approval workflow",
        SecretOwner::McpServer => "MCP server",
    };
    let why = if is_elsewhere {
        "what is stored was given for another address or program and goes nowhere else"
    } else {
        "nothing is stored for it"
    };
    ServiceError::Invalid {
        code: "secret_missing",
        message: format!(
            "`{field}` of the {of} `{name}` is `{{redacted: true}}`, but {why}: write the value, \
             or `${{VARIABLE}}`"
        ),
    }
}

fn no_key(message: String) -> ServiceError {
    ServiceError::Conflict { code: "no_secret_key", message, state: None }
}
