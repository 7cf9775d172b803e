//! Accounts: everything belongs to one.

use preloop_api::Account;
use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::WriteTransaction;
use super::row::{Columns, micros};
use super::users::{self, StoredUser};
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
        begin_trail(&mut tx, new_id).await?;
        tx.commit().await?;
        Ok(new_id)
    }

    /// The account of that id.
    pub(crate) async fn account_find(&self, id: Uuid) -> Result<Option<Account>, StoreError> {
        let row =
            sqlx::query("select account_id, name, created_at from account where account_id = $1")
                .bind(id.to_string())
                .fetch_optional(self.connections.reader())
                .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of("account", "account_id", &row);
        Ok(Some(Account {
            id: columns.id("account_id")?,
            name: columns.text("name")?,
            created_at: columns.time("created_at")?,
        }))
    }

    /// Adds an account with its first owner; false where the name is taken.
    pub(crate) async fn account_insert(
        &self,
        account: &Account,
        owner: &StoredUser,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let inserted =
            sqlx::query("insert into account (account_id, name, created_at) values ($1, $2, $3)")
                .bind(account.id.to_string())
                .bind(&account.name)
                .bind(micros(account.created_at))
                .execute(&mut *tx)
                .await
                .map_err(StoreError::from);
        match inserted {
            Err(error) if error.is_duplicate() => return Ok(false),
            other => other?,
        };
        begin_trail(&mut tx, account.id).await?;
        users::insert(&mut tx, owner, &[]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Gives an account another name; false where it is taken.
    pub(crate) async fn account_rename(&self, id: Uuid, name: &str) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let renamed = sqlx::query("update account set name = $2 where account_id = $1")
            .bind(id.to_string())
            .bind(name)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from);
        match renamed {
            Err(error) if error.is_duplicate() => return Ok(false),
            other => other?,
        };
        tx.commit().await?;
        Ok(true)
    }
}

/// Notes that an account's trail is empty: verification must not take it for one whose beginning is gone.
async fn begin_trail(tx: &mut WriteTransaction, account_id: Uuid) -> Result<(), StoreError> {
    sqlx::query("insert into audit_head (account_id, seq, hash) values ($1, 0, $2)")
        .bind(account_id.to_string())
        .bind(preloop_core::audit::GENESIS_HASH)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
