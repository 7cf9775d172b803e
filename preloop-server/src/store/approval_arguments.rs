//! Arguments of approval requests as they were sent, sealed, where people are shown less than all of them.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::{EngineRow, Statement, WriteTransaction};
use super::row::{Columns, micros};
use super::{SealedText, Store, StoreError};

const TABLE: &str = "approval_arguments";

const SELECT: &str =
    "select approval_id, account_id, call_hash, bytes, key_id, sealed from approval_arguments";

/// The arguments of a request, as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredArguments {
    pub(crate) account_id: Uuid,
    pub(crate) approval_id: Uuid,
    pub(crate) call_hash: String,
    /// How long they are.
    pub(crate) bytes: i64,
    /// None where they are too long to be kept, or could not be sealed.
    pub(crate) sealed: Option<SealedText>,
}

impl Store {
    /// What is kept of a request's arguments.
    pub(crate) async fn approval_arguments_find(
        &self,
        account_id: Uuid,
        approval_id: Uuid,
    ) -> Result<Option<StoredArguments>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        statement.push(" and approval_id = ").bind(approval_id.to_string())?;
        let found = statement.query().fetch_optional(self.connections.reader()).await?;
        found.as_ref().map(read).transpose()
    }

    /// Forgets the arguments of requests that were settled before `settled` and cannot be used any more.
    pub(crate) async fn approval_arguments_prune(
        &self,
        settled: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let gone = sqlx::query(
            "delete from approval_arguments where exists (
                select 1 from approval
                where approval.approval_id = approval_arguments.approval_id and state <> 'pending'
                  and decided_at < $1 and (use_by is null or use_by < $1))",
        )
        .bind(micros(settled))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }

    /// Seals everything that is kept anew, all or none; what cannot be opened is forgotten.
    pub(crate) async fn approval_arguments_reseal(
        &self,
        mut reseal: impl FnMut(&StoredArguments) -> Option<SealedText>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let mut statement = Statement::new(SELECT);
        statement.push(" where sealed is not null");
        for row in statement.query().fetch_all(&mut *tx).await? {
            let stored = read(&row)?;
            let sealed = reseal(&stored);
            sqlx::query(
                "update approval_arguments set key_id = $2, sealed = $3 where approval_id = $1",
            )
            .bind(stored.approval_id.to_string())
            .bind(sealed.as_ref().map(|sealed| sealed.key_id.clone()))
            .bind(sealed.map(|sealed| sealed.text))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await
    }
}

/// Adds them with their request.
pub(super) async fn insert(
    tx: &mut WriteTransaction,
    arguments: &StoredArguments,
) -> Result<(), StoreError> {
    let sealed = arguments.sealed.as_ref();
    sqlx::query(
        "insert into approval_arguments (approval_id, account_id, call_hash, bytes, key_id, sealed)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(arguments.approval_id.to_string())
    .bind(arguments.account_id.to_string())
    .bind(&arguments.call_hash)
    .bind(arguments.bytes)
    .bind(sealed.map(|sealed| sealed.key_id.clone()))
    .bind(sealed.map(|sealed| sealed.text.clone()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read(row: &EngineRow) -> Result<StoredArguments, StoreError> {
    let columns = Columns::of(TABLE, "approval_id", row);
    let sealed = columns.text_opt("key_id")?.zip(columns.text_opt("sealed")?);
    Ok(StoredArguments {
        account_id: columns.id("account_id")?,
        approval_id: columns.id("approval_id")?,
        call_hash: columns.text("call_hash")?,
        bytes: columns.integer("bytes")?,
        sealed: sealed.map(|(key_id, text)| SealedText { key_id, text }),
    })
}
