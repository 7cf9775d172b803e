//! The channels: each takes a notice and sends it, and says how that went. No SQL, no axum, nothing is decided here.
//!
//! INVARIANT: what is sent goes to the operator's own services, or to an address that was checked where it is
//! connected to; redirects are never followed.

mod email;
mod failure;
mod html;
mod http_client;
mod mattermost;
mod notice;
mod push_proxy;
mod settings;
mod signature;
mod slack;
mod web_push;
mod webhook;

pub(crate) use email::{Mailer, Unsubscribe};
pub(crate) use failure::{Receipt, SendError, SendErrorKind};
pub(crate) use html::escape;
pub(crate) use http_client::{HttpClients, send as send_request};
pub(crate) use mattermost::{
    MattermostBot, attachments as mattermost_attachments, post_to_webhook as post_to_mattermost,
};
pub(crate) use notice::{Buttons, Content, Notice, NoticeKind, visible};
pub(crate) use push_proxy::PushProxy;
pub(crate) use settings::Channels;
pub(crate) use signature::{TICKET_KEY_BYTES, TicketKey, slack_signed};
pub(crate) use slack::{
    APPROVE_ACTION, DECLINE_ACTION, SlackApp, post_to_webhook as post_to_slack,
};
pub(crate) use web_push::{
    AUTH_BYTES, PUBLIC_KEY_BYTES, Subscription, VapidKey, send as send_web_push,
};
pub(crate) use webhook::{WebhookTarget, send as send_webhook};

#[cfg(test)]
mod tests;
