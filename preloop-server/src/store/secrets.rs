//! Sealed secrets; what is in them is known above.

use preloop_core::Timestamp;
use preloop_core::canonical::SecretOwner;
use uuid::Uuid;

use super::dialect::{EngineRow, WriteTransaction};
use super::row::{Columns, findable, micros};
use super::{Change, Store, StoreError};

const TABLE: &str = "secret";
/// Nothing is sealed while all is sealed anew.
const LOCK: &str = "secrets";

/// Where a secret stands and whom it was given for; sealed together with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SecretSlot {
    pub(crate) account_id: Uuid,
    pub(crate) scope: String,
    pub(crate) owner: SecretOwner,
    /// The entry's name, in lower case.
    pub(crate) name: String,
    pub(crate) field: String,
    pub(crate) target: String,
}

/// A secret as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSecret {
    pub(crate) slot: SecretSlot,
    /// Changes with the value.
    pub(crate) id: Uuid,
    pub(crate) key_id: String,
    pub(crate) sealed: String,
    pub(crate) set_at: Timestamp,
}

/// Secrets on their way into the store, sealed when their turn is there.
pub(crate) trait Sealing: Sync {
    /// The account that they belong to.
    fn account_id(&self) -> Uuid;

    /// The rows, sealed with the key of this moment.
    fn rows(&self) -> Result<Vec<StoredSecret>, StoreError>;
}

// === impl SecretSlot ===

impl SecretSlot {
    /// A slot in the form that the table takes.
    pub(crate) fn new(
        account_id: Uuid,
        scope: &str,
        owner: SecretOwner,
        name: &str,
        field: &str,
        target: &str,
    ) -> Self {
        Self {
            account_id,
            scope: findable(scope),
            owner,
            name: findable(&name.to_lowercase()),
            field: findable(field),
            target: findable(target),
        }
    }
}

// === impl Store ===

impl Store {
    /// The secrets of one scope of an account, in the order of their places.
    pub(crate) async fn secret_list(
        &self,
        account_id: Uuid,
        scope: &str,
    ) -> Result<Vec<StoredSecret>, StoreError> {
        let rows = sqlx::query(
            "select account_id, scope, owner, name, field, target, secret_id, key_id, sealed, set_at
             from secret where account_id = $1 and scope = $2 order by owner, name, field, target",
        )
        .bind(account_id.to_string())
        .bind(findable(scope))
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The scopes of the account that have secrets.
    pub(crate) async fn secret_scopes(&self, account_id: Uuid) -> Result<Vec<String>, StoreError> {
        let scopes = sqlx::query_scalar(
            "select distinct scope from secret where account_id = $1 order by scope",
        );
        Ok(scopes.bind(account_id.to_string()).fetch_all(self.connections.reader()).await?)
    }

    /// How many secrets each key seals, over all accounts.
    pub(crate) async fn secret_keys(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query(
            "select key_id, count(*) as secrets from secret group by key_id order by key_id",
        )
        .fetch_all(self.connections.reader())
        .await?;
        let count = |row: &EngineRow| {
            let columns = Columns::of(TABLE, "key_id", row);
            Ok((columns.text("key_id")?, columns.integer("secrets")?))
        };
        rows.iter().map(count).collect()
    }

    /// Stores secrets whose slots are empty; others stay as they are.
    pub(crate) async fn secret_put_new(&self, secrets: &dyn Sealing) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.hold(LOCK).await?;
        let there = all(&mut tx).await?;
        for secret in &secrets.rows()? {
            if there.iter().all(|known| known.slot != secret.slot) {
                upsert(&mut tx, secret).await?;
            }
        }
        tx.commit().await
    }

    /// Stores secrets by themselves; see [`put`].
    pub(crate) async fn secret_put(&self, secrets: &dyn Sealing) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        put(&mut tx, secrets).await?;
        tx.commit().await
    }

    /// Forgets the secrets of entries that `keep` does not name; answers how many went.
    pub(crate) async fn secret_retain(
        &self,
        account_id: Uuid,
        scope: &str,
        keep: impl Fn(&StoredSecret) -> bool,
    ) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(LOCK).await?;
        let rows = sqlx::query(
            "select account_id, scope, owner, name, field, target, secret_id, key_id, sealed, set_at
             from secret where account_id = $1 and scope = $2",
        )
        .bind(account_id.to_string())
        .bind(findable(scope))
        .fetch_all(&mut *tx)
        .await?;
        let mut gone = 0;
        for row in &rows {
            let secret = read(row)?;
            if !keep(&secret) {
                remove(&mut tx, &secret.slot).await?;
                gone += 1;
            }
        }
        if gone > 0 {
            tx.announce(&Change::of_secrets(account_id)).await?;
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Seals every secret of every account anew, all or none; answers how many there are.
    pub(crate) async fn secret_reseal(
        &self,
        mut reseal: impl FnMut(&StoredSecret) -> Result<StoredSecret, StoreError>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(LOCK).await?;
        let mut count = 0;
        for secret in all(&mut tx).await? {
            upsert(&mut tx, &reseal(&secret)?).await?;
            count += 1;
        }
        tx.commit().await?;
        Ok(count)
    }
}

/// Stores secrets as a part of a transaction. They are sealed while nobody seals anew, so that the
/// key which seals them is not on its way out.
pub(super) async fn put(
    tx: &mut WriteTransaction,
    secrets: &dyn Sealing,
) -> Result<(), StoreError> {
    tx.hold(LOCK).await?;
    let rows = secrets.rows()?;
    for secret in &rows {
        upsert(tx, secret).await?;
    }
    if !rows.is_empty() {
        tx.announce(&Change::of_secrets(secrets.account_id())).await?;
    }
    Ok(())
}

async fn all(tx: &mut WriteTransaction) -> Result<Vec<StoredSecret>, StoreError> {
    let rows = sqlx::query(
        "select account_id, scope, owner, name, field, target, secret_id, key_id, sealed, set_at
         from secret order by account_id, scope, owner, name, field, target",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(read).collect()
}

async fn upsert(tx: &mut WriteTransaction, secret: &StoredSecret) -> Result<(), StoreError> {
    let slot = &secret.slot;
    sqlx::query(
        "insert into secret (account_id, scope, owner, name, field, target, secret_id, key_id,
            sealed, set_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (account_id, scope, owner, name, field, target) do update set
            secret_id = excluded.secret_id, key_id = excluded.key_id, sealed = excluded.sealed,
            set_at = excluded.set_at",
    )
    .bind(slot.account_id.to_string())
    .bind(&slot.scope)
    .bind(owner_name(slot.owner))
    .bind(&slot.name)
    .bind(&slot.field)
    .bind(&slot.target)
    .bind(secret.id.to_string())
    .bind(&secret.key_id)
    .bind(&secret.sealed)
    .bind(micros(secret.set_at))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn remove(tx: &mut WriteTransaction, slot: &SecretSlot) -> Result<(), StoreError> {
    sqlx::query(
        "delete from secret where account_id = $1 and scope = $2 and owner = $3 and name = $4
            and field = $5 and target = $6",
    )
    .bind(slot.account_id.to_string())
    .bind(&slot.scope)
    .bind(owner_name(slot.owner))
    .bind(&slot.name)
    .bind(&slot.field)
    .bind(&slot.target)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read(row: &EngineRow) -> Result<StoredSecret, StoreError> {
    let columns = Columns::of(TABLE, "secret_id", row);
    Ok(StoredSecret {
        slot: SecretSlot {
            account_id: columns.id("account_id")?,
            scope: columns.text("scope")?,
            owner: columns.named("owner", owner_from_name)?,
            name: columns.text("name")?,
            field: columns.text("field")?,
            target: columns.text("target")?,
        },
        id: columns.id("secret_id")?,
        key_id: columns.text("key_id")?,
        sealed: columns.text("sealed")?,
        set_at: columns.time("set_at")?,
    })
}

/// What owners are called in the table and under the seal.
pub(crate) const fn owner_name(owner: SecretOwner) -> &'static str {
    match owner {
        SecretOwner::ApprovalWorkflow => "approval_workflow",
        SecretOwner::McpServer => "mcp_server",
    }
}

fn owner_from_name(name: &str) -> Option<SecretOwner> {
    [SecretOwner::ApprovalWorkflow, SecretOwner::McpServer]
        .into_iter()
        .find(|owner| owner_name(*owner) == name)
}
