//! Telling people of approval requests: who is told, by which way, and what comes back by buttons.
//!
//! An event of a request becomes deliveries (`fan_out`), each is sent until it is taken or given up (`send`). A call
//! never waits for any of it.

mod chat;
mod deliveries;
mod devices;
mod fan_out;
mod keys;
mod places;
mod preferences;
mod quiet_hours;
mod send;
mod target;

use std::time::Duration;

use preloop_core::Timestamp;

pub(crate) use chat::{ChatAnswer, ChatPress};
pub(crate) use deliveries::DeliveryQuery;
pub(crate) use keys::NotifyKeys;

use super::{Platform, ServiceError};
use crate::config::Config;
use crate::mcp::DialRules;
use crate::notify::Channels;
use crate::store::{Lane, StoredDelivery};

/// How long a delivery is nobody else's: longer than sending may take.
const LEASE: Duration = Duration::from_mins(1);
/// How long deliveries that ended are kept.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// What messages are sent by, and how far the addresses of documents may lead.
#[derive(Clone, Debug)]
pub(crate) struct NotifySettings {
    pub(crate) channels: Channels,
    /// For the document of the first account.
    dial: DialRules,
    /// For those of further accounts.
    dial_of_others: DialRules,
}

/// What there is to send.
#[derive(Debug, Default)]
pub(crate) struct DueDeliveries {
    pub(crate) claimed: Vec<StoredDelivery>,
    /// When the next is due that is not yet.
    pub(crate) next: Option<Timestamp>,
}

// === impl NotifySettings ===

impl NotifySettings {
    /// # Errors
    /// Where a setting cannot be used.
    pub(crate) fn of(config: &Config) -> Result<Self, String> {
        let private = config.allow_private_upstreams;
        let listed = DialRules::of_operator(&config.env_allow, &config.stdio_allow, private)?;
        let dial = if config.policy.is_some() { DialRules::local_file() } else { listed.clone() };
        let channels = Channels::of(&config.channels)?;
        Ok(Self { channels, dial, dial_of_others: listed })
    }
}

// === impl Platform ===

impl Platform {
    /// Takes what is due, of each lane as much as `free` says, and of all lanes as much as `most`.
    pub(crate) async fn deliveries_claim(
        &self,
        free: impl Fn(&str) -> i64,
        most: i64,
    ) -> Result<DueDeliveries, ServiceError> {
        let now = self.shared().now();
        let (names, next) = self.shared().store.delivery_lanes(now).await?;
        let mut left = most;
        let mut lanes = Vec::new();
        for name in names {
            let free = free(&name).min(left);
            if free > 0 {
                left = left.saturating_sub(free);
                lanes.push(Lane { name, free });
            }
        }
        if lanes.is_empty() {
            return Ok(DueDeliveries { claimed: Vec::new(), next });
        }
        let until = now.saturating_add(LEASE);
        let claimed = self.shared().store.delivery_claim(&lanes, now, until).await?;
        Ok(DueDeliveries { claimed, next })
    }

    /// Waits until deliveries were made, or should be sent anew.
    pub(crate) async fn deliveries_made(&self) {
        self.shared().deliveries_made.notified().await;
    }

    /// Forgets deliveries that ended long ago.
    pub(crate) async fn deliveries_prune(&self) -> Result<(), ServiceError> {
        let stale = self.shared().now().checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        Ok(self.shared().store.delivery_prune(stale).await?)
    }
}
