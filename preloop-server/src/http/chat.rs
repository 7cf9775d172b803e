//! What Slack and Mattermost send when a button is pressed, and the end of e-mail by the link of a mail.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::{Html, IntoResponse};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::ApiError;
use super::body::{read_body, read_json};
use super::params::Params;
use super::route::{Routes, get, post};
use crate::notify::{APPROVE_ACTION, DECLINE_ACTION, escape};
use crate::service::{ChatAnswer, ChatPress, Platform};
use crate::store::ChatKind;

const UNSUBSCRIBE: &str = "/api/v1/notification-preferences/unsubscribe";

/// Presses of buttons.
pub(super) fn routes() -> Routes {
    Routes::of("notifications")
        .add(
            post("/api/v1/integrations/slack/actions", slack)
                .public()
                .summary("What Slack sends when a button is pressed")
                .description("Signed by Slack over the raw body, at most five minutes ago.")
                .body_as(
                    "application/x-www-form-urlencoded",
                    |_| schemars::json_schema!({"type": "string"}),
                )
                .answers_nothing(StatusCode::OK)
                .problems(&["bad_signature"]),
        )
        .add(
            post("/api/v1/integrations/mattermost/actions", mattermost)
                .public()
                .summary("What Mattermost sends when a button is pressed")
                .description("Proven by the ticket that the button carries.")
                .body::<MattermostPress>()
                .answers::<Value>(StatusCode::OK)
                .problems(&["invalid_body"]),
        )
        .add(
            get(UNSUBSCRIBE, ask_unsubscribe)
                .public()
                .summary("The page that ends e-mail; it changes nothing by itself")
                .query::<Ticket>()
                .answers_as(
                    StatusCode::OK,
                    "text/html",
                    |_| schemars::json_schema!({"type": "string"}),
                ),
        )
        .add(
            post(UNSUBSCRIBE, unsubscribe)
                .public()
                .summary("End e-mail for the user of a ticket")
                .query::<Ticket>()
                .answers_as(
                    StatusCode::OK,
                    "text/html",
                    |_| schemars::json_schema!({"type": "string"}),
                )
                .problems(&["invalid_code"]),
        )
}

/// A press as Mattermost tells it; it tells more.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct MattermostPress {
    /// Who pressed it.
    user_id: String,
    /// What the button carried.
    context: MattermostContext,
}

/// What a button carries.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct MattermostContext {
    /// Its ticket.
    ticket: String,
}

/// Query of the page that ends e-mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Ticket {
    /// The ticket of the mail.
    ticket: String,
}

/// Slack waits three seconds at most, so the vote and its answer come afterwards.
async fn slack(State(platform): State<Platform>, request: Request) -> Result<StatusCode, ApiError> {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let mut values = parts.headers.get_all(name).iter();
        let (value, None) = (values.next(), values.next()) else { return None };
        value.and_then(|value| value.to_str().ok())
    };
    let body = read_body(body).await?;
    let timestamp = header("x-slack-request-timestamp").unwrap_or_default();
    let signature = header("x-slack-signature").unwrap_or_default();
    if !platform.is_from_slack(timestamp, signature, &body) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "bad_signature",
            "the request is not signed by Slack with PRELOOP_SLACK_SIGNING_SECRET at this time",
        ));
    }
    let Some((press, response_url)) = slack_press(&body) else {
        // Slack tells more than presses of ours; what is no such press is taken and left alone.
        return Ok(StatusCode::OK);
    };
    let answering = platform.clone();
    platform.tasks().spawn("answer Slack", async move {
        let answer = answering.chat_press(&press).await;
        answering.answer_slack(&response_url, &answer).await;
    });
    Ok(StatusCode::OK)
}

fn slack_press(body: &[u8]) -> Option<(ChatPress, String)> {
    let payload = form_field(body, "payload")?;
    let payload: Value = serde_json::from_str(&payload).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let action = payload.get("actions")?.as_array()?.iter().find(|action| {
        let id = action.get("action_id").and_then(Value::as_str);
        matches!(id, Some(APPROVE_ACTION | DECLINE_ACTION))
    })?;
    let user = payload.get("user")?;
    let team = |of: &str| payload.get(of)?.get("id").and_then(text);
    // In a channel that several share, people are of other workspaces than it is.
    let team_id = if payload.get("is_enterprise_install") == Some(&Value::Bool(true)) {
        team("enterprise")
    } else {
        user.get("team_id").and_then(text).or_else(|| team("team"))
    };
    let press = ChatPress {
        kind: ChatKind::Slack,
        chat_user_id: text(user.get("id")?)?,
        team_id: Some(team_id?),
        ticket: text(action.get("value")?)?,
    };
    Some((press, payload.get("response_url").and_then(text).unwrap_or_default()))
}

/// A field of a form.
fn form_field(body: &[u8], name: &str) -> Option<String> {
    let query = std::str::from_utf8(body).ok()?;
    // The same rules as those of a URL's query.
    let url = reqwest::Url::parse(&format!("form:?{query}")).ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn mattermost(
    State(platform): State<Platform>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let MattermostPress { user_id, context } = read_json(request).await?;
    let press = ChatPress {
        kind: ChatKind::Mattermost,
        chat_user_id: user_id,
        team_id: None,
        ticket: context.ticket,
    };
    let answer: ChatAnswer = platform.chat_press(&press).await;
    Ok(Json(answer.to_mattermost()))
}

async fn ask_unsubscribe(Params(Ticket { ticket }): Params<Ticket>) -> impl IntoResponse {
    page(&format!(
        "<p>No more e-mail about approval requests?</p>\
         <form method=\"post\" action=\"{UNSUBSCRIBE}?ticket={}\">\
         <button>No more e-mail</button></form>",
        escape(&ticket)
    ))
}

async fn unsubscribe(
    State(platform): State<Platform>,
    Params(Ticket { ticket }): Params<Ticket>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    // Mail programs send `List-Unsubscribe=One-Click`, which says nothing more than the request itself.
    read_body(request.into_body()).await?;
    let name = platform.unsubscribe(&ticket).await?;
    Ok(page(&format!("<p>{} gets no more e-mail. Sign in to have it again.</p>", escape(&name))))
}

fn page(body: &str) -> impl IntoResponse + use<> {
    let headers = [
        (CACHE_CONTROL, "no-store"),
        // With `no-referrer` browsers would say of this page's own form that it comes from nowhere.
        (REFERRER_POLICY, "same-origin"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Preloop</title></head>\
         <body><main><h1>Preloop</h1>{body}</main></body></html>"
    );
    (headers, Html(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_forms_are_written() {
        let body = b"a=1&payload=%7B%22x%22%3A%22a+b%26c%22%7D";
        assert_eq!(form_field(body, "payload").as_deref(), Some("{\"x\":\"a b&c\"}"));
        assert_eq!(form_field(b"payload", "payload").as_deref(), Some(""));
        assert_eq!(form_field(&[0xff], "payload"), None);
    }
}
