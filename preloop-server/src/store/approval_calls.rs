//! What is kept beside an approval request: the sealed call, and its sealed answer until it was told.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::EngineRow;
use super::row::{Columns, findable, micros};
use super::{Store, StoreError};

const TABLE: &str = "approval_call";

/// A text that only the servers can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedText {
    pub(crate) key_id: String,
    pub(crate) text: String,
}

/// What is kept of the call that a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredCall {
    pub(crate) account_id: Uuid,
    pub(crate) approval_id: Uuid,
    pub(crate) principal_id: String,
    pub(crate) call_hash: String,
    /// The call; none where its agent waits on a connection, and once it was answered.
    pub(crate) call: Option<SealedText>,
    /// The answer; none before there is one, and where it is too long to be kept or cannot be sealed.
    pub(crate) answer: Option<SealedText>,
    /// How long the answer is.
    pub(crate) answer_bytes: Option<i64>,
    /// When the answer reached its agent.
    pub(crate) told_at: Option<Timestamp>,
}

const SELECT: &str =
    "select approval_id, account_id, principal_id, call_hash, call_key_id, call_sealed,
    answer_key_id, answer_sealed, answer_bytes, told_at from approval_call";

impl Store {
    /// Notes that the agent waits for an answer, and keeps the call where there is one to keep.
    pub(crate) async fn approval_call_put(&self, call: &StoredCall) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sealed = call.call.as_ref();
        sqlx::query(
            "insert into approval_call (approval_id, account_id, principal_id, call_hash, call_key_id, call_sealed)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (approval_id) do update set
                call_key_id = coalesce(excluded.call_key_id, approval_call.call_key_id),
                call_sealed = coalesce(excluded.call_sealed, approval_call.call_sealed)
             where approval_call.ended_at is null",
        )
        .bind(call.approval_id.to_string())
        .bind(call.account_id.to_string())
        .bind(findable(&call.principal_id))
        .bind(&call.call_hash)
        .bind(sealed.map(|sealed| sealed.key_id.clone()))
        .bind(sealed.map(|sealed| sealed.text.clone()))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// What is kept beside a request.
    pub(crate) async fn approval_call_find(
        &self,
        account_id: Uuid,
        approval_id: Uuid,
    ) -> Result<Option<StoredCall>, StoreError> {
        let mut statement = super::dialect::Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        statement.push(" and approval_id = ").bind(approval_id.to_string())?;
        let found = statement.query().fetch_optional(self.connections.reader()).await?;
        found.as_ref().map(read).transpose()
    }

    /// Keeps the answer of a call that ran, as told where it is on its way to the agent; the call itself is not needed any
    /// more.
    pub(crate) async fn approval_call_answer(
        &self,
        approval_id: Uuid,
        answer: Option<SealedText>,
        answer_bytes: Option<i64>,
        is_told: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "update approval_call set call_key_id = null, call_sealed = null, answer_key_id = $2,
                answer_sealed = $3, answer_bytes = $4, ended_at = $5, told_at = $6
             where approval_id = $1",
        )
        .bind(approval_id.to_string())
        .bind(answer.as_ref().map(|answer| answer.key_id.clone()))
        .bind(answer.map(|answer| answer.text))
        .bind(answer_bytes)
        .bind(micros(now))
        .bind(is_told.then(|| micros(now)))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Notes whether the answer reached its agent.
    pub(crate) async fn approval_call_told(
        &self,
        approval_id: Uuid,
        told_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("update approval_call set told_at = $2 where approval_id = $1")
            .bind(approval_id.to_string())
            .bind(told_at.map(micros))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The request whose one use an identical call had, and whose answer never reached the agent; only while the
    /// approval would still be good.
    pub(crate) async fn approval_call_untold(
        &self,
        account_id: Uuid,
        principal_id: &str,
        call_hash: &str,
        now: Timestamp,
    ) -> Result<Option<Uuid>, StoreError> {
        let row = sqlx::query(
            "select approval_call.approval_id from approval_call
             join approval on approval.approval_id = approval_call.approval_id
             where approval_call.account_id = $1 and approval_call.principal_id = $2
               and approval_call.call_hash = $3 and approval_call.told_at is null
               and approval.used_at is not null and approval.use_by > $4
               and approval.outcome in ('claimed', 'running', 'completed', 'failed', 'unknown')
             order by approval.used_at desc limit 1",
        )
        .bind(account_id.to_string())
        .bind(findable(principal_id))
        .bind(call_hash)
        .bind(micros(now))
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(|row| Columns::of(TABLE, "approval_id", &row).id("approval_id")).transpose()
    }

    /// Forgets what ended before `ended`, and calls of requests that were settled before it and never ran.
    pub(crate) async fn approval_call_prune(&self, ended: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let gone = sqlx::query(
            "delete from approval_call where ended_at < $1 or (ended_at is null and exists (
                select 1 from approval
                where approval.approval_id = approval_call.approval_id and state <> 'pending'
                  and decided_at < $1 and (use_by is null or use_by < $1)))",
        )
        .bind(micros(ended))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }

    /// Seals everything that is kept anew, all or none; what cannot be opened is forgotten.
    pub(crate) async fn approval_call_reseal(
        &self,
        mut reseal: impl FnMut(&StoredCall) -> (Option<SealedText>, Option<SealedText>),
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let mut statement = super::dialect::Statement::new(SELECT);
        statement.push(" where call_sealed is not null or answer_sealed is not null");
        for row in statement.query().fetch_all(&mut *tx).await? {
            let stored = read(&row)?;
            let (call, answer) = reseal(&stored);
            sqlx::query(
                "update approval_call set call_key_id = $2, call_sealed = $3, answer_key_id = $4,
                    answer_sealed = $5
                 where approval_id = $1",
            )
            .bind(stored.approval_id.to_string())
            .bind(call.as_ref().map(|sealed| sealed.key_id.clone()))
            .bind(call.map(|sealed| sealed.text))
            .bind(answer.as_ref().map(|sealed| sealed.key_id.clone()))
            .bind(answer.map(|sealed| sealed.text))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await
    }
}

fn read(row: &EngineRow) -> Result<StoredCall, StoreError> {
    let columns = Columns::of(TABLE, "approval_id", row);
    let sealed = |key_id: &str, text: &str| -> Result<Option<SealedText>, StoreError> {
        let pair = columns.text_opt(key_id)?.zip(columns.text_opt(text)?);
        Ok(pair.map(|(key_id, text)| SealedText { key_id, text }))
    };
    Ok(StoredCall {
        account_id: columns.id("account_id")?,
        approval_id: columns.id("approval_id")?,
        principal_id: columns.text("principal_id")?,
        call_hash: columns.text("call_hash")?,
        call: sealed("call_key_id", "call_sealed")?,
        answer: sealed("answer_key_id", "answer_sealed")?,
        answer_bytes: columns.integer_opt("answer_bytes")?,
        told_at: columns.time_opt("told_at")?,
    })
}
