//! The outbox: events that people are told of become deliveries, each of which is sent until it is taken or given up.

mod claim;
mod devices;
mod preferences;

#[cfg(test)]
mod tests;

use preloop_api::{ChannelName, DeliveryState};
use preloop_core::Timestamp;
use uuid::Uuid;

pub(crate) use claim::{DeliveryEnd, Lane};
pub(crate) use devices::StoredDevice;
pub(crate) use preferences::{ChatIds, ChatKind, StoredPreferences};

use super::dialect::{EngineRow, Statement};
use super::row::{Columns, from_micros, micros};
use super::{Store, StoreError};

const TABLE: &str = "notification_delivery";
const SELECT: &str =
    "select delivery_id, account_id, approval_id, event_seq, kind, channel, user_id,
    target, lane, state, attempts, due_at, reference, error, created_at, finished_at
    from notification_delivery";

/// Something that happened to a request and that nobody was told of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UntoldEvent {
    pub(crate) account_id: Uuid,
    pub(crate) approval_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    /// Name of the kind.
    pub(crate) kind: String,
}

/// One message to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredDelivery {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) approval_id: Uuid,
    pub(crate) event_seq: i64,
    pub(crate) kind: String,
    pub(crate) channel: ChannelName,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) target: String,
    pub(crate) lane: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: i64,
    pub(crate) due_at: Timestamp,
    pub(crate) reference: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
}

/// Which deliveries a list holds, newest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeliveryFilter {
    pub(crate) state: Option<DeliveryState>,
    pub(crate) approval_id: Option<Uuid>,
    /// What the page before ended with.
    pub(crate) before: Option<(Timestamp, Uuid)>,
    pub(crate) limit: u32,
}

impl Store {
    /// Events that nobody was told of yet, oldest first: those after `after`.
    pub(crate) async fn untold_events(
        &self,
        after: Option<&UntoldEvent>,
        limit: i64,
    ) -> Result<Vec<UntoldEvent>, StoreError> {
        let rows = sqlx::query(
            "select account_id, approval_id, seq, at, kind from approval_event
             where noticed = 0 and (at, approval_id, seq) > ($1, $2, $3)
             order by at, approval_id, seq limit $4",
        )
        .bind(after.map_or(i64::MIN, |last| micros(last.at)))
        .bind(after.map(|last| last.approval_id.to_string()).unwrap_or_default())
        .bind(after.map_or(0, |last| last.seq))
        .bind(limit)
        .fetch_all(self.connections.reader())
        .await?;
        let read = |row: &EngineRow| {
            let columns = Columns::of("approval_event", "approval_id", row);
            Ok(UntoldEvent {
                account_id: columns.id("account_id")?,
                approval_id: columns.id("approval_id")?,
                seq: columns.integer("seq")?,
                at: columns.time("at")?,
                kind: columns.text("kind")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Stores what an event comes to, once; false where another server did so before.
    pub(crate) async fn event_fan_out(
        &self,
        event: &UntoldEvent,
        deliveries: &[StoredDelivery],
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let noticed = sqlx::query(
            "update approval_event set noticed = 1
             where approval_id = $1 and seq = $2 and noticed = 0",
        )
        .bind(event.approval_id.to_string())
        .bind(event.seq)
        .execute(&mut *tx)
        .await?;
        if noticed.rows_affected() == 0 {
            return Ok(false);
        }
        for delivery in deliveries {
            sqlx::query(
                "insert into notification_delivery (delivery_id, account_id, approval_id, event_seq,
                    kind, channel, user_id, target, lane, state, due_at, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $11)
                 on conflict (approval_id, event_seq, channel, target) do nothing",
            )
            .bind(delivery.id.to_string())
            .bind(delivery.account_id.to_string())
            .bind(delivery.approval_id.to_string())
            .bind(delivery.event_seq)
            .bind(&delivery.kind)
            .bind(delivery.channel.as_str())
            .bind(delivery.user_id.map(|id| id.to_string()))
            .bind(&delivery.target)
            .bind(&delivery.lane)
            .bind(micros(delivery.due_at))
            .bind(micros(delivery.created_at))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Every delivery about a request, oldest first.
    pub(crate) async fn delivery_list_of(
        &self,
        approval_id: Uuid,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where approval_id = ").bind(approval_id.to_string())?;
        statement.push(" order by event_seq, created_at, delivery_id");
        self.deliveries(statement).await
    }

    /// The delivery of that id.
    pub(crate) async fn delivery_find(
        &self,
        account_id: Uuid,
        id: Uuid,
    ) -> Result<Option<StoredDelivery>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        statement.push(" and delivery_id = ").bind(id.to_string())?;
        Ok(self.deliveries(statement).await?.pop())
    }

    /// Deliveries of an account, newest first.
    pub(crate) async fn delivery_list(
        &self,
        account_id: Uuid,
        filter: DeliveryFilter,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let mut statement = Statement::new(SELECT);
        statement.push(" where account_id = ").bind(account_id.to_string())?;
        if let Some(state) = filter.state {
            statement.push(" and state = ").bind(state.as_str())?;
        }
        if let Some(id) = filter.approval_id {
            statement.push(" and approval_id = ").bind(id.to_string())?;
        }
        if let Some((at, id)) = filter.before {
            statement.push(" and (created_at < ").bind(micros(at))?;
            statement.push(" or (created_at = ").bind(micros(at))?;
            statement.push(" and delivery_id < ").bind(id.to_string())?.push("))");
        }
        statement.push(" order by created_at desc, delivery_id desc limit ");
        statement.bind(i64::from(filter.limit))?;
        self.deliveries(statement).await
    }

    /// Has a delivery that was given up sent anew; false where it is not one.
    pub(crate) async fn delivery_replay(
        &self,
        account_id: Uuid,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let replayed = sqlx::query(
            "update notification_delivery
             set state = 'pending', attempts = 0, due_at = $3, leased_until = null, error = null,
                finished_at = null
             where account_id = $1 and delivery_id = $2 and state = 'dead'",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(replayed.rows_affected() > 0)
    }

    /// Forgets deliveries that ended before `stale`.
    pub(crate) async fn delivery_prune(&self, stale: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("delete from notification_delivery where finished_at < $1")
            .bind(micros(stale))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    async fn deliveries(&self, statement: Statement) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = statement.query().fetch_all(self.connections.reader()).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &EngineRow) -> Result<StoredDelivery, StoreError> {
    let columns = Columns::of(TABLE, "delivery_id", row);
    let user_id = match columns.text_opt("user_id")? {
        None => None,
        Some(_) => Some(columns.id("user_id")?),
    };
    Ok(StoredDelivery {
        id: columns.id("delivery_id")?,
        account_id: columns.id("account_id")?,
        approval_id: columns.id("approval_id")?,
        event_seq: columns.integer("event_seq")?,
        kind: columns.text("kind")?,
        channel: columns.named("channel", ChannelName::from_name)?,
        user_id,
        target: columns.text("target")?,
        lane: columns.text("lane")?,
        state: columns.named("state", DeliveryState::from_name)?,
        attempts: columns.integer("attempts")?,
        due_at: columns.time("due_at")?,
        reference: columns.text_opt("reference")?,
        error: columns.text_opt("error")?,
        created_at: columns.time("created_at")?,
        finished_at: columns.time_opt("finished_at")?,
    })
}

/// When the next delivery is due that is not due yet.
fn next_of(row: &EngineRow) -> Result<Option<Timestamp>, StoreError> {
    let columns = Columns::of(TABLE, "next_at", row);
    Ok(columns.integer_opt("next_at")?.and_then(from_micros))
}
