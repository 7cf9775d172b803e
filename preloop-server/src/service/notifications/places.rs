//! Places that a workflow names besides its people: rooms, addresses, webhooks. Their settings come from the live
//! document at the moment of sending, so that no secret is stored with a request or a delivery.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use preloop_core::canonical::channel_places;
use preloop_core::document::{ChannelKind, NotificationChannel, Secret};
use zeroize::Zeroizing;

use super::send::Unsent;
use super::target::Target;
use crate::mcp::{DialRules, Reach};
use crate::notify::SendError;
use crate::service::Services;
use crate::service::policies::LivePolicy;
use crate::service::secrets::ChannelSecrets;
use crate::store::StoredApproval;

/// A place with its variables resolved and its secrets opened.
pub(super) struct Place {
    pub(super) kind: ChannelKind,
    /// None where the operator's own service is meant.
    pub(super) url: Option<Zeroizing<String>>,
    pub(super) headers: HeaderMap,
    pub(super) secret: Option<Zeroizing<String>>,
    pub(super) reach: Reach,
    /// Whether the operator named it: buttons go nowhere else, because what is pressed there is believed.
    pub(super) is_operators: bool,
}

/// The policy whose document names the workflow of a request now.
struct Source {
    policy: Arc<LivePolicy>,
    workflow: String,
}

impl Source {
    fn channels(&self) -> &[NotificationChannel] {
        let workflows = &self.policy.document().approval_workflows;
        let named = workflows.iter().find(|workflow| workflow.name == self.workflow);
        named.map(|workflow| workflow.notifications.as_slice()).unwrap_or_default()
    }
}

impl Services {
    fn source(&self, approval: &StoredApproval) -> Option<Source> {
        let workflow = approval.request.deciding().name.clone();
        let policy = self.live_policies().policy_named(&approval.decision.policy.name)?;
        Some(Source { policy, workflow })
    }

    /// The places that the workflow of a request names, each as a channel and a target.
    pub(super) fn places(&self, approval: &StoredApproval) -> Vec<(ChannelKind, Target)> {
        let Some(source) = self.source(approval) else { return Vec::new() };
        // The operator's bots and mail server write where documents of the operator's own account say; those of
        // others bring their own webhooks.
        let is_operators = self.inner.account_id == self.inner.first_account_id;
        let mut places = Vec::new();
        for (at, channel) in channel_places(source.channels()) {
            let place = |to: Option<&String>| {
                let target = Target::Place { at: at.clone(), to: to.cloned() };
                (channel.channel, target)
            };
            match channel.channel {
                ChannelKind::Webhook => places.push(place(None)),
                ChannelKind::Slack | ChannelKind::Mattermost if channel.url.is_some() => {
                    places.push(place(None));
                }
                ChannelKind::Slack | ChannelKind::Mattermost | ChannelKind::Email => {
                    let to = channel.to.iter().filter(|_| is_operators);
                    places.extend(to.map(|to| place(Some(to))));
                }
                ChannelKind::WebPush => {}
            }
        }
        places
    }

    /// A place, ready to be sent to.
    pub(super) async fn place(&self, approval: &StoredApproval, at: &str) -> Result<Place, Unsent> {
        let gone =
            || Unsent::Pointless("the workflow does not name this place any more".to_owned());
        let source = self.source(approval).ok_or_else(gone)?;
        let (_, channel) =
            channel_places(source.channels()).find(|(known, _)| known == at).ok_or_else(gone)?;
        let document = source.policy.document();
        let scope = source.policy.scope_text();
        let stored = self.channel_secrets(scope, document, &source.workflow).await?;
        let rules = self.dial_rules();
        let mut place = resolve(channel, at, &stored, rules)?;
        let bot = self.inner.notify.channels.mattermost.as_ref();
        let is_bots = |url: &str| bot.is_some_and(|bot| is_same_origin(url, &bot.url));
        place.is_operators =
            source.policy.is_given() || place.url.as_deref().is_none_or(|url| is_bots(url));
        Ok(place)
    }

    /// How far documents of the account reach.
    pub(super) fn dial_rules(&self) -> &DialRules {
        let settings = &self.inner.notify;
        if self.inner.account_id == self.inner.first_account_id {
            &settings.dial
        } else {
            &settings.dial_of_others
        }
    }
}

fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |url: &str| reqwest::Url::parse(url).ok().map(|url| url.origin());
    origin(one).is_some_and(|one| one.is_tuple() && Some(one) == origin(other))
}

fn resolve(
    channel: &NotificationChannel,
    at: &str,
    stored: &ChannelSecrets,
    rules: &DialRules,
) -> Result<Place, Unsent> {
    let refused = |message: String| Unsent::Failed(SendError::permanent(message));
    let value = |field: &str, secret: &Secret, target: &str| match secret.written() {
        Some(text) => rules
            .expand(text, target)
            .map(Zeroizing::new)
            .map_err(|error| refused(error.to_string())),
        None => stored.of(&format!("{at}.{field}")).cloned().map_err(refused),
    };
    let host =
        |url: &str| reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let url = match &channel.url {
        None => None,
        Some(url) => {
            // Variables are allowed by the host as written, so that none can choose where it goes; an address that is
            // a variable as a whole goes where the operator says, and is allowed by the channel's name.
            let written = url.written().and_then(host);
            let target = written.unwrap_or_else(|| name_of(channel.channel).to_owned());
            Some(value("url", url, &target)?)
        }
    };
    let target = url.as_ref().and_then(|url| host(url)).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, secret) in &channel.headers {
        let text = value(&format!("headers.{name}"), secret, &target)?;
        let wrong = || refused(format!("the header `{name}` holds what no header may hold"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut text = HeaderValue::from_str(&text).map_err(|_| wrong())?;
        text.set_sensitive(true);
        headers.insert(name, text);
    }
    let secret = match &channel.secret {
        None => None,
        Some(secret) => Some(value("secret", secret, &target)?),
    };
    let is_operators = false;
    Ok(Place { kind: channel.channel, url, headers, secret, reach: rules.reach(), is_operators })
}

fn name_of(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Email => "email",
        ChannelKind::Mattermost => "mattermost",
        ChannelKind::Slack => "slack",
        ChannelKind::WebPush => "web_push",
        ChannelKind::Webhook => "webhook",
    }
}
