//! Moves audit records from the journal into the store, in batches and in order.

use preloop_core::audit::{AuditKind, AuditRecord};

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
            let (records, damaged) = self.journal_records(&batch.lines);
            self.inner.store.audit_append(self.inner.account_id, records, batch.next).await?;
            for line in damaged {
                if let Err(error) = self.inner.journal.set_aside(line) {
                    tracing::error!(%error, "cannot keep a damaged line of the audit journal");
                }
            }
            self.inner.journal_moved.send_replace(batch.next);
            if batch.next.segment > from.segment
                && let Err(error) = self.inner.journal.forget_before(batch.next)
            {
                tracing::warn!(%error, "cannot delete a file of the audit journal that was moved");
            }
        }
    }

    /// The records of the lines. A line that cannot be read is told of in its place: a trail with a hole must not verify as
    /// if there were none.
    fn journal_records<'a>(&self, lines: &'a [Vec<u8>]) -> (Vec<AuditRecord>, Vec<&'a [u8]>) {
        let mut damaged = Vec::new();
        let records = lines
            .iter()
            .filter_map(|line| {
                let Some((account_id, record)) = read_journal_line(line) else {
                    tracing::error!(bytes = line.len(), "a line of the audit journal is damaged");
                    damaged.push(line.as_slice());
                    let mut record = self.new_record(AuditKind::JournalDamaged);
                    record.message = Some(format!(
                        "a line of {} bytes could not be read, so a record is missing here; \
                         the line is kept in `journal/damaged.log` of the data folder",
                        line.len()
                    ));
                    return Some(record);
                };
                (account_id == self.inner.account_id).then_some(record)
            })
            .collect();
        (records, damaged)
    }
}

fn unreadable(error: &dyn std::error::Error) -> ServiceError {
    tracing::error!(%error, "cannot read the audit journal");
    ServiceError::Unavailable { message: "the audit journal cannot be read".to_owned() }
}
