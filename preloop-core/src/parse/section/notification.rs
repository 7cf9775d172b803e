//! How approvers are told: `notifications`, and its older form `channel_configs`.

use super::approval_workflow::refuse_both;
use super::mcp_server::secrets;
use crate::diagnostic::Code;
use crate::document::{ChannelKind, NotificationChannel};
use crate::limits::{ADDRESS_CHARS_MAX, ITEMS_MAX};
use crate::parse::decoder::{Decoder, Keyword};
use crate::parse::fields::{Fields, Section, aliased, field};
use crate::parse::path::Path;
use crate::parse::tree::{Kind, NodeId};

pub(super) static NOTIFICATION: Section = Section {
    noun: "a notification",
    fields: &[
        field("channel"),
        aliased("url", &["webhook_url"]),
        field("headers"),
        field("secret"),
        aliased("to", &["recipients"]),
    ],
};

/// The settings of a channel in `channel_configs`, where the key names the channel.
pub(super) static CHANNEL_CONFIG: Section = Section {
    noun: "a channel's settings",
    fields: &[
        aliased("url", &["webhook_url"]),
        field("headers"),
        field("secret"),
        aliased("to", &["recipients"]),
    ],
};

impl Keyword for ChannelKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("email", Self::Email),
        ("slack", Self::Slack),
        ("mattermost", Self::Mattermost),
        ("webhook", Self::Webhook),
        ("web_push", Self::WebPush),
    ];
}

pub(super) fn notifications(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
) -> Vec<NotificationChannel> {
    refuse_both(decoder, fields, "notifications", &["channel_configs"]);
    let listed = decoder.entries(fields, "notifications", ITEMS_MAX, notification);
    let mut channels: Vec<NotificationChannel> = listed.into_iter().flatten().collect();
    if let Some(node) = fields.value("channel_configs") {
        channels.extend(channel_configs(decoder, &fields.at.key("channel_configs"), node));
    }
    channels
}

fn notification(
    decoder: &mut Decoder<'_>,
    at: &Path<'_>,
    node: NodeId,
) -> Option<NotificationChannel> {
    let fields = decoder.fields(at, node, &NOTIFICATION)?;
    let Some(channel) = fields.value("channel") else {
        decoder.missing(&fields, "channel", "the notification");
        return None;
    };
    let channel = decoder.keyword(&at.key("channel"), channel)?;
    Some(settings(decoder, &fields, channel))
}

fn channel_configs(
    decoder: &mut Decoder<'_>,
    at: &Path<'_>,
    node: NodeId,
) -> Vec<NotificationChannel> {
    let tree = decoder.tree;
    match &tree.node(node).kind {
        Kind::Null => return Vec::new(),
        Kind::Mapping(_) => {}
        _ => {
            let message = format!(
                "channel_configs is a mapping from channels to settings, found {}",
                decoder.describe(node)
            );
            decoder.error(Code::WrongType, at, node, message, "");
            return Vec::new();
        }
    }
    let mut channels = Vec::new();
    for (key, value) in tree.members(node) {
        let name = tree.text(*key).unwrap_or_default();
        let at = at.key(name);
        let Some(channel) = decoder.keyword(&at, *key) else { continue };
        if tree.node(*value).kind == Kind::Null {
            channels.push(NotificationChannel::bare(channel));
        } else if let Some(fields) = decoder.fields(&at, *value, &CHANNEL_CONFIG) {
            channels.push(settings(decoder, &fields, channel));
        }
    }
    channels
}

fn settings(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_>,
    channel: ChannelKind,
) -> NotificationChannel {
    let secret = |decoder: &mut Decoder<'_>, name: &str| {
        decoder.secret(&fields.at.key(name), fields.value(name)?, ADDRESS_CHARS_MAX)
    };
    NotificationChannel {
        channel,
        url: secret(decoder, "url"),
        headers: secrets(decoder, fields, "headers"),
        secret: secret(decoder, "secret"),
        to: decoder.optional_names(fields, "to"),
    }
}
