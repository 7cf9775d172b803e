//! What happened to a request, in the order in which it happened.

use preloop_core::approval::{Event, EventKind, Via};
use uuid::Uuid;

use super::super::dialect::{EngineRow, WriteTransaction};
use super::super::row::{Columns, findable, micros};
use super::super::{Change, Store, StoreError};

const TABLE: &str = "approval_event";

impl Store {
    /// Notes something that changed nothing about the request but its timeline; false where there is no such request.
    pub(crate) async fn approval_event_add(
        &self,
        account_id: Uuid,
        id: Uuid,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("approval {id}")).await?;
        let found =
            sqlx::query("select 1 from approval where account_id = $1 and approval_id = $2")
                .bind(account_id.to_string())
                .bind(id.to_string())
                .fetch_optional(&mut *tx)
                .await?;
        if found.is_none() {
            return Ok(false);
        }
        insert(&mut tx, account_id, id, std::slice::from_ref(event)).await?;
        tx.announce(&Change::of_approval(id)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The timeline of a request, oldest first.
    pub(crate) async fn approval_events(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(
            "select approval_id, at, kind, actor, via, message from approval_event
             where account_id = $1 and approval_id = $2 order by seq",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }
}

/// Adds events after those there are; whoever calls holds the request.
pub(super) async fn insert(
    tx: &mut WriteTransaction,
    account_id: Uuid,
    id: Uuid,
    events: &[Event],
) -> Result<(), StoreError> {
    for event in events {
        sqlx::query(
            "insert into approval_event
                (approval_id, seq, account_id, at, kind, actor, via, message, noticed)
             select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8
             from approval_event where approval_id = $1",
        )
        .bind(id.to_string())
        .bind(account_id.to_string())
        .bind(micros(event.at))
        .bind(event.kind.as_str())
        .bind(event.actor.as_deref().map(findable))
        .bind(event.via.map(Via::as_str))
        .bind(event.message.as_deref().map(findable))
        .bind(i64::from(!event.kind.is_told()))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

fn read(row: &EngineRow) -> Result<Event, StoreError> {
    let columns = Columns::of(TABLE, "approval_id", row);
    let via = match columns.text_opt("via")? {
        None => None,
        Some(_) => Some(columns.named("via", Via::from_name)?),
    };
    Ok(Event {
        kind: columns.named("kind", EventKind::from_name)?,
        at: columns.time("at")?,
        actor: columns.text_opt("actor")?,
        via,
        message: columns.text_opt("message")?,
    })
}
