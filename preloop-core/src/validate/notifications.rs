//! Notification channels: which settings go with which channel.

use super::Check;
use super::mcp_servers::is_header_name;
use crate::diagnostic::Code;
use crate::document::{ChannelKind, NotificationChannel};

pub(super) fn check(check: &mut Check<'_>) {
    for (index, workflow) in check.document.approval_workflows.iter().enumerate() {
        for (number, channel) in workflow.notifications.iter().enumerate() {
            let path = format!("approval_workflows[{index}].notifications[{number}]");
            settings(check, channel, &path);
        }
    }
}

fn settings(check: &mut Check<'_>, channel: &NotificationChannel, path: &str) {
    let (name, allowed): (&str, &[&str]) = match channel.channel {
        ChannelKind::Email => ("email", &["to"]),
        ChannelKind::Slack => ("slack", &["url", "headers", "to"]),
        ChannelKind::Mattermost => ("mattermost", &["url", "headers", "to"]),
        ChannelKind::Webhook => ("webhook", &["url", "headers", "secret"]),
        ChannelKind::WebPush => ("web_push", &[]),
    };
    let given = [
        ("url", channel.url.is_some()),
        ("headers", !channel.headers.is_empty()),
        ("secret", channel.secret.is_some()),
        ("to", !channel.to.is_empty()),
    ];
    for (field, _) in given.into_iter().filter(|(_, is_there)| *is_there) {
        if !allowed.contains(&field) {
            let message = format!("`{field}` does not belong here: the channel is `{name}`");
            check.report(Code::MisplacedField, format!("{path}.{field}"), message, "remove it");
        }
    }
    let is_written = check.places.value_place(&format!("{path}.url")).is_some();
    if channel.channel == ChannelKind::Webhook && channel.url.is_none() && !is_written {
        let message = "the webhook has no `url`";
        check.report(Code::MissingField, format!("{path}.url"), message, "add `url`");
    }
    for header in channel.headers.keys().filter(|header| !is_header_name(header)) {
        let message = format!("`{header}` is not the name of a header");
        let help = "use letters, digits and `-`";
        check.report(Code::InvalidName, format!("{path}.headers.{header}"), message, help);
    }
}
