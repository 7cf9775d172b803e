//! Taking deliveries to send, so that no two servers send one at the same time, and noting how it went.

use preloop_api::DeliveryState;
use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::dialect::EngineRow;
use super::super::row::{Columns, findable, micros};
use super::super::{Store, StoreError};
use super::{StoredDelivery, TABLE, next_of, read};

/// Most lanes that are looked at in one turn.
const LANES_MAX: i64 = 256;

/// Deliveries that wait for each other only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) name: String,
    /// How many of it may be taken.
    pub(crate) free: i64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryEnd {
    /// It was taken.
    Sent { reference: Option<String> },
    /// It may be tried again.
    Again { at: Timestamp, error: String },
    /// It is given up, and can be sent anew by hand.
    Dead { error: String },
    /// It has no purpose any more.
    Dropped { why: String },
}

impl Store {
    /// Names of the lanes that have something due, the longest waiting first; and when the next is due that is not yet.
    pub(crate) async fn delivery_lanes(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<String>, Option<Timestamp>), StoreError> {
        let rows = sqlx::query(
            "select lane, min(due_at) as due from notification_delivery
             where state = 'pending' and due_at <= $1
                and (leased_until is null or leased_until <= $1)
             group by lane order by due, lane limit $2",
        )
        .bind(micros(now))
        .bind(LANES_MAX)
        .fetch_all(self.connections.reader())
        .await?;
        let name = |row: &EngineRow| Columns::of(TABLE, "lane", row).text("lane");
        let lanes = rows.iter().map(name).collect::<Result<_, _>>()?;
        let next = sqlx::query(
            "select min(case when leased_until > due_at then leased_until else due_at end) as next_at
             from notification_delivery
             where state = 'pending' and (due_at > $1 or leased_until > $1)",
        )
        .bind(micros(now))
        .fetch_one(self.connections.reader())
        .await?;
        Ok((lanes, next_of(&next)?))
    }

    /// Takes what is due of those lanes, each until `until`. An attempt counts from here on, so that one which ends the
    /// server is not made for ever.
    pub(crate) async fn delivery_claim(
        &self,
        lanes: &[Lane],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let mut tx = self.write().await?;
        tx.hold("notification deliveries").await?;
        let mut claimed = Vec::new();
        for lane in lanes {
            let rows = sqlx::query(
                "select delivery_id, account_id, approval_id, event_seq, kind, channel, user_id,
                    target, lane, state, attempts, due_at, reference, error, created_at, finished_at
                 from notification_delivery
                 where lane = $1 and state = 'pending' and due_at <= $2
                    and (leased_until is null or leased_until <= $2)
                 order by due_at, delivery_id limit $3",
            )
            .bind(&lane.name)
            .bind(micros(now))
            .bind(lane.free)
            .fetch_all(&mut *tx)
            .await?;
            for row in &rows {
                let mut delivery = read(row)?;
                delivery.attempts = delivery.attempts.saturating_add(1);
                claimed.push(delivery);
            }
        }
        for delivery in &claimed {
            sqlx::query(
                "update notification_delivery set attempts = $2, leased_until = $3, leased_by = $4
                 where delivery_id = $1",
            )
            .bind(delivery.id.to_string())
            .bind(delivery.attempts)
            .bind(micros(until))
            .bind(&*self.replica)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// Lets go of what this server was sending when it stopped.
    pub(crate) async fn delivery_reset(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "update notification_delivery set leased_until = null
             where state = 'pending' and leased_until is not null and leased_by = $1",
        )
        .bind(&*self.replica)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Notes how an attempt ended; nothing where another attempt was begun meanwhile.
    pub(crate) async fn delivery_end(
        &self,
        id: Uuid,
        attempt: i64,
        end: &DeliveryEnd,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (state, due_at, reference, error) = match end {
            DeliveryEnd::Sent { reference } => (DeliveryState::Sent, None, reference.clone(), None),
            DeliveryEnd::Again { at, error } => {
                (DeliveryState::Pending, Some(*at), None, Some(error))
            }
            DeliveryEnd::Dead { error } => (DeliveryState::Dead, None, None, Some(error)),
            DeliveryEnd::Dropped { why } => (DeliveryState::Dropped, None, None, Some(why)),
        };
        let finished_at = due_at.is_none().then_some(now);
        let mut tx = self.write().await?;
        let ended = sqlx::query(
            "update notification_delivery
             set state = $3, due_at = coalesce($4, due_at), reference = coalesce($5, reference),
                error = $6, finished_at = $7, leased_until = null
             where delivery_id = $1 and attempts = $2 and state = 'pending'",
        )
        .bind(id.to_string())
        .bind(attempt)
        .bind(state.as_str())
        .bind(due_at.map(micros))
        .bind(reference.as_deref().map(findable))
        .bind(error.map(|error| findable(error)))
        .bind(finished_at.map(micros))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(ended.rows_affected() > 0)
    }
}
