//! From an event of a request to deliveries: who is told, by which way, and from when on.

use std::collections::{BTreeMap, HashMap, HashSet};

use preloop_api::{ApprovalState, ChannelName, DeliveryState, NotificationPreferences};
use preloop_core::Timestamp;
use preloop_core::document::ChannelKind;
use uuid::Uuid;

use super::preferences::Wanted;
use super::quiet_hours;
use super::target::Target;
use crate::ids::new_id;
use crate::notify::NoticeKind;
use crate::service::approvals::Person;
use crate::service::turn::Turn;
use crate::service::{Platform, ServiceError, Services};
use crate::store::{StoredApproval, StoredDelivery, StoredDevice, UntoldEvent};

/// Events that are read at once.
const EVENTS_MAX: i64 = 100;
/// Most people who are told of one request; whoever names more has one person read the list of requests.
const PEOPLE_MAX: usize = 500;

impl Platform {
    /// Makes deliveries of what nobody was told of yet. What is wrong with one request, or one account, does not silence
    /// the others.
    pub(crate) async fn notifications_fan_out(&self) -> Result<(), ServiceError> {
        let mut turn = Turn::of(self);
        let mut last = None;
        loop {
            let events = self.shared().store.untold_events(last.as_ref(), EVENTS_MAX).await?;
            let mut is_told = false;
            for event in &events {
                let Some(services) = turn.services(event.account_id).await else { continue };
                match services.event_fan_out(event).await {
                    Ok(()) => is_told = true,
                    Err(error) => {
                        tracing::error!(%error, approval = %event.approval_id, "nobody is told of it yet");
                    }
                }
            }
            if is_told {
                self.shared().deliveries_made.notify_one();
            }
            last = events.into_iter().last();
            if last.is_none() {
                return Ok(());
            }
        }
    }
}

impl Services {
    async fn event_fan_out(&self, event: &UntoldEvent) -> Result<(), ServiceError> {
        let store = &self.inner.store;
        let found = store.approval_find(event.account_id, event.approval_id).await?;
        let deliveries = match (found, NoticeKind::from_name(&event.kind)) {
            (Some(approval), Some(kind)) => self.planned(event, &approval, kind).await?,
            (None, _) | (_, None) => Vec::new(),
        };
        store.event_fan_out(event, &deliveries).await?;
        Ok(())
    }

    /// What the event comes to.
    async fn planned(
        &self,
        event: &UntoldEvent,
        approval: &StoredApproval,
        kind: NoticeKind,
    ) -> Result<Vec<StoredDelivery>, ServiceError> {
        let mut plan = Plan {
            event,
            now: self.now(),
            deliveries: Vec::new(),
            told: self.inner.store.delivery_list_of(approval.id).await?,
        };
        // A model is asked before people are; they hear of it when it comes to them.
        let is_for_model = kind == NoticeKind::Requested && approval.request.workflow.ai.is_some();
        let is_open = approval.request.state == ApprovalState::Pending;
        for (channel, target) in self.places(approval) {
            let is_webhook = channel == ChannelKind::Webhook;
            if is_webhook || (kind.asks() && is_open && !is_for_model) {
                plan.tell_place(channel, &target, approval);
            }
        }
        if !kind.asks() {
            plan.change_messages();
            self.tell_outcome(&mut plan, event).await?;
        } else if is_open && !is_for_model {
            self.ask_people(&mut plan, approval).await?;
        }
        Ok(plan.deliveries)
    }

    /// Everybody who may vote now and was not asked yet.
    async fn ask_people(
        &self,
        plan: &mut Plan<'_>,
        approval: &StoredApproval,
    ) -> Result<(), ServiceError> {
        let request = &approval.request;
        let asked = plan.users_told();
        let may_decide_own = request.deciding().allow_self_approval;
        let people = self.people_who_vote().await?;
        let people = people.into_iter().filter(|person| {
            let id = &person.user.principal_id;
            request.asks(person.voter())
                && (may_decide_own || *id != request.requester_id)
                && request.votes.iter().all(|vote| vote.voter_id != *id)
                && !asked.contains(&person.user.id)
        });
        // Where the workflow names nobody, everybody with the right is meant and nobody by name.
        let is_by_name = !request.deciding().approvers.is_empty();
        let tellable = self.tellable().await?;
        for person in people.take(PEOPLE_MAX) {
            let wanted = tellable.of(person.user.id);
            if wanted.preferences.only_mine && !is_by_name {
                continue;
            }
            plan.tell_person(&person, &wanted, &[], self);
        }
        Ok(())
    }

    /// Those who were asked and want to hear how it ended.
    async fn tell_outcome(
        &self,
        plan: &mut Plan<'_>,
        event: &UntoldEvent,
    ) -> Result<(), ServiceError> {
        let asked = plan.users_told();
        if asked.is_empty() {
            return Ok(());
        }
        let tellable = self.tellable().await?;
        let store = &self.inner.store;
        let events = store.approval_events(event.account_id, event.approval_id).await?;
        let at = usize::try_from(event.seq.saturating_sub(1)).unwrap_or(usize::MAX);
        let actor = events.get(at).and_then(|event| event.actor.clone());
        let people = self.people_who_vote().await?;
        for person in people.iter().filter(|person| asked.contains(&person.user.id)) {
            let wanted = tellable.of(person.user.id);
            if wanted.preferences.outcomes && actor.as_ref() != Some(&person.user.name) {
                // Messages in chats are changed, which tells it already.
                plan.tell_person(
                    person,
                    &wanted,
                    &[ChannelName::Slack, ChannelName::Mattermost],
                    self,
                );
            }
        }
        Ok(())
    }

    async fn tellable(&self) -> Result<Tellable, ServiceError> {
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let mut preferences = HashMap::new();
        for stored in store.preferences_list(account_id).await? {
            preferences.insert(stored.user_id, Wanted::of(&stored));
        }
        let mut devices: HashMap<Uuid, Vec<StoredDevice>> = HashMap::new();
        for device in store.device_list(account_id, None).await? {
            devices.entry(device.user_id).or_default().push(device);
        }
        Ok(Tellable { preferences, devices })
    }
}

/// What everybody of an account wants, and on which devices.
struct Tellable {
    preferences: HashMap<Uuid, Wanted>,
    devices: HashMap<Uuid, Vec<StoredDevice>>,
}

impl Tellable {
    fn of(&self, user_id: Uuid) -> Told<'_> {
        let wanted = self.preferences.get(&user_id).cloned().unwrap_or_default();
        let devices = self.devices.get(&user_id).map(Vec::as_slice).unwrap_or_default();
        Told { preferences: wanted.preferences, devices }
    }
}

/// One person's wishes and devices.
struct Told<'t> {
    preferences: NotificationPreferences,
    devices: &'t [StoredDevice],
}

/// The deliveries of one event as they come together.
struct Plan<'e> {
    event: &'e UntoldEvent,
    now: Timestamp,
    deliveries: Vec<StoredDelivery>,
    /// Those of earlier events of the request.
    told: Vec<StoredDelivery>,
}

impl Plan<'_> {
    /// Who was asked or told before.
    fn users_told(&self) -> HashSet<Uuid> {
        self.told.iter().filter_map(|delivery| delivery.user_id).collect()
    }

    fn tell_place(&mut self, kind: ChannelKind, target: &Target, approval: &StoredApproval) {
        let channel = match kind {
            ChannelKind::Email => ChannelName::Email,
            ChannelKind::Mattermost => ChannelName::Mattermost,
            ChannelKind::Slack => ChannelName::Slack,
            ChannelKind::WebPush => ChannelName::WebPush,
            ChannelKind::Webhook => ChannelName::Webhook,
        };
        // Each address that a document names waits for itself alone.
        let lane = match target {
            Target::Place { at, to: None } => {
                let workflow = &approval.request.deciding().name;
                format!("{} {} {workflow} {at}", channel.as_str(), self.event.account_id)
            }
            Target::Device { .. }
            | Target::Place { .. }
            | Target::Update { .. }
            | Target::User { .. } => channel.as_str().to_owned(),
        };
        self.add(channel, target, None, lane, self.now);
    }

    fn tell_person(
        &mut self,
        person: &Person,
        told: &Told<'_>,
        but: &[ChannelName],
        services: &Services,
    ) {
        let channels = &services.inner.notify.channels;
        let wants = &told.preferences;
        let id = person.user.id;
        let is_first = services.inner.account_id == services.inner.first_account_id;
        let quiet = wants.quiet_hours.as_ref();
        let due_at =
            quiet.and_then(|hours| quiet_hours::end_of(hours, self.now)).unwrap_or(self.now);
        // The operator's bots are in the operator's chats.
        let by_name = [
            (
                ChannelName::Email,
                wants.email && person.user.email.is_some() && channels.mailer.is_some(),
            ),
            (
                ChannelName::Slack,
                wants.slack
                    && wants.slack_user_id.is_some()
                    && channels.slack.token.is_some()
                    && is_first,
            ),
            (
                ChannelName::Mattermost,
                wants.mattermost
                    && wants.mattermost_user_id.is_some()
                    && channels.mattermost.is_some()
                    && is_first,
            ),
        ];
        for (channel, is_wanted) in by_name {
            if is_wanted && !but.contains(&channel) {
                let lane = channel.as_str().to_owned();
                self.add(channel, &Target::User { id }, Some(id), lane, due_at);
            }
        }
        for device in told.devices {
            let is_web = device.browser.is_some();
            let channel = if is_web { ChannelName::WebPush } else { ChannelName::MobilePush };
            let is_wanted = if is_web {
                wants.web_push
            } else {
                wants.mobile_push && channels.push_proxy.is_some()
            };
            if is_wanted {
                let lane = format!("{} {}", channel.as_str(), super::devices::push_service(device));
                self.add(channel, &Target::Device { id: device.id }, Some(id), lane, due_at);
            }
        }
    }

    /// Messages in chats that ask for what is decided by now.
    fn change_messages(&mut self) {
        let changeable: BTreeMap<Uuid, (ChannelName, Option<Uuid>)> = self
            .told
            .iter()
            .filter(|delivery| {
                let is_chat =
                    matches!(delivery.channel, ChannelName::Slack | ChannelName::Mattermost);
                let asks = NoticeKind::from_name(&delivery.kind).is_some_and(NoticeKind::asks);
                // One that is on its way has no name yet; its change waits for it.
                let is_there = match delivery.state {
                    DeliveryState::Sent => delivery.reference.is_some(),
                    DeliveryState::Pending => delivery.attempts > 0,
                    DeliveryState::Dead | DeliveryState::Dropped => false,
                };
                is_chat && asks && is_there
            })
            .map(|delivery| (delivery.id, (delivery.channel, delivery.user_id)))
            .collect();
        for (of, (channel, user_id)) in changeable {
            let lane = channel.as_str().to_owned();
            self.add(channel, &Target::Update { of }, user_id, lane, self.now);
        }
    }

    fn add(
        &mut self,
        channel: ChannelName,
        target: &Target,
        user_id: Option<Uuid>,
        lane: String,
        due_at: Timestamp,
    ) {
        let target = target.to_text();
        let is_there =
            self.deliveries.iter().any(|known| known.channel == channel && known.target == target);
        if is_there {
            return;
        }
        self.deliveries.push(StoredDelivery {
            id: new_id(self.now),
            account_id: self.event.account_id,
            approval_id: self.event.approval_id,
            event_seq: self.event.seq,
            kind: self.event.kind.clone(),
            channel,
            user_id,
            target,
            lane,
            state: DeliveryState::Pending,
            attempts: 0,
            due_at,
            reference: None,
            error: None,
            created_at: self.now,
            finished_at: None,
        });
    }
}
