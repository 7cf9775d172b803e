//! Memory kept true to the store: at start, when another server changed something, and now and then.

use std::sync::Arc;

use preloop_api::{PolicyScope, PolicyStatus};
use preloop_core::ValidPolicy;
use preloop_core::canonical::{export, to_yaml};
use preloop_core::decision::PolicyRef;
use preloop_core::diagnostic::Report;
use preloop_core::document::PolicyDocument;
use preloop_core::format::SCHEMA_ADDRESS;

use super::super::{ServiceError, Services};
use super::file::loaded;
use super::live::{BrokenPolicy, LivePolicies, LivePolicy, Origin, Slot};
use crate::store::StoredPolicy;

impl Services {
    /// Reads what is live from the store, where it is not in memory already.
    pub(crate) async fn policies_refresh(&self) -> Result<(), ServiceError> {
        let _turn = self.inner.policies.turn.lock().await;
        self.refresh_in_turn().await
    }

    pub(super) async fn refresh_in_turn(&self) -> Result<(), ServiceError> {
        let given = self.given();
        let mut heads = self.inner.store.policy_heads(self.inner.account_id).await?;
        heads.retain(|head| !given.outdo(head));
        let now = self.live_policies();
        let mut put = Vec::new();
        for head in &heads {
            let is_known =
                now.slot(&head.scope).is_some_and(|slot| slot.is_version(head.version_id));
            if !is_known {
                put.push(self.load(head).await?);
            }
        }
        let is_gone = |slot: &&Slot| {
            !given.decide(slot.scope()) && !heads.iter().any(|head| head.scope == *slot.scope())
        };
        let gone: Vec<PolicyScope> =
            now.slots().filter(is_gone).map(|slot| slot.scope().clone()).collect();
        if put.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.swap(|policies| {
            for scope in &gone {
                policies.take(scope);
            }
            for slot in put {
                policies.put(slot);
            }
        });
        self.status_follows();
        Ok(())
    }

    /// What the store has of a scope, made ready to answer; what does not load any more is told in the log.
    async fn load(&self, head: &StoredPolicy) -> Result<Slot, ServiceError> {
        let text = self.inner.store.version_document(head.version_id).await?;
        let text = text.unwrap_or_default();
        let (head, now) = (head.clone(), self.now());
        let made = tokio::task::spawn_blocking(move || {
            let StoredPolicy { scope, version_id, name, digest, .. } = head;
            let origin = Origin::Stored(version_id);
            match ValidPolicy::parse(&text) {
                Ok(valid) => Slot::Live(Arc::new(LivePolicy::new(scope, origin, valid, now))),
                Err(report) => broken(scope, version_id, PolicyRef { name, digest }, report),
            }
        });
        made.await.map_err(|error| {
            tracing::error!(%error, "a stored policy could not be loaded");
            ServiceError::Unavailable { message: "a policy could not be loaded".to_owned() }
        })
    }

    /// Shows the account's stored policy on the health page.
    pub(super) fn status_follows(&self) {
        if self.has_policy_file() {
            return;
        }
        let live = self.live_policies();
        let status = match live.slot(&PolicyScope::account()) {
            Some(Slot::Live(live)) => loaded(live),
            Some(Slot::Broken(broken)) => PolicyStatus {
                status: "unavailable".to_owned(),
                name: Some(broken.policy.name.clone()),
                digest: Some(broken.policy.digest.clone()),
                message: Some("the stored policy does not load any more".to_owned()),
                errors: broken.report.errors.clone(),
                ..PolicyStatus::default()
            },
            None => PolicyStatus::default(),
        };
        self.status(|shown| *shown = status);
    }
}

fn broken(scope: PolicyScope, version_id: uuid::Uuid, policy: PolicyRef, report: Report) -> Slot {
    let first = report.errors.first().map_or("", |error| error.message.as_str());
    tracing::error!(
        %scope,
        policy = policy.name,
        "the stored policy does not load any more, so every call in its scope is denied: {first}"
    );
    Slot::Broken(Arc::new(BrokenPolicy { scope, version_id, policy, report }))
}

/// A document as it is stored and exported: canonical, without secrets, lossless.
pub(super) fn text_of(document: &PolicyDocument) -> String {
    to_yaml(&export(document.clone()), Some(SCHEMA_ADDRESS))
}

impl LivePolicies {
    /// The policy of that name, in whatever scope.
    pub(super) fn named(&self, name: &str) -> Option<&Slot> {
        self.slots().find(|slot| slot.policy().name == name)
    }
}
