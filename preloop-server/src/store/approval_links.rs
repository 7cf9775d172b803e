//! Links to approval requests, by the hashes of their tokens.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::row::{Columns, micros};
use super::{Store, StoreError};

const TABLE: &str = "approval_link";
/// Longer than any request waits, its escalation counted: older links lead nowhere.
const KEPT: std::time::Duration = std::time::Duration::from_hours(24 * 62);
/// Links of one approver to one request; the oldest goes first.
const PER_APPROVER_MAX: i64 = 20;

/// A link as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovalLink {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) approval_id: Uuid,
    /// The one approver whom it is for.
    pub(crate) user_id: Uuid,
    pub(crate) created_at: Timestamp,
    /// When it decided.
    pub(crate) used_at: Option<Timestamp>,
}

impl Store {
    /// Adds a link by the hash of its token, and forgets those that lead nowhere any more.
    pub(crate) async fn approval_link_insert(
        &self,
        link: &ApprovalLink,
        hash: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let old = Timestamp::from_unix_micros(
            micros(link.created_at)
                .saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX)),
        );
        if let Ok(old) = old {
            sqlx::query("delete from approval_link where created_at < $1")
                .bind(micros(old))
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(
            "delete from approval_link where link_id in (
                select link_id from approval_link where approval_id = $1 and user_id = $2
                order by created_at desc, link_id desc limit 1000 offset $3
            )",
        )
        .bind(link.approval_id.to_string())
        .bind(link.user_id.to_string())
        .bind(PER_APPROVER_MAX - 1)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "insert into approval_link (link_id, account_id, approval_id, user_id, hash, created_at)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(link.id.to_string())
        .bind(link.account_id.to_string())
        .bind(link.approval_id.to_string())
        .bind(link.user_id.to_string())
        .bind(hash)
        .bind(micros(link.created_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// The link of that hash, in whichever account.
    pub(crate) async fn approval_link_find(
        &self,
        hash: &str,
    ) -> Result<Option<ApprovalLink>, StoreError> {
        let row = sqlx::query(
            "select link_id, account_id, approval_id, user_id, created_at, used_at
             from approval_link where hash = $1",
        )
        .bind(hash)
        .fetch_optional(self.connections.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of(TABLE, "link_id", &row);
        Ok(Some(ApprovalLink {
            id: columns.id("link_id")?,
            account_id: columns.id("account_id")?,
            approval_id: columns.id("approval_id")?,
            user_id: columns.id("user_id")?,
            created_at: columns.time("created_at")?,
            used_at: columns.time_opt("used_at")?,
        }))
    }

    /// Takes a link for deciding; false where it was taken before.
    pub(crate) async fn approval_link_take(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let taken = sqlx::query(
            "update approval_link set used_at = $2 where link_id = $1 and used_at is null",
        )
        .bind(id.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Gives a link back whose vote did not count.
    pub(crate) async fn approval_link_give_back(&self, id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("update approval_link set used_at = null where link_id = $1")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}
