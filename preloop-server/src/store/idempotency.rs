//! Answers kept under `Idempotency-Key`, so that a repeated request is answered and not done again.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::Statement;
use super::row::{Columns, micros};
use super::{LeftBy, Store, StoreError};

/// Whose key, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyEntry {
    pub(crate) account_id: Uuid,
    pub(crate) api_key_id: Uuid,
    pub(crate) key: String,
    /// Hash of method, path, body, conditions and media type: the same key must come with the same request.
    pub(crate) request_hash: String,
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepeatedAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) etag: Option<String>,
}

/// What a request with such a key meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdempotencyClaim {
    /// It was answered before.
    Answered(RepeatedAnswer),
    /// It is the first; do it.
    First,
    /// The first one is still being answered.
    InProgress,
    /// The key came with another request before.
    Mismatch,
}

impl Store {
    /// Takes the key for this request, or says what came of the one that has it; entries from before `stale` are forgotten.
    pub(crate) async fn idempotency_claim(
        &self,
        entry: &IdempotencyEntry,
        now: Timestamp,
        stale: Timestamp,
    ) -> Result<IdempotencyClaim, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("idempotency key {} {}", entry.api_key_id, entry.key)).await?;
        sqlx::query("delete from idempotency_key where created_at < $1")
            .bind(micros(stale))
            .execute(&mut *tx)
            .await?;
        let found = sqlx::query(
            "select idempotency_key, request_hash, status, body, etag from idempotency_key
             where account_id = $1 and api_key_id = $2 and idempotency_key = $3",
        )
        .bind(entry.account_id.to_string())
        .bind(entry.api_key_id.to_string())
        .bind(&entry.key)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(row) = found {
            let columns = Columns::of("idempotency_key", "idempotency_key", &row);
            if columns.text("request_hash")? != entry.request_hash {
                return Ok(IdempotencyClaim::Mismatch);
            }
            let Some(status) = columns.integer_opt("status")? else {
                return Ok(IdempotencyClaim::InProgress);
            };
            let status = u16::try_from(status)
                .map_err(|_| columns.corrupt("`status` is no HTTP status".to_owned()))?;
            let body = columns.text_opt("body")?.unwrap_or_default();
            let etag = columns.text_opt("etag")?;
            return Ok(IdempotencyClaim::Answered(RepeatedAnswer { status, body, etag }));
        }
        sqlx::query(
            "insert into idempotency_key
                (account_id, api_key_id, idempotency_key, request_hash, created_at, replica)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(entry.account_id.to_string())
        .bind(entry.api_key_id.to_string())
        .bind(&entry.key)
        .bind(&entry.request_hash)
        .bind(micros(now))
        .bind(&*self.replica)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(IdempotencyClaim::First)
    }

    /// Keeps the answer.
    pub(crate) async fn idempotency_answer(
        &self,
        entry: &IdempotencyEntry,
        answer: &RepeatedAnswer,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "update idempotency_key set status = $4, body = $5, etag = $6
             where account_id = $1 and api_key_id = $2 and idempotency_key = $3 and replica = $7",
        )
        .bind(entry.account_id.to_string())
        .bind(entry.api_key_id.to_string())
        .bind(&entry.key)
        .bind(i64::from(answer.status))
        .bind(&answer.body)
        .bind(&answer.etag)
        // One that was taken for dead leaves the answer of whoever repeated the request.
        .bind(&*self.replica)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Frees the key again: the request failed in a way that a repetition may mend.
    pub(crate) async fn idempotency_release(
        &self,
        entry: &IdempotencyEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "delete from idempotency_key
             where account_id = $1 and api_key_id = $2 and idempotency_key = $3 and status is null
                and replica = $4",
        )
        .bind(entry.account_id.to_string())
        .bind(entry.api_key_id.to_string())
        .bind(&entry.key)
        .bind(&*self.replica)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Store {
    /// Forgets requests that were being answered when their server stopped, so that they can be made again.
    pub(crate) async fn idempotency_reset(&self, by: LeftBy) -> Result<(), StoreError> {
        let mut statement =
            Statement::new("delete from idempotency_key where status is null and replica in ");
        self.push_replicas(&mut statement, by)?;
        let mut tx = self.write().await?;
        statement.query().execute(&mut *tx).await?;
        tx.commit().await
    }
}
