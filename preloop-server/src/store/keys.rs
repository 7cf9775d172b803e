//! API keys, by their hashes.

use preloop_api::{ApiKey, Role};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::EngineRow;
use super::row::{Columns, micros};
use super::{Change, Store, StoreError};

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) api_key: ApiKey,
    /// SHA-256 of its text, in hex.
    pub(crate) hash: String,
}

impl Store {
    /// Every key of the account, good or revoked, oldest first.
    pub(crate) async fn key_list(&self, account_id: Uuid) -> Result<Vec<StoredKey>, StoreError> {
        let rows = sqlx::query(
            "select api_key_id, name, role, principal_id, hash, hint, created_at, revoked_at
             from api_key where account_id = $1 order by created_at, api_key_id",
        )
        .bind(account_id.to_string())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The good keys of all accounts.
    pub(crate) async fn key_list_good(&self) -> Result<Vec<(Uuid, StoredKey)>, StoreError> {
        let rows = sqlx::query(
            "select api_key_id, account_id, name, role, principal_id, hash, hint, created_at,
                revoked_at
             from api_key where revoked_at is null",
        )
        .fetch_all(self.connections.reader())
        .await?;
        let account = |row| Columns::of("api_key", "api_key_id", row).id("account_id");
        rows.iter().map(|row| Ok((account(row)?, read(row)?))).collect()
    }

    /// Adds a key; false where the name or the key is taken.
    pub(crate) async fn key_insert(
        &self,
        account_id: Uuid,
        key: &StoredKey,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let inserted = sqlx::query(
            "insert into api_key
                (api_key_id, account_id, name, role, principal_id, hash, hint, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(key.api_key.id.to_string())
        .bind(account_id.to_string())
        .bind(&key.api_key.name)
        .bind(key.api_key.role.as_str())
        .bind(&key.api_key.principal_id)
        .bind(&key.hash)
        .bind(&key.api_key.hint)
        .bind(micros(key.api_key.created_at))
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from);
        match inserted {
            Err(error) if error.is_duplicate() => return Ok(false),
            other => other?,
        };
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Revokes a good key; false where there is none of that id.
    pub(crate) async fn key_revoke(
        &self,
        account_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let revoked = sqlx::query(
            "update api_key set revoked_at = $3
             where account_id = $1 and api_key_id = $2 and revoked_at is null",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(revoked.rows_affected() == 1)
    }
}

fn read(row: &EngineRow) -> Result<StoredKey, StoreError> {
    let columns = Columns::of("api_key", "api_key_id", row);
    Ok(StoredKey {
        api_key: ApiKey {
            id: columns.id("api_key_id")?,
            name: columns.text("name")?,
            role: columns.named("role", Role::from_name)?,
            principal_id: columns.text("principal_id")?,
            hint: columns.text("hint")?,
            created_at: columns.time("created_at")?,
            revoked_at: columns.time_opt("revoked_at")?,
        },
        hash: columns.text("hash")?,
    })
}
