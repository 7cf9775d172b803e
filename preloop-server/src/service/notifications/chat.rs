//! A button of a message was pressed: who pressed it, whether that one may vote, and what the message says then.

use preloop_api::{Approval, ApprovalState, VoteDecision};
use preloop_core::Timestamp;
use preloop_core::approval::{Ballot, Via};
use serde_json::Value;
use uuid::Uuid;

use crate::notify::{
    Content, Notice, NoticeKind, TicketKey, mattermost_attachments, send_request, slack_signed,
};
use crate::service::{Platform, ServiceError, Services};
use crate::store::ChatKind;

/// What a ticket of a button is for.
const BUTTON: &str = "button";

/// A press of a button.
#[derive(Clone, Debug)]
pub(crate) struct ChatPress {
    pub(crate) kind: ChatKind,
    /// Who pressed it, as the chat says.
    pub(crate) chat_user_id: String,
    /// The workspace, or organisation, of that one; none in a chat that has only one.
    pub(crate) team_id: Option<String>,
    /// What the button carried.
    pub(crate) ticket: String,
}

/// What is answered to a press.
#[derive(Clone, Debug)]
pub(crate) enum ChatAnswer {
    /// The request is decided: the message says so from now on.
    Decided(Box<Notice>),
    /// Words for whoever pressed it.
    Words(String),
}

/// What comes back when a button is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ButtonTicket {
    pub(super) chat: ChatKind,
    pub(super) account_id: Uuid,
    pub(super) approval_id: Uuid,
    pub(super) decision: VoteDecision,
    /// The user whom the message went to; none where it went to a room.
    pub(super) only: Option<Uuid>,
}

impl ButtonTicket {
    pub(super) fn sign(&self, key: &TicketKey, until: Timestamp) -> String {
        let [account_id, approval_id] =
            [self.account_id, self.approval_id].map(|id| id.to_string());
        let only = self.only.map(|id| id.to_string()).unwrap_or_default();
        let fields = [self.chat.as_str(), &account_id, &approval_id, self.decision.as_str(), &only];
        key.sign(BUTTON, &fields, until)
    }

    fn open(key: &TicketKey, chat: ChatKind, ticket: &str, now: Timestamp) -> Option<Self> {
        let fields = key.open(BUTTON, ticket, now)?;
        let [of, account_id, approval_id, decision, only] = fields.as_slice() else { return None };
        let only = match only.as_str() {
            "" => None,
            only => Some(only.parse().ok()?),
        };
        (of == chat.as_str()).then_some(Self {
            chat,
            account_id: account_id.parse().ok()?,
            approval_id: approval_id.parse().ok()?,
            decision: VoteDecision::from_name(decision)?,
            only,
        })
    }
}

fn no_longer_good() -> ServiceError {
    ServiceError::Invalid {
        code: "invalid_code",
        message: "this button is not good any more: open the request with Review".to_owned(),
    }
}

impl Platform {
    /// Votes for whoever pressed a button.
    pub(crate) async fn chat_press(&self, press: &ChatPress) -> ChatAnswer {
        match self.pressed(press).await {
            Ok(answer) => answer,
            Err(error) => ChatAnswer::Words(error.to_string()),
        }
    }

    async fn pressed(&self, press: &ChatPress) -> Result<ChatAnswer, ServiceError> {
        let key = self.shared().ticket_key().await?;
        let now = self.shared().now();
        let ticket =
            ButtonTicket::open(&key, press.kind, &press.ticket, now).ok_or_else(no_longer_good)?;
        if let Some(team_id) = &press.team_id {
            let channels = &self.shared().notify.channels;
            let is_own = channels.slack.is_own_team(&channels.clients, team_id).await;
            let is_own = is_own.map_err(|error| ServiceError::Unavailable {
                message: format!("nothing was decided: who you are cannot be checked ({error})"),
            })?;
            if !is_own {
                let words = "Nothing was decided: you are of another workspace.".to_owned();
                return Ok(ChatAnswer::Words(words));
            }
        }
        self.services(ticket.account_id).await?.press(press, ticket).await
    }

    /// Whether Slack sent that body.
    pub(crate) fn is_from_slack(&self, timestamp: &str, signature: &str, body: &[u8]) -> bool {
        let slack = &self.shared().notify.channels.slack;
        slack.signing_secret.as_ref().is_some_and(|secret| {
            slack_signed(secret.as_bytes(), timestamp, signature, body, self.shared().now())
        })
    }

    /// Tells Slack what came of a press, where it said to.
    pub(crate) async fn answer_slack(&self, response_url: &str, answer: &ChatAnswer) {
        let channels = &self.shared().notify.channels;
        if !channels.slack.is_own_url(response_url) {
            tracing::warn!("an answer to a button would not go to Slack, so it is not sent");
            return;
        }
        let body = match answer {
            ChatAnswer::Decided(notice) => {
                let mut message = channels.slack.message(notice);
                if let Some(message) = message.as_object_mut() {
                    message.insert("replace_original".to_owned(), Value::Bool(true));
                }
                message
            }
            ChatAnswer::Words(words) => serde_json::json!({
                "response_type": "ephemeral", "replace_original": false, "text": words,
            }),
        };
        let request = channels.clients.operators().post(response_url).json(&body);
        if let Err(error) = send_request(request).await {
            tracing::warn!(%error, "Slack did not take the answer to a button");
        }
    }
}

impl ChatAnswer {
    /// What Mattermost is answered to a press.
    pub(crate) fn to_mattermost(&self) -> Value {
        match self {
            Self::Decided(notice) => serde_json::json!({
                "update": {
                    "message": "",
                    "props": {"attachments": mattermost_attachments(notice, "")},
                },
            }),
            Self::Words(words) => serde_json::json!({"ephemeral_text": words}),
        }
    }
}

impl Services {
    async fn press(
        &self,
        press: &ChatPress,
        ticket: ButtonTicket,
    ) -> Result<ChatAnswer, ServiceError> {
        let ButtonTicket { approval_id, decision, .. } = ticket;
        let (store, account_id) = (&self.inner.store, self.inner.account_id);
        let id = &press.chat_user_id;
        let found = store.preferences_chat_user(account_id, press.kind, id).await?;
        // A message to one user is pressed by that one, whatever the chat says.
        if ticket.only.is_some() && ticket.only != found {
            return Err(no_longer_good());
        }
        let Some(user_id) = found else {
            return Ok(ChatAnswer::Words(self.how_to_link(press).await?));
        };
        let Some(caller) = self.caller_of_user(user_id).await? else {
            return Ok(ChatAnswer::Words("you were disabled; nothing was decided".to_owned()));
        };
        let via = match press.kind {
            ChatKind::Mattermost => Via::Mattermost,
            ChatKind::Slack => Via::Slack,
        };
        match self.approval_vote(&caller, approval_id, Ballot::new(decision, via)).await {
            Ok(approval) => Ok(self.after_vote(&approval, &caller.principal.name)),
            Err(ServiceError::Conflict { state: Some(state), .. })
                if state != ApprovalState::Pending =>
            {
                let approval = self.approval_show(&caller, approval_id).await?;
                let last = approval.votes.last().map(|vote| vote.by.clone());
                Ok(self.after_vote(&approval, last.as_deref().unwrap_or_default()))
            }
            Err(error) => Err(error),
        }
    }

    async fn how_to_link(&self, press: &ChatPress) -> Result<String, ServiceError> {
        let code = self.link_code(press.kind, &press.chat_user_id).await?;
        Ok(format!(
            "Nothing was decided: Preloop does not know who you are here. Sign in at {} and send this \
             code, good for ten minutes, to `POST /api/v1/notification-preferences/me/chats` as \
             `{{\"code\": \"{code}\"}}`; or ask an admin to set your id `{}`.",
            self.base_url(),
            press.chat_user_id
        ))
    }

    fn after_vote(&self, approval: &Approval, by: &str) -> ChatAnswer {
        let kind = match approval.state {
            ApprovalState::Approved => NoticeKind::Approved,
            ApprovalState::Declined => NoticeKind::Declined,
            ApprovalState::Cancelled => NoticeKind::Cancelled,
            ApprovalState::Expired => NoticeKind::Expired,
            ApprovalState::Pending => {
                let approvals = approval.votes.iter();
                let count = approvals.filter(|vote| vote.decision == VoteDecision::Approve).count();
                return ChatAnswer::Words(format!(
                    "Your vote counts; {count} of {} approvals are there.",
                    approval.workflow.required_approvals
                ));
            }
        };
        let actor = matches!(kind, NoticeKind::Approved | NoticeKind::Declined).then_some(by);
        ChatAnswer::Decided(Box::new(Notice {
            account_id: self.inner.account_id,
            delivery_id: approval.id,
            attempt: 1,
            event_id: approval.id.to_string(),
            kind,
            at: self.now(),
            content: Content::of(approval, kind, actor),
            url: self.approval_url(approval.id),
            buttons: None,
        }))
    }
}
