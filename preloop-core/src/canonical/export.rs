//! A document without its secrets, as it leaves the process.

use crate::document::{
    AuthConfig, ChannelKind, NotificationChannel, PolicyDocument, Secret, Secrets, is_secret_name,
};

/// The document with each literal secret replaced by `{redacted: true}`; `${ENV_VAR}` is kept.
///
/// Secrets are credentials in `auth_config`, the addresses of Slack and Mattermost webhooks, the
/// key that signs webhooks, and what stands in `env` or `headers` under a name that says so.
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
        if is_secret_name(name) {
            redact(secret);
        }
    }
}
