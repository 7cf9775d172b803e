//! What is live, as stored.

use preloop_api::{PolicyAuthor, PolicyScope, ScopeKind, VersionCause};
use uuid::Uuid;

use super::super::dialect::{EngineRow, Statement};
use super::super::row::Columns;
use super::super::timed::{Link, Timed};
use super::super::{Store, StoreError};
use super::{StoredPolicy, TABLE};

/// A policy and the version that is live, without its document.
const SELECT: &str = "select p.policy_id, p.scope_kind, p.scope_name, p.name, p.description,
    p.digest, p.live_version_id, p.created_at, p.updated_at,
    v.number, v.cause, v.author_id, v.author_name
    from policy p join policy_version v on v.policy_version_id = p.live_version_id";

impl Store {
    /// What is live in the scopes of the account, by id: in the order in which they got their first policy.
    pub(crate) async fn policy_list(
        &self,
        account_id: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<StoredPolicy>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where p.account_id = ").bind(account_id.to_string())?;
        if let Some(after) = after {
            statement.push(" and p.policy_id > ").bind(after.to_string())?;
        }
        statement.push(" order by p.policy_id limit ").bind(i64::from(limit))?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(read).collect()
    }

    /// What is live in every scope of the account.
    pub(crate) async fn policy_heads(
        &self,
        account_id: Uuid,
    ) -> Result<Vec<StoredPolicy>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where p.account_id = ").bind(account_id.to_string())?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(read).collect()
    }

    /// The policy of that id, where one is live.
    pub(crate) async fn policy_find(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Option<StoredPolicy>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where p.account_id = ").bind(account_id.to_string())?;
        statement.push(" and p.policy_id = ").bind(id.to_string())?;
        let row = statement.query().fetch_optional(self.connections.reader()).await?;
        row.as_ref().map(read).transpose()
    }

    /// What is live in the scope.
    pub(crate) async fn policy_of_scope(
        &self,
        account_id: Uuid,
        scope: &PolicyScope,
    ) -> Result<Option<StoredPolicy>, StoreError> {
        let mut connection = self.connections.reader().acquire().await?;
        find_scope(&mut connection, account_id, scope).await
    }
}

/// What is live in the scope, as the transaction sees it.
pub(super) async fn find_scope(
    connection: &mut Timed<impl Link>,
    account_id: Uuid,
    scope: &PolicyScope,
) -> Result<Option<StoredPolicy>, StoreError> {
    let mut statement = Statement::new(SELECT);
    statement.push(" where p.account_id = ").bind(account_id.to_string())?;
    statement.push(" and p.scope_kind = ").bind(scope.kind().as_str())?;
    statement.push(" and p.scope_name = ").bind(scope.name().to_owned())?;
    let row = statement.query().fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &EngineRow) -> Result<StoredPolicy, StoreError> {
    let columns = Columns::of(TABLE, "policy_id", row);
    Ok(StoredPolicy {
        id: columns.id("policy_id")?,
        scope: scope(&columns)?,
        name: columns.text("name")?,
        description: columns.text_opt("description")?,
        digest: columns.text("digest")?,
        version_id: columns.id("live_version_id")?,
        number: number(&columns)?,
        cause: columns.named("cause", VersionCause::from_name)?,
        author: author(&columns)?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}

pub(super) fn scope(columns: &Columns<'_>) -> Result<PolicyScope, StoreError> {
    let kind = columns.named("scope_kind", ScopeKind::from_name)?;
    Ok(PolicyScope::stored(kind, columns.text("scope_name")?))
}

pub(super) fn number(columns: &Columns<'_>) -> Result<u64, StoreError> {
    u64::try_from(columns.integer("number")?)
        .map_err(|_| columns.corrupt("`number` is negative".to_owned()))
}

pub(super) fn author(columns: &Columns<'_>) -> Result<PolicyAuthor, StoreError> {
    Ok(PolicyAuthor { id: columns.text("author_id")?, name: columns.text("author_name")? })
}
