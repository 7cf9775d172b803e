//! The account's policy from the operator's file: in force as soon as it is read, kept as a version when the store takes it.

use std::sync::{Arc, PoisonError};

use preloop_api::{PolicyAuthor, PolicyScope, PolicyStatus, VersionCause};
use preloop_core::audit::AuditKind;
use preloop_core::diagnostic::Report;

use super::super::{ServiceError, Services};
use super::live::{LivePolicy, Origin, Slot};
use super::refresh::text_of;
use crate::ids::new_id;
use crate::store::{ExpectedLive, PolicyWrite, PolicyWritten};
use preloop_files::PolicySource;

impl Services {
    /// Brings a document into force, or refuses it with every error and keeps the one before.
    ///
    /// # Errors
    /// Every problem of the document.
    pub(crate) fn policy_load(&self, source: &PolicySource, origin: &str) -> Result<(), Report> {
        let valid = match source.parse() {
            Ok(valid) => valid,
            Err(report) => {
                self.policy_refuse(&report, origin);
                return Err(report);
            }
        };
        // Compared as documents, because the digest does not cover secrets.
        let same = |live: Arc<LivePolicy>| live.document() == valid.document();
        if self.policy_file().is_some_and(same) {
            // Editors write twice and comments are no rules: nothing to swap, but an earlier refusal is mended.
            self.status(|status| {
                if status.refused_at.take().is_some() {
                    status.message = None;
                    status.errors.clear();
                }
            });
            return Ok(());
        }
        let live = LivePolicy::new(PolicyScope::account(), Origin::File, valid, self.now());
        let live = Arc::new(live);
        let mut record = self.new_record(AuditKind::PolicyLoaded);
        let policy = live.compiled().policy();
        record.message = Some(format!("`{}` ({}) from {origin}", policy.name, policy.digest));
        self.status(|status| *status = loaded(&live));
        let file_origin = &self.inner.policies.file_origin;
        origin.clone_into(&mut file_origin.lock().unwrap_or_else(PoisonError::into_inner));
        let file = &self.inner.policies.file;
        *file.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&live));
        self.swap(|policies| policies.put(Slot::Live(live)));
        self.inner.policies.file_changed.notify_one();
        self.record_or_log(&record);
        Ok(())
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

    /// Waits until the file said something that may not be stored yet.
    pub(crate) async fn policy_file_changed(&self) {
        self.inner.policies.file_changed.notified().await;
    }

    /// Keeps what the file says as a version, unless it is the last one already.
    pub(crate) async fn policy_file_keep(&self) -> Result<(), ServiceError> {
        let Some(file) = self.policy_file() else { return Ok(()) };
        let account_id = self.inner.account_id;
        let scope = PolicyScope::account();
        let live = self.inner.store.policy_of_scope(account_id, &scope).await?;
        let policy = file.compiled().policy();
        if live.is_some_and(|live| live.digest == policy.digest) {
            return Ok(());
        }
        let message = {
            let origin = &self.inner.policies.file_origin;
            Some(format!("from {}", origin.lock().unwrap_or_else(PoisonError::into_inner)))
        };
        let now = self.now();
        let document = file.document();
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
            message,
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
