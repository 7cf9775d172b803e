//! The channels that the operator set up.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::slack::SLACK_API_URL;
use super::{HttpClients, Mailer, MattermostBot, PushProxy, SlackApp};
use crate::config::{ChannelConfig, SecretKeyText};

/// What messages can be sent by.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    pub(crate) clients: HttpClients,
    pub(crate) mailer: Option<Mailer>,
    pub(crate) slack: SlackApp,
    pub(crate) mattermost: Option<MattermostBot>,
    pub(crate) push_proxy: Option<PushProxy>,
    /// Whom push services turn to: an address of the operator's.
    pub(crate) push_contact: Option<String>,
}

impl Channels {
    /// # Errors
    /// Where a setting cannot be used; none is repeated that may hold a secret.
    pub(crate) fn of(config: &ChannelConfig) -> Result<Self, String> {
        let secret = |text: &Option<SecretKeyText>| {
            text.as_ref().map(|text| Zeroizing::new(text.as_str().to_owned()))
        };
        let mailer = match (&config.smtp_url, &config.mail_from) {
            (None, _) => None,
            (Some(url), Some(from)) => Some(Mailer::new(url.as_str(), from)?),
            (Some(_), None) => {
                return Err("PRELOOP_SMTP_URL needs PRELOOP_MAIL_FROM, the sender's address".into());
            }
        };
        let base = |name: &str, url: &str| {
            let url = url.trim_end_matches('/');
            match reqwest::Url::parse(url) {
                Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(url.to_owned()),
                _ => Err(format!("{name} is no http or https URL")),
            }
        };
        let api_url = config.slack_api_url.as_deref().unwrap_or(SLACK_API_URL);
        let slack = SlackApp {
            api_url: base("PRELOOP_SLACK_API_URL", api_url)?,
            token: secret(&config.slack_token),
            signing_secret: secret(&config.slack_signing_secret),
            team: Arc::default(),
        };
        let mattermost = match (&config.mattermost_url, secret(&config.mattermost_token)) {
            (Some(url), Some(token)) => {
                Some(MattermostBot { url: base("PRELOOP_MATTERMOST_URL", url)?, token })
            }
            (None, None) => None,
            _ => {
                let both = "PRELOOP_MATTERMOST_URL and PRELOOP_MATTERMOST_TOKEN go together";
                return Err(both.to_owned());
            }
        };
        let push_proxy = match (&config.push_proxy_url, secret(&config.push_proxy_api_key)) {
            (Some(url), Some(api_key)) => {
                Some(PushProxy { url: base("PUSH_PROXY_URL", url)?, api_key })
            }
            (None, None) => None,
            _ => return Err("PUSH_PROXY_URL and PUSH_PROXY_API_KEY go together".to_owned()),
        };
        let push_contact = config.push_contact.clone();
        let clients = HttpClients::new()?;
        Ok(Self { clients, mailer, slack, mattermost, push_proxy, push_contact })
    }
}
