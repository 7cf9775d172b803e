//! Changes of policies that the trail does not tell yet: a server that dies between the commit and its journal finds them
//! at the next start.

use preloop_api::PolicyVersion;
use preloop_core::audit::AuditRecord;
use uuid::Uuid;

use super::super::dialect::WriteTransaction;
use super::super::row::{Columns, micros, to_json};
use super::super::{Store, StoreError};

const TABLE: &str = "untold_change";

/// The record that a change of a policy leaves in the trail.
#[derive(Clone, Debug)]
pub(crate) struct ChangeRecord {
    /// The record, without its message.
    pub(crate) record: AuditRecord,
    /// The message, by the version that the change made.
    pub(crate) told: fn(&PolicyVersion) -> String,
}

// === impl ChangeRecord ===

impl ChangeRecord {
    /// The whole record.
    pub(crate) fn of(&self, version: &PolicyVersion) -> AuditRecord {
        let mut record = self.record.clone();
        record.message = Some((self.told)(version));
        record
    }
}

impl Store {
    /// The records of the account that this server may not have written yet, oldest first.
    pub(crate) async fn untold_list(
        &self,
        account_id: Uuid,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let rows = sqlx::query(
            "select untold_change_id, record from untold_change
             where account_id = $1 and replica = $2 order by made_at, untold_change_id",
        )
        .bind(account_id.to_string())
        .bind(&*self.replica)
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(|row| Columns::of(TABLE, "untold_change_id", row).json("record")).collect()
    }

    /// Whether the trail has the record.
    pub(crate) async fn untold_is_told(&self, record_id: &str) -> Result<bool, StoreError> {
        let found =
            sqlx::query("select audit_record_id from audit_record where audit_record_id = $1")
                .bind(record_id)
                .fetch_optional(self.connections.reader())
                .await?;
        Ok(found.is_some())
    }

    /// Forgets a record that is in the trail now.
    pub(crate) async fn untold_forget(&self, record_id: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("delete from untold_change where untold_change_id = $1")
            .bind(record_id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

/// Notes a record as a part of the change that it tells.
pub(super) async fn note(
    store: &Store,
    tx: &mut WriteTransaction,
    account_id: Uuid,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into untold_change (untold_change_id, account_id, replica, record, made_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(&record.id)
    .bind(account_id.to_string())
    .bind(&*store.replica)
    .bind(to_json(TABLE, &record.id, record)?)
    .bind(micros(record.at))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
