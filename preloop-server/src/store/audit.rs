//! The audit trail: appended in batches from the journal, chained as it is written, never changed.

use std::collections::BTreeMap;

use preloop_core::Timestamp;
use preloop_core::audit::{AuditKind, AuditRecord, ChainHead};
use preloop_core::decision::Action;
use uuid::Uuid;

use super::dialect::{Statement, WriteTransaction};
use super::row::{Columns, findable, micros, to_json};
use super::timed::{Link, Timed};
use super::{Store, StoreError};

const TABLE: &str = "audit_record";
/// A place in the journal on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JournalPosition {
    /// Number of the file.
    pub(crate) segment: u64,
    /// Bytes from its start.
    pub(crate) offset: u64,
}

/// In which order records are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AuditOrder {
    /// Oldest first.
    Ascending,
    /// Newest first.
    #[default]
    Descending,
}

/// Which records to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    pub(crate) kinds: Vec<AuditKind>,
    pub(crate) tool: Option<String>,
    pub(crate) principal_id: Option<String>,
    pub(crate) action: Option<Action>,
    pub(crate) decision_id: Option<Uuid>,
    pub(crate) approval_id: Option<Uuid>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    /// Only those after this one, in the order asked for.
    pub(crate) after_seq: Option<u64>,
    pub(crate) order: AuditOrder,
    pub(crate) limit: u32,
}

impl Store {
    /// Puts records at the end of their accounts' chains and remembers how far the journal was moved, in one transaction.
    pub(crate) async fn audit_append(
        &self,
        records: BTreeMap<Uuid, Vec<AuditRecord>>,
        moved_to: JournalPosition,
    ) -> Result<(), StoreError> {
        let at_once = self.connections.rows_at_once();
        let mut tx = self.write().await?;
        for (account_id, records) in records {
            // Every server takes several chains in the same order, so none waits for one that waits for it.
            tx.hold(&format!("audit of {account_id}")).await?;
            if !account_exists(&mut tx, account_id).await? {
                tracing::error!(%account_id, count = records.len(), "audit records of an account of another database");
                continue;
            }
            append(&mut tx, account_id, records, at_once).await?;
        }
        sqlx::query(
            "insert into journal_position (journal, segment, \"offset\") values ($3, $1, $2)
             on conflict (journal) do update
             set segment = excluded.segment, \"offset\" = excluded.\"offset\"",
        )
        .bind(signed(moved_to.segment))
        .bind(signed(moved_to.offset))
        .bind(self.journal_name())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The name of this server's journal in the store.
    fn journal_name(&self) -> String {
        if self.is_shared() { format!("audit {}", self.replica) } else { "audit".to_owned() }
    }

    /// How far the journal was moved.
    pub(crate) async fn audit_moved_to(&self) -> Result<JournalPosition, StoreError> {
        let found = sqlx::query(
            "select journal, segment, \"offset\" from journal_position where journal = $1",
        )
        .bind(self.journal_name())
        .fetch_optional(self.connections.reader())
        .await?;
        let Some(row) = found else { return Ok(JournalPosition::default()) };
        let columns = Columns::of("journal_position", "journal", &row);
        Ok(JournalPosition {
            segment: unsigned(columns.integer("segment")?),
            offset: unsigned(columns.integer("offset")?),
        })
    }

    /// Records of the account, with their sequence numbers.
    pub(crate) async fn audit_list(
        &self,
        account_id: Uuid,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let mut statement = Statement::new("select audit_record_id, body from audit_record");
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        for (index, kind) in filter.kinds.iter().enumerate() {
            statement.push(if index == 0 { " and kind in (" } else { ", " });
            statement.bind(kind.as_str())?;
        }
        if !filter.kinds.is_empty() {
            statement.push(")");
        }
        if let Some(tool) = &filter.tool {
            statement.push(" and tool = ").bind(findable(tool))?;
        }
        if let Some(principal_id) = &filter.principal_id {
            statement.push(" and principal_id = ").bind(findable(principal_id))?;
        }
        if let Some(action) = filter.action {
            statement.push(" and action = ").bind(action.as_str())?;
        }
        if let Some(id) = filter.decision_id {
            statement.push(" and decision_id = ").bind(id.to_string())?;
        }
        if let Some(id) = filter.approval_id {
            statement.push(" and approval_id = ").bind(id.to_string())?;
        }
        if let Some(from) = filter.from {
            statement.push(" and at >= ").bind(micros(from))?;
        }
        if let Some(to) = filter.to {
            statement.push(" and at < ").bind(micros(to))?;
        }
        let ascends = filter.order == AuditOrder::Ascending;
        if let Some(seq) = filter.after_seq {
            let beyond = if ascends { " and seq > " } else { " and seq < " };
            statement.push(beyond).bind(signed(seq))?;
        }
        statement.push(if ascends { " order by seq" } else { " order by seq desc" });
        statement.push(" limit ").bind(i64::from(filter.limit))?;
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(|row| Columns::of(TABLE, "audit_record_id", row).json("body")).collect()
    }

    /// Records after `after_seq`, or from the very first on, for verification, oldest first; what cannot be read or does not agree with its columns
    /// comes as a message.
    pub(crate) async fn audit_chunk(
        &self,
        account_id: Uuid,
        after_seq: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Result<AuditRecord, String>)>, StoreError> {
        let rows = sqlx::query(
            "select seq, audit_record_id, at, kind, principal_id, tool, action, decision_id,
                approval_id, body
             from audit_record where account_id = $1 and seq > $2 order by seq limit $3",
        )
        .bind(account_id.to_string())
        .bind(after_seq.map_or(i64::MIN, signed))
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter()
            .map(|row| {
                let columns = Columns::of(TABLE, "audit_record_id", row);
                Ok((unsigned(columns.integer("seq")?), checked(&columns)?))
            })
            .collect()
    }

    /// The last record of the account's chain, as it was noted when it was written.
    pub(crate) async fn audit_head(
        &self,
        account_id: Uuid,
    ) -> Result<Option<ChainHead>, StoreError> {
        let mut connection = self.connections.reader().acquire().await?;
        head(&mut connection, account_id).await
    }
}

async fn append(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    mut records: Vec<AuditRecord>,
    at_once: usize,
) -> Result<(), StoreError> {
    let mut head = match head(tx, account_id).await? {
        Some(head) => head,
        None => head_without_note(tx, account_id).await?,
    };
    for record in &mut records {
        head.seal(record);
    }
    for some in records.chunks(at_once) {
        insert(tx, account_id, some).await?;
    }
    sqlx::query(
        "insert into audit_head (account_id, seq, hash) values ($1, $2, $3)
         on conflict (account_id) do update set seq = excluded.seq, hash = excluded.hash",
    )
    .bind(account_id.to_string())
    .bind(signed(head.seq))
    .bind(&head.hash)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn account_exists(tx: &mut WriteTransaction, account_id: Uuid) -> Result<bool, StoreError> {
    let found = sqlx::query("select account_id from account where account_id = $1")
        .bind(account_id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.is_some())
}

async fn head(
    connection: &mut Timed<impl Link>,
    account_id: Uuid,
) -> Result<Option<ChainHead>, StoreError> {
    let found = sqlx::query("select account_id, seq, hash from audit_head where account_id = $1")
        .bind(account_id.to_string())
        .fetch_optional(connection)
        .await?;
    let Some(row) = found else { return Ok(None) };
    let columns = Columns::of("audit_head", "account_id", &row);
    Ok(Some(ChainHead { seq: unsigned(columns.integer("seq")?), hash: columns.text("hash")? }))
}

/// Where the chain goes on though the note of its head is gone. One that was never begun starts at its start; else a number
/// is left out, so that verification finds for good that somebody was at it.
async fn head_without_note(
    tx: &mut WriteTransaction,
    account_id: Uuid,
) -> Result<ChainHead, StoreError> {
    let last: Option<i64> =
        sqlx::query_scalar("select max(seq) from audit_record where account_id = $1")
            .bind(account_id.to_string())
            .fetch_one(&mut **tx)
            .await?;
    let moved: i64 =
        sqlx::query_scalar("select count(*) from journal_position").fetch_one(&mut **tx).await?;
    if last.is_none() && moved == 0 {
        return Ok(ChainHead::default());
    }
    tracing::error!("the note of the last audit record is gone; verification will say so");
    let seq = unsigned(last.unwrap_or(0)).saturating_add(1);
    Ok(ChainHead { seq, ..ChainHead::default() })
}

/// One statement for several: each goes to the database and back on its own.
async fn insert(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    records: &[AuditRecord],
) -> Result<(), StoreError> {
    let mut statement = Statement::new(
        "insert into audit_record (account_id, seq, audit_record_id, at, kind, principal_id, tool,
            action, decision_id, approval_id, body)
         values ",
    );
    for (index, record) in records.iter().enumerate() {
        let found_by = FoundBy::of(record);
        statement.push(if index == 0 { "(" } else { ", (" }).bind(account_id.to_string())?;
        statement.push(", ").bind(signed(record.seq))?;
        statement.push(", ").bind(record.id.clone())?;
        statement.push(", ").bind(micros(record.at))?;
        statement.push(", ").bind(record.kind.as_str())?;
        statement.push(", ").bind(found_by.principal_id)?;
        statement.push(", ").bind(found_by.tool)?;
        statement.push(", ").bind(found_by.action.map(str::to_owned))?;
        statement.push(", ").bind(found_by.decision_id)?;
        statement.push(", ").bind(found_by.approval_id)?;
        statement.push(", ").bind(to_json(TABLE, &record.id, record)?)?.push(")");
    }
    statement.query().execute(&mut **tx).await?;
    Ok(())
}

/// The columns that find a record.
#[derive(Debug, PartialEq, Eq)]
struct FoundBy<'a> {
    principal_id: Option<String>,
    tool: Option<String>,
    action: Option<&'a str>,
    decision_id: Option<String>,
    approval_id: Option<String>,
}

impl<'a> FoundBy<'a> {
    fn of(record: &'a AuditRecord) -> Self {
        let principal = record.principal.as_ref();
        Self {
            principal_id: principal.map(|principal| findable(&principal.id)),
            tool: record.tool.as_deref().map(findable),
            action: record.decision.as_ref().map(|decision| decision.action.as_str()),
            decision_id: record.decision_id.as_deref().map(findable),
            approval_id: record.approval_id.as_deref().map(findable),
        }
    }
}

fn checked(columns: &Columns<'_>) -> Result<Result<AuditRecord, String>, StoreError> {
    let Ok(record) = serde_json::from_str::<AuditRecord>(&columns.text("body")?) else {
        return Ok(Err("the record cannot be read".to_owned()));
    };
    let (principal_id, tool) = (columns.text_opt("principal_id")?, columns.text_opt("tool")?);
    let (action, decision_id) = (columns.text_opt("action")?, columns.text_opt("decision_id")?);
    let approval_id = columns.text_opt("approval_id")?;
    let written = FoundBy {
        principal_id: principal_id.as_deref().map(findable),
        tool: tool.as_deref().map(findable),
        action: action.as_deref(),
        decision_id: decision_id.as_deref().map(findable),
        approval_id: approval_id.as_deref().map(findable),
    };
    let agrees = written == FoundBy::of(&record)
        && signed(record.seq) == columns.integer("seq")?
        && record.id == columns.text("audit_record_id")?
        && micros(record.at) == columns.integer("at")?
        && record.kind.as_str() == columns.text("kind")?;
    Ok(if agrees {
        Ok(record)
    } else {
        Err("the columns that find the record do not agree with it".to_owned())
    })
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
