//! One delivery on its way: what it says and where it goes as things stand now, and what becomes of it.

use std::time::Duration;

use preloop_api::{ApprovalState, ChannelName, DeliveryState, VoteDecision};
use preloop_core::Timestamp;
use preloop_core::approval::{Event, EventKind};
use preloop_core::document::{ChannelKind, StepUp};
use uuid::Uuid;

use super::chat::ButtonTicket;
use super::places::Place;
use super::target::Target;
use crate::notify::{
    Buttons, Content, Notice, NoticeKind, Receipt, SendError, SendErrorKind, WebhookTarget,
    post_to_mattermost, post_to_slack, send_webhook,
};
use crate::service::{Platform, ServiceError, Services};
use crate::store::{ChatKind, DeliveryEnd, StoredApproval, StoredDelivery};

/// How long sending may take in all; less than a delivery is leased.
const SEND_TIME: Duration = Duration::from_secs(25);
/// Attempts until a delivery is given up: about three hours.
const ATTEMPTS_MAX: i64 = 14;
const PAUSE_MIN: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_hours(1);
/// How often, and how far apart, it is tried to note how an attempt ended.
const NOTE_ATTEMPTS: usize = 20;
const NOTE_PAUSE: Duration = Duration::from_secs(1);

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// The channel, or what it takes to use it, failed.
    Failed(SendError),
    /// There is nobody to tell any more, or nothing to tell.
    Pointless(String),
}

impl From<SendError> for Unsent {
    fn from(error: SendError) -> Self {
        Self::Failed(error)
    }
}

impl From<ServiceError> for Unsent {
    fn from(error: ServiceError) -> Self {
        let message = error.to_string();
        Self::Failed(match error {
            ServiceError::Unavailable { .. } => SendError::transient(message),
            _ => SendError::permanent(message),
        })
    }
}

impl From<crate::store::StoreError> for Unsent {
    fn from(error: crate::store::StoreError) -> Self {
        Self::from(ServiceError::from(error))
    }
}

impl Platform {
    /// Sends a delivery that was claimed, and notes how that went.
    pub(crate) async fn delivery_send(&self, delivery: StoredDelivery) {
        let end = match self.services(delivery.account_id).await {
            Ok(services) => services.deliver(&delivery).await,
            Err(error) => {
                let error = SendError::transient(error.to_string());
                end_of_attempt(&delivery, &error, self.shared().now())
            }
        };
        // What is not noted is sent once more when its lease ends, so it is worth some patience.
        for _ in 0..NOTE_ATTEMPTS {
            match self.note(&delivery, &end).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, delivery = %delivery.id, "cannot be noted"),
            }
            tokio::select! {
                () = tokio::time::sleep(NOTE_PAUSE) => {}
                () = self.tasks().stopped() => return,
            }
        }
    }

    async fn note(&self, delivery: &StoredDelivery, end: &DeliveryEnd) -> Result<(), ServiceError> {
        let store = &self.shared().store;
        let now = self.shared().now();
        if !store.delivery_end(delivery.id, delivery.attempts, end, now).await? {
            return Ok(());
        }
        let services = self.services(delivery.account_id).await?;
        let to = services.receiver_words(delivery).await?;
        let words = format!("{} to {to}", delivery.channel.as_str());
        let event = match end {
            DeliveryEnd::Sent { .. } if tells(delivery) => {
                Event::new(EventKind::Notified, now).saying(words)
            }
            DeliveryEnd::Dead { error } => {
                tracing::warn!(delivery = %delivery.id, error, "a notification was given up");
                Event::new(EventKind::NotificationFailed, now).saying(format!("{words}: {error}"))
            }
            DeliveryEnd::Sent { .. } | DeliveryEnd::Again { .. } | DeliveryEnd::Dropped { .. } => {
                return Ok(());
            }
        };
        store.approval_event_add(delivery.account_id, delivery.approval_id, &event).await?;
        Ok(())
    }
}

/// What comes of an attempt that failed and may succeed another time.
fn end_of_attempt(delivery: &StoredDelivery, error: &SendError, now: Timestamp) -> DeliveryEnd {
    let error_words = error.message.clone();
    if delivery.attempts >= ATTEMPTS_MAX {
        return DeliveryEnd::Dead { error: error_words };
    }
    let pause = error.retry_after.unwrap_or_default().max(backoff(delivery.attempts));
    DeliveryEnd::Again { at: now.saturating_add(pause), error: error_words }
}

/// Whether it tells somebody something, rather than changing what was told.
fn tells(delivery: &StoredDelivery) -> bool {
    !matches!(Target::from_text(&delivery.target), Some(Target::Update { .. }) | None)
}

/// The pause before another attempt: doubling, with up to a half of it left to chance, so that a receiver that comes
/// back is not met by everybody at once.
fn backoff(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(16);
    let whole = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
    let mut random = [0_u8; 2];
    // Without randomness everybody waits the longest.
    let chance = getrandom::fill(&mut random).map_or(u16::MAX, |()| u16::from_le_bytes(random));
    whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u16::MAX))
}

impl Services {
    async fn deliver(&self, delivery: &StoredDelivery) -> DeliveryEnd {
        // One whose attempts end without a word ends the server, or cannot be noted: it is not sent for ever. Where the
        // receiver cannot tell a second message from the first, twice is enough.
        let is_told_apart = matches!(delivery.channel, ChannelName::Webhook | ChannelName::Email);
        let was_broken_off = delivery.attempts > 2 && delivery.error.is_none();
        if delivery.attempts > ATTEMPTS_MAX || (was_broken_off && !is_told_apart) {
            return DeliveryEnd::Dead { error: "sending it was broken off too often".to_owned() };
        }
        let sent = tokio::time::timeout(SEND_TIME, self.send(delivery)).await;
        let sent = sent
            .unwrap_or_else(|_| Err(Unsent::Failed(SendError::transient("sending took too long"))));
        match sent {
            Ok(Receipt { reference }) => DeliveryEnd::Sent { reference },
            Err(Unsent::Pointless(why)) => DeliveryEnd::Dropped { why },
            Err(Unsent::Failed(error)) => match error.kind {
                SendErrorKind::Gone => {
                    self.device_gone(delivery).await;
                    DeliveryEnd::Dead { error: error.message }
                }
                SendErrorKind::Permanent => DeliveryEnd::Dead { error: error.message },
                SendErrorKind::Transient => end_of_attempt(delivery, &error, self.now()),
            },
        }
    }

    async fn send(&self, delivery: &StoredDelivery) -> Result<Receipt, Unsent> {
        let pointless = |why: &str| Unsent::Pointless(why.to_owned());
        let kind = NoticeKind::from_name(&delivery.kind)
            .ok_or_else(|| pointless("nobody is told of such an event"))?;
        let target = Target::from_text(&delivery.target)
            .ok_or_else(|| pointless("the receiver is not known to this version"))?;
        let found =
            self.inner.store.approval_find(delivery.account_id, delivery.approval_id).await?;
        let approval = found.ok_or_else(|| pointless("the request is gone"))?;
        let is_settled = approval.request.state != ApprovalState::Pending;
        if kind.asks() && is_settled && delivery.channel != ChannelName::Webhook {
            return Err(pointless("the request was settled before"));
        }
        let notice = self.notice(delivery, &approval, kind).await?;
        match target {
            Target::Place { at, to } => self.send_to_place(&approval, &at, to, &notice).await,
            Target::Update { of } => self.change_message(delivery, of, &notice).await,
            Target::User { id } => self.send_to_user(delivery.channel, id, &notice).await,
            Target::Device { id } => self.send_to_device(id, &notice).await,
        }
    }

    async fn notice(
        &self,
        delivery: &StoredDelivery,
        approval: &StoredApproval,
        kind: NoticeKind,
    ) -> Result<Notice, Unsent> {
        let events = self.inner.store.approval_events(delivery.account_id, approval.id).await?;
        let at = usize::try_from(delivery.event_seq.saturating_sub(1)).unwrap_or(usize::MAX);
        let event = events.get(at);
        let actor = event.and_then(|event| event.actor.as_deref());
        // By a link with a token one votes: it goes only where nobody reads along by design.
        // Attempts of dead devices must not use up the links of an approver either.
        let is_own = match delivery.channel {
            ChannelName::Email => true,
            ChannelName::WebPush => delivery.attempts == 1,
            ChannelName::Mattermost
            | ChannelName::MobilePush
            | ChannelName::Slack
            | ChannelName::Webhook => false,
        };
        let url = match delivery.user_id.filter(|_| is_own && kind.asks()) {
            Some(user_id) => self.approval_link(approval.id, user_id).await?,
            None => self.approval_url(approval.id),
        };
        Ok(Notice {
            account_id: delivery.account_id,
            delivery_id: delivery.id,
            attempt: delivery.attempts,
            event_id: format!("{}.{}", approval.id, delivery.event_seq),
            kind,
            at: event.map_or(delivery.created_at, |event| event.at),
            content: Content::of(&self.shown(approval), kind, actor),
            url,
            buttons: self.buttons(delivery, approval).await,
        })
    }

    /// Tickets for buttons, where a press is enough to vote.
    async fn buttons(
        &self,
        delivery: &StoredDelivery,
        approval: &StoredApproval,
    ) -> Option<Buttons> {
        let chat = match delivery.channel {
            ChannelName::Slack => ChatKind::Slack,
            ChannelName::Mattermost => ChatKind::Mattermost,
            ChannelName::Email
            | ChannelName::MobilePush
            | ChannelName::WebPush
            | ChannelName::Webhook => return None,
        };
        let request = &approval.request;
        let is_enough = request.step_up() == StepUp::None && !request.deciding().require_reason;
        if !is_enough || approval.tool == "ask_user" {
            return None;
        }
        // Without a key messages have a link in the place of buttons.
        let key = self.inner.ticket_key().await.ok()?;
        // An escalation lets it wait as long again.
        let waits = Duration::from_secs(request.workflow.timeout_seconds);
        let until = request.expires_at.saturating_add(waits);
        let ticket = |decision| {
            let press = ButtonTicket {
                chat,
                account_id: self.inner.account_id,
                approval_id: approval.id,
                decision,
                only: delivery.user_id,
            };
            press.sign(&key, until)
        };
        Some(Buttons {
            approve: ticket(VoteDecision::Approve),
            decline: ticket(VoteDecision::Decline),
        })
    }

    async fn send_to_place(
        &self,
        approval: &StoredApproval,
        at: &str,
        to: Option<String>,
        notice: &Notice,
    ) -> Result<Receipt, Unsent> {
        let place = self.place(approval, at).await?;
        let channels = &self.inner.notify.channels;
        let clients = &channels.clients;
        let no_bot = |name: &str| SendError::permanent(format!("this server has no {name}"));
        let room = to.as_deref();
        let (kind, url) = (place.kind, place.url.clone());
        let sent = match (kind, url, room) {
            (ChannelKind::Webhook, Some(url), _) => {
                let Place { headers, secret, reach, .. } = place;
                let target = WebhookTarget { url, headers, secret, reach };
                send_webhook(clients, &target, notice, self.now()).await
            }
            (ChannelKind::Slack, Some(url), _) => {
                let has_buttons = channels.slack.signing_secret.is_some();
                post_to_slack(clients, &url, place.headers, place.reach, has_buttons, notice).await
            }
            (ChannelKind::Slack, None, Some(room)) => {
                channels.slack.post(clients, room, notice).await
            }
            (ChannelKind::Mattermost, Some(url), _) => {
                let mut notice = notice.clone();
                notice.buttons = notice.buttons.filter(|_| place.is_operators);
                let (notice, back) = (&notice, self.mattermost_actions_url());
                post_to_mattermost(clients, &url, place.headers, place.reach, &back, notice).await
            }
            (ChannelKind::Mattermost, None, Some(room)) => {
                let bot = channels.mattermost.as_ref().ok_or_else(|| no_bot("Mattermost bot"))?;
                bot.post(clients, room, &self.mattermost_actions_url(), notice).await
            }
            (ChannelKind::Email, _, Some(address)) => {
                let mailer = channels.mailer.as_ref().ok_or_else(|| no_bot("mail server"))?;
                mailer.send(address, notice, None).await
            }
            _ => return Err(Unsent::Pointless("the workflow names no address here".to_owned())),
        };
        Ok(sent?)
    }

    async fn send_to_user(
        &self,
        channel: ChannelName,
        user_id: Uuid,
        notice: &Notice,
    ) -> Result<Receipt, Unsent> {
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let pointless = |why: &str| Unsent::Pointless(why.to_owned());
        let found = store.user_find(account_id, user_id).await?;
        let user = found.map(|stored| stored.user).filter(|user| user.disabled_at.is_none());
        let user = user.ok_or_else(|| pointless("the user was disabled"))?;
        let wanted = self.preferences_of(user_id).await?;
        let channels = &self.inner.notify.channels;
        let clients = &channels.clients;
        let sent = match channel {
            ChannelName::Email if wanted.email => {
                let address = user.email.ok_or_else(|| pointless("the user has no address"))?;
                let mailer = channels.mailer.as_ref();
                let mailer = mailer.ok_or_else(|| pointless("this server has no mail server"))?;
                let unsubscribe = self.unsubscribe(user_id).await;
                mailer.send(&address, notice, unsubscribe.as_ref()).await
            }
            ChannelName::Slack if wanted.slack => {
                let id = wanted.slack_user_id.ok_or_else(|| pointless("the user is not linked"))?;
                channels.slack.post(clients, &id, notice).await
            }
            ChannelName::Mattermost if wanted.mattermost => {
                let id =
                    wanted.mattermost_user_id.ok_or_else(|| pointless("the user is not linked"))?;
                let bot = channels.mattermost.as_ref();
                let bot = bot.ok_or_else(|| pointless("this server has no Mattermost bot"))?;
                bot.post_to_user(clients, &id, &self.mattermost_actions_url(), notice).await
            }
            ChannelName::Email
            | ChannelName::Mattermost
            | ChannelName::MobilePush
            | ChannelName::Slack
            | ChannelName::WebPush
            | ChannelName::Webhook => return Err(pointless("the user wants it no more")),
        };
        Ok(sent?)
    }

    async fn change_message(
        &self,
        delivery: &StoredDelivery,
        of: Uuid,
        notice: &Notice,
    ) -> Result<Receipt, Unsent> {
        let found = self.inner.store.delivery_find(delivery.account_id, of).await?;
        let message =
            found.ok_or_else(|| Unsent::Pointless("the message is forgotten".to_owned()))?;
        let reference = match (message.state, message.reference) {
            (DeliveryState::Sent, Some(reference)) => reference,
            (DeliveryState::Pending, _) => {
                return Err(SendError::transient("the message is still on its way").into());
            }
            _ => return Err(Unsent::Pointless("the message was not sent".to_owned())),
        };
        let channels = &self.inner.notify.channels;
        if delivery.channel == ChannelName::Slack {
            return Ok(channels.slack.update(&channels.clients, &reference, notice).await?);
        }
        let bot = channels.mattermost.as_ref();
        let bot = bot.ok_or_else(|| Unsent::Pointless("this server has no bot".to_owned()))?;
        Ok(bot.update(&channels.clients, &reference, notice).await?)
    }

    /// Where Mattermost sends presses of buttons.
    fn mattermost_actions_url(&self) -> String {
        format!("{}/api/v1/integrations/mattermost/actions", self.base_url())
    }
}
