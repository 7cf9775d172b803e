//! Wakes held calls the moment their approval request is settled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// Who waits for which approval request.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: Mutex<HashMap<Uuid, watch::Sender<()>>>,
    /// A request was made or settled, so the next one to lapse may be another.
    changed: Notify,
}

impl Waiters {
    /// Begins to wait for a request; look at it after this, so that nothing is missed in between.
    pub(super) fn subscribe(&self, id: Uuid) -> watch::Receiver<()> {
        self.waiting().entry(id).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Forgets the request where nobody waits for it any more.
    pub(super) fn leave(&self, id: Uuid) {
        let mut waiting = self.waiting();
        if waiting.get(&id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&id);
        }
    }

    /// Wakes everybody who waits for the request.
    pub(super) fn wake(&self, id: Uuid) {
        // Dropping the sender wakes the receivers.
        self.waiting().remove(&id);
        self.changed.notify_one();
    }

    /// Wakes everybody, to look again.
    pub(super) fn wake_all(&self) {
        self.waiting().clear();
        self.changed.notify_one();
    }

    /// A request was made.
    pub(super) fn made(&self) {
        self.changed.notify_one();
    }

    /// Waits until a request was made or settled.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
