//! The account that everything belongs to.

use jiff::Timestamp;
use uuid::Uuid;

use super::row::{Columns, micros};
use super::{Store, StoreError};

impl Store {
    /// The account; makes it with `new_id` where there is none yet.
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
}
