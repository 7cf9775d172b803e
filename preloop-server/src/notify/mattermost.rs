//! Mattermost: a message with buttons by the bot or by an incoming webhook, changed once the request is decided.
//!
//! Mattermost signs nothing that comes back, so each button carries a ticket that only this server can have written.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::http_client::{self, HttpClients};
use super::{Notice, Receipt, SendError};
use crate::mcp::Reach;

/// The operator's Mattermost server and the bot there.
#[derive(Clone)]
pub(crate) struct MattermostBot {
    pub(crate) url: String,
    pub(crate) token: Zeroizing<String>,
}

impl std::fmt::Debug for MattermostBot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MattermostBot").field("url", &self.url).finish_non_exhaustive()
    }
}

// === impl MattermostBot ===

impl MattermostBot {
    /// Posts in a channel by its id.
    pub(crate) async fn post(
        &self,
        clients: &HttpClients,
        channel_id: &str,
        actions_url: &str,
        notice: &Notice,
    ) -> Result<Receipt, SendError> {
        let body = json!({
            "channel_id": channel_id,
            "message": "",
            "props": {"attachments": attachments(notice, actions_url)},
        });
        let post = self.call(clients, http::Method::POST, "posts", &body).await?;
        let reference = post.get("id").and_then(Value::as_str).map(str::to_owned);
        Ok(Receipt { reference })
    }

    /// Posts to a user by the id.
    pub(crate) async fn post_to_user(
        &self,
        clients: &HttpClients,
        user_id: &str,
        actions_url: &str,
        notice: &Notice,
    ) -> Result<Receipt, SendError> {
        let me = self.call(clients, http::Method::GET, "users/me", &Value::Null).await?;
        let pair = json!([me.get("id"), user_id]);
        let channel = self.call(clients, http::Method::POST, "channels/direct", &pair).await?;
        let Some(channel_id) = channel.get("id").and_then(Value::as_str) else {
            return Err(SendError::transient("Mattermost named no channel to the user"));
        };
        self.post(clients, channel_id, actions_url, notice).await
    }

    /// Changes a message of the bot's.
    pub(crate) async fn update(
        &self,
        clients: &HttpClients,
        reference: &str,
        notice: &Notice,
    ) -> Result<Receipt, SendError> {
        let body = json!({"message": "", "props": {"attachments": attachments(notice, "")}});
        let path = format!("posts/{reference}/patch");
        self.call(clients, http::Method::PUT, &path, &body).await.map(|_| Receipt::default())
    }

    async fn call(
        &self,
        clients: &HttpClients,
        method: http::Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, SendError> {
        let url = format!("{}/api/v4/{path}", self.url);
        let mut request = clients.operators().request(method, url).bearer_auth(self.token.as_str());
        if !body.is_null() {
            request = request.json(body);
        }
        let answered = http_client::send(request).await?;
        serde_json::from_slice(&answered.body)
            .map_err(|_| SendError::transient("Mattermost's answer is not JSON"))
    }
}

/// Posts by an incoming webhook, which names its channel itself; it tells no name of the message.
pub(crate) async fn post_to_webhook(
    clients: &HttpClients,
    url: &str,
    headers: http::HeaderMap,
    reach: Reach,
    actions_url: &str,
    notice: &Notice,
) -> Result<Receipt, SendError> {
    let body = json!({"text": "", "attachments": attachments(notice, actions_url)});
    let request = clients.post(url, reach)?.headers(headers).json(&body);
    http_client::send(request).await.map(|_| Receipt::default())
}

/// What the message shows; buttons where the notice has them.
pub(crate) fn attachments(notice: &Notice, actions_url: &str) -> Value {
    let content = &notice.content;
    let fields: Vec<Value> = content
        .facts
        .iter()
        .map(|(label, value)| json!({"title": label, "value": code(value), "short": false}))
        .collect();
    let mut actions = Vec::new();
    if let (Some(buttons), true) = (&notice.buttons, notice.kind.asks()) {
        let button = |id: &str, name: &str, style: &str, ticket: &str| {
            json!({
                "id": id, "name": name, "type": "button", "style": style,
                "integration": {"url": actions_url, "context": {"ticket": ticket}},
            })
        };
        actions.push(button("approve", "Approve", "success", &buttons.approve));
        actions.push(button("decline", "Decline", "danger", &buttons.decline));
    }
    json!([{
        "fallback": code(&content.headline),
        "title": code(&content.headline),
        "title_link": notice.url,
        "fields": fields,
        "actions": actions,
    }])
}

/// The text as it is: no mentions, no links, no emphasis of an agent's making.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::super::NoticeKind;
    use super::super::notice::testing::notice;
    use super::*;

    #[test]
    fn words_of_an_agent_mention_nobody() {
        let attachments = attachments(&notice(NoticeKind::Requested), "http://here/actions");
        assert_eq!(attachments[0]["title"], "`bot <b> wants to call pay & go`");
        assert_eq!(attachments[0]["fields"][1]["value"], "`<!channel> @all *now* 'x'`");
        let actions = attachments[0]["actions"].as_array().unwrap();
        assert_eq!(actions[0]["integration"]["url"], "http://here/actions");
        assert_eq!(actions[0]["integration"]["context"], json!({"ticket": "yes.1"}));
        assert_eq!(actions[1]["integration"]["context"], json!({"ticket": "no.1"}));
    }

    #[test]
    fn what_is_decided_has_no_buttons() {
        let attachments = attachments(&notice(NoticeKind::Declined), "");
        assert_eq!(attachments[0]["actions"], json!([]));
    }
}
