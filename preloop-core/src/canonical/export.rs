//! A document without its secrets, as it leaves the process, and where its secrets stand.

use crate::document::{
    AuthConfig, ChannelKind, McpServer, NotificationChannel, PolicyDocument, Secret, Secrets,
};
use crate::redact::{is_secret_key, is_secret_text};

/// What of a document has a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretOwner {
    /// An entry of `approval_workflows`.
    ApprovalWorkflow,
    /// An entry of `mcp_servers`.
    McpServer,
}

/// Where a secret stands: by names, which outlive edits, not by positions, which do not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretPlace {
    /// What has it.
    pub owner: SecretOwner,
    /// The name of the entry that has it.
    pub name: String,
    /// The field in it, such as `auth_config.token`, `env.GITHUB_TOKEN` or `notifications.slack.url`.
    pub field: String,
}

/// The document with each literal secret replaced by `{redacted: true}`; `${ENV_VAR}` is kept.
///
/// Secrets are credentials in `auth_config`, the addresses of Slack and Mattermost webhooks, the
/// key that signs webhooks, and what in `env` or `headers` looks like one, by
/// its name or by itself.
#[must_use]
pub fn export(mut document: PolicyDocument) -> PolicyDocument {
    visit_secrets(&mut document, |_, secret| redact(secret));
    document
}

/// The same for one server.
#[must_use]
pub fn export_server(mut server: McpServer) -> McpServer {
    visit_server(&mut server, &mut |_, secret| redact(secret));
    server
}

/// Hides a literal secret; `${ENV_VAR}` is kept.
pub(crate) fn redact(secret: &mut Secret) {
    if secret.is_literal() {
        *secret = Secret::Redacted;
    }
}

/// Shows each secret of the document with its place: those that [`export`] hides, those that are
/// hidden already, and those behind a `${ENV_VAR}`.
pub fn visit_secrets(
    document: &mut PolicyDocument,
    mut visit: impl FnMut(SecretPlace, &mut Secret),
) {
    for server in &mut document.mcp_servers {
        let name = server.name.clone();
        let mut visit = |field: String, secret: &mut Secret| {
            let owner = SecretOwner::McpServer;
            visit(SecretPlace { owner, name: name.clone(), field }, secret);
        };
        visit_server(server, &mut visit);
    }
    for workflow in &mut document.approval_workflows {
        let name = &workflow.name;
        let mut visit = |field: String, secret: &mut Secret| {
            let owner = SecretOwner::ApprovalWorkflow;
            visit(SecretPlace { owner, name: name.clone(), field }, secret);
        };
        visit_channels(&mut workflow.notifications, &mut visit);
    }
}

fn visit_server(server: &mut McpServer, visit: &mut impl FnMut(String, &mut Secret)) {
    visit_named(&mut server.env, "env", visit);
    if let Some(AuthConfig { token, api_key, client_secret, .. }) = &mut server.auth_config {
        let secrets = [("token", token), ("api_key", api_key), ("client_secret", client_secret)];
        for (field, secret) in secrets {
            if let Some(secret) = secret {
                visit(format!("auth_config.{field}"), secret);
            }
        }
    }
}

/// The channels with the beginning of the fields of their secrets, such as `notifications.slack`.
/// Most workflows have one channel of a kind; further ones are numbered among their kind.
pub fn channel_places(
    channels: &[NotificationChannel],
) -> impl Iterator<Item = (String, &NotificationChannel)> {
    channels.iter().enumerate().map(|(index, channel)| {
        let earlier = channels.iter().take(index);
        let number = earlier.filter(|earlier| earlier.channel == channel.channel).count();
        let kind = channel_name(channel.channel);
        let at = match number {
            0 => format!("notifications.{kind}"),
            more => format!("notifications.{kind}#{}", more.saturating_add(1)),
        };
        (at, channel)
    })
}

fn visit_channels(
    channels: &mut [NotificationChannel],
    visit: &mut impl FnMut(String, &mut Secret),
) {
    let places: Vec<String> = channel_places(channels).map(|(at, _)| at).collect();
    for (at, channel) in places.iter().zip(channels) {
        let NotificationChannel { channel, url, headers, secret, .. } = channel;
        visit_named(headers, &format!("{at}.headers"), visit);
        if let Some(secret) = secret {
            visit(format!("{at}.secret"), secret);
        }
        let is_secret = matches!(channel, ChannelKind::Slack | ChannelKind::Mattermost);
        if let Some(url) = url
            && (is_secret || *url == Secret::Redacted)
        {
            visit(format!("{at}.url"), url);
        }
    }
}

fn visit_named(secrets: &mut Secrets, at: &str, visit: &mut impl FnMut(String, &mut Secret)) {
    for (name, secret) in secrets {
        let is_secret = is_secret_key(name) || secret.written().is_none_or(is_secret_text);
        if is_secret {
            visit(format!("{at}.{name}"), secret);
        }
    }
}

const fn channel_name(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Email => "email",
        ChannelKind::Slack => "slack",
        ChannelKind::Mattermost => "mattermost",
        ChannelKind::Webhook => "webhook",
        ChannelKind::WebPush => "web_push",
    }
}
