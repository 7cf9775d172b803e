//! API keys, by their hashes.

use preloop_api::{ApiKey, Page, Role};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::dialect::{EngineRow, Statement};
use super::part::{Order, Part};
use super::row::{Columns, micros, to_json};
use super::{Change, Store, StoreError, bounds};

const TABLE: &str = "api_key";
const SELECT: &str =
    "select k.api_key_id, k.account_id, k.name, k.user_id, k.agent_id, k.scopes, k.flow,
    k.hash, k.hint, k.created_at, k.expires_at, k.last_used_at, k.revoked_at, k.previous_hash,
    k.previous_until, u.email,
    coalesce(u.role, 'agent') as role, coalesce(u.name, a.name) as holder,
    coalesce(u.principal_id, a.name) as principal_id
    from api_key k
    left join app_user u on u.user_id = k.user_id
    left join agent a on a.agent_id = k.agent_id";

/// Who holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyHolder {
    /// An agent, by its id.
    Agent(Uuid),
    /// A user, by its id.
    User(Uuid),
}

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) account_id: Uuid,
    pub(crate) api_key: ApiKey,
    pub(crate) holder: KeyHolder,
    /// E-mail address of the user that holds it.
    pub(crate) email: Option<String>,
    /// SHA-256 of its text, in hex.
    pub(crate) hash: String,
    /// The same of the text before the last rotation, and until when that is good.
    pub(crate) previous: Option<(String, Timestamp)>,
}

// === impl KeyHolder ===

impl KeyHolder {
    /// The id of the user or agent.
    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::Agent(id) | Self::User(id) => id,
        }
    }
}

impl Store {
    /// Keys of the account, or of one user of it, good or revoked, oldest first.
    pub(crate) async fn key_list(
        &self,
        account_id: Uuid,
        user_id: Option<Uuid>,
        part: &Part<i64>,
    ) -> Result<Page<StoredKey>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where k.account_id = ").bind(account_id.to_string())?;
        if let Some(user_id) = user_id {
            statement.push(" and k.user_id = ").bind(user_id.to_string())?;
        }
        part.narrow(&mut statement, Order::Ascending("k.created_at", "k.api_key_id"))?;
        let keys = self.keys(statement).await?;
        Ok(part.page(keys, |key| (micros(key.api_key.created_at), key.api_key.id)))
    }

    /// The key of that id.
    pub(crate) async fn key_find(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Option<StoredKey>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where k.account_id = ").bind(account_id.to_string())?;
        statement.push(" and k.api_key_id = ").bind(id.to_string())?;
        Ok(self.keys(statement).await?.pop())
    }

    /// The good keys of all accounts, whose holders are not disabled.
    pub(crate) async fn key_list_good(&self) -> Result<Vec<StoredKey>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(
            " where k.revoked_at is null and u.disabled_at is null and a.disabled_at is null",
        );
        self.keys(statement).await
    }

    /// Adds a key; false where the name or the key is taken. Of the holder's revoked keys the newest are kept.
    /// `is_bounded`: fails where holder or account have as many as may be.
    pub(crate) async fn key_insert(
        &self,
        key: &StoredKey,
        is_bounded: bool,
    ) -> Result<bool, StoreError> {
        let (user, agent) = match key.holder {
            KeyHolder::User(id) => (Some(id.to_string()), None),
            KeyHolder::Agent(id) => (None, Some(id.to_string())),
        };
        let api_key = &key.api_key;
        let mut tx = self.write().await?;
        if is_bounded {
            bounds::check_keys(&mut tx, key.account_id, key.holder, api_key.created_at).await?;
        }
        let inserted = sqlx::query(
            "insert into api_key (api_key_id, account_id, name, user_id, agent_id, scopes, flow,
                hash, hint, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(api_key.id.to_string())
        .bind(key.account_id.to_string())
        .bind(&api_key.name)
        .bind(user)
        .bind(agent)
        .bind(to_json(TABLE, &api_key.id, &api_key.scopes)?)
        .bind(&api_key.flow)
        .bind(&key.hash)
        .bind(&api_key.hint)
        .bind(micros(api_key.created_at))
        .bind(api_key.expires_at.map(micros))
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
            "update api_key set revoked_at = $3, previous_hash = null, previous_until = null
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

    /// Gives a good key another text; false where there is none of that id. The text before is good until `previous_until`.
    pub(crate) async fn key_rotate(
        &self,
        account_id: Uuid,
        id: Uuid,
        (hash, hint): (&str, &str),
        previous_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let rotated = sqlx::query(
            "update api_key set previous_hash = hash, previous_until = $5, hash = $3, hint = $4
             where account_id = $1 and api_key_id = $2 and revoked_at is null",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .bind(hash)
        .bind(hint)
        .bind(micros(previous_until))
        .execute(&mut *tx)
        .await?;
        tx.announce(Change::KEYS).await?;
        tx.commit().await?;
        Ok(rotated.rows_affected() == 1)
    }

    /// Notes when keys were last used.
    pub(crate) async fn key_used(&self, uses: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for (id, at) in uses {
            sqlx::query(
                "update api_key set last_used_at = $2
                 where api_key_id = $1 and (last_used_at is null or last_used_at < $2)",
            )
            .bind(id.to_string())
            .bind(micros(*at))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await
    }

    async fn keys(&self, statement: Statement) -> Result<Vec<StoredKey>, StoreError> {
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &EngineRow) -> Result<StoredKey, StoreError> {
    let columns = Columns::of(TABLE, "api_key_id", row);
    let previous = match (columns.text_opt("previous_hash")?, columns.time_opt("previous_until")?) {
        (Some(hash), Some(until)) => Some((hash, until)),
        _ => None,
    };
    let holder = match columns.text_opt("user_id")? {
        Some(_) => KeyHolder::User(columns.id("user_id")?),
        None => KeyHolder::Agent(columns.id("agent_id")?),
    };
    Ok(StoredKey {
        account_id: columns.id("account_id")?,
        api_key: ApiKey {
            id: columns.id("api_key_id")?,
            name: columns.text("name")?,
            role: columns.named("role", Role::from_name)?,
            principal_id: columns.text("principal_id")?,
            holder: columns.text("holder")?,
            scopes: columns.json("scopes")?,
            flow: columns.text_opt("flow")?,
            hint: columns.text("hint")?,
            created_at: columns.time("created_at")?,
            expires_at: columns.time_opt("expires_at")?,
            last_used_at: columns.time_opt("last_used_at")?,
            revoked_at: columns.time_opt("revoked_at")?,
        },
        holder,
        email: columns.text_opt("email")?,
        hash: columns.text("hash")?,
        previous,
    })
}
