//! Options of `serve` on how people are told of approval requests.

use clap::Args;
use preloop_server::config::{ChannelConfig, SecretKeyText};

use super::key_from;
use crate::failure::Failure;

/// Where messages go out; what may hold a secret comes from the environment alone, since arguments are seen by
/// everybody on the machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Notifications")]
pub(super) struct Channels {
    /// Sender of mails, such as `Preloop <preloop@example.com>`; the server is in `PRELOOP_SMTP_URL`
    #[arg(long, env = "PRELOOP_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,

    /// Where Slack's API is [default: `https://slack.com/api`]; `PRELOOP_SLACK_TOKEN` and
    /// `PRELOOP_SLACK_SIGNING_SECRET` are the app's
    #[arg(long, env = "PRELOOP_SLACK_API_URL", value_name = "URL")]
    slack_api_url: Option<String>,

    /// Where Mattermost is; `PRELOOP_MATTERMOST_TOKEN` is the bot's
    #[arg(long, env = "PRELOOP_MATTERMOST_URL", value_name = "URL")]
    mattermost_url: Option<String>,

    /// A proxy to the push services of phones; `PUSH_PROXY_API_KEY` is its key
    #[arg(long, env = "PUSH_PROXY_URL", value_name = "URL")]
    push_proxy_url: Option<String>,

    /// Whom push services of browsers turn to, as a `mailto:` or `https:` URL [default: the public URL]
    #[arg(long, env = "PRELOOP_PUSH_CONTACT", value_name = "URL")]
    push_contact: Option<String>,
}

impl Channels {
    pub(super) fn config(self) -> Result<ChannelConfig, Failure> {
        Ok(ChannelConfig {
            smtp_url: secret("PRELOOP_SMTP_URL")?,
            mail_from: self.mail_from,
            slack_token: secret("PRELOOP_SLACK_TOKEN")?,
            slack_signing_secret: secret("PRELOOP_SLACK_SIGNING_SECRET")?,
            slack_api_url: self.slack_api_url,
            mattermost_url: self.mattermost_url,
            mattermost_token: secret("PRELOOP_MATTERMOST_TOKEN")?,
            push_proxy_url: self.push_proxy_url,
            push_proxy_api_key: secret("PUSH_PROXY_API_KEY")?,
            push_contact: self.push_contact,
        })
    }
}

fn secret(variable: &str) -> Result<Option<SecretKeyText>, Failure> {
    Ok(key_from(variable)?.map(SecretKeyText::new))
}
