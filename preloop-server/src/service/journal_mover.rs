//! Moves audit records from the journal into the store, in batches and in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use preloop_core::audit::{AuditKind, AuditRecord};
use uuid::Uuid;

use super::audit::read_journal_line;
use super::{Platform, ServiceError};

/// About how much is moved in one transaction.
const BATCH_BYTES: usize = 512 * 1024;

impl Platform {
    /// Moves everything that is in the journal now.
    pub(crate) async fn journal_move(&self) -> Result<(), ServiceError> {
        loop {
            let shared = self.shared();
            let from = *shared.journal_moved.borrow();
            let reader = Arc::clone(shared);
            let read = tokio::task::spawn_blocking(move || reader.journal.read(from, BATCH_BYTES));
            let batch = match read.await {
                Ok(Ok(batch)) => batch,
                Ok(Err(error)) => return Err(unreadable(&error)),
                Err(error) => return Err(unreadable(&error)),
            };
            if batch.next == from {
                return Ok(());
            }
            let (records, damaged) = self.journal_records(&batch.lines);
            let moved = match shared.store.audit_append(records, batch.next).await {
                Ok(()) => batch.next,
                // A commit that was given up, or whose answer was lost, may be done, or be done later: what it moved is
                // not moved again.
                Err(error) => match shared.store.audit_moved_to().await? {
                    unmoved if unmoved == from => return Err(error.into()),
                    moved => moved,
                },
            };
            for line in damaged {
                if let Err(error) = shared.journal.set_aside(line) {
                    tracing::error!(%error, "cannot keep a damaged line of the audit journal");
                }
            }
            shared.journal_moved.send_replace(moved);
            if moved.segment > from.segment
                && let Err(error) = shared.journal.forget_before(moved)
            {
                tracing::warn!(%error, "cannot delete a file of the audit journal that was moved");
            }
        }
    }

    /// The records of the lines, by account. A line that cannot be read is told of in its place, in the operator's account: a
    /// trail with a hole must not verify as if there were none.
    fn journal_records<'a>(
        &self,
        lines: &'a [Vec<u8>],
    ) -> (BTreeMap<Uuid, Vec<AuditRecord>>, Vec<&'a [u8]>) {
        let mut damaged = Vec::new();
        let mut records: BTreeMap<Uuid, Vec<AuditRecord>> = BTreeMap::new();
        for line in lines {
            let (account_id, record) = read_journal_line(line).unwrap_or_else(|| {
                tracing::error!(bytes = line.len(), "a line of the audit journal is damaged");
                damaged.push(line.as_slice());
                let mut record = self.first().new_record(AuditKind::JournalDamaged);
                record.message = Some(format!(
                    "a line of {} bytes could not be read, so a record is missing here; \
                     the line is kept in `journal/damaged.log` of the data folder",
                    line.len()
                ));
                (self.first().account_id(), record)
            });
            records.entry(account_id).or_default().push(record);
        }
        (records, damaged)
    }
}

fn unreadable(error: &dyn std::error::Error) -> ServiceError {
    tracing::error!(%error, "cannot read the audit journal");
    ServiceError::Unavailable { message: "the audit journal cannot be read".to_owned() }
}
