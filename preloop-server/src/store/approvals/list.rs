//! Requests by what is asked for.

use preloop_core::Timestamp;
use preloop_core::approval::ApprovalState;
use uuid::Uuid;

use super::super::dialect::Statement;
use super::super::row::{findable, micros};
use super::super::{Store, StoreError};
use super::StoredApproval;
use super::row::{SELECT, read_all};

/// Which requests to list, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApprovalFilter {
    pub(crate) state: Option<ApprovalState>,
    pub(crate) tool: Option<String>,
    pub(crate) principal_id: Option<String>,
    /// Made at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Made before this time.
    pub(crate) to: Option<Timestamp>,
    /// Only those before this one.
    pub(crate) before: Option<(Timestamp, Uuid)>,
    pub(crate) limit: u32,
}

impl Store {
    /// Requests of the account, newest first.
    pub(crate) async fn approval_list(
        &self,
        account_id: Uuid,
        filter: &ApprovalFilter,
    ) -> Result<Vec<StoredApproval>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        if let Some(state) = filter.state {
            statement.push(" and state = ").bind(state.as_str())?;
        }
        if let Some(tool) = &filter.tool {
            statement.push(" and tool = ").bind(findable(tool))?;
        }
        if let Some(principal_id) = &filter.principal_id {
            statement.push(" and principal_id = ").bind(findable(principal_id))?;
        }
        if let Some(from) = filter.from {
            statement.push(" and created_at >= ").bind(micros(from))?;
        }
        if let Some(to) = filter.to {
            statement.push(" and created_at < ").bind(micros(to))?;
        }
        if let Some((at, id)) = filter.before {
            statement.push(" and (created_at, approval_id) < (").bind(micros(at))?;
            statement.push(", ").bind(id.to_string())?.push(")");
        }
        statement.push(" order by created_at desc, approval_id desc limit ");
        statement.bind(i64::from(filter.limit))?;
        let mut connection = self.connections.reader().acquire().await.map_err(StoreError::from)?;
        let rows = statement.query().fetch_all(&mut connection).await?;
        read_all(&mut connection, &rows).await
    }

    /// The last requests that people settled for the tool of a principal, before the one of that id, newest first.
    pub(crate) async fn approval_earlier(
        &self,
        account_id: Uuid,
        approval: &StoredApproval,
        limit: u32,
    ) -> Result<Vec<StoredApproval>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        statement.push(" and principal_id = ").bind(findable(&approval.principal.id))?;
        statement.push(" and tool = ").bind(findable(&approval.tool))?;
        statement.push(" and coalesce(server, '') = ");
        statement.bind(findable(approval.server.as_deref().unwrap_or("")))?;
        statement.push(" and decided_at is not null and (created_at, approval_id) < (");
        statement.bind(micros(approval.request.created_at))?;
        statement.push(", ").bind(approval.id.to_string())?.push(")");
        statement.push(" order by created_at desc, approval_id desc limit ");
        statement.bind(i64::from(limit))?;
        let mut connection = self.connections.reader().acquire().await.map_err(StoreError::from)?;
        let rows = statement.query().fetch_all(&mut connection).await?;
        read_all(&mut connection, &rows).await
    }
}
