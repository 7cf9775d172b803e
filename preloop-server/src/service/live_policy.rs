//! The live policy: compiled in memory, swapped whole, read without waiting.

use std::sync::{Arc, MutexGuard, PoisonError};

use preloop_api::PolicyStatus;
use preloop_core::CompiledPolicy;
use preloop_core::Timestamp;
use preloop_core::audit::AuditKind;
use preloop_core::canonical::{to_json, to_yaml};
use preloop_core::diagnostic::Report;
use preloop_core::document::PolicyDocument;
use preloop_core::format::SCHEMA_ADDRESS;
use tokio::sync::watch;

use super::{ServiceError, Services};
use preloop_files::PolicySource;

/// A policy document in force.
#[derive(Debug)]
pub struct LivePolicy {
    document: PolicyDocument,
    compiled: CompiledPolicy,
    loaded_at: Timestamp,
}

// === impl LivePolicy ===

impl LivePolicy {
    /// The document as written.
    pub fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// The document as the engine answers by it.
    pub fn compiled(&self) -> &CompiledPolicy {
        &self.compiled
    }

    /// Since when it is in force.
    pub fn loaded_at(&self) -> Timestamp {
        self.loaded_at
    }
}

// === impl Services ===

impl Services {
    /// The policy in force; none: every call is denied.
    pub fn live_policy(&self) -> Option<Arc<LivePolicy>> {
        self.inner.live_policy.load_full()
    }

    /// Changes whenever another policy comes into force or a tool's definition is accepted.
    pub fn policy_changes(&self) -> watch::Receiver<u64> {
        self.inner.policy_changes.subscribe()
    }

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
        let digest = valid.digest().to_owned();
        // Compared as documents, because the digest does not cover secrets.
        let same = |live: Arc<LivePolicy>| live.document == *valid.document();
        if self.live_policy().is_some_and(same) {
            // Editors write twice and comments are no rules: nothing to swap, but an earlier refusal is mended.
            let mut status = self.status();
            status.refused_at = None;
            status.message = None;
            status.errors.clear();
            return Ok(());
        }
        let live = LivePolicy {
            document: valid.document().clone(),
            compiled: CompiledPolicy::compile(valid),
            loaded_at: self.now(),
        };
        let mut record = self.new_record(AuditKind::PolicyLoaded);
        let policy = live.compiled.policy();
        record.message = Some(format!("`{}` ({}) from {origin}", policy.name, policy.digest));
        *self.status() = PolicyStatus {
            status: "loaded".to_owned(),
            name: Some(policy.name.clone()),
            digest: Some(digest),
            loaded_at: Some(live.loaded_at),
            refused_at: None,
            message: None,
            errors: Vec::new(),
        };
        self.inner.live_policy.store(Some(Arc::new(live)));
        self.policy_changed();
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
        let mut status = self.status();
        status.refused_at = Some(record.at);
        status.message = Some(message);
        status.errors.clone_from(&report.errors);
    }

    /// Notes that the file of the policy cannot be read; the policy in force stays.
    pub(crate) fn policy_unreadable(&self, origin: &str, message: &str) {
        let mut record = self.new_record(AuditKind::PolicyRefused);
        let message = format!("cannot read {origin}: {message}");
        record.message = Some(message.clone());
        self.record_or_log(&record);
        let mut status = self.status();
        status.refused_at = Some(record.at);
        status.message = Some(message);
        status.errors.clear();
    }

    /// Tells those who look at the policy that something changed.
    pub(super) fn policy_changed(&self) {
        self.inner.policy_changes.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// The policy in force and the last attempt to change it.
    pub(crate) fn policy_status(&self) -> PolicyStatus {
        let status = self.status().clone();
        if status.status.is_empty() {
            return PolicyStatus { status: "none".to_owned(), ..status };
        }
        status
    }

    /// The document in force, without secrets.
    pub(crate) fn policy_export(&self, as_json: bool) -> Result<String, ServiceError> {
        let live = self.live_policy().ok_or_else(|| ServiceError::NotFound {
            code: "no_policy",
            message: "no policy is loaded".to_owned(),
        })?;
        let document = preloop_core::canonical::export(live.document().clone());
        Ok(if as_json { to_json(&document) } else { to_yaml(&document, Some(SCHEMA_ADDRESS)) })
    }

    fn status(&self) -> MutexGuard<'_, PolicyStatus> {
        self.inner.policy_status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
