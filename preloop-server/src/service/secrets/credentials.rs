//! Credentials of MCP servers that are set by themselves, apart from a document.

use preloop_api::{CredentialFields, Permission, SetCredentials, StoredCredential};
use preloop_core::audit::AuditKind;
use preloop_core::canonical::{SecretOwner, SecretPlace};
use preloop_core::document::{McpServer, Secret};
use zeroize::Zeroizing;

use super::ACCOUNT_SCOPE;
use super::take::{NewSecret, target_of_server};
use crate::service::{Caller, ServiceError, Services};
use crate::store::StoredSecret;

/// Longest secret, in bytes; longer ones are files.
const SECRET_BYTES_MAX: usize = 16 * 1024;

impl Services {
    /// Stores credentials of a server as its entry is now, by field such as `auth_config.token`.
    pub(crate) async fn credentials_set(
        &self,
        caller: &Caller,
        server: &str,
        given: SetCredentials,
    ) -> Result<Vec<StoredCredential>, ServiceError> {
        caller.must(Permission::ServersWrite)?;
        let server = self.server_named(server)?;
        let server = &server;
        let target = target_of_server(server);
        let mut secrets = Vec::new();
        for (field, text) in fields_of(given) {
            check(&field, &text)?;
            let (owner, name) = (SecretOwner::McpServer, server.name.clone());
            let place = SecretPlace { owner, name, field };
            secrets.push(NewSecret { place, target: target.clone(), text });
        }
        let fields: Vec<&str> = secrets.iter().map(|secret| secret.place.field.as_str()).collect();
        let note = format!("credentials of `{}`: {}", server.name, fields.join(", "));
        let taken = self.secrets_new(ACCOUNT_SCOPE, secrets)?;
        self.inner.store.secret_put(&taken).await?;
        self.secrets_changed(&taken);
        self.record_act(caller, AuditKind::SecretSet, note)?;
        self.credentials_stored(server).await
    }

    /// Forgets every credential of a server, for whatever address it was given; the server may be gone
    /// from the document.
    pub(crate) async fn credentials_forget(
        &self,
        caller: &Caller,
        server: &str,
    ) -> Result<(), ServiceError> {
        caller.must(Permission::ServersWrite)?;
        let name = server.to_lowercase();
        let keep = |secret: &StoredSecret| {
            secret.slot.owner != SecretOwner::McpServer || secret.slot.name != name
        };
        let account_id = self.inner.account_id;
        let gone = self.inner.store.secret_retain(account_id, ACCOUNT_SCOPE, keep).await?;
        if gone == 0 {
            return self.server_named(server).map(drop);
        }
        self.secrets_follow();
        self.record_act(caller, AuditKind::SecretForgotten, format!("credentials of `{server}`"))
    }

    /// What is stored for a server, without the secrets.
    pub(crate) async fn credential_list(
        &self,
        caller: &Caller,
        server: &str,
    ) -> Result<Vec<StoredCredential>, ServiceError> {
        caller.must(Permission::ServersRead)?;
        self.credentials_stored(&self.server_named(server)?).await
    }

    pub(in crate::service) async fn credentials_stored(
        &self,
        server: &McpServer,
    ) -> Result<Vec<StoredCredential>, ServiceError> {
        let listed = self.inner.store.secret_list(self.inner.account_id, ACCOUNT_SCOPE).await?;
        let name = server.name.to_lowercase();
        let target = target_of_server(server);
        let own = listed.into_iter().filter(|secret| {
            secret.slot.owner == SecretOwner::McpServer
                && secret.slot.name == name
                && secret.slot.target == target
        });
        let shown = own.map(|secret| StoredCredential {
            is_readable: self.inner.secret_keys.open_secret(&secret).is_ok(),
            field: secret.slot.field,
            set_at: secret.set_at,
        });
        Ok(shown.collect())
    }

    /// The server of that name in the live policy.
    pub(crate) fn server_named(&self, name: &str) -> Result<McpServer, ServiceError> {
        let live = self.account_policy();
        let servers = live.as_ref().map(|live| live.document().mcp_servers.as_slice());
        let named = |server: &&McpServer| server.name.to_lowercase() == name.to_lowercase();
        servers.unwrap_or_default().iter().find(named).cloned().ok_or_else(|| {
            ServiceError::NotFound {
                code: "mcp_server_not_found",
                message: format!("the live policy has no MCP server `{name}`"),
            }
        })
    }
}

/// The given credentials by field.
fn fields_of(given: SetCredentials) -> Vec<(String, Zeroizing<String>)> {
    let SetCredentials { auth_config, env } = given;
    let CredentialFields { token, api_key, client_secret } = auth_config;
    let auth = [("token", token), ("api_key", api_key), ("client_secret", client_secret)];
    let auth =
        auth.into_iter().filter_map(|(name, text)| Some((format!("auth_config.{name}"), text?)));
    let env = env.into_iter().map(|(name, text)| (format!("env.{name}"), text));
    auth.chain(env).map(|(field, text)| (field, Zeroizing::new(text.into_text()))).collect()
}

fn check(field: &str, text: &str) -> Result<(), ServiceError> {
    let invalid = |code, message| Err(ServiceError::Invalid { code, message });
    if text.trim().is_empty() || text.len() > SECRET_BYTES_MAX {
        let message = format!("`{field}` must be 1 to {SECRET_BYTES_MAX} bytes of text");
        return invalid("invalid_credential", message);
    }
    if !Secret::Written(text.to_owned()).is_literal() {
        let message = format!(
            "`{field}` holds a variable: variables are written in the document, where they can be \
             reviewed; only literal values are stored"
        );
        return invalid("invalid_credential", message);
    }
    Ok(())
}
