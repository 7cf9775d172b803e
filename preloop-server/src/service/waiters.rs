//! Wakes held calls the moment their approval request is settled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// Who waits for which approval request.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: Mutex<HashMap<Uuid, watch::Sender<()>>>,
    /// A request changed, so what is due next, or who is to be told, may be another.
    changes: watch::Sender<()>,
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
        self.changed();
    }

    /// Wakes everybody, to look again.
    pub(super) fn wake_all(&self) {
        self.waiting().clear();
        self.changed();
    }

    /// A request was made or changed.
    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Wakes whoever watches when a request was made or changed.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
