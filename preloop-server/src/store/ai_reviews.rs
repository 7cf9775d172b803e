//! Requests that wait for a model, each taken by one server for a while.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::WriteTransaction;
use super::row::{Columns, micros};
use super::{Store, StoreError};

/// A request that this server asks a model about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenReview {
    pub(crate) account_id: Uuid,
    pub(crate) approval_id: Uuid,
    /// How often it was taken, this time included.
    pub(crate) attempts: i64,
}

impl Store {
    /// Takes a request that nobody asks about, until `until`; none where there is none.
    pub(crate) async fn ai_review_take(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<TakenReview>, StoreError> {
        let free = sqlx::query(
            "select approval_id, account_id, attempts, leased_until from ai_review
             where leased_until <= $1 order by leased_until, approval_id limit 1",
        )
        .bind(micros(now))
        .fetch_optional(self.connections.reader())
        .await?;
        let Some(row) = free else { return Ok(None) };
        let columns = Columns::of("ai_review", "approval_id", &row);
        let (approval_id, was) = (columns.id("approval_id")?, columns.integer("leased_until")?);
        let mut tx = self.write().await?;
        let taken = sqlx::query(
            "update ai_review set leased_until = $2, replica = $3, attempts = attempts + 1
             where approval_id = $1 and leased_until = $4",
        )
        .bind(approval_id.to_string())
        .bind(micros(until))
        .bind(&*self.replica)
        .bind(was)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        // Another server may have been quicker.
        Ok((taken.rows_affected() == 1).then_some(TakenReview {
            account_id: columns.id("account_id")?,
            approval_id,
            attempts: columns.integer("attempts")?.saturating_add(1),
        }))
    }

    /// The model has answered, or is not needed any more.
    pub(crate) async fn ai_review_done(&self, approval_id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("delete from ai_review where approval_id = $1")
            .bind(approval_id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Lets go of what this server had taken when it stopped.
    pub(crate) async fn ai_review_let_go(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("update ai_review set leased_until = 0 where replica = $1")
            .bind(&*self.replica)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

/// Has a model asked about a request, inside the transaction that makes it.
pub(super) async fn insert(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    approval_id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query("insert into ai_review (approval_id, account_id) values ($1, $2)")
        .bind(approval_id.to_string())
        .bind(account_id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
