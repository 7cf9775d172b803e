//! A change carried through: stored, then in memory, then in the trail, in one turn that no caller can break off.

use std::sync::Arc;

use preloop_api::PolicyVersion;
use preloop_core::ValidPolicy;
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::super::secrets::SecretsTaken;
use super::super::{Caller, ServiceError, Services};
use super::apply::{Expected, changed, check_expected, computed};
use super::live::{LivePolicy, Origin, Slot};
use crate::store::{PolicyRemoval, PolicyWrite, PolicyWritten};

impl Services {
    /// Stores and swaps. Once begun it is carried through, whether the caller waits for it or not.
    pub(super) async fn policy_commit(
        &self,
        caller: &Caller,
        write: PolicyWrite,
        policy: ValidPolicy,
        secrets: SecretsTaken,
    ) -> Result<PolicyWritten, ServiceError> {
        let scope = write.scope.clone();
        let origin = Origin::Stored(write.version_id);
        let at = write.now;
        let live = computed(move || Arc::new(LivePolicy::new(scope, origin, policy, at))).await?;
        let mut record = self.new_record(AuditKind::PolicyLoaded);
        record.actor = Some(caller.principal.name.clone());
        let services = self.clone();
        let done = tokio::spawn(async move {
            let _turn = services.inner.policies.turn.lock().await;
            let written = services.inner.store.policy_apply(&write, Some(&secrets)).await;
            match &written {
                Ok(PolicyWritten::Live(version)) => {
                    services.swap(|policies| policies.put(Slot::Live(live)));
                    services.status_follows();
                    services.secrets_changed(&secrets);
                    record.message = Some(told(version));
                    services.record_or_log(&record);
                }
                Ok(PolicyWritten::Unexpected(_) | PolicyWritten::NameTaken(_)) => {}
                // Nobody knows whether it was stored before the connection was lost.
                Err(_) => drop(services.refresh_in_turn().await),
            }
            written
        });
        let written = done.await.map_err(|error| {
            tracing::error!(%error, "an apply was not carried through");
            ServiceError::Unavailable {
                message: "the policy was not applied; try again".to_owned(),
            }
        })?;
        Ok(written?)
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
            let (store, now) = (&services.inner.store, services.now());
            let account_id = services.inner.account_id;
            let digest = Some(live.digest.as_str());
            let removed = store.policy_remove(account_id, &live.scope, digest, now).await;
            match &removed {
                Ok(PolicyRemoval::Removed) => {
                    services.swap(|policies| policies.take(&live.scope));
                    services.status_follows();
                    services.record_or_log(&record);
                }
                Ok(PolicyRemoval::NotFound | PolicyRemoval::Unexpected(_)) => {}
                Err(_) => drop(services.refresh_in_turn().await),
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
}

fn told(version: &PolicyVersion) -> String {
    let PolicyVersion { name, digest, number, scope, cause, .. } = version;
    format!("`{name}` ({digest}) version {number} of `{scope}` by {}", cause.as_str())
}
