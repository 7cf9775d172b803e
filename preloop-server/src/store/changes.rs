//! What servers on one database tell each other, so that what each holds in memory stays true.

use uuid::Uuid;

use super::dialect::Announcements;
use super::{Store, StoreError};

/// Something in the store changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// An approval request was made, voted on, settled or used.
    Approval(Uuid),
    /// A key was made or revoked.
    Keys,
    /// A secret of an account was set or forgotten.
    Secrets(Uuid),
    /// Another policy is live in a scope of the account.
    Policies(Uuid),
    /// A tool of an account was listed or accepted.
    Tools(Uuid),
    /// A grant of an account was made or ended.
    Grants(Uuid),
    /// Anything may have: the connection was lost for a while.
    Unknown,
}

impl Change {
    pub(super) const KEYS: &str = "keys";
    const APPROVAL: &str = "approval ";
    const SECRETS: &str = "secrets ";
    const POLICIES: &str = "policies ";
    const TOOLS: &str = "tools ";
    const GRANTS: &str = "grants ";

    pub(super) fn of_approval(id: Uuid) -> String {
        format!("{}{id}", Self::APPROVAL)
    }

    pub(super) fn of_secrets(account_id: Uuid) -> String {
        format!("{}{account_id}", Self::SECRETS)
    }

    pub(super) fn of_policies(account_id: Uuid) -> String {
        format!("{}{account_id}", Self::POLICIES)
    }

    pub(super) fn of_tools(account_id: Uuid) -> String {
        format!("{}{account_id}", Self::TOOLS)
    }

    pub(super) fn of_grants(account_id: Uuid) -> String {
        format!("{}{account_id}", Self::GRANTS)
    }

    fn read(announcement: Option<&str>) -> Self {
        let id = |text: &str, prefix| text.strip_prefix(prefix).and_then(|id| id.parse().ok());
        match announcement {
            Some(Self::KEYS) => Self::Keys,
            Some(text) => id(text, Self::APPROVAL)
                .map(Self::Approval)
                .or_else(|| id(text, Self::POLICIES).map(Self::Policies))
                .or_else(|| id(text, Self::TOOLS).map(Self::Tools))
                .or_else(|| id(text, Self::SECRETS).map(Self::Secrets))
                .or_else(|| id(text, Self::GRANTS).map(Self::Grants))
                // A later version tells more than this one knows.
                .unwrap_or(Self::Unknown),
            None => Self::Unknown,
        }
    }
}

/// Changes as the database tells of them, this server's own among them.
#[derive(Debug)]
pub(crate) struct Changes {
    announcements: Announcements,
}

impl Changes {
    /// The next change.
    pub(crate) async fn next(&mut self) -> Result<Change, StoreError> {
        Ok(Change::read(self.announcements.next().await?.as_deref()))
    }
}

impl Store {
    /// Whether other servers may use this database.
    pub(crate) fn is_shared(&self) -> bool {
        self.location.is_shared()
    }

    /// Which of the servers on this database this one is.
    pub(crate) fn replica(&self) -> &str {
        &self.replica
    }

    /// Begins to listen to the other servers; `None` where there can be none.
    pub(crate) async fn changes(&self) -> Result<Option<Changes>, StoreError> {
        let announcements = Announcements::listen(&self.location).await?;
        Ok(announcements.map(|announcements| Changes { announcements }))
    }
}
