//! A server with every channel, and what stands at the other ends.

use preloop_server::config::{ChannelConfig, Config, SecretKeyText};
use preloop_testbed::{HttpAnswer, HttpReceiver, Mail, SmtpSink};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::approval_page::PASSWORD;
use crate::support::TestServer;

/// The workspace of the bot.
pub(super) const SLACK_TEAM: &str = "T1";
pub(super) const SLACK_SECRET: &str = "slack-signing-secret";

/// The other ends.
pub(super) struct Ends {
    pub(super) mail: SmtpSink,
    pub(super) slack: HttpReceiver,
    pub(super) mattermost: HttpReceiver,
    pub(super) hook: HttpReceiver,
    pub(super) proxy: HttpReceiver,
}

pub(super) fn ends() -> Ends {
    let ends = Ends {
        mail: SmtpSink::start(),
        slack: HttpReceiver::start(),
        mattermost: HttpReceiver::start(),
        hook: HttpReceiver::start(),
        proxy: HttpReceiver::start(),
    };
    ends.slack.answer_by(|request| {
        let answer = match request.path.as_str() {
            "/api/auth.test" => json!({"ok": true, "team_id": SLACK_TEAM}),
            _ => json!({"ok": true, "channel": "C1", "ts": "17.5"}),
        };
        HttpAnswer::new(200, answer.to_string())
    });
    ends.mattermost.answer_by(|request| {
        let answer = match request.path.as_str() {
            "/api/v4/users/me" => json!({"id": "bot1"}),
            "/api/v4/channels/direct" => json!({"id": "dm1"}),
            _ => json!({"id": "post1"}),
        };
        HttpAnswer::new(200, answer.to_string())
    });
    ends
}

impl Ends {
    pub(super) fn configure(&self, config: &mut Config) {
        let secret = |text: &str| Some(SecretKeyText::new(text.to_owned()));
        // The push service of the tests is on loopback.
        config.allow_private_upstreams = true;
        config.channels = ChannelConfig {
            smtp_url: secret(&self.mail.url()),
            mail_from: Some("Preloop <preloop@corp.example>".to_owned()),
            slack_token: secret("xoxb-1"),
            slack_signing_secret: secret(SLACK_SECRET),
            slack_api_url: Some(self.slack.url("/api")),
            mattermost_url: Some(self.mattermost.url("")),
            mattermost_token: secret("mm-token"),
            push_proxy_url: Some(self.proxy.url("/push")),
            push_proxy_api_key: secret("proxy-key"),
            push_contact: Some("mailto:ops@corp.example".to_owned()),
        };
    }

    /// A policy whose workflow names a webhook, and rooms of both chats.
    pub(super) fn policy(&self) -> String {
        format!(
            "
version: '1.0'
metadata: {{name: test}}
approval_workflows:
- name: people
  timeout_seconds: 864000
  notifications:
  - {{channel: webhook, url: '{}', secret: whsec_1, headers: {{X-Team: ops}}}}
  - {{channel: slack, to: ['C1']}}
  - {{channel: mattermost, to: ['room1']}}
- {{name: quiet, timeout_seconds: 600}}
- {{name: careful, timeout_seconds: 600, require_reason: true, notifications: [{{channel: slack, to: ['C1']}}]}}
- name: added
  timeout_seconds: 600
  approvers: [{{user: ann}}]
  escalation: {{escalate_to: [{{user: bob}}], escalation_delay: 60}}
tools:
- {{name: pay, approval_workflow: people}}
- {{name: note, approval_workflow: quiet}}
- {{name: drop, approval_workflow: careful}}
- {{name: wait, approval_workflow: added}}
",
            self.hook.url("/hook")
        )
    }

    /// Waits until so many mails came.
    pub(super) async fn mails(&self, count: usize) -> Vec<Mail> {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let mails = self.mail.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(tokio::time::Instant::now() < deadline, "{count} mails, not {mails:?}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// Waits until so many requests came, off the threads of the server.
pub(super) async fn wait_for(
    receiver: &HttpReceiver,
    count: usize,
) -> Vec<preloop_testbed::HttpRequest> {
    let receiver = receiver.clone();
    tokio::task::spawn_blocking(move || receiver.wait_for(count)).await.unwrap()
}

/// A user with a key of the own.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) key: String,
}

pub(super) async fn person(server: &TestServer, name: &str, role: &str) -> Person {
    let email = format!("{name}@corp.example");
    let body = json!({"name": name, "email": email, "role": role, "password": PASSWORD});
    let (status, user) = server.owner_post("/api/v1/users", body).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    let body = json!({"name": format!("{name}-key"), "user": name});
    let (status, key) = server.owner_post("/api/v1/api-keys", body).await;
    assert_eq!(status, StatusCode::CREATED, "{key}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Person { id: text(&user["id"]), key: text(&key["key"]) }
}

/// Signs a person in; the token.
pub(super) async fn sign_in(server: &TestServer, name: &str) -> String {
    let body = json!({"grant_type": "password", "username": name, "password": PASSWORD});
    let (status, tokens) = server.owner_post("/api/v1/auth/token", body).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// Who a person is in a chat, as the owner says, signed in.
pub(super) async fn link(server: &TestServer, person: &Person, field: &str, id: &str) {
    let password = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    let (status, body) = server.owner_post("/api/v1/auth/password", password).await;
    assert!(status.is_success(), "{body}");
    let owner = sign_in(server, "owner").await;
    let path = format!("/api/v1/users/{}/notification-preferences", person.id);
    let request = server.request("PATCH", &path, &owner).json(&json!({field: id}));
    let (status, body) = crate::support::send(request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}
