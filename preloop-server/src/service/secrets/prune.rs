//! Secrets of MCP servers that no version names any more are forgotten: nothing could come back to them.

use std::collections::BTreeSet;

use preloop_api::PolicyScope;
use preloop_core::audit::AuditKind;
use preloop_core::canonical::SecretOwner;
use uuid::Uuid;

use crate::service::{ServiceError, Services};
use crate::store::{StoredSecret, VersionFilter};

/// Versions that are looked at together.
const PAGE: u32 = 100;

impl Services {
    /// Forgets the secrets of MCP servers that neither what is live nor any version names, in one scope or in all. To be
    /// called where versions or servers went.
    pub(in crate::service) async fn secrets_prune(&self, scope: Option<&PolicyScope>) {
        let pruned = async {
            let scopes = match scope {
                Some(scope) => vec![scope.to_string()],
                None => self.inner.store.secret_scopes(self.inner.account_id).await?,
            };
            // No apply comes between looking and forgetting.
            let _turn = self.policies_turn().await;
            for scope in scopes {
                self.secrets_prune_in(&scope).await?;
            }
            Ok::<_, ServiceError>(())
        };
        if let Err(error) = pruned.await {
            tracing::warn!(%error, "secrets that nothing names any more are still stored");
        }
    }

    async fn secrets_prune_in(&self, scope: &str) -> Result<(), ServiceError> {
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let listed = store.secret_list(account_id, scope).await?;
        let unnamed = listed.into_iter().filter(|secret| {
            secret.slot.owner == SecretOwner::McpServer && is_plain(&secret.slot.name)
        });
        let mut unnamed: Vec<StoredSecret> = unnamed.collect();
        let Ok(scope_read) = scope.parse::<PolicyScope>() else { return Ok(()) };
        if let Some(live) = self.live_policies().live_in(&scope_read) {
            let servers = &live.document().mcp_servers;
            let live: BTreeSet<_> =
                servers.iter().map(|server| server.name.to_lowercase()).collect();
            unnamed.retain(|secret| !live.contains(&secret.slot.name));
        }
        let mut before = None;
        while !unnamed.is_empty() {
            let filter = VersionFilter {
                scope: Some(scope_read.clone()),
                before,
                limit: PAGE,
                ..VersionFilter::default()
            };
            let versions = store.version_list(account_id, &filter).await?;
            let Some(last) = versions.last() else { break };
            before = Some(last.seq);
            for stored in versions {
                let text = store.version_document(stored.version.id).await?;
                let text = text.unwrap_or_default().to_lowercase();
                // Whatever mentions the name may mean the server.
                unnamed.retain(|secret| !text.contains(&secret.slot.name));
            }
        }
        if unnamed.is_empty() {
            return Ok(());
        }
        // By the value, too: one that was set meanwhile is somebody's.
        let gone: BTreeSet<Uuid> = unnamed.iter().map(|secret| secret.id).collect();
        store.secret_retain(account_id, scope, |secret| !gone.contains(&secret.id)).await?;
        self.secrets_follow();
        let names: BTreeSet<&str> =
            unnamed.iter().map(|secret| secret.slot.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut record = self.new_record(AuditKind::SecretForgotten);
        record.message = Some(format!(
            "credentials of `{}` in `{scope}`, which no version names any more",
            names.join("`, `")
        ));
        self.record_or_log(&record);
        Ok(())
    }
}

/// Whether a name is written in documents as it is, without escapes.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
