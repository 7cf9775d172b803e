//! Calls that wait on an open connection, so that a restart can say that they were interrupted.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::WriteTransaction;
use super::row::micros;
use super::{Store, StoreError};

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldCall {
    pub(crate) decision_id: Uuid,
    pub(crate) approval_id: Uuid,
}

impl Store {
    pub(crate) async fn held_call_insert(
        &self,
        account_id: Uuid,
        call: HeldCall,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert(&mut tx, &self.replica, account_id, call, now).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn held_call_delete(&self, decision_id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("delete from held_call where decision_id = $1")
            .bind(decision_id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Notes a call as waiting, inside a transaction of somebody else.
pub(super) async fn insert(
    tx: &mut WriteTransaction,
    replica: &str,
    account_id: Uuid,
    call: HeldCall,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into held_call (decision_id, account_id, approval_id, created_at, replica)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(call.decision_id.to_string())
    .bind(account_id.to_string())
    .bind(call.approval_id.to_string())
    .bind(micros(now))
    .bind(replica)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
