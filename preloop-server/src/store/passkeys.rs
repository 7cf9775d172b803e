//! Passkeys of users, and the challenges that wait for a passkey's answer.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::EngineRow;
use super::row::{Columns, micros};
use super::{Store, StoreError};

const TABLE: &str = "passkey";
const CHALLENGES: &str = "passkey_challenge";
/// Challenges that one user may have open; the oldest goes first.
const CHALLENGES_MAX: i64 = 20;

/// A passkey as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPasskey {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    /// What the authenticator calls it.
    pub(crate) credential_id: String,
    /// What its answers are checked by, as JSON.
    pub(crate) credential: String,
    pub(crate) created_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
}

/// A challenge that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasskeyChallenge {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) user_id: Uuid,
    /// What an answer would be for.
    pub(crate) purpose: String,
    /// What is asked: random bytes in base64url.
    pub(crate) challenge: String,
    pub(crate) expires_at: Timestamp,
}

impl Store {
    /// Adds a passkey; false where another user has the same, or this one too many.
    pub(crate) async fn passkey_insert(
        &self,
        passkey: &StoredPasskey,
        most: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("passkeys of {}", passkey.user_id)).await?;
        let count: i64 = sqlx::query_scalar("select count(*) from passkey where user_id = $1")
            .bind(passkey.user_id.to_string())
            .fetch_one(&mut *tx)
            .await?;
        if count >= most {
            return Ok(false);
        }
        let added = sqlx::query(
            "insert into passkey (passkey_id, account_id, user_id, name, credential_id, credential, created_at)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential_id) do nothing",
        )
        .bind(passkey.id.to_string())
        .bind(passkey.account_id.to_string())
        .bind(passkey.user_id.to_string())
        .bind(&passkey.name)
        .bind(&passkey.credential_id)
        .bind(&passkey.credential)
        .bind(micros(passkey.created_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(added.rows_affected() == 1)
    }

    /// The passkeys of a user, oldest first.
    pub(crate) async fn passkey_list(
        &self,
        user_id: Uuid,
    ) -> Result<Vec<StoredPasskey>, StoreError> {
        let rows = sqlx::query(
            "select passkey_id, account_id, user_id, name, credential_id, credential, created_at, used_at
             from passkey where user_id = $1 order by created_at, passkey_id",
        )
        .bind(user_id.to_string())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Stores what a passkey's answer changed, from what it was compared with, and when it was used; false where it is not
    /// what it was any more.
    pub(crate) async fn passkey_used(
        &self,
        user_id: Uuid,
        credential_id: &str,
        (before, after): (&str, &str),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let changed = sqlx::query(
            "update passkey set credential = $4, used_at = $5
             where user_id = $1 and credential_id = $2 and credential = $3",
        )
        .bind(user_id.to_string())
        .bind(credential_id)
        .bind(before)
        .bind(after)
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(changed.rows_affected() == 1)
    }

    /// Removes a passkey of a user; false where there is no such one.
    pub(crate) async fn passkey_remove(&self, user_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let removed = sqlx::query("delete from passkey where passkey_id = $1 and user_id = $2")
            .bind(id.to_string())
            .bind(user_id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(removed.rows_affected() == 1)
    }

    /// Adds a challenge, and forgets the user's that have ended or are too many.
    pub(crate) async fn passkey_challenge_insert(
        &self,
        challenge: &PasskeyChallenge,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "delete from passkey_challenge where user_id = $1 and (expires_at <= $2 or challenge_id in (
                select challenge_id from passkey_challenge where user_id = $1
                order by expires_at desc, challenge_id desc limit 1000 offset $3
            ))",
        )
        .bind(challenge.user_id.to_string())
        .bind(micros(now))
        .bind(CHALLENGES_MAX - 1)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "insert into passkey_challenge (challenge_id, account_id, user_id, purpose, challenge, expires_at)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(challenge.id.to_string())
        .bind(challenge.account_id.to_string())
        .bind(challenge.user_id.to_string())
        .bind(&challenge.purpose)
        .bind(&challenge.challenge)
        .bind(micros(challenge.expires_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Takes a challenge: of answers that come at once, one gets it.
    pub(crate) async fn passkey_challenge_take(
        &self,
        user_id: Uuid,
        id: Uuid,
    ) -> Result<Option<PasskeyChallenge>, StoreError> {
        let mut tx = self.write().await?;
        let row = sqlx::query(
            "delete from passkey_challenge where challenge_id = $1 and user_id = $2
             returning challenge_id, account_id, user_id, purpose, challenge, expires_at",
        )
        .bind(id.to_string())
        .bind(user_id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of(CHALLENGES, "challenge_id", &row);
        Ok(Some(PasskeyChallenge {
            id: columns.id("challenge_id")?,
            account_id: columns.id("account_id")?,
            user_id: columns.id("user_id")?,
            purpose: columns.text("purpose")?,
            challenge: columns.text("challenge")?,
            expires_at: columns.time("expires_at")?,
        }))
    }
}

fn read(row: &EngineRow) -> Result<StoredPasskey, StoreError> {
    let columns = Columns::of(TABLE, "passkey_id", row);
    Ok(StoredPasskey {
        id: columns.id("passkey_id")?,
        account_id: columns.id("account_id")?,
        user_id: columns.id("user_id")?,
        name: columns.text("name")?,
        credential_id: columns.text("credential_id")?,
        credential: columns.text("credential")?,
        created_at: columns.time("created_at")?,
        used_at: columns.time_opt("used_at")?,
    })
}
