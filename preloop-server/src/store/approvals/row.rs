//! A request in its row, with its votes.

use std::collections::HashMap;

use preloop_api::ApprovalOutcome;
use preloop_core::approval::{ApprovalState, Request, Via, Vote, VoteDecision};
use preloop_core::document::StepUp;
use serde::Serialize;
use uuid::Uuid;

use super::super::StoreError;
use super::super::dialect::{EngineRow, Statement, WriteTransaction};
use super::super::row::{Columns, findable, micros, to_json};
use super::super::timed::{Link, Timed};
use super::{StoredApproval, TABLE};

pub(super) const SELECT: &str = "select approval_id, principal_id, call_hash, state, tool, server, source,
    arguments, principal, session_id, justification, decision_id, decision, workflow, created_at, expires_at,
    decided_at, use_by, used_at, outcome, escalated_at, match_code, wrong_codes, ai, joins, uses,
    definition_hash from approval";

pub(super) enum Find<'a> {
    Id(Uuid),
    Open { principal_id: &'a str, call_hash: &'a str, state: ApprovalState },
}

pub(super) async fn find(
    connection: &mut Timed<impl Link>,
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
    let rows: Vec<EngineRow> =
        statement.query().fetch_optional(&mut *connection).await?.into_iter().collect();
    Ok(read_all(connection, &rows).await?.pop())
}

/// The requests of these rows, with their votes.
pub(super) async fn read_all(
    connection: &mut Timed<impl Link>,
    rows: &[EngineRow],
) -> Result<Vec<StoredApproval>, StoreError> {
    let mut approvals = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if approvals.is_empty() {
        return Ok(approvals);
    }
    let mut statement = Statement::new(
        "select approval_id, voter_id, voter_name, decision, reason, via, proved, answer, at
         from approval_vote where approval_id in (",
    );
    for (at, approval) in approvals.iter().enumerate() {
        statement.push(if at == 0 { "" } else { ", " }).bind(approval.id.to_string())?;
    }
    statement.push(") order by at, voter_id");
    let mut votes: HashMap<Uuid, Vec<Vote>> = HashMap::new();
    for row in &statement.query().fetch_all(connection).await? {
        let columns = Columns::of("approval_vote", "approval_id", row);
        votes.entry(columns.id("approval_id")?).or_default().push(vote(&columns)?);
    }
    for approval in &mut approvals {
        approval.request.votes = votes.remove(&approval.id).unwrap_or_default();
    }
    Ok(approvals)
}

fn vote(columns: &Columns<'_>) -> Result<Vote, StoreError> {
    Ok(Vote {
        voter_id: columns.text("voter_id")?,
        voter_name: columns.text("voter_name")?,
        decision: columns.named("decision", VoteDecision::from_name)?,
        reason: columns.text_opt("reason")?,
        answer: columns.text_opt("answer")?,
        via: columns.named("via", Via::from_name)?,
        proved: columns.named("proved", StepUp::from_name)?,
        at: columns.time("at")?,
    })
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
            escalated_at: columns.time_opt("escalated_at")?,
            match_code: columns.json_opt("match_code")?,
            wrong_codes: columns.json("wrong_codes")?,
            ai: columns.json_opt("ai")?,
            joins: u32::try_from(columns.integer("joins")?).unwrap_or(u32::MAX),
            uses: u32::try_from(columns.integer("uses")?).unwrap_or(u32::MAX),
            events: Vec::new(),
        },
        principal: columns.json("principal")?,
        call_hash: columns.text("call_hash")?,
        tool: columns.text("tool")?,
        server: columns.text_opt("server")?,
        source: columns.text_opt("source")?,
        definition_hash: columns.text_opt("definition_hash")?,
        arguments: columns.json("arguments")?,
        session_id: columns.text("session_id")?,
        justification: columns.text_opt("justification")?,
        decision_id: columns.id("decision_id")?,
        decision: columns.json("decision")?,
        outcome,
    })
}

pub(super) async fn insert(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    approval: &StoredApproval,
) -> Result<(), StoreError> {
    let request = &approval.request;
    sqlx::query(
        "insert into approval (approval_id, account_id, principal_id, call_hash, state, tool, server,
            source, arguments, principal, session_id, justification, decision_id, decision, workflow,
            created_at, expires_at, due_at, match_code, definition_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20)",
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
    .bind(request.next_due().map(micros))
    .bind(json_opt(approval.id, request.match_code.as_ref())?)
    .bind(approval.definition_hash.as_deref())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut WriteTransaction,
    replica: &str,
    before: &StoredApproval,
    after: &StoredApproval,
) -> Result<(), StoreError> {
    let (old, new) = (&before.request, &after.request);
    for vote in new.votes.iter().skip(old.votes.len()) {
        sqlx::query(
            "insert into approval_vote
                (approval_id, voter_id, voter_name, decision, reason, at, via, proved, answer)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(after.id.to_string())
        .bind(&vote.voter_id)
        .bind(&vote.voter_name)
        .bind(vote.decision.as_str())
        .bind(vote.reason.as_deref().map(findable))
        .bind(micros(vote.at))
        .bind(vote.via.as_str())
        .bind(vote.proved.as_str())
        .bind(vote.answer.as_deref().map(findable))
        .execute(&mut **tx)
        .await?;
    }
    // What it was is asked for again: even where an engine lets another writer in between, a request is settled once,
    // escalates once and is used once.
    let updated = sqlx::query(
        "update approval set state = $2, decided_at = $3, use_by = $4, used_at = $5, outcome = $6,
            used_by = case when used_at is null and cast($5 as bigint) is not null then $9 else used_by end,
            expires_at = $10, escalated_at = $11, due_at = $12, wrong_codes = $13, ai = $14, joins = $15,
            uses = $17, match_code = case when $2 = 'pending' then match_code end
         where approval_id = $1 and state = $7
           and (used_at is null) = ($8 = 0) and (escalated_at is null) = ($16 = 0)
           and uses = $18",
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
    .bind(micros(new.expires_at))
    .bind(new.escalated_at.map(micros))
    .bind(new.next_due().map(micros))
    .bind(to_json(TABLE, &after.id, &new.wrong_codes)?)
    .bind(json_opt(after.id, new.ai.as_ref())?)
    .bind(i64::from(new.joins))
    .bind(i64::from(old.escalated_at.is_some()))
    .bind(i64::from(new.uses))
    .bind(i64::from(old.uses))
    .execute(&mut **tx)
    .await?;
    if updated.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::Unavailable(sqlx::Error::RowNotFound))
}

fn json_opt<T: Serialize>(id: Uuid, value: Option<&T>) -> Result<Option<String>, StoreError> {
    value.map(|value| to_json(TABLE, &id, value)).transpose()
}
