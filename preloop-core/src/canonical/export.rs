//! A document without its secrets, as it leaves the process.

use crate::document::{
    AuthConfig, ChannelKind, NotificationChannel, PolicyDocument, Secret, Secrets,
};
use crate::redact::{is_secret_key, is_secret_text};

/// The document with each literal secret replaced by `{redacted: true}`; `${ENV_VAR}` is kept.
///
/// Secrets are credentials in `auth_config`, the addresses of Slack and Mattermost webhooks, the
/// key that signs webhooks, and what in `env` or `headers` looks like one, by
/// its name or by itself.
#[must_use]
pub fn export(mut document: PolicyDocument) -> PolicyDocument {
    for server in &mut document.mcp_servers {
        redact_named(&mut server.env);
        if let Some(AuthConfig { token, api_key, client_secret, .. }) = &mut server.auth_config {
            for secret in [token, api_key, client_secret].into_iter().flatten() {
                redact(secret);
            }
        }
    }
    for workflow in &mut document.approval_workflows {
        for NotificationChannel { channel, url, headers, secret, .. } in &mut workflow.notifications
        {
            redact_named(headers);
            secret.iter_mut().for_each(redact);
            if matches!(channel, ChannelKind::Slack | ChannelKind::Mattermost) {
                url.iter_mut().for_each(redact);
            }
        }
    }
    document
}

fn redact(secret: &mut Secret) {
    if secret.is_literal() {
        *secret = Secret::Redacted;
    }
}

fn redact_named(secrets: &mut Secrets) {
    for (name, secret) in secrets {
        if is_secret_key(name) || secret.written().is_some_and(is_secret_text) {
            redact(secret);
        }
    }
}
