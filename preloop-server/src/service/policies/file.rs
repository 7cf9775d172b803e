//! The policies that the operator gave to the server, in a file, a commit or a bundle: in force as soon as they are
//! read, kept as versions when the store takes them.

use std::sync::{Arc, PoisonError};

use preloop_api::{PolicyAuthor, PolicyScope, PolicyStatus, VersionCause};
use preloop_core::ValidPolicy;
use preloop_core::audit::AuditKind;
use preloop_core::diagnostic::Report;
use preloop_files::PolicySource;

use super::super::{ServiceError, Services};
use super::live::{LivePolicies, LivePolicy, Origin, Slot};
use super::refresh::text_of;
use crate::ids::new_id;
use crate::store::{ExpectedLive, PolicyWrite, PolicyWritten, StoredPolicy};

/// What the operator gave to the server; empty where that is nothing.
#[derive(Debug, Default)]
pub(super) struct GivenPolicies {
    live: Vec<Arc<LivePolicy>>,
    /// Where it was read.
    origin: String,
}

// === impl GivenPolicies ===

impl GivenPolicies {
    /// Whether nothing stored stands in a scope. The account's is the operator's to give even where a bundle gives none.
    pub(super) fn decide(&self, scope: &PolicyScope) -> bool {
        !self.live.is_empty() && (scope.is_account() || self.in_scope(scope).is_some())
    }

    /// Whether a stored policy does not count: its scope is decided here, or it was kept of an earlier bundle that had
    /// more scopes.
    pub(super) fn outdo(&self, stored: &StoredPolicy) -> bool {
        self.decide(&stored.scope) || self.has_left(stored)
    }

    /// Whether a stored policy was kept of what was given before, and is not given any more.
    fn has_left(&self, stored: &StoredPolicy) -> bool {
        !self.live.is_empty() && stored.cause == VersionCause::File && !self.decide(&stored.scope)
    }

    /// Makes these the live policies of their scopes.
    pub(super) fn put_into(&self, policies: &mut LivePolicies) {
        policies.has_given = !self.live.is_empty();
        if policies.has_given {
            policies.take(&PolicyScope::account());
        }
        for live in &self.live {
            policies.put(Slot::Live(Arc::clone(live)));
        }
    }

    fn in_scope(&self, scope: &PolicyScope) -> Option<&Arc<LivePolicy>> {
        self.live.iter().find(|live| live.scope() == scope)
    }
}

impl Services {
    /// Brings the account's policy into force, or refuses it with every error and keeps what was there before.
    ///
    /// # Errors
    /// Every problem of the document.
    pub(crate) fn policy_load(&self, source: &PolicySource, origin: &str) -> Result<(), Report> {
        let read = source.any_dialect();
        let (valid, _) = read.inspect_err(|report| self.policy_refuse(report, origin))?;
        self.policies_give(vec![(PolicyScope::account(), valid)], origin);
        Ok(())
    }

    /// Brings the operator's policies into force in their scopes; those of scopes that are not among them any more end.
    pub(crate) fn policies_give(&self, policies: Vec<(PolicyScope, ValidPolicy)>, origin: &str) {
        let before = self.given();
        let now = self.now();
        let mut changed = Vec::new();
        let mut make = |(scope, valid): (PolicyScope, ValidPolicy)| {
            // Compared as documents, because the digest does not cover secrets.
            let same = |live: &&Arc<LivePolicy>| live.document() == valid.document();
            if let Some(live) = before.in_scope(&scope).filter(same) {
                return Arc::clone(live);
            }
            let live = Arc::new(LivePolicy::new(scope, Origin::Given, valid, now));
            changed.push(Arc::clone(&live));
            live
        };
        let live: Vec<Arc<LivePolicy>> = policies.into_iter().map(&mut make).collect();
        if changed.is_empty() && live.len() == before.live.len() {
            // Editors write twice and comments are no rules: nothing to swap, but an earlier refusal is mended.
            self.status(|status| {
                if status.refused_at.take().is_some() {
                    status.message = None;
                    status.errors.clear();
                }
            });
            return;
        }
        let given = Arc::new(GivenPolicies { live, origin: origin.to_owned() });
        let account = given.in_scope(&PolicyScope::account());
        // A bundle may have no policy of the account, and then holds in the scopes that do without it.
        let shown = account.or_else(|| given.live.iter().find(|live| does_alone(live)));
        self.status(|status| *status = shown.map(|live| loaded(live)).unwrap_or_default());
        *self.inner.policies.given.lock().unwrap_or_else(PoisonError::into_inner) =
            Arc::clone(&given);
        self.swap(|policies| {
            for left in before.live.iter().filter(|live| !given.decide(live.scope())) {
                policies.take(left.scope());
            }
        });
        self.inner.policies.given_changed.notify_one();
        for live in changed {
            let mut record = self.new_record(AuditKind::PolicyLoaded);
            record.message = Some(format!("{} from {origin}", named(&live)));
            self.record_or_log(&record);
        }
    }

    fn policy_refuse(&self, report: &Report, origin: &str) {
        let first = report.errors.first().map_or("", |error| error.message.as_str());
        let mut record = self.new_record(AuditKind::PolicyRefused);
        let count = report.errors.len();
        let message = format!("{count} errors in {origin}, the first: {first}");
        record.message = Some(message.clone());
        self.record_or_log(&record);
        self.status(|status| {
            status.refused_at = Some(record.at);
            status.message = Some(message);
            status.errors.clone_from(&report.errors);
        });
    }

    /// Notes that the file of the policy cannot be read; the policy in force stays.
    pub(crate) fn policy_unreadable(&self, origin: &str, message: &str) {
        let mut record = self.new_record(AuditKind::PolicyRefused);
        let message = format!("cannot read {origin}: {message}");
        record.message = Some(message.clone());
        self.record_or_log(&record);
        self.status(|status| {
            status.refused_at = Some(record.at);
            status.message = Some(message);
            status.errors.clear();
        });
    }

    /// Waits until the operator gave something that may not be stored yet.
    pub(crate) async fn policy_file_changed(&self) {
        self.inner.policies.given_changed.notified().await;
    }

    /// Keeps what the operator gave as versions, unless it is the last one already, and takes away what was kept of
    /// scopes that it has no more.
    pub(crate) async fn policy_file_keep(&self) -> Result<(), ServiceError> {
        let given = self.given();
        for live in &given.live {
            self.given_keep(live, &given.origin).await?;
        }
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        for left in store.policy_heads(account_id).await?.iter().filter(|head| given.has_left(head))
        {
            let mut record = self.new_record(AuditKind::PolicyRemoved);
            let StoredPolicy { scope, name, digest, .. } = left;
            record.message =
                Some(format!("`{name}` ({digest}) of `{scope}`, not in {}", given.origin));
            store.policy_remove(account_id, scope, Some(digest), &record).await?;
            self.change_told(&record).await;
        }
        // Where another policy of a scope was stored and never replaced, it holds again.
        self.policies_refresh().await
    }

    async fn given_keep(&self, live: &LivePolicy, origin: &str) -> Result<(), ServiceError> {
        let account_id = self.inner.account_id;
        let scope = live.scope().clone();
        let stored = self.inner.store.policy_of_scope(account_id, &scope).await?;
        let policy = live.compiled().policy();
        // A child scope's tells by its cause that it ends with the bundle.
        let is_kept = |stored: &StoredPolicy| {
            let is_marked = scope.is_account() || stored.cause == VersionCause::File;
            stored.digest == policy.digest && is_marked
        };
        if stored.as_ref().is_some_and(is_kept) {
            return Ok(());
        }
        let now = self.now();
        let document = live.document();
        let write = PolicyWrite {
            account_id,
            scope,
            expected: ExpectedLive::Whatever,
            policy_id: new_id(now),
            version_id: new_id(now),
            name: policy.name.clone(),
            description: document.metadata.description.clone(),
            digest: policy.digest.clone(),
            document: text_of(document),
            cause: VersionCause::File,
            author: PolicyAuthor { id: String::new(), name: "policy file".to_owned() },
            message: Some(format!("from {origin}")),
            now,
            record: None,
        };
        match self.inner.store.policy_apply(&write, None).await? {
            PolicyWritten::Live(_) | PolicyWritten::Unexpected(_) => Ok(()),
            PolicyWritten::NameTaken(scope) => {
                let message = format!(
                    "the policy is in force but not kept as a version: the policy of the scope `{scope}` has its name"
                );
                tracing::warn!(policy = write.name, "{message}");
                self.status(|status| status.message = Some(message));
                Ok(())
            }
        }
    }
}

/// How a policy in force shows on the health page.
pub(super) fn loaded(live: &LivePolicy) -> PolicyStatus {
    let policy = live.compiled().policy();
    PolicyStatus {
        status: "loaded".to_owned(),
        name: Some(policy.name.clone()),
        digest: Some(policy.digest.clone()),
        loaded_at: Some(live.loaded_at()),
        refused_at: None,
        message: None,
        errors: Vec::new(),
    }
}

/// A policy as the trail names it: of the account without its scope.
fn named(live: &LivePolicy) -> String {
    let policy = live.compiled().policy();
    let of = if live.scope().is_account() {
        String::new()
    } else {
        format!(" of `{}`", live.scope_text())
    };
    format!("`{}` ({}){of}", policy.name, policy.digest)
}

/// Whether a policy of a child scope does without the account's.
fn does_alone(live: &LivePolicy) -> bool {
    let defaults = live.document().defaults.as_ref();
    defaults.and_then(|defaults| defaults.inherit_from_parent) == Some(false)
}
