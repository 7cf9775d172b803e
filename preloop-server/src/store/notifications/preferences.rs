//! What each user wants to be told, and who the user is in chats.

use preloop_core::Timestamp;
use uuid::Uuid;

use super::super::dialect::EngineRow;
use super::super::row::{Columns, findable, micros};
use super::super::timed::{Link, Timed};
use super::super::{Store, StoreError};

const TABLE: &str = "notification_preference";

/// A chat whose people can be users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChatKind {
    Mattermost,
    Slack,
}

/// Who a user is in chats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChatIds {
    pub(crate) slack: Option<String>,
    pub(crate) mattermost: Option<String>,
}

/// What a user wants; the settings are JSON that is known above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPreferences {
    pub(crate) user_id: Uuid,
    pub(crate) settings: String,
    pub(crate) chat_ids: ChatIds,
}

// === impl ChatKind ===

impl ChatKind {
    /// The name on every wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Mattermost => "mattermost",
            Self::Slack => "slack",
        }
    }
}

impl Store {
    /// What every user of an account wants who said so.
    pub(crate) async fn preferences_list(
        &self,
        account_id: Uuid,
    ) -> Result<Vec<StoredPreferences>, StoreError> {
        let rows = sqlx::query(
            "select user_id, settings, slack_user_id, mattermost_user_id
             from notification_preference where account_id = $1",
        )
        .bind(account_id.to_string())
        .fetch_all(self.connections.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// What the user wants.
    pub(crate) async fn preferences_find(
        &self,
        account_id: Uuid,
        user_id: Uuid,
    ) -> Result<Option<StoredPreferences>, StoreError> {
        let mut connection = self.connections.reader().acquire().await.map_err(StoreError::from)?;
        find(&mut connection, account_id, user_id).await
    }

    /// The user whom somebody in a chat stands for.
    pub(crate) async fn preferences_chat_user(
        &self,
        account_id: Uuid,
        kind: ChatKind,
        chat_user_id: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        let text = match kind {
            ChatKind::Slack => {
                "select user_id from notification_preference
                 where account_id = $1 and slack_user_id = $2"
            }
            ChatKind::Mattermost => {
                "select user_id from notification_preference
                 where account_id = $1 and mattermost_user_id = $2"
            }
        };
        let row = sqlx::query(text)
            .bind(account_id.to_string())
            .bind(findable(chat_user_id))
            .fetch_optional(self.connections.reader())
            .await?;
        row.as_ref().map(|row| Columns::of(TABLE, "user_id", row).id("user_id")).transpose()
    }

    /// Changes what a user wants; changes of one user come one after the other. A [duplicate](StoreError::is_duplicate)
    /// where another user is that person of a chat.
    pub(crate) async fn preferences_change<T: Send, E: Send>(
        &self,
        account_id: Uuid,
        user_id: Uuid,
        now: Timestamp,
        change: impl FnOnce(&mut StoredPreferences) -> Result<T, E> + Send,
    ) -> Result<Result<T, E>, StoreError> {
        let mut tx = self.write().await?;
        tx.hold(&format!("preferences of {user_id}")).await?;
        let found = find(&mut tx, account_id, user_id).await?;
        let mut preferences = found.unwrap_or_else(|| StoredPreferences {
            user_id,
            settings: "{}".to_owned(),
            chat_ids: ChatIds::default(),
        });
        let changed = match change(&mut preferences) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused)),
        };
        sqlx::query(
            "insert into notification_preference
                (user_id, account_id, settings, slack_user_id, mattermost_user_id, updated_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (user_id) do update set settings = excluded.settings,
                slack_user_id = excluded.slack_user_id,
                mattermost_user_id = excluded.mattermost_user_id, updated_at = excluded.updated_at",
        )
        .bind(user_id.to_string())
        .bind(account_id.to_string())
        .bind(&preferences.settings)
        .bind(preferences.chat_ids.slack.as_deref().map(findable))
        .bind(preferences.chat_ids.mattermost.as_deref().map(findable))
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Ok(changed))
    }
}

async fn find(
    connection: &mut Timed<impl Link>,
    account_id: Uuid,
    user_id: Uuid,
) -> Result<Option<StoredPreferences>, StoreError> {
    let row = sqlx::query(
        "select user_id, settings, slack_user_id, mattermost_user_id
         from notification_preference where account_id = $1 and user_id = $2",
    )
    .bind(account_id.to_string())
    .bind(user_id.to_string())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &EngineRow) -> Result<StoredPreferences, StoreError> {
    let columns = Columns::of(TABLE, "user_id", row);
    Ok(StoredPreferences {
        user_id: columns.id("user_id")?,
        settings: columns.text("settings")?,
        chat_ids: ChatIds {
            slack: columns.text_opt("slack_user_id")?,
            mattermost: columns.text_opt("mattermost_user_id")?,
        },
    })
}
