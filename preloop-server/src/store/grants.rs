//! Calls that approvers had remembered.

use preloop_core::Timestamp;
use preloop_core::approval::Grant;
use uuid::Uuid;

use super::dialect::EngineRow;
use super::row::{Columns, findable, micros, to_json};
use super::{Change, Store, StoreError};

const TABLE: &str = "approval_grant";

/// A grant as stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredGrant {
    pub(crate) id: Uuid,
    /// The request by whose approval it was made.
    pub(crate) approval_id: Uuid,
    pub(crate) principal_name: String,
    pub(crate) user_id: Uuid,
    pub(crate) user_name: String,
    pub(crate) grant: Grant,
    pub(crate) created_at: Timestamp,
}

impl Store {
    /// Adds a grant.
    pub(crate) async fn grant_insert(
        &self,
        account_id: Uuid,
        stored: &StoredGrant,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "insert into approval_grant (grant_id, account_id, approval_id, principal_name, user_id,
                user_name, body, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(stored.id.to_string())
        .bind(account_id.to_string())
        .bind(stored.approval_id.to_string())
        .bind(findable(&stored.principal_name))
        .bind(stored.user_id.to_string())
        .bind(&stored.user_name)
        .bind(to_json(TABLE, &stored.id, &stored.grant)?)
        .bind(micros(stored.created_at))
        .bind(micros(stored.grant.expires_at))
        .execute(&mut *tx)
        .await?;
        tx.announce(&Change::of_grants(account_id)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The grants that are not revoked and not over, newest first.
    pub(crate) async fn grant_list(
        &self,
        account_id: Uuid,
        now: Timestamp,
    ) -> Result<Vec<StoredGrant>, StoreError> {
        let rows = sqlx::query(
            "select grant_id, approval_id, principal_name, user_id, user_name, body, created_at
             from approval_grant
             where account_id = $1 and revoked_at is null and expires_at > $2
             order by created_at desc, grant_id desc",
        )
        .bind(account_id.to_string())
        .bind(micros(now))
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Whether a grant stands: another server may have heard of its end before this one.
    pub(crate) async fn grant_stands(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "select 1 from approval_grant
             where account_id = $1 and grant_id = $2 and revoked_at is null",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .fetch_optional(self.connections.reader())
        .await?;
        Ok(found.is_some())
    }

    /// Ends a grant; false where there is none that stands.
    pub(crate) async fn grant_revoke(
        &self,
        account_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let revoked = sqlx::query(
            "update approval_grant set revoked_at = $3
             where account_id = $1 and grant_id = $2 and revoked_at is null",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.announce(&Change::of_grants(account_id)).await?;
        tx.commit().await?;
        Ok(revoked.rows_affected() == 1)
    }
}

fn read(row: &EngineRow) -> Result<StoredGrant, StoreError> {
    let columns = Columns::of(TABLE, "grant_id", row);
    Ok(StoredGrant {
        id: columns.id("grant_id")?,
        approval_id: columns.id("approval_id")?,
        principal_name: columns.text("principal_name")?,
        user_id: columns.id("user_id")?,
        user_name: columns.text("user_name")?,
        grant: columns.json("body")?,
        created_at: columns.time("created_at")?,
    })
}
