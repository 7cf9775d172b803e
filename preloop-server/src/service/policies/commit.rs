//! A change carried through: stored, then in memory, then in the trail, in one turn that no caller can break off.

use std::sync::Arc;
use std::time::Duration;

use preloop_api::{PolicyScope, PolicyVersion};
use preloop_core::ValidPolicy;
use preloop_core::audit::{AuditKind, AuditRecord};
use preloop_core::document::{McpServer, PolicyDocument};
use uuid::Uuid;

use super::super::secrets::SecretsTaken;
use super::super::{Caller, ServiceError, Services};
use super::apply::{Expected, changed, check_expected, computed};
use super::live::{LivePolicy, Origin, Slot};
use crate::store::{ChangeRecord, PolicyRemoval, PolicyWrite, PolicyWritten};

/// Pause before the store is asked again whether it took a change.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Services {
    /// Stores and swaps. Once begun it is carried through, whether the caller waits for it or not.
    pub(super) async fn policy_commit(
        &self,
        caller: &Caller,
        mut write: PolicyWrite,
        policy: ValidPolicy,
        secrets: SecretsTaken,
    ) -> Result<PolicyWritten, ServiceError> {
        let has_left = self.servers_leave(&write.scope, policy.document());
        let scope = write.scope.clone();
        let changed_scope = scope.clone();
        let origin = Origin::Stored(write.version_id);
        let at = write.now;
        let live = computed(move || Arc::new(LivePolicy::new(scope, origin, policy, at))).await?;
        let mut record = self.new_record(AuditKind::PolicyLoaded);
        record.actor = Some(caller.principal.name.clone());
        let record = ChangeRecord { record, told };
        write.record = Some(record.clone());
        let services = self.clone();
        let done = tokio::spawn(async move {
            let _turn = services.inner.policies.turn.lock().await;
            let written = services.inner.store.policy_apply(&write, Some(&secrets)).await;
            match &written {
                Ok(PolicyWritten::Live(version)) => {
                    services.swap(|policies| policies.put(Slot::Live(live)));
                    services.status_follows();
                    services.secrets_changed(&secrets);
                    services.change_told(&record.of(version)).await;
                }
                Ok(PolicyWritten::Unexpected(_) | PolicyWritten::NameTaken(_)) => {}
                Err(_) => services.change_unknown(record.record.id).await,
            }
            written
        });
        let written = done.await.map_err(|error| {
            tracing::error!(%error, "an apply was not carried through");
            ServiceError::Unavailable {
                message: "the policy was not applied; try again".to_owned(),
            }
        })?;
        if has_left && matches!(written, Ok(PolicyWritten::Live(_))) {
            self.secrets_prune(Some(&changed_scope)).await;
        }
        Ok(written?)
    }

    /// Whether a server of what is live is not in the document any more.
    fn servers_leave(&self, scope: &PolicyScope, after: &PolicyDocument) -> bool {
        let live = self.live_policies();
        let gone = |server: &McpServer| !after.mcp_servers.iter().any(|it| it.name == server.name);
        live.live_in(scope).is_some_and(|before| before.document().mcp_servers.iter().any(gone))
    }

    /// Takes the policy of a scope out of force; its versions stay.
    pub(crate) async fn policy_remove(
        &self,
        caller: &Caller,
        id: Uuid,
        expected: &Expected,
    ) -> Result<(), ServiceError> {
        let live = self.policy_stored(id).await?;
        self.check_writable(&live.scope)?;
        check_expected(&live.scope, expected, Some(&live), None)?;
        let mut record = self.new_record(AuditKind::PolicyRemoved);
        record.actor = Some(caller.principal.name.clone());
        record.message = Some(format!("`{}` ({}) of `{}`", live.name, live.digest, live.scope));
        let services = self.clone();
        let scope = live.scope.clone();
        let done = tokio::spawn(async move {
            let _turn = services.inner.policies.turn.lock().await;
            let store = &services.inner.store;
            let account_id = services.inner.account_id;
            let digest = Some(live.digest.as_str());
            let removed = store.policy_remove(account_id, &live.scope, digest, &record).await;
            match &removed {
                Ok(PolicyRemoval::Removed) => {
                    services.swap(|policies| policies.take(&live.scope));
                    services.status_follows();
                    services.change_told(&record).await;
                }
                Ok(PolicyRemoval::NotFound | PolicyRemoval::Unexpected(_)) => {}
                Err(_) => services.change_unknown(record.id).await,
            }
            removed
        });
        let removed = done.await.map_err(|error| {
            tracing::error!(%error, "a policy's removal was not carried through");
            ServiceError::Unavailable {
                message: "the policy was not removed; try again".to_owned(),
            }
        })?;
        match removed? {
            PolicyRemoval::Removed => Ok(()),
            PolicyRemoval::NotFound => Err(super::read::not_found(id)),
            PolicyRemoval::Unexpected(digest) => Err(changed(&scope, Some(digest), None)),
        }
    }

    /// Puts a change into the trail; the store keeps the record until the journal has it.
    pub(super) async fn change_told(&self, record: &AuditRecord) {
        if self.record(record).is_err() {
            // Tried again from memory, and from the store at the next start.
            self.record_or_log(record);
            return;
        }
        if let Err(error) = self.inner.store.untold_forget(&record.id).await {
            tracing::debug!(%error, "a record that is in the trail is looked for again at the next start");
        }
    }

    /// Nobody knows whether a change was stored before the connection was lost: the store says so as soon as it answers.
    pub(super) async fn change_unknown(&self, record_id: String) {
        if self.change_found(&record_id).await.is_ok() {
            return;
        }
        let services = self.clone();
        self.tasks().spawn("read the policies after a change that may have failed", async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    () = services.tasks().stopped() => return,
                }
                let _turn = services.inner.policies.turn.lock().await;
                if services.change_found(&record_id).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Reads what is live, and tells the change where it was stored after all.
    async fn change_found(&self, record_id: &str) -> Result<(), ServiceError> {
        self.refresh_in_turn().await?;
        let untold = self.inner.store.untold_list(self.inner.account_id).await?;
        if let Some(record) = untold.iter().find(|record| record.id == record_id) {
            self.change_told(record).await;
        }
        Ok(())
    }

    /// Writes into the trail what the run before changed and did not tell. The journal of that run was moved before.
    pub(in crate::service) async fn changes_recover(&self) -> Result<(), ServiceError> {
        let store = &self.inner.store;
        for record in store.untold_list(self.inner.account_id).await? {
            if store.untold_is_told(&record.id).await? {
                store.untold_forget(&record.id).await?;
            } else {
                self.change_told(&record).await;
            }
        }
        Ok(())
    }
}

fn told(version: &PolicyVersion) -> String {
    let PolicyVersion { name, digest, number, scope, cause, .. } = version;
    format!("`{name}` ({digest}) version {number} of `{scope}` by {}", cause.as_str())
}
