//! Accounts: everything belongs to one.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::row::{Columns, micros};
use super::{Store, StoreError};

impl Store {
    /// The first account; makes it with `new_id` where there is none yet.
    pub(crate) async fn account_ensure(
        &self,
        new_id: Uuid,
        now: Timestamp,
    ) -> Result<Uuid, StoreError> {
        let mut tx = self.write().await?;
        tx.hold("accounts").await?;
        let found = sqlx::query("select account_id from account order by created_at limit 1")
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = found {
            return Columns::of("account", "account_id", &row).id("account_id");
        }
        sqlx::query("insert into account (account_id, name, created_at) values ($1, 'main', $2)")
            .bind(new_id.to_string())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(new_id)
    }

    /// Accounts in which this server left calls open: what a crash leaves behind.
    pub(crate) async fn account_unfinished(&self) -> Result<Vec<Uuid>, StoreError> {
        let rows = sqlx::query(
            "select account_id from held_call where replica = $1
             union select account_id from approval
                where outcome in ('claimed', 'running') and (used_by = $1 or used_by is null)
             order by account_id",
        )
        .bind(self.replica())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(|row| Columns::of("account", "account_id", row).id("account_id")).collect()
    }
}
