//! How people are told of approval requests: what each wants, on which devices, and what became of each message.

use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::SecretText;

macro_rules! named {
    ($(#[doc = $about:literal])+ $type:ident { $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum $type {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// The name on every wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                [$(Self::$variant,)+].into_iter().find(|known| known.as_str() == name)
            }
        }
    };
}

named! {
    /// A way to tell somebody.
    ChannelName {
        /// E-mail.
        Email = "email",
        /// Mattermost.
        Mattermost = "mattermost",
        /// An app on a phone, through the push proxy.
        MobilePush = "mobile_push",
        /// Slack.
        Slack = "slack",
        /// A browser.
        WebPush = "web_push",
        /// A signed HTTP request.
        Webhook = "webhook",
    }
}

named! {
    /// What became of a message.
    DeliveryState {
        /// It was given up; it can be sent anew.
        Dead = "dead",
        /// It had no purpose any more, such as when the request was settled meanwhile.
        Dropped = "dropped",
        /// It waits to be sent, for the first time or again.
        Pending = "pending",
        /// Its channel took it.
        Sent = "sent",
    }
}

named! {
    /// What a device is.
    DevicePlatform {
        /// An Android phone.
        Android = "android",
        /// An iPhone or iPad.
        Ios = "ios",
        /// A browser.
        Web = "web",
    }
}

/// One message to one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationDelivery {
    /// Its id, the same in every attempt.
    pub id: Uuid,
    /// The approval request that it is about.
    pub approval_id: Uuid,
    /// What happened to the request: `requested`, `escalated`, `approved`, `declined`, `expired` or `cancelled`.
    pub event: String,
    /// By which way.
    pub channel: ChannelName,
    /// To whom: a user's name, or a place that the workflow names; no address that is a secret.
    pub to: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When it is tried next; none where it is not.
    pub due_at: Option<Timestamp>,
    /// Why the last attempt failed, or why it was dropped.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent, given up or dropped.
    pub finished_at: Option<Timestamp>,
}

/// What a user wants to be told, and how. What is left out has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct NotificationPreferences {
    /// E-mail, where the user has an address.
    pub email: bool,
    /// Slack, where the user is linked.
    pub slack: bool,
    /// Mattermost, where the user is linked.
    pub mattermost: bool,
    /// The user's browsers.
    pub web_push: bool,
    /// The user's phones.
    pub mobile_push: bool,
    /// Only requests whose workflow names the user, a team or a role of the user; not those that anybody may decide.
    pub only_mine: bool,
    /// Also what became of requests that the user was asked about.
    pub outcomes: bool,
    /// When nothing is sent; what comes in meanwhile is sent afterwards, if the request still waits.
    pub quiet_hours: Option<QuietHours>,
    /// Who the user is in Slack. Admins set it; users prove it with a code from Slack, or clear it.
    pub slack_user_id: Option<String>,
    /// Who the user is in Mattermost, likewise.
    pub mattermost_user_id: Option<String>,
}

/// A time of every day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// `HH:MM`, included.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub from: String,
    /// `HH:MM`, excluded; before `from` it means the next day.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub to: String,
    /// Such as `Europe/Berlin`.
    pub time_zone: String,
}

/// A browser or phone that takes pushes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Its id.
    pub id: Uuid,
    /// What the user calls it.
    pub name: String,
    /// What it is.
    pub platform: DevicePlatform,
    /// The push service of a browser.
    pub push_service: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Body of `POST /api/v1/notification-preferences/me/devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDevice {
    /// What the user calls it.
    pub name: String,
    /// What it is.
    pub platform: DevicePlatform,
    /// What `pushManager.subscribe` gave (a browser).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<PushSubscription>,
    /// What the system gave the app (a phone).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretText>,
}

/// Body of `POST /api/v1/notification-preferences/register-via-token`: a device that comes by a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterDevice {
    /// The code, good for two minutes and once.
    pub code: SecretText,
    /// What the user calls it.
    pub name: String,
    /// What it is.
    pub platform: DevicePlatform,
    /// What `pushManager.subscribe` gave (a browser).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<PushSubscription>,
    /// What the system gave the app (a phone).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretText>,
}

/// A browser's subscription, as its `toJSON()` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushSubscription {
    /// Where the push service takes messages.
    pub endpoint: String,
    /// The browser's keys.
    pub keys: PushKeys,
}

/// Keys of a browser, in base64 for URLs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushKeys {
    /// Its public key.
    pub p256dh: String,
    /// What it shares with whoever may push.
    pub auth: SecretText,
}

/// How a device comes in: a link, once and soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceLink {
    /// The page that registers the device which opens it.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What browsers need to subscribe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushKey {
    /// The `applicationServerKey`, in base64 for URLs.
    pub public_key: String,
}

/// Body of `POST /api/v1/notification-preferences/me/chats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkChat {
    /// The code that Slack or Mattermost showed after a button was pressed.
    pub code: SecretText,
}

impl Default for NotificationPreferences {
    fn default() -> Self {
        Self {
            email: true,
            slack: true,
            mattermost: true,
            web_push: true,
            mobile_push: true,
            only_mine: false,
            outcomes: false,
            quiet_hours: None,
            slack_user_id: None,
            mattermost_user_id: None,
        }
    }
}
