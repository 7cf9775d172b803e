//! What became of notifications, and sending anew what was given up.

use preloop_api::{DeliveryState, NotificationDelivery, Page, Permission};
use preloop_core::Timestamp;
use preloop_core::audit::AuditKind;
use uuid::Uuid;

use super::target::Target;
use crate::service::{Caller, ServiceError, Services};
use crate::store::{DeliveryFilter, StoredDelivery};

/// Which deliveries are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeliveryQuery {
    pub(crate) state: Option<DeliveryState>,
    pub(crate) approval_id: Option<Uuid>,
    pub(crate) before: Option<(Timestamp, Uuid)>,
    pub(crate) limit: u32,
}

impl Services {
    /// Deliveries of the account, newest first.
    pub(crate) async fn delivery_list(
        &self,
        caller: &Caller,
        query: DeliveryQuery,
    ) -> Result<Page<NotificationDelivery>, ServiceError> {
        caller.must(Permission::NotificationsRead)?;
        let DeliveryQuery { state, approval_id, before, limit } = query;
        let filter = DeliveryFilter { state, approval_id, before, limit: limit.saturating_add(1) };
        let mut found = self.inner.store.delivery_list(self.inner.account_id, filter).await?;
        let has_more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if has_more {
            found.pop();
        }
        let last = found.last().filter(|_| has_more);
        let next_cursor = last.map(|last| format!("{}.{}", last.created_at.unix_micros(), last.id));
        let mut items = Vec::new();
        for delivery in &found {
            items.push(self.delivery_shown(delivery).await?);
        }
        Ok(Page { items, next_cursor })
    }

    /// Has a delivery that was given up sent anew.
    pub(crate) async fn delivery_replay(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<NotificationDelivery, ServiceError> {
        caller.must(Permission::NotificationsWrite)?;
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let is_replayed = store.delivery_replay(account_id, id, self.now()).await?;
        let found = store.delivery_find(account_id, id).await?;
        let delivery = found.ok_or_else(|| ServiceError::NotFound {
            code: "delivery_not_found",
            message: format!("there is no delivery with the id `{id}`"),
        })?;
        if !is_replayed {
            return Err(ServiceError::Conflict {
                code: "delivery_not_dead",
                message: format!(
                    "the delivery is {}: only one that was given up is sent anew",
                    delivery.state.as_str()
                ),
                state: None,
            });
        }
        self.record_act(caller, AuditKind::NotificationReplayed, format!("delivery `{id}`"))?;
        self.inner.deliveries_made.notify_one();
        self.delivery_shown(&delivery).await
    }

    async fn delivery_shown(
        &self,
        delivery: &StoredDelivery,
    ) -> Result<NotificationDelivery, ServiceError> {
        Ok(NotificationDelivery {
            id: delivery.id,
            approval_id: delivery.approval_id,
            event: delivery.kind.clone(),
            channel: delivery.channel,
            to: self.receiver_words(delivery).await?,
            state: delivery.state,
            attempts: u32::try_from(delivery.attempts).unwrap_or(u32::MAX),
            due_at: (delivery.state == DeliveryState::Pending).then_some(delivery.due_at),
            error: delivery.error.clone(),
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
        })
    }

    /// To whom a delivery goes, in words that are no secret.
    pub(super) async fn receiver_words(
        &self,
        delivery: &StoredDelivery,
    ) -> Result<String, ServiceError> {
        if let Some(user_id) = delivery.user_id {
            return self.user_named(user_id).await;
        }
        Ok(match Target::from_text(&delivery.target) {
            Some(Target::Place { to: Some(to), .. }) => to,
            Some(Target::Place { at, to: None }) => at,
            Some(Target::Update { .. }) => "an earlier message".to_owned(),
            Some(Target::Device { .. } | Target::User { .. }) | None => "somebody".to_owned(),
        })
    }
}
