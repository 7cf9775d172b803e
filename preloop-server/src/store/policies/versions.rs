//! The versions of policies: lists, tags, snapshots, and deleting what nobody needs.

use preloop_api::{PolicyAuthor, PolicyScope, PolicyVersion, VersionCause};
use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::dialect::{EngineRow, Statement, WriteTransaction};
use super::super::row::{Columns, findable, micros};
use super::super::timed::{Link, Timed};
use super::super::{Store, StoreError};
use super::apply::insert_version;
use super::read::{author, find_scope, number, scope};
use super::{StoredVersion, VERSION_TABLE, begin};

/// Which versions to list, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionFilter {
    pub(crate) scope: Option<PolicyScope>,
    pub(crate) policy_id: Option<Uuid>,
    pub(crate) tag: Option<String>,
    pub(crate) number: Option<i64>,
    /// Only those before this place.
    pub(crate) before: Option<i64>,
    pub(crate) limit: u32,
}

/// What is live, to be kept as a version of its own.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) account_id: Uuid,
    pub(crate) scope: PolicyScope,
    pub(crate) version_id: Uuid,
    pub(crate) author: PolicyAuthor,
    pub(crate) message: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) now: Timestamp,
}

/// Which versions nobody needs.
#[derive(Clone, Debug)]
pub(crate) struct Prune {
    pub(crate) account_id: Uuid,
    pub(crate) scope: Option<PolicyScope>,
    /// Only those made before.
    pub(crate) before: Timestamp,
    /// How many of the newest of each policy stay.
    pub(crate) keep_count: u32,
}

/// What became of deleting a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionRemoval {
    /// It is gone.
    Removed,
    /// There is no such version.
    NotFound,
    /// It is the one in force.
    Live,
    /// It has a tag.
    Tagged,
}

const SELECT: &str = "select v.policy_version_id, v.policy_id, p.scope_kind, p.scope_name, v.name,
    v.description, v.number, v.seq, v.parent_id, v.digest, v.cause, v.author_id, v.author_name,
    v.message, v.tag, v.created_at, p.live_version_id
    from policy_version v join policy p on p.policy_id = v.policy_id";

impl Store {
    /// Versions of the account, newest first.
    pub(crate) async fn version_list(
        &self,
        account_id: Uuid,
        filter: &VersionFilter,
    ) -> Result<Vec<StoredVersion>, StoreError> {
        let policy_id = match (&filter.scope, filter.policy_id) {
            (Some(scope), wanted) => {
                // Found first, so that the list goes along the versions of one policy.
                let Some(found) = self.policy_id_of(account_id, scope).await? else {
                    return Ok(Vec::new());
                };
                if wanted.is_some_and(|wanted| wanted != found) {
                    return Ok(Vec::new());
                }
                Some(found)
            }
            (None, wanted) => wanted,
        };
        let mut statement = Statement::new(SELECT);
        statement.push(" where v.account_id = ").bind(account_id.to_string())?;
        if let Some(policy_id) = policy_id {
            statement.push(" and v.policy_id = ").bind(policy_id.to_string())?;
        }
        if let Some(tag) = &filter.tag {
            statement.push(" and v.tag = ").bind(findable(tag))?;
        }
        if let Some(number) = filter.number {
            statement.push(" and v.number = ").bind(number)?;
        }
        if let Some(before) = filter.before {
            statement.push(" and v.seq < ").bind(before)?;
        }
        statement.push(" order by v.seq desc limit ").bind(i64::from(filter.limit))?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(read).collect()
    }

    async fn policy_id_of(
        &self,
        account_id: Uuid,
        scope: &PolicyScope,
    ) -> Result<Option<Uuid>, StoreError> {
        let row = sqlx::query(
            "select policy_id from policy
             where account_id = $1 and scope_kind = $2 and scope_name = $3",
        )
        .bind(account_id.to_string())
        .bind(scope.kind().as_str())
        .bind(scope.name())
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(|row| Columns::of("policy", "policy_id", &row).id("policy_id")).transpose()
    }

    /// The version of that id with its document.
    pub(crate) async fn version_find(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Option<(StoredVersion, String)>, StoreError> {
        let mut connection = self.connections.reader().acquire().await?;
        let Some(version) = find(&mut connection, account_id, id).await? else {
            return Ok(None);
        };
        let document = document(&mut connection, id).await?;
        Ok(document.map(|document| (version, document)))
    }

    /// The document of a version.
    pub(crate) async fn version_document(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let mut connection = self.connections.reader().acquire().await?;
        document(&mut connection, id).await
    }

    /// Keeps what is live as a further version; the live one stays the live one. None where nothing is live.
    pub(crate) async fn version_snapshot(
        &self,
        snapshot: &Snapshot,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        let mut tx = begin(self, snapshot.account_id).await?;
        let Some(live) = find_scope(&mut tx, snapshot.account_id, &snapshot.scope).await? else {
            return Ok(None);
        };
        let Some(text) = document(&mut tx, live.version_id).await? else { return Ok(None) };
        let last: i64 = sqlx::query_scalar("select last_number from policy where policy_id = $1")
            .bind(live.id.to_string())
            .fetch_one(&mut *tx)
            .await?;
        let number = last.saturating_add(1);
        if let Some(tag) = &snapshot.tag {
            untag(&mut tx, live.id, tag).await?;
        }
        let version = PolicyVersion {
            id: snapshot.version_id,
            policy_id: live.id,
            scope: live.scope,
            name: live.name,
            number: u64::try_from(number).unwrap_or_default(),
            parent_id: Some(live.version_id),
            digest: live.digest,
            cause: VersionCause::Snapshot,
            author: snapshot.author.clone(),
            message: snapshot.message.as_deref().map(findable),
            tag: snapshot.tag.clone(),
            is_live: false,
            created_at: snapshot.now,
        };
        let stored = StoredVersion { version, description: live.description, seq: 0 };
        insert_version(&mut tx, snapshot.account_id, &stored, &text).await?;
        sqlx::query("update policy set last_number = $2 where policy_id = $1")
            .bind(live.id.to_string())
            .bind(number)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(stored.version))
    }

    /// Gives a version its tag, taken from the version that has it; none takes it off. `None` where there is no such version.
    pub(crate) async fn version_tag(
        &self,
        account_id: Uuid,
        id: Uuid,
        tag: Option<&str>,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        let mut tx = begin(self, account_id).await?;
        let Some(found) = find(&mut tx, account_id, id).await? else { return Ok(None) };
        let mut version = found.version;
        if let Some(tag) = tag {
            untag(&mut tx, version.policy_id, tag).await?;
        }
        sqlx::query("update policy_version set tag = $2 where policy_version_id = $1")
            .bind(id.to_string())
            .bind(tag)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        version.tag = tag.map(str::to_owned);
        Ok(Some(version))
    }

    /// Deletes a version that is neither live nor tagged.
    pub(crate) async fn version_remove(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<VersionRemoval, StoreError> {
        let mut tx = begin(self, account_id).await?;
        let Some(StoredVersion { version, .. }) = find(&mut tx, account_id, id).await? else {
            return Ok(VersionRemoval::NotFound);
        };
        if version.is_live {
            return Ok(VersionRemoval::Live);
        }
        if version.tag.is_some() {
            return Ok(VersionRemoval::Tagged);
        }
        sqlx::query("delete from policy_version where policy_version_id = $1")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(VersionRemoval::Removed)
    }

    /// Deletes old versions, never the live or a tagged one; says how many.
    pub(crate) async fn version_prune(&self, prune: &Prune) -> Result<u64, StoreError> {
        let mut tx = begin(self, prune.account_id).await?;
        let mut statement =
            Statement::new("select policy_id, live_version_id from policy where account_id = ");
        statement.bind(prune.account_id.to_string())?;
        if let Some(scope) = &prune.scope {
            statement.push(" and scope_kind = ").bind(scope.kind().as_str())?;
            statement.push(" and scope_name = ").bind(scope.name().to_owned())?;
        }
        let rows = statement.query().fetch_all(&mut *tx).await?;
        let mut deleted: u64 = 0;
        for row in &rows {
            let columns = Columns::of("policy", "policy_id", row);
            let policy_id = columns.id("policy_id")?;
            let live = columns.text_opt("live_version_id")?.unwrap_or_default();
            let below = oldest_kept(&mut tx, policy_id, prune.keep_count).await?;
            let result = sqlx::query(
                "delete from policy_version where policy_id = $1 and created_at < $2
                    and number < $3 and tag is null and policy_version_id <> $4",
            )
            .bind(policy_id.to_string())
            .bind(micros(prune.before))
            .bind(below)
            .bind(live)
            .execute(&mut *tx)
            .await?;
            deleted = deleted.saturating_add(result.rows_affected());
        }
        tx.commit().await?;
        Ok(deleted)
    }
}

/// The number of the oldest of the newest versions that stay; those below it may go.
async fn oldest_kept(
    tx: &mut WriteTransaction,
    policy_id: Uuid,
    keep_count: u32,
) -> Result<i64, StoreError> {
    let Some(skipped) = i64::from(keep_count).checked_sub(1).filter(|skipped| *skipped >= 0) else {
        return Ok(i64::MAX);
    };
    let number: Option<i64> = sqlx::query_scalar(
        "select number from policy_version where policy_id = $1
         order by number desc limit 1 offset $2",
    )
    .bind(policy_id.to_string())
    .bind(skipped)
    .fetch_optional(&mut **tx)
    .await?;
    // Fewer than that: all of them stay.
    Ok(number.unwrap_or(0))
}

async fn untag(tx: &mut WriteTransaction, policy_id: Uuid, tag: &str) -> Result<(), StoreError> {
    sqlx::query("update policy_version set tag = null where policy_id = $1 and tag = $2")
        .bind(policy_id.to_string())
        .bind(tag)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn find(
    connection: &mut Timed<impl Link>,
    account_id: Uuid,
    id: Uuid,
) -> Result<Option<StoredVersion>, StoreError> {
    let mut statement = Statement::new(SELECT);
    statement.push(" where v.account_id = ").bind(account_id.to_string())?;
    statement.push(" and v.policy_version_id = ").bind(id.to_string())?;
    let row = statement.query().fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

async fn document(
    connection: &mut Timed<impl Link>,
    id: Uuid,
) -> Result<Option<String>, StoreError> {
    let text =
        sqlx::query_scalar("select document from policy_version where policy_version_id = $1")
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?;
    Ok(text)
}

fn read(row: &EngineRow) -> Result<StoredVersion, StoreError> {
    let columns = Columns::of(VERSION_TABLE, "policy_version_id", row);
    let id = columns.id("policy_version_id")?;
    let parent = columns.text_opt("parent_id")?;
    let live = columns.text_opt("live_version_id")?;
    let version = PolicyVersion {
        id,
        policy_id: columns.id("policy_id")?,
        scope: scope(&columns)?,
        name: columns.text("name")?,
        number: number(&columns)?,
        parent_id: parent.map(|_| columns.id("parent_id")).transpose()?,
        digest: columns.text("digest")?,
        cause: columns.named("cause", VersionCause::from_name)?,
        author: author(&columns)?,
        message: columns.text_opt("message")?,
        tag: columns.text_opt("tag")?,
        is_live: live.is_some_and(|live| live == id.to_string()),
        created_at: columns.time("created_at")?,
    };
    let description = columns.text_opt("description")?;
    Ok(StoredVersion { version, description, seq: columns.integer("seq")? })
}
