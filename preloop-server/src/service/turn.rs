//! One turn of a worker through requests of many accounts.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Platform, Services};

/// The accounts that a turn comes to: one that cannot be opened is told of once, and keeps the others from nothing.
#[derive(Debug)]
pub(super) struct Turn<'p> {
    platform: &'p Platform,
    closed: HashSet<Uuid>,
}

impl<'p> Turn<'p> {
    pub(super) fn of(platform: &'p Platform) -> Self {
        Self { platform, closed: HashSet::new() }
    }

    /// The services of the account; none where it cannot be opened.
    pub(super) async fn services(&mut self, account_id: Uuid) -> Option<Services> {
        if self.closed.contains(&account_id) {
            return None;
        }
        match self.platform.services(account_id).await {
            Ok(services) => Some(services),
            Err(error) => {
                tracing::error!(%error, account = %account_id, "the account cannot be opened; its requests wait");
                self.closed.insert(account_id);
                None
            }
        }
    }
}
