//! Bringing a document into force, and taking a policy away.

use preloop_api::{PolicyAuthor, PolicyScope, PolicyVersion, VersionCause};
use preloop_core::Timestamp;
use preloop_core::audit::AuditRecord;
use uuid::Uuid;

use super::super::dialect::{EngineRow, WriteTransaction};
use super::super::row::{Columns, findable, micros};
use super::super::{Sealing, Store, StoreError};
use super::read::find_scope;
use super::untold::{self, ChangeRecord};
use super::{StoredVersion, TABLE, begin, finish};

/// A document that shall be live.
#[derive(Clone, Debug)]
pub(crate) struct PolicyWrite {
    pub(crate) account_id: Uuid,
    pub(crate) scope: PolicyScope,
    pub(crate) expected: ExpectedLive,
    /// Id of the policy, where the scope has none yet.
    pub(crate) policy_id: Uuid,
    /// Id of the version.
    pub(crate) version_id: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) digest: String,
    /// Canonical JSON without secrets.
    pub(crate) document: String,
    pub(crate) cause: VersionCause,
    pub(crate) author: PolicyAuthor,
    pub(crate) message: Option<String>,
    pub(crate) now: Timestamp,
    /// What the trail will tell of it; none where something else tells it.
    pub(crate) record: Option<ChangeRecord>,
}

/// What must be live for a document to come into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedLive {
    /// It does not matter.
    Whatever,
    /// Nothing.
    Nothing,
    /// The document of this digest.
    Digest(String),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyWritten {
    /// It is live.
    Live(Box<PolicyVersion>),
    /// Something else is live than was expected: the digest of it, if anything is.
    Unexpected(Option<String>),
    /// The policy of another scope has that name.
    NameTaken(PolicyScope),
}

/// What became of taking a policy away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyRemoval {
    /// Nothing is live in its scope any more.
    Removed,
    /// No such policy is live.
    NotFound,
    /// Something else is live than was expected: its digest.
    Unexpected(String),
}

/// The row of a scope, whether something is live or not.
struct Head {
    policy_id: Uuid,
    live_version_id: Option<Uuid>,
    digest: String,
    last_number: i64,
}

// === impl ExpectedLive ===

impl ExpectedLive {
    fn is_met(&self, live: Option<&str>) -> bool {
        match self {
            Self::Whatever => true,
            Self::Nothing => live.is_none(),
            Self::Digest(digest) => live == Some(digest.as_str()),
        }
    }
}

// === impl Store ===

impl Store {
    /// Makes a version of the document, with the secrets taken out of it, and lets it be live, unless something else is live than was expected.
    pub(crate) async fn policy_apply(
        &self,
        write: &PolicyWrite,
        secrets: Option<&dyn Sealing>,
    ) -> Result<PolicyWritten, StoreError> {
        let mut tx = begin(self, write.account_id).await?;
        let head = head(&mut tx, write.account_id, &write.scope).await?;
        let live = head.as_ref().filter(|head| head.live_version_id.is_some());
        let digest = live.map(|head| head.digest.clone());
        if !write.expected.is_met(digest.as_deref()) {
            return Ok(PolicyWritten::Unexpected(digest));
        }
        if let Some(other) = named_elsewhere(&mut tx, write).await? {
            return Ok(PolicyWritten::NameTaken(other));
        }
        let parent_id = live.and_then(|head| head.live_version_id);
        let policy_id = head.as_ref().map_or(write.policy_id, |head| head.policy_id);
        let number = head.as_ref().map_or(0, |head| head.last_number).saturating_add(1);
        if head.is_none() {
            insert_policy(&mut tx, write).await?;
        }
        let version = version(write, policy_id, parent_id, number);
        insert_version(&mut tx, write.account_id, &version, &write.document).await?;
        sqlx::query(
            "update policy set name = $2, description = $3, live_version_id = $4, digest = $5,
                last_number = $6, updated_at = $7 where policy_id = $1",
        )
        .bind(policy_id.to_string())
        .bind(findable(&write.name))
        .bind(write.description.as_deref().map(findable))
        .bind(write.version_id.to_string())
        .bind(&write.digest)
        .bind(number)
        .bind(micros(write.now))
        .execute(&mut *tx)
        .await?;
        if let Some(secrets) = secrets {
            super::super::secrets::put(&mut tx, secrets).await?;
        }
        if let Some(record) = &write.record {
            let record = record.of(&version.version);
            untold::note(self, &mut tx, write.account_id, &record).await?;
        }
        finish(tx, write.account_id).await?;
        Ok(PolicyWritten::Live(Box::new(version.version)))
    }

    /// Takes what is live out of force; its versions stay. The trail will tell it by the record.
    pub(crate) async fn policy_remove(
        &self,
        account_id: Uuid,
        scope: &PolicyScope,
        expected: Option<&str>,
        record: &AuditRecord,
    ) -> Result<PolicyRemoval, StoreError> {
        let mut tx = begin(self, account_id).await?;
        let Some(live) = find_scope(&mut tx, account_id, scope).await? else {
            return Ok(PolicyRemoval::NotFound);
        };
        if expected.is_some_and(|expected| expected != live.digest) {
            return Ok(PolicyRemoval::Unexpected(live.digest));
        }
        sqlx::query(
            "update policy set live_version_id = null, updated_at = $2 where policy_id = $1",
        )
        .bind(live.id.to_string())
        .bind(micros(record.at))
        .execute(&mut *tx)
        .await?;
        untold::note(self, &mut tx, account_id, record).await?;
        finish(tx, account_id).await?;
        Ok(PolicyRemoval::Removed)
    }
}

async fn head(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    scope: &PolicyScope,
) -> Result<Option<Head>, StoreError> {
    let row = sqlx::query(
        "select policy_id, live_version_id, digest, last_number from policy
         where account_id = $1 and scope_kind = $2 and scope_name = $3",
    )
    .bind(account_id.to_string())
    .bind(scope.kind().as_str())
    .bind(scope.name())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(read_head).transpose()
}

fn read_head(row: &EngineRow) -> Result<Head, StoreError> {
    let columns = Columns::of(TABLE, "policy_id", row);
    let live = columns.text_opt("live_version_id")?;
    Ok(Head {
        policy_id: columns.id("policy_id")?,
        live_version_id: live.map(|_| columns.id("live_version_id")).transpose()?,
        digest: columns.text("digest")?,
        last_number: columns.integer("last_number")?,
    })
}

/// The scope, other than the write's, whose live policy has the name.
async fn named_elsewhere(
    tx: &mut WriteTransaction,
    write: &PolicyWrite,
) -> Result<Option<PolicyScope>, StoreError> {
    let row = sqlx::query(
        "select policy_id, scope_kind, scope_name from policy
         where account_id = $1 and name = $2 and live_version_id is not null
            and not (scope_kind = $3 and scope_name = $4)",
    )
    .bind(write.account_id.to_string())
    .bind(findable(&write.name))
    .bind(write.scope.kind().as_str())
    .bind(write.scope.name())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(|row| super::read::scope(&Columns::of(TABLE, "policy_id", row))).transpose()
}

async fn insert_policy(tx: &mut WriteTransaction, write: &PolicyWrite) -> Result<(), StoreError> {
    sqlx::query(
        "insert into policy (policy_id, account_id, scope_kind, scope_name, name, description,
            digest, last_number, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)",
    )
    .bind(write.policy_id.to_string())
    .bind(write.account_id.to_string())
    .bind(write.scope.kind().as_str())
    .bind(write.scope.name())
    .bind(findable(&write.name))
    .bind(write.description.as_deref().map(findable))
    .bind(&write.digest)
    .bind(micros(write.now))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn version(
    write: &PolicyWrite,
    policy_id: Uuid,
    parent_id: Option<Uuid>,
    number: i64,
) -> StoredVersion {
    let version = PolicyVersion {
        id: write.version_id,
        policy_id,
        scope: write.scope.clone(),
        name: findable(&write.name),
        number: u64::try_from(number).unwrap_or_default(),
        parent_id,
        digest: write.digest.clone(),
        cause: write.cause,
        author: write.author.clone(),
        message: write.message.as_deref().map(findable),
        tag: None,
        is_live: true,
        created_at: write.now,
    };
    StoredVersion { version, description: write.description.as_deref().map(findable), seq: 0 }
}

/// Adds a version; its place in the order of the account is given here.
pub(super) async fn insert_version(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    stored: &StoredVersion,
    document: &str,
) -> Result<(), StoreError> {
    let version = &stored.version;
    sqlx::query(
        "insert into policy_version (policy_version_id, account_id, policy_id, number, seq,
            parent_id, name, description, digest, cause, author_id, author_name, message, tag,
            created_at, document)
         values ($1, $2, $3, $4,
            (select coalesce(max(seq), 0) + 1 from policy_version where account_id = $2),
            $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(version.id.to_string())
    .bind(account_id.to_string())
    .bind(version.policy_id.to_string())
    .bind(i64::try_from(version.number).unwrap_or(i64::MAX))
    .bind(version.parent_id.map(|id| id.to_string()))
    .bind(&version.name)
    .bind(&stored.description)
    .bind(&version.digest)
    .bind(version.cause.as_str())
    .bind(findable(&version.author.id))
    .bind(findable(&version.author.name))
    .bind(&version.message)
    .bind(&version.tag)
    .bind(micros(version.created_at))
    .bind(document)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
