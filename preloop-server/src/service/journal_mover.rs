//! Moves audit records from the journal into the store, in batches and in order.

use preloop_core::audit::AuditRecord;

use super::audit::read_journal_line;
use super::{ServiceError, Services};

/// About how much is moved in one transaction.
const BATCH_BYTES: usize = 512 * 1024;

impl Services {
    /// Moves everything that is in the journal now.
    pub(crate) async fn journal_move(&self) -> Result<(), ServiceError> {
        loop {
            let from = *self.inner.journal_moved.borrow();
            let services = self.clone();
            let read =
                tokio::task::spawn_blocking(move || services.inner.journal.read(from, BATCH_BYTES));
            let batch = match read.await {
                Ok(Ok(batch)) => batch,
                Ok(Err(error)) => return Err(unreadable(&error)),
                Err(error) => return Err(unreadable(&error)),
            };
            if batch.next == from {
                return Ok(());
            }
            let records = self.journal_records(&batch.lines);
            self.inner.store.audit_append(self.inner.account_id, records, batch.next).await?;
            self.inner.journal_moved.send_replace(batch.next);
            if batch.next.segment > from.segment
                && let Err(error) = self.inner.journal.forget_before(batch.next)
            {
                tracing::warn!(%error, "cannot delete a file of the audit journal that was moved");
            }
        }
    }

    fn journal_records(&self, lines: &[Vec<u8>]) -> Vec<AuditRecord> {
        lines
            .iter()
            .filter_map(|line| {
                let read = read_journal_line(line);
                if read.is_none() {
                    tracing::error!(bytes = line.len(), "a line of the audit journal is damaged");
                }
                read.filter(|(account_id, _)| *account_id == self.inner.account_id)
                    .map(|(_, record)| record)
            })
            .collect()
    }
}

fn unreadable(error: &dyn std::error::Error) -> ServiceError {
    tracing::error!(%error, "cannot read the audit journal");
    ServiceError::Unavailable { message: "the audit journal cannot be read".to_owned() }
}
