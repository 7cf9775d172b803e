//! Approval requests, their votes and their events. Every change goes through the rules of the core, inside one writing
//! transaction that also writes what happened.

mod events;
mod list;
mod row;

use preloop_api::ApprovalOutcome;
use preloop_core::Timestamp;
use preloop_core::approval::{ApprovalState, Request};
use preloop_core::call::Principal;
use preloop_core::decision::Decision;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use list::ApprovalFilter;

use super::ai_reviews;
use super::approval_arguments::{self, StoredArguments};
use super::held_calls::{self, HeldCall};
use super::row::{Columns, micros};
use super::{Change, Store, StoreError};
use row::{Find, find, insert, update};

const TABLE: &str = "approval";

/// A request as stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredApproval {
    pub(crate) id: Uuid,
    pub(crate) request: Request,
    pub(crate) principal: Principal,
    pub(crate) call_hash: String,
    pub(crate) tool: String,
    pub(crate) server: Option<String>,
    pub(crate) source: Option<String>,
    /// SHA-256 of the definition that the tool had at its MCP server.
    pub(crate) definition_hash: Option<String>,
    /// Redacted.
    pub(crate) arguments: Value,
    pub(crate) session_id: String,
    pub(crate) justification: Option<String>,
    /// Id of the recorded decision that made the request.
    pub(crate) decision_id: Uuid,
    pub(crate) decision: Decision,
    pub(crate) outcome: Option<ApprovalOutcome>,
}

impl Store {
    /// The request of that id.
    pub(crate) async fn approval_find(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Option<StoredApproval>, StoreError> {
        let filter = Find::Id(id);
        let mut connection = self.connections.reader().acquire().await.map_err(StoreError::from)?;
        find(&mut connection, account_id, &filter).await
    }

    /// The request in that state that an identical call by the same principal could use or join: pending, or approved and
    /// unused; the newest where there are several.
    pub(crate) async fn approval_find_open(
        &self,
        account_id: Uuid,
        principal_id: &str,
        call_hash: &str,
        state: ApprovalState,
    ) -> Result<Option<StoredApproval>, StoreError> {
        let filter = Find::Open { principal_id, call_hash, state };
        let mut connection = self.connections.reader().acquire().await.map_err(StoreError::from)?;
        find(&mut connection, account_id, &filter).await
    }

    /// Adds a request unless an identical call made one meanwhile, which is then the answer, or the principal has
    /// `pending_max` of them waiting.
    pub(crate) async fn approval_insert(
        &self,
        account_id: Uuid,
        approval: &StoredApproval,
        pending_max: i64,
        beside: Beside,
    ) -> Result<ApprovalInsert, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("approvals of {account_id} {}", approval.principal.id)).await?;
        let open = Find::Open {
            principal_id: &approval.principal.id,
            call_hash: &approval.call_hash,
            state: ApprovalState::Pending,
        };
        if let Some(other) = find(&mut tx, account_id, &open).await? {
            return Ok(ApprovalInsert::Joined(Box::new(other)));
        }
        let pending: i64 = sqlx::query_scalar(
            "select count(*) from approval
             where account_id = $1 and principal_id = $2 and state = 'pending'",
        )
        .bind(account_id.to_string())
        .bind(&approval.principal.id)
        .fetch_one(&mut *tx)
        .await?;
        if pending >= pending_max {
            return Ok(ApprovalInsert::TooMany);
        }
        insert(&mut tx, account_id, approval).await?;
        events::insert(&mut tx, account_id, approval.id, &approval.request.events).await?;
        // With the request or not at all, as what follows: a request must not wait for a model that nobody asks.
        if approval.request.awaits_ai() {
            ai_reviews::insert(&mut tx, account_id, approval.id).await?;
        }
        // A restart in between must know that the call waited.
        if let Some(call) = beside.waiting {
            let at = approval.request.created_at;
            held_calls::insert(&mut tx, &self.replica, account_id, call, at).await?;
        }
        if let Some(arguments) = &beside.arguments {
            approval_arguments::insert(&mut tx, arguments).await?;
        }
        tx.announce(&Change::of_approval(approval.id)).await?;
        tx.commit().await?;
        Ok(ApprovalInsert::Inserted)
    }

    /// Applies a rule to a request and stores what it changed, and what happened, in one transaction; the answer has the
    /// events with it. `None` where there is no such request.
    pub(crate) async fn approval_change<T: Send>(
        &self,
        account_id: Uuid,
        id: Uuid,
        rule: impl FnOnce(&mut StoredApproval) -> T + Send,
    ) -> Result<Option<(T, StoredApproval)>, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("approval {id}")).await?;
        let Some(before) = find(&mut tx, account_id, &Find::Id(id)).await? else {
            return Ok(None);
        };
        let mut after = before.clone();
        let answer = rule(&mut after);
        if after != before {
            update(&mut tx, &self.replica, &before, &after).await?;
            events::insert(&mut tx, account_id, id, &after.request.events).await?;
            tx.announce(&Change::of_approval(id)).await?;
            tx.commit().await?;
        }
        Ok(Some((answer, after)))
    }

    /// Requests of all accounts to which something is due at `now`, the longest waiting first, a page of them after `after`;
    /// and when the next one is due that is not yet, where the page reaches as far.
    pub(crate) async fn approval_due(
        &self,
        now: Timestamp,
        after: Option<DueApproval>,
    ) -> Result<(Vec<DueApproval>, Option<Timestamp>), StoreError> {
        let rows = sqlx::query(
            "select approval_id, account_id, due_at from approval
             where due_at is not null and (due_at, approval_id) > ($1, $2)
             order by due_at, approval_id limit 1000",
        )
        .bind(after.map_or(i64::MIN, |last| micros(last.due_at)))
        .bind(after.map(|last| last.id.to_string()).unwrap_or_default())
        .fetch_all(self.connections.reader())
        .await?;
        let mut due = Vec::new();
        for row in &rows {
            let columns = Columns::of(TABLE, "approval_id", row);
            let due_at = columns.time("due_at")?;
            if due_at > now {
                return Ok((due, Some(due_at)));
            }
            let (account_id, id) = (columns.id("account_id")?, columns.id("approval_id")?);
            due.push(DueApproval { account_id, id, due_at });
        }
        Ok((due, None))
    }
}

/// A request to which something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DueApproval {
    pub(crate) account_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) due_at: Timestamp,
}

/// What is stored with a new request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// The call, where it keeps its connection waiting.
    pub(crate) waiting: Option<HeldCall>,
    /// Its arguments, where the request shows less than all of them.
    pub(crate) arguments: Option<StoredArguments>,
}

/// What came of adding a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ApprovalInsert {
    /// It was added.
    Inserted,
    /// An identical call waits already; join it.
    Joined(Box<StoredApproval>),
    /// The principal has too many waiting.
    TooMany,
}
