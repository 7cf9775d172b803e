//! What a user wants to be told, and who the user is in chats.
//!
//! INVARIANT: who somebody is in a chat is said by an admin, or proven by a code that only this person of the chat was
//! shown: a press of a button counts as the vote of the user that it is linked to. Either takes a sign-in, since the link
//! stays when a key is revoked.

use std::time::Duration;

use preloop_api::{NotificationPreferences, Permission, SecretText};
use preloop_core::audit::AuditKind;
use serde_json::Value;
use uuid::Uuid;

use super::quiet_hours;
use crate::notify::Unsubscribe;
use crate::service::{Caller, Platform, ServiceError, Services};
use crate::store::{ChatIds, ChatKind, StoredPreferences};

/// What a ticket to end e-mail is for.
const UNSUBSCRIBE: &str = "unsubscribe";
/// What a ticket that links a person of a chat is for.
const LINK: &str = "link chat";
/// How long a mail's link to end e-mail is good.
const UNSUBSCRIBE_TIME: Duration = Duration::from_hours(90 * 24);
const LINK_TIME: Duration = Duration::from_mins(10);
/// Longest id of a person in a chat.
const CHAT_ID_CHARS_MAX: usize = 64;

/// What one user wants, with nothing missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) preferences: NotificationPreferences,
}

impl Wanted {
    /// What is stored; settings that a later version wrote count as not said.
    pub(super) fn of(stored: &StoredPreferences) -> Self {
        let mut preferences: NotificationPreferences =
            serde_json::from_str(&stored.settings).unwrap_or_default();
        let ChatIds { slack, mattermost } = stored.chat_ids.clone();
        preferences.slack_user_id = slack;
        preferences.mattermost_user_id = mattermost;
        Self { preferences }
    }
}

impl Services {
    /// What a user wants, or the defaults.
    pub(super) async fn preferences_of(
        &self,
        user_id: Uuid,
    ) -> Result<NotificationPreferences, ServiceError> {
        let found = self.inner.store.preferences_find(self.inner.account_id, user_id).await?;
        Ok(found.as_ref().map(Wanted::of).unwrap_or_default().preferences)
    }

    /// What the caller wants, or with the right to change users: what another one does.
    pub(crate) async fn preferences_show(
        &self,
        caller: &Caller,
        user: Option<Uuid>,
    ) -> Result<NotificationPreferences, ServiceError> {
        let user_id = self.whose(caller, user).await?;
        self.preferences_of(user_id).await
    }

    /// Changes what is in `change` (JSON merge patch), or where `is_whole` sets everything anew.
    pub(crate) async fn preferences_change(
        &self,
        caller: &Caller,
        user: Option<Uuid>,
        change: Value,
        is_whole: bool,
    ) -> Result<NotificationPreferences, ServiceError> {
        let user_id = self.whose(caller, user).await?;
        let is_own = user.is_none();
        let changing = move |before: &NotificationPreferences| {
            let wanted = changed(before, change, is_whole, is_own)?;
            check_chats(before, &wanted, caller)?;
            Ok(wanted)
        };
        self.preferences_store(caller, user_id, changing).await
    }

    /// Links the caller to the person of a chat whom a code was shown.
    pub(crate) async fn chat_link(
        &self,
        caller: &Caller,
        code: &SecretText,
    ) -> Result<NotificationPreferences, ServiceError> {
        let user_id = caller.must_be_signed_in()?;
        let key = self.inner.ticket_key().await?;
        let fields = key.open(LINK, code.reveal(), self.now()).unwrap_or_default();
        let [account_id, kind, chat_user_id] = fields.as_slice() else {
            return Err(invalid("invalid_code", "the code is not good any more; get another one"));
        };
        if *account_id != self.inner.account_id.to_string() {
            return Err(invalid("invalid_code", "the code is for another account"));
        }
        let (is_slack, id) = (kind == ChatKind::Slack.as_str(), Some(chat_user_id.clone()));
        let linking = move |before: &NotificationPreferences| {
            let before = before.clone();
            Ok(if is_slack {
                NotificationPreferences { slack_user_id: id, ..before }
            } else {
                NotificationPreferences { mattermost_user_id: id, ..before }
            })
        };
        self.preferences_store(caller, user_id, linking).await
    }

    /// The code that shows a person of a chat to be somebody here.
    pub(super) async fn link_code(
        &self,
        kind: ChatKind,
        chat_user_id: &str,
    ) -> Result<String, ServiceError> {
        let account_id = self.inner.account_id.to_string();
        let until = self.now().saturating_add(LINK_TIME);
        let fields = [account_id.as_str(), kind.as_str(), chat_user_id];
        Ok(self.inner.ticket_key().await?.sign(LINK, &fields, until))
    }

    /// Changes what a user wants, as it is in this moment; what it was and what it is now.
    async fn preferences_apply(
        &self,
        user_id: Uuid,
        change: impl FnOnce(&NotificationPreferences) -> Result<NotificationPreferences, ServiceError>
        + Send,
    ) -> Result<(NotificationPreferences, NotificationPreferences), ServiceError> {
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let changed = store.preferences_change(account_id, user_id, self.now(), |stored| {
            let before = Wanted::of(stored).preferences;
            let wanted = change(&before)?;
            stored.chat_ids = ChatIds {
                slack: wanted.slack_user_id.clone(),
                mattermost: wanted.mattermost_user_id.clone(),
            };
            let settings = NotificationPreferences {
                slack_user_id: None,
                mattermost_user_id: None,
                ..wanted.clone()
            };
            stored.settings = serde_json::to_string(&settings).unwrap_or_default();
            Ok((before, wanted))
        });
        match changed.await {
            Ok(changed) => changed,
            Err(error) if error.is_duplicate() => Err(ServiceError::Conflict {
                code: "chat_taken",
                message: "another user of the account is that person of the chat".to_owned(),
                state: None,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The same for a caller; who the user is in chats is told in the trail.
    async fn preferences_store(
        &self,
        caller: &Caller,
        user_id: Uuid,
        change: impl FnOnce(&NotificationPreferences) -> Result<NotificationPreferences, ServiceError>
        + Send,
    ) -> Result<NotificationPreferences, ServiceError> {
        let (before, wanted) = self.preferences_apply(user_id, change).await?;
        let chats = |them: &NotificationPreferences| {
            (them.slack_user_id.clone(), them.mattermost_user_id.clone())
        };
        if chats(&before) != chats(&wanted) {
            let words = |id: &Option<String>| id.clone().unwrap_or_else(|| "nobody".to_owned());
            let user = self.user_named(user_id).await?;
            let note = format!(
                "user `{user}` is `{}` in Slack and `{}` in Mattermost",
                words(&wanted.slack_user_id),
                words(&wanted.mattermost_user_id)
            );
            self.record_act(caller, AuditKind::ChatLinked, note)?;
        }
        Ok(wanted)
    }

    /// Whose preferences are meant: the caller's own, or another user's, for those who change users.
    async fn whose(&self, caller: &Caller, user: Option<Uuid>) -> Result<Uuid, ServiceError> {
        let Some(id) = user else { return caller.must_be_user() };
        caller.must(Permission::UsersWrite)?;
        let stored = self.user(id).await?;
        // Who speaks for somebody can vote as that one, so it is for those who may as much.
        caller.must_have(stored.user.role)?;
        Ok(id)
    }

    pub(super) async fn user_named(&self, id: Uuid) -> Result<String, ServiceError> {
        let found = self.inner.store.user_find(self.inner.account_id, id).await?;
        Ok(found.map_or_else(|| "somebody".to_owned(), |stored| stored.user.name))
    }

    /// Where a reader of a mail says that no more is wanted.
    pub(super) async fn unsubscribe(&self, user_id: Uuid) -> Option<Unsubscribe> {
        let key = self.inner.ticket_key().await.ok()?;
        let (account_id, user_id) = (self.inner.account_id.to_string(), user_id.to_string());
        let until = self.now().saturating_add(UNSUBSCRIBE_TIME);
        let ticket = key.sign(UNSUBSCRIBE, &[&account_id, &user_id], until);
        let base = self.base_url();
        let url = format!("{base}/api/v1/notification-preferences/unsubscribe?ticket={ticket}");
        // The standard wants https for what a mail program does by itself.
        Some(Unsubscribe { is_one_click: url.starts_with("https://"), url })
    }
}

impl Platform {
    /// Ends e-mail for the user of a ticket; the name of that user.
    pub(crate) async fn unsubscribe(&self, ticket: &str) -> Result<String, ServiceError> {
        let key = self.shared().ticket_key().await?;
        let fields = key.open(UNSUBSCRIBE, ticket, self.shared().now()).unwrap_or_default();
        let ids: Vec<Uuid> = fields.iter().filter_map(|field| field.parse().ok()).collect();
        let [account_id, user_id] = ids.as_slice() else {
            return Err(invalid("invalid_code", "the link is not good any more"));
        };
        let services = self.services(*account_id).await?;
        let without_email = |before: &NotificationPreferences| {
            Ok(NotificationPreferences { email: false, ..before.clone() })
        };
        services.preferences_apply(*user_id, without_email).await?;
        services.user_named(*user_id).await
    }
}

/// The preferences with the change in them.
fn changed(
    before: &NotificationPreferences,
    change: Value,
    is_whole: bool,
    is_own: bool,
) -> Result<NotificationPreferences, ServiceError> {
    let mut changed = if is_whole {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::to_value(before).unwrap_or_default()
    };
    if let (Some(changed), Value::Object(change)) = (changed.as_object_mut(), change) {
        changed.extend(change);
    }
    let mut wanted: NotificationPreferences = serde_json::from_value(changed)
        .map_err(|error| invalid("invalid_preferences", error.to_string()))?;
    if let Some(hours) = &wanted.quiet_hours {
        quiet_hours::check(hours).map_err(|message| invalid("invalid_preferences", message))?;
    }
    if is_whole && is_own {
        // Whoever sets everything anew did not mean to lose what was proven.
        wanted.slack_user_id = wanted.slack_user_id.or_else(|| before.slack_user_id.clone());
        wanted.mattermost_user_id =
            wanted.mattermost_user_id.or_else(|| before.mattermost_user_id.clone());
    }
    Ok(wanted)
}

/// Fails where somebody but an admin who is signed in says who the user is in a chat.
fn check_chats(
    before: &NotificationPreferences,
    wanted: &NotificationPreferences,
    caller: &Caller,
) -> Result<(), ServiceError> {
    for (known, given) in [
        (&before.slack_user_id, &wanted.slack_user_id),
        (&before.mattermost_user_id, &wanted.mattermost_user_id),
    ] {
        check_chat_id(given.as_deref())?;
        if given.is_none() || known == given {
            continue;
        }
        if !caller.may(Permission::UsersWrite) {
            return Err(ServiceError::Forbidden {
                code: "chat_not_proven",
                message: "prove who you are there: press a button of a message, and send the \
                          code that you are shown to \
                          `POST /api/v1/notification-preferences/me/chats`; or ask an admin"
                    .to_owned(),
            });
        }
        caller.must_be_signed_in()?;
    }
    Ok(())
}

fn check_chat_id(id: Option<&str>) -> Result<(), ServiceError> {
    let Some(id) = id else { return Ok(()) };
    let is_good = !id.is_empty()
        && id.len() <= CHAT_ID_CHARS_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_good {
        return Ok(());
    }
    Err(invalid(
        "invalid_preferences",
        "the id of a person in a chat has letters and digits only, such as `U012AB3CD`",
    ))
}

pub(super) fn invalid(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::Invalid { code, message: message.into() }
}
