//! Slack: a message with buttons by the bot or by an incoming webhook, changed once the request is decided.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::http_client::{self, HttpClients};
use super::{Notice, Receipt, SendError};
use crate::mcp::Reach;

/// Where Slack's API is; another place is Slack's for governments, or a stand-in.
pub(crate) const SLACK_API_URL: &str = "https://slack.com/api";
/// Slack's bound on the text of a section.
const SECTION_CHARS_MAX: usize = 2_900;
/// What the buttons are called in what comes back.
pub(crate) const APPROVE_ACTION: &str = "preloop_approve";
/// The other one.
pub(crate) const DECLINE_ACTION: &str = "preloop_decline";

/// The operator's Slack app.
#[derive(Clone)]
pub(crate) struct SlackApp {
    pub(crate) api_url: String,
    /// None: only incoming webhooks work.
    pub(crate) token: Option<Zeroizing<String>>,
    /// None: buttons that come back are not believed, so none are shown.
    pub(crate) signing_secret: Option<Zeroizing<String>>,
    /// The workspace, or organisation, that the token is for, once Slack was asked.
    pub(crate) team: Arc<OnceCell<String>>,
}

impl std::fmt::Debug for SlackApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlackApp").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

// === impl SlackApp ===

impl SlackApp {
    /// Posts in a channel, or to a user by the id.
    pub(crate) async fn post(
        &self,
        clients: &HttpClients,
        channel: &str,
        notice: &Notice,
    ) -> Result<Receipt, SendError> {
        let mut body = self.message(notice);
        set(&mut body, "channel", channel);
        let answer = self.call(clients, "chat.postMessage", &body).await?;
        let name = |name: &str| answer.get(name).and_then(Value::as_str);
        // A message to a user has a channel of its own.
        let reference = name("channel").zip(name("ts")).map(|(at, ts)| format!("{at} {ts}"));
        Ok(Receipt { reference })
    }

    /// Changes a message of the bot's.
    pub(crate) async fn update(
        &self,
        clients: &HttpClients,
        reference: &str,
        notice: &Notice,
    ) -> Result<Receipt, SendError> {
        let Some((channel, ts)) = reference.split_once(' ') else {
            return Err(SendError::permanent("the message that should change is not known"));
        };
        let mut body = self.message(notice);
        set(&mut body, "channel", channel);
        set(&mut body, "ts", ts);
        self.call(clients, "chat.update", &body).await.map(|_| Receipt::default())
    }

    /// Whether somebody of that workspace, or organisation, is one of the bot's own: ids of people say nothing where the
    /// app is in several. Without a bot there is nothing to tell them apart by.
    ///
    /// # Errors
    /// Where Slack does not say which one the bot's is.
    pub(crate) async fn is_own_team(
        &self,
        clients: &HttpClients,
        team_id: &str,
    ) -> Result<bool, SendError> {
        if self.token.is_none() {
            return Ok(true);
        }
        let own = self.team.get_or_try_init(async || {
            let answer = self.call(clients, "auth.test", &json!({})).await?;
            let is_of_organisation =
                answer.get("is_enterprise_install") == Some(&Value::Bool(true));
            let name = if is_of_organisation { "enterprise_id" } else { "team_id" };
            let id = answer.get(name).and_then(Value::as_str).map(str::to_owned);
            id.ok_or_else(|| SendError::permanent("Slack does not say whose the token is"))
        });
        Ok(own.await? == team_id)
    }

    /// What the message says.
    pub(crate) fn message(&self, notice: &Notice) -> Value {
        message(notice, self.signing_secret.is_some())
    }

    /// Whether an address is one of Slack's own, as answers to buttons go to.
    pub(crate) fn is_own_url(&self, url: &str) -> bool {
        let origin = |url: &str| reqwest::Url::parse(url).ok().map(|url| url.origin());
        let Some(theirs) = origin(url) else { return false };
        [Some(theirs)].contains(&origin(&self.api_url))
            || url.starts_with("https://hooks.slack.com/")
            || url.starts_with("https://hooks.slack-gov.com/")
    }

    async fn call(
        &self,
        clients: &HttpClients,
        method: &str,
        body: &Value,
    ) -> Result<Value, SendError> {
        let Some(token) = &self.token else {
            return Err(SendError::permanent("PRELOOP_SLACK_TOKEN is not set"));
        };
        let request = clients
            .operators()
            .post(format!("{}/{method}", self.api_url))
            .header(AUTHORIZATION, format!("Bearer {}", token.as_str()))
            .json(body);
        let answered = http_client::send(request).await?;
        let answer: Value = serde_json::from_slice(&answered.body)
            .map_err(|_| SendError::transient("Slack's answer is not JSON"))?;
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(answer);
        }
        let error = answer.get("error").and_then(Value::as_str).unwrap_or("no reason given");
        let message = format!("Slack refused it: {}", super::visible(error, 100));
        Err(match error {
            "fatal_error"
            | "internal_error"
            | "ratelimited"
            | "request_timeout"
            | "service_unavailable"
            | "team_added_to_org" => SendError::transient(message),
            _ => SendError::permanent(message),
        })
    }
}

/// Posts by an incoming webhook, which names its channel itself; it tells no name of the message.
pub(crate) async fn post_to_webhook(
    clients: &HttpClients,
    url: &str,
    headers: http::HeaderMap,
    reach: Reach,
    has_buttons: bool,
    notice: &Notice,
) -> Result<Receipt, SendError> {
    let body = message(notice, has_buttons);
    let request = clients.post(url, reach)?.headers(headers).json(&body);
    http_client::send(request).await.map(|_| Receipt::default())
}

fn message(notice: &Notice, has_buttons: bool) -> Value {
    let content = &notice.content;
    let facts: String = content.lines().join("\n").chars().take(SECTION_CHARS_MAX).collect();
    // Plain text is shown as it is: no mentions, no links, no emphasis of an agent's making.
    let plain = |text: &str| json!({"type": "plain_text", "text": text, "emoji": false});
    let mut blocks = vec![
        json!({"type": "section", "text": plain(&content.headline)}),
        json!({"type": "section", "text": plain(&facts)}),
    ];
    if notice.kind.asks() {
        let mut elements = Vec::new();
        if let (Some(buttons), true) = (&notice.buttons, has_buttons) {
            let button = |name: &str, action: &str, style: &str, ticket: &str| {
                json!({
                    "type": "button", "text": plain(name), "style": style,
                    "action_id": action, "value": ticket,
                })
            };
            elements.push(button("Approve", APPROVE_ACTION, "primary", &buttons.approve));
            elements.push(button("Decline", DECLINE_ACTION, "danger", &buttons.decline));
        }
        elements.push(json!({
            "type": "button", "text": plain("Review"), "url": notice.url,
            "action_id": "preloop_review",
        }));
        blocks.push(json!({"type": "actions", "elements": elements}));
    }
    json!({
        "text": escaped(&content.headline),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// The text where Slack reads its own markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn set(body: &mut Value, name: &str, value: &str) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), Value::String(value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::NoticeKind;
    use super::super::notice::testing::notice;
    use super::*;

    fn elements(message: &Value) -> Vec<&str> {
        let blocks = message["blocks"].as_array().unwrap();
        let actions = blocks.iter().find(|block| block["type"] == "actions");
        let elements = actions.map(|actions| actions["elements"].as_array().unwrap());
        let names = elements.into_iter().flatten();
        names.map(|element| element["text"]["text"].as_str().unwrap()).collect()
    }

    #[test]
    fn words_of_an_agent_mention_nobody() {
        let message = message(&notice(NoticeKind::Requested), true);
        assert_eq!(message["text"], "bot &lt;b&gt; wants to call pay &amp; go");
        for block in message["blocks"].as_array().unwrap() {
            assert_ne!(block["text"]["type"], "mrkdwn");
        }
    }

    #[test]
    fn buttons_are_shown_where_they_can_decide() {
        let asked = notice(NoticeKind::Requested);
        assert_eq!(elements(&message(&asked, true)), ["Approve", "Decline", "Review"]);
        assert_eq!(elements(&message(&asked, false)), ["Review"]);
        let by_page = Notice { buttons: None, ..asked };
        assert_eq!(elements(&message(&by_page, true)), ["Review"]);
        assert_eq!(elements(&message(&notice(NoticeKind::Approved), true)), [""; 0]);
    }

    #[test]
    fn answers_go_to_slack_alone() {
        let app = SlackApp {
            api_url: "http://127.0.0.1:9/api".to_owned(),
            token: None,
            signing_secret: None,
            team: Arc::default(),
        };
        assert!(app.is_own_url("https://hooks.slack.com/actions/T/1/x"));
        assert!(app.is_own_url("http://127.0.0.1:9/answer"));
        for url in ["https://hooks.slack.com.evil.example/", "http://127.0.0.1:10/", "x"] {
            assert!(!app.is_own_url(url), "{url}");
        }
    }
}
