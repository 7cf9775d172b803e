//! Keeps what this server holds in memory true to a database that other servers change.

use super::{Platform, ServiceError, Services};
use crate::store::{Change, Changes};

impl Platform {
    /// Begins to listen to the other servers on the database; `None` where there can be none.
    pub(crate) async fn changes(&self) -> Result<Option<Changes>, ServiceError> {
        Ok(self.shared().store.changes().await?)
    }

    /// Takes in a change.
    pub(crate) async fn follow(&self, change: Change) -> Result<(), ServiceError> {
        match change {
            Change::Approval(id) => self.shared().waiters.wake(id),
            Change::Keys => self.shared().keys_reload().await?,
            Change::Secrets(account_id) => {
                if let Some(services) = self.open_account(account_id) {
                    services.secrets_follow();
                }
            }
            Change::Policies(account_id) => {
                if let Some(services) = self.open_account(account_id) {
                    services.policies_refresh().await?;
                }
            }
            Change::Tools(account_id) => {
                if let Some(services) = self.open_account(account_id) {
                    services.tools_follow().await?;
                }
            }
            Change::Grants(account_id) => {
                if let Some(services) = self.open_account(account_id) {
                    services.grants_reload().await?;
                }
            }
            Change::Unknown => {
                self.shared().waiters.wake_all();
                self.shared().keys_reload().await?;
                let mut failed = None;
                for services in self.open_accounts() {
                    services.secrets_follow();
                    // Every account: what is wrong with one must not leave the others behind.
                    failed = services.policies_refresh().await.err().or(failed);
                    failed = services.tools_follow().await.err().or(failed);
                    failed = services.grants_reload().await.err().or(failed);
                }
                return failed.map_or(Ok(()), Err);
            }
        }
        Ok(())
    }
}

impl Services {
    async fn tools_follow(&self) -> Result<(), ServiceError> {
        let before = self.inner.tools.load_full();
        self.tools_reload().await?;
        if *before != **self.inner.tools.load() {
            self.policy_changed();
        }
        Ok(())
    }
}
