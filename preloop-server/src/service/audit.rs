//! The audit trail: what goes in, and how it is read.

use std::time::Duration;

use preloop_api::{AuditVerification, BrokenRecord, Page, Permission};
use preloop_core::audit::{AuditKind, AuditRecord, ChainHead, ChainVerifier, EnforcementPoint};
use uuid::Uuid;

use super::{Caller, Platform, ServiceError, Services};
use crate::ids::new_id;
use crate::journal::Journal;
use crate::store::AuditFilter;

/// How long a reader waits for the journal to be moved, so that it sees what was answered before.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Records that verification reads at a time.
const CHUNK: u32 = 1_000;
/// Most problems that verification lists.
const PROBLEMS_MAX: usize = 100;

/// A request of a known caller that was refused before it became a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The tool that was asked for, where that is known.
    pub tool: Option<String>,
    /// The server that was asked for, where that is known.
    pub server: Option<String>,
    /// The approval request that it was about, where that is known.
    pub approval_id: Option<Uuid>,
    /// Why it was refused.
    pub message: String,
}

impl Services {
    /// Records a refusal.
    pub fn record_refusal(&self, caller: &Caller, point: EnforcementPoint, refusal: Refusal) {
        let mut record = self.new_record(AuditKind::RequestRefused);
        record.principal = Some(caller.principal.clone());
        record.enforcement_point = Some(point);
        record.tool = refusal.tool;
        record.server = refusal.server;
        record.approval_id = refusal.approval_id.map(|id| id.to_string());
        record.message = Some(refusal.message);
        self.record_or_log(&record);
    }

    /// Records of the account, in the order asked for.
    pub(crate) async fn audit_list(
        &self,
        caller: &Caller,
        filter: AuditFilter,
    ) -> Result<Page<AuditRecord>, ServiceError> {
        caller.must(Permission::AuditRead)?;
        self.audit_page(filter).await
    }

    /// Records of the account, for whoever may read those asked for.
    pub(super) async fn audit_page(
        &self,
        mut filter: AuditFilter,
    ) -> Result<Page<AuditRecord>, ServiceError> {
        self.audit_settled().await?;
        let limit = filter.limit;
        filter.limit = limit.saturating_add(1);
        let mut items = self.inner.store.audit_list(self.inner.account_id, &filter).await?;
        let has_more = items.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if has_more {
            items.pop();
        }
        let last = items.last().filter(|_| has_more);
        Ok(Page { next_cursor: last.map(|record| record.seq.to_string()), items })
    }

    /// Walks the whole chain and says where it is broken.
    pub(crate) async fn audit_verify(
        &self,
        caller: &Caller,
    ) -> Result<AuditVerification, ServiceError> {
        caller.must(Permission::AuditRead)?;
        self.audit_settled().await?;
        let account_id = self.inner.account_id;
        // The head is read first: records that come in meanwhile are after it and do no harm.
        let noted = self.inner.store.audit_head(account_id).await?;
        let mut verifier = ChainVerifier::default();
        let mut problems = Vec::new();
        let mut records: u64 = 0;
        let mut seq = None;
        let mut passed_head = noted.as_ref().is_none_or(|head| *head == ChainHead::default());
        loop {
            let chunk = self.inner.store.audit_chunk(account_id, seq, CHUNK).await?;
            let Some((last, _)) = chunk.last() else { break };
            seq = Some(*last);
            for (seq, read) in chunk {
                records = records.saturating_add(1);
                if let Err(message) = read.and_then(|record| verifier.check(&record)) {
                    problems.push(BrokenRecord { seq, message });
                }
                passed_head |= noted.as_ref().is_some_and(|head| head == verifier.head());
            }
        }
        if !passed_head {
            let seq = noted.as_ref().map_or(0, |head| head.seq);
            let message = "the trail ends before the last record that was written".to_owned();
            problems.push(BrokenRecord { seq, message });
        } else if noted.is_none() && records > 0 {
            let message = "the note of the last record that was written is gone".to_owned();
            problems.push(BrokenRecord { seq: verifier.head().seq, message });
        }
        problems.truncate(PROBLEMS_MAX);
        let head: Option<ChainHead> = (records > 0).then(|| verifier.head().clone());
        Ok(AuditVerification { is_valid: problems.is_empty(), records, head, problems })
    }

    /// Waits until everything recorded so far is in the store.
    pub(crate) async fn audit_settled(&self) -> Result<(), ServiceError> {
        let unavailable = || ServiceError::Unavailable {
            message:
                "the audit trail is behind: the database or the disk does not take its records"
                    .to_owned(),
        };
        if !self.inner.journal.is_written() {
            return Err(unavailable());
        }
        let end = self.inner.journal.end();
        let mut moved = self.inner.journal_moved.subscribe();
        if *moved.borrow() >= end {
            return Ok(());
        }
        self.inner.journal_hurry.notify_one();
        match tokio::time::timeout(SETTLE_TIMEOUT, moved.wait_for(|moved| *moved >= end)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(unavailable()),
        }
    }

    /// A record of something that happens now.
    pub(super) fn new_record(&self, kind: AuditKind) -> AuditRecord {
        let now = self.now();
        AuditRecord::new(new_id(now).to_string(), now, kind)
    }

    /// Puts a record into the journal before anything goes on.
    pub(super) fn record(&self, record: &AuditRecord) -> Result<(), ServiceError> {
        let line = journal_line(self.inner.account_id, record);
        Ok(self.inner.journal.append(line)?)
    }

    /// Puts a record into the journal where what it tells cannot be stopped any more.
    pub(super) fn record_or_log(&self, record: &AuditRecord) {
        append_or_log(&self.inner.journal, self.inner.account_id, record);
    }

    /// Records what a caller did to the account.
    pub(super) fn record_act(
        &self,
        caller: &Caller,
        kind: AuditKind,
        message: String,
    ) -> Result<(), ServiceError> {
        let mut record = self.new_record(kind);
        record.actor = Some(caller.principal.name.clone());
        record.message = Some(message);
        self.record(&record)
    }
}

impl Platform {
    /// Puts a record into the trail of an account that need not be in memory.
    pub(super) fn record_or_log(&self, account_id: Uuid, record: &AuditRecord) {
        append_or_log(&self.shared().journal, account_id, record);
    }
}

fn append_or_log(journal: &Journal, account_id: Uuid, record: &AuditRecord) {
    if journal.append_or_keep(journal_line(account_id, record)).is_err() {
        tracing::error!(kind = record.kind.as_str(), id = record.id, "an audit record was lost");
    }
}

/// The line of the journal: the account, a space, the record.
fn journal_line(account_id: Uuid, record: &AuditRecord) -> Vec<u8> {
    let mut line = Vec::with_capacity(1024);
    line.extend_from_slice(account_id.to_string().as_bytes());
    line.push(b' ');
    // A record holds only text keys and finite numbers, and memory takes every write.
    let _ = serde_json::to_writer(&mut line, record);
    line
}

/// What a line of the journal says; none where it is damaged.
pub(super) fn read_journal_line(line: &[u8]) -> Option<(Uuid, AuditRecord)> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (account_id, record) = line.split_at_checked(space)?;
    let account_id = std::str::from_utf8(account_id).ok()?.parse().ok()?;
    Some((account_id, serde_json::from_slice(record).ok()?))
}
