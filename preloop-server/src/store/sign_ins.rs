//! Sign-ins and their tokens, by their hashes.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::WriteTransaction;
use super::row::{Columns, micros};
use super::users::{self, StoredUser};
use super::{Store, StoreError};

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Requests with a bearer token.
    Access,
    /// Requests of a browser.
    Cookie,
    /// The next pair of tokens, once.
    Refresh,
}

/// A token to be stored.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    /// SHA-256 of its text, in hex.
    pub(crate) hash: String,
    pub(crate) kind: TokenKind,
    pub(crate) expires_at: Timestamp,
}

/// One sign-in: a browser's session or a family of bearer tokens.
#[derive(Clone, Debug)]
pub(crate) struct SignInRow {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) user_id: Uuid,
    /// Whether it is a browser's.
    pub(crate) is_cookie: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) used_at: Timestamp,
    /// It ends then at the latest.
    pub(crate) expires_at: Timestamp,
}

/// What a token stands for.
#[derive(Clone, Debug)]
pub(crate) struct FoundSignIn {
    pub(crate) sign_in: SignInRow,
    pub(crate) kind: TokenKind,
    pub(crate) token_expires_at: Timestamp,
    pub(crate) user: StoredUser,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refreshed {
    /// It is spent, and the new tokens are stored.
    Renewed,
    /// There is no such token, or it has ended.
    Unknown,
    /// It was spent before: somebody else has it. The whole family is ended.
    Reused {
        /// The family.
        sign_in_id: Uuid,
        /// Whose it was.
        account_id: Uuid,
    },
}

// === impl TokenKind ===

impl TokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Cookie => "cookie",
            Self::Refresh => "refresh",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Access, Self::Cookie, Self::Refresh].into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Store {
    /// Adds a sign-in with its tokens, and forgets the user's that have ended; false where the user is disabled, or has
    /// another password by now than the one that was looked at.
    pub(crate) async fn sign_in_insert(
        &self,
        sign_in: &SignInRow,
        tokens: &[NewToken],
        password: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        // First, so that whoever changes the user waits, or was waited for.
        let user = sqlx::query(
            "update app_user set signed_in_at = $2
             where user_id = $1 and coalesce(password, '') = $3 and disabled_at is null",
        )
        .bind(sign_in.user_id.to_string())
        .bind(micros(sign_in.created_at))
        .bind(password)
        .execute(&mut *tx)
        .await?;
        if user.rows_affected() != 1 {
            return Ok(false);
        }
        forget_ended(&mut tx, sign_in.user_id, sign_in.created_at).await?;
        sqlx::query(
            "insert into sign_in (sign_in_id, account_id, user_id, kind, created_at, used_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(sign_in.id.to_string())
        .bind(sign_in.account_id.to_string())
        .bind(sign_in.user_id.to_string())
        .bind(if sign_in.is_cookie { "cookie" } else { "token" })
        .bind(micros(sign_in.created_at))
        .bind(micros(sign_in.used_at))
        .bind(micros(sign_in.expires_at))
        .execute(&mut *tx)
        .await?;
        insert_tokens(&mut tx, sign_in.id, tokens).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What a token stands for, whether or not it has ended; spent ones stand for nothing.
    pub(crate) async fn sign_in_find(&self, hash: &str) -> Result<Option<FoundSignIn>, StoreError> {
        let row = sqlx::query(
            "select s.sign_in_id, s.kind as sign_in_kind, s.created_at as began_at, s.used_at,
                s.expires_at as ends_at, k.kind as token_kind, k.expires_at as token_ends_at,
                u.user_id, u.account_id, u.principal_id, u.name, u.email, u.role, u.password,
                u.created_at, u.disabled_at, u.signed_in_at
             from sign_in_token k
             join sign_in s on s.sign_in_id = k.sign_in_id
             join app_user u on u.user_id = s.user_id
             where k.hash = $1 and k.spent_at is null",
        )
        .bind(hash)
        .fetch_optional(self.connections.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of("sign_in", "sign_in_id", &row);
        let mut user = users::read(&row)?;
        let teams = self.team_names(Some(user.account_id)).await?;
        user.user.teams = teams.get(&user.user.id).cloned().unwrap_or_default();
        Ok(Some(FoundSignIn {
            sign_in: SignInRow {
                id: columns.id("sign_in_id")?,
                account_id: user.account_id,
                user_id: user.user.id,
                is_cookie: columns.text("sign_in_kind")? == "cookie",
                created_at: columns.time("began_at")?,
                used_at: columns.time("used_at")?,
                expires_at: columns.time("ends_at")?,
            },
            kind: columns.named("token_kind", TokenKind::from_name)?,
            token_expires_at: columns.time("token_ends_at")?,
            user,
        }))
    }

    /// Whether a sign-in goes on.
    pub(crate) async fn sign_in_goes_on(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "select s.sign_in_id from sign_in s join app_user u on u.user_id = s.user_id
             where s.sign_in_id = $1 and s.expires_at > $2 and u.disabled_at is null",
        )
        .bind(id.to_string())
        .bind(micros(now))
        .fetch_optional(self.connections.reader())
        .await?;
        Ok(found.is_some())
    }

    /// Notes that a sign-in was used.
    pub(crate) async fn sign_in_used(&self, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("update sign_in set used_at = $2 where sign_in_id = $1 and used_at < $2")
            .bind(id.to_string())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Spends a refresh token and stores the next tokens of its family.
    pub(crate) async fn sign_in_refresh(
        &self,
        hash: &str,
        now: Timestamp,
        tokens: &[NewToken],
    ) -> Result<Refreshed, StoreError> {
        let mut tx = self.write().await?;
        // The sign-in before its tokens, as where it ends: else that would not see the tokens that are made here.
        sqlx::query(
            "update sign_in set used_at = $2 where sign_in_id in
                (select sign_in_id from sign_in_token where hash = $1 and kind = 'refresh')",
        )
        .bind(hash)
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let spent = sqlx::query(
            "update sign_in_token set spent_at = $2
             where hash = $1 and kind = 'refresh' and spent_at is null and expires_at > $2",
        )
        .bind(hash)
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        let row = sqlx::query(
            "select k.sign_in_id, k.spent_at, s.account_id
             from sign_in_token k join sign_in s on s.sign_in_id = k.sign_in_id
             where k.hash = $1 and k.kind = 'refresh'",
        )
        .bind(hash)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(Refreshed::Unknown) };
        let columns = Columns::of("sign_in_token", "sign_in_id", &row);
        let id = columns.id("sign_in_id")?;
        if spent.rows_affected() == 1 {
            sqlx::query("delete from sign_in_token where sign_in_id = $1 and expires_at <= $2")
                .bind(id.to_string())
                .bind(micros(now))
                .execute(&mut *tx)
                .await?;
            insert_tokens(&mut tx, id, tokens).await?;
            tx.commit().await?;
            return Ok(Refreshed::Renewed);
        }
        if columns.time_opt("spent_at")?.is_none() {
            return Ok(Refreshed::Unknown);
        }
        end(&mut tx, id).await?;
        tx.commit().await?;
        Ok(Refreshed::Reused { sign_in_id: id, account_id: columns.id("account_id")? })
    }

    /// Ends a sign-in.
    pub(crate) async fn sign_in_end(&self, id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        end(&mut tx, id).await?;
        tx.commit().await
    }

    /// Ends every sign-in of a user.
    pub(crate) async fn sign_in_end_all(&self, user_id: Uuid) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        end_all(&mut tx, user_id, None).await?;
        tx.commit().await
    }
}

/// Ends the sign-ins of a user, but for one, inside a transaction of somebody else. They are held first: a token that is
/// renewed meanwhile would keep its sign-in, and this would fail.
pub(super) async fn end_all(
    tx: &mut WriteTransaction,
    user_id: Uuid,
    kept: Option<Uuid>,
) -> Result<(), StoreError> {
    let kept = kept.map(|id| id.to_string()).unwrap_or_default();
    sqlx::query("update sign_in set used_at = used_at where user_id = $1 and sign_in_id <> $2")
        .bind(user_id.to_string())
        .bind(&kept)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "delete from sign_in_token where sign_in_id in
            (select sign_in_id from sign_in where user_id = $1 and sign_in_id <> $2)",
    )
    .bind(user_id.to_string())
    .bind(&kept)
    .execute(&mut **tx)
    .await?;
    sqlx::query("delete from sign_in where user_id = $1 and sign_in_id <> $2")
        .bind(user_id.to_string())
        .bind(&kept)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn end(tx: &mut WriteTransaction, id: Uuid) -> Result<(), StoreError> {
    sqlx::query("update sign_in set used_at = used_at where sign_in_id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    sqlx::query("delete from sign_in_token where sign_in_id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    sqlx::query("delete from sign_in where sign_in_id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn forget_ended(
    tx: &mut WriteTransaction,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "delete from sign_in_token where sign_in_id in
            (select sign_in_id from sign_in where user_id = $1 and expires_at <= $2)",
    )
    .bind(user_id.to_string())
    .bind(micros(now))
    .execute(&mut **tx)
    .await?;
    sqlx::query("delete from sign_in where user_id = $1 and expires_at <= $2")
        .bind(user_id.to_string())
        .bind(micros(now))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn insert_tokens(
    tx: &mut WriteTransaction,
    sign_in_id: Uuid,
    tokens: &[NewToken],
) -> Result<(), StoreError> {
    for token in tokens {
        sqlx::query(
            "insert into sign_in_token (hash, sign_in_id, kind, expires_at) values ($1, $2, $3, $4)",
        )
        .bind(&token.hash)
        .bind(sign_in_id.to_string())
        .bind(token.kind.as_str())
        .bind(micros(token.expires_at))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
