//! Keeps what this server holds in memory true to a database that other servers change.

use super::{ServiceError, Services};
use crate::store::{Change, Changes};

impl Services {
    /// Begins to listen to the other servers on the database; `None` where there can be none.
    pub(crate) async fn changes(&self) -> Result<Option<Changes>, ServiceError> {
        Ok(self.inner.store.changes().await?)
    }

    /// Takes in a change.
    pub(crate) async fn follow(&self, change: Change) -> Result<(), ServiceError> {
        match change {
            Change::Approval(id) => self.inner.waiters.wake(id),
            Change::Keys => self.keys_reload().await?,
            Change::Tools => self.tools_follow().await?,
            Change::Unknown => {
                self.inner.waiters.wake_all();
                self.keys_reload().await?;
                self.tools_follow().await?;
            }
        }
        Ok(())
    }

    async fn tools_follow(&self) -> Result<(), ServiceError> {
        let before = self.inner.tools.load_full();
        self.tools_reload().await?;
        if *before != **self.inner.tools.load() {
            self.policy_changed();
        }
        Ok(())
    }
}
