//! Approval requests and their votes. Every change goes through the rules of the core, inside one writing transaction.

use preloop_api::ApprovalOutcome;
use preloop_core::Timestamp;
use preloop_core::approval::{ApprovalState, Request, Vote, VoteDecision};
use preloop_core::call::Principal;
use preloop_core::decision::Decision;
use serde_json::Value;
use uuid::Uuid;

use super::dialect::{EngineRow, Statement, WriteTransaction};
use super::held_calls::{self, HeldCall};
use super::row::{Columns, findable, micros, to_json};
use super::{Change, Store, StoreError};

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
    /// Redacted.
    pub(crate) arguments: Value,
    pub(crate) session_id: String,
    pub(crate) justification: Option<String>,
    /// Id of the recorded decision that made the request.
    pub(crate) decision_id: Uuid,
    pub(crate) decision: Decision,
    pub(crate) outcome: Option<ApprovalOutcome>,
}

/// Which requests to list, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApprovalFilter {
    pub(crate) state: Option<ApprovalState>,
    pub(crate) tool: Option<String>,
    pub(crate) principal_id: Option<String>,
    /// Only those before this one.
    pub(crate) before: Option<(Timestamp, Uuid)>,
    pub(crate) limit: u32,
}

const SELECT: &str = "select approval_id, principal_id, call_hash, state, tool, server, source,
    arguments, principal, session_id, justification, decision_id, decision, workflow, created_at, expires_at,
    decided_at, use_by, used_at, outcome from approval";

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
        waiting: Option<HeldCall>,
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
        // With the request or not at all: a restart in between must know that the call waited.
        if let Some(call) = waiting {
            let at = approval.request.created_at;
            held_calls::insert(&mut tx, &self.replica, account_id, call, at).await?;
        }
        tx.announce(&Change::of_approval(approval.id)).await?;
        tx.commit().await?;
        Ok(ApprovalInsert::Inserted)
    }

    /// Applies a rule to a request and stores what it changed; `None` where there is no such request.
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
            tx.announce(&Change::of_approval(id)).await?;
            tx.commit().await?;
        }
        Ok(Some((answer, after)))
    }

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
        if let Some((at, id)) = filter.before {
            statement.push(" and (created_at, approval_id) < (").bind(micros(at))?;
            statement.push(", ").bind(id.to_string())?.push(")");
        }
        statement.push(" order by created_at desc, approval_id desc limit ");
        statement.bind(i64::from(filter.limit))?;
        let mut connection = self.connections.reader().acquire().await.map_err(StoreError::from)?;
        let rows = statement.query().fetch_all(&mut *connection).await?;
        let mut approvals = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut approval = read(row)?;
            approval.request.votes = votes(&mut connection, approval.id).await?;
            approvals.push(approval);
        }
        Ok(approvals)
    }

    /// Account and id of requests of all accounts whose time is over at `now`, and when the next one's will be.
    pub(crate) async fn approval_lapsed(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<(Uuid, Uuid)>, Option<Timestamp>), StoreError> {
        let rows = sqlx::query(
            "select approval_id, account_id, case state when 'pending' then expires_at else use_by end as ends_at
             from approval
             where state = 'pending' or (state = 'approved' and used_at is null)
             order by ends_at limit 1000",
        )
        .fetch_all(self.connections.reader())
        .await?;
        let mut lapsed = Vec::new();
        for row in &rows {
            let columns = Columns::of(TABLE, "approval_id", row);
            let ends_at = columns.time("ends_at")?;
            if ends_at > now {
                return Ok((lapsed, Some(ends_at)));
            }
            lapsed.push((columns.id("account_id")?, columns.id("approval_id")?));
        }
        Ok((lapsed, None))
    }

    /// Requests whose use this server claimed or sent and did not end: what a crash leaves behind.
    pub(crate) async fn approval_unfinished(
        &self,
        account_id: Uuid,
    ) -> Result<Vec<Uuid>, StoreError> {
        let rows = sqlx::query(
            "select approval_id from approval
             where account_id = $1 and outcome in ('claimed', 'running')
               and (used_by = $2 or used_by is null)
             order by used_at",
        )
        .bind(account_id.to_string())
        .bind(&*self.replica)
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(|row| Columns::of(TABLE, "approval_id", row).id("approval_id")).collect()
    }
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

enum Find<'a> {
    Id(Uuid),
    Open { principal_id: &'a str, call_hash: &'a str, state: ApprovalState },
}

async fn find(
    connection: &mut sqlx::AnyConnection,
    account_id: Uuid,
    filter: &Find<'_>,
) -> Result<Option<StoredApproval>, StoreError> {
    let mut statement = Statement::new(SELECT);
    statement.push(" where account_id = ").bind(account_id.to_string())?;
    match filter {
        Find::Id(id) => {
            statement.push(" and approval_id = ").bind(id.to_string())?;
        }
        Find::Open { principal_id, call_hash, state } => {
            statement.push(" and principal_id = ").bind(findable(principal_id))?;
            statement.push(" and call_hash = ").bind((*call_hash).to_owned())?;
            statement.push(" and state = ").bind(state.as_str())?;
            statement.push(" and used_at is null order by created_at desc limit 1");
        }
    }
    let Some(row) = statement.query().fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let mut approval = read(&row)?;
    approval.request.votes = votes(connection, approval.id).await?;
    Ok(Some(approval))
}

async fn votes(
    connection: &mut sqlx::AnyConnection,
    approval_id: Uuid,
) -> Result<Vec<Vote>, StoreError> {
    let rows = sqlx::query(
        "select approval_id, voter_id, voter_name, decision, reason, at
         from approval_vote where approval_id = $1 order by at, voter_id",
    )
    .bind(approval_id.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let columns = Columns::of("approval_vote", "approval_id", row);
            Ok(Vote {
                voter_id: columns.text("voter_id")?,
                voter_name: columns.text("voter_name")?,
                decision: columns.named("decision", VoteDecision::from_name)?,
                reason: columns.text_opt("reason")?,
                at: columns.time("at")?,
            })
        })
        .collect()
}

fn read(row: &EngineRow) -> Result<StoredApproval, StoreError> {
    let columns = Columns::of(TABLE, "approval_id", row);
    let outcome = match columns.text_opt("outcome")? {
        None => None,
        Some(_) => Some(columns.named("outcome", ApprovalOutcome::from_name)?),
    };
    Ok(StoredApproval {
        id: columns.id("approval_id")?,
        request: Request {
            state: columns.named("state", ApprovalState::from_name)?,
            requester_id: columns.text("principal_id")?,
            workflow: columns.json("workflow")?,
            votes: Vec::new(),
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            decided_at: columns.time_opt("decided_at")?,
            use_by: columns.time_opt("use_by")?,
            used_at: columns.time_opt("used_at")?,
        },
        principal: columns.json("principal")?,
        call_hash: columns.text("call_hash")?,
        tool: columns.text("tool")?,
        server: columns.text_opt("server")?,
        source: columns.text_opt("source")?,
        arguments: columns.json("arguments")?,
        session_id: columns.text("session_id")?,
        justification: columns.text_opt("justification")?,
        decision_id: columns.id("decision_id")?,
        decision: columns.json("decision")?,
        outcome,
    })
}

async fn insert(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    approval: &StoredApproval,
) -> Result<(), StoreError> {
    let request = &approval.request;
    sqlx::query(
        "insert into approval (approval_id, account_id, principal_id, call_hash, state, tool, server,
            source, arguments, principal, session_id, justification, decision_id, decision, workflow,
            created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(approval.id.to_string())
    .bind(account_id.to_string())
    .bind(findable(&request.requester_id))
    .bind(&approval.call_hash)
    .bind(request.state.as_str())
    .bind(findable(&approval.tool))
    .bind(approval.server.as_deref().map(findable))
    .bind(approval.source.as_deref().map(findable))
    .bind(to_json(TABLE, &approval.id, &approval.arguments)?)
    .bind(to_json(TABLE, &approval.id, &approval.principal)?)
    .bind(findable(&approval.session_id))
    .bind(approval.justification.as_deref().map(findable))
    .bind(approval.decision_id.to_string())
    .bind(to_json(TABLE, &approval.id, &approval.decision)?)
    .bind(to_json(TABLE, &approval.id, &request.workflow)?)
    .bind(micros(request.created_at))
    .bind(micros(request.expires_at))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn update(
    tx: &mut WriteTransaction,
    replica: &str,
    before: &StoredApproval,
    after: &StoredApproval,
) -> Result<(), StoreError> {
    let (old, new) = (&before.request, &after.request);
    for vote in new.votes.iter().skip(old.votes.len()) {
        sqlx::query(
            "insert into approval_vote (approval_id, voter_id, voter_name, decision, reason, at)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(after.id.to_string())
        .bind(&vote.voter_id)
        .bind(&vote.voter_name)
        .bind(vote.decision.as_str())
        .bind(vote.reason.as_deref().map(findable))
        .bind(micros(vote.at))
        .execute(&mut **tx)
        .await?;
    }
    // The old state and use are asked for again: even where an engine lets another writer in between, an approval is
    // settled once and used once.
    let updated = sqlx::query(
        "update approval set state = $2, decided_at = $3, use_by = $4, used_at = $5, outcome = $6,
            used_by = case when used_at is null and cast($5 as bigint) is not null then $9 else used_by end
         where approval_id = $1 and state = $7
           and (used_at is null) = ($8 = 0)",
    )
    .bind(after.id.to_string())
    .bind(new.state.as_str())
    .bind(new.decided_at.map(micros))
    .bind(new.use_by.map(micros))
    .bind(new.used_at.map(micros))
    .bind(after.outcome.map(ApprovalOutcome::as_str))
    .bind(old.state.as_str())
    .bind(i64::from(old.used_at.is_some()))
    .bind(replica)
    .execute(&mut **tx)
    .await?;
    if updated.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::Unavailable(sqlx::Error::RowNotFound))
}
