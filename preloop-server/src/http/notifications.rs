//! `/api/v1/notification-preferences` and `/api/v1/notification-deliveries`: what each wants to be told, and what became
//! of messages.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use preloop_api::{
    DeliveryState, LinkChat, NotificationDelivery, NotificationPreferences, Page, Permission,
};
use preloop_core::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{Params, id, limit, parsed};
use super::route::{Route, Routes, get, patch, post, put};
use crate::service::DeliveryQuery;

const OWN: &str = "/api/v1/notification-preferences";
const OF_USER: &str = "/api/v1/users/{id}/notification-preferences";

/// Preferences, links to chats, deliveries.
pub(super) fn routes() -> Routes {
    Routes::of("notifications")
        .add(
            own(get(OWN, show))
                .summary("How the caller is told of approval requests")
                .answers::<NotificationPreferences>(StatusCode::OK),
        )
        .add(
            changing(own(put(OWN, replace)))
                .summary("Set all of the caller's preferences")
                .description("What is left out gets its default; links to chats stay."),
        )
        .add(changing(own(patch(OWN, change))).summary("Change some of the caller's preferences"))
        .add(
            own(post("/api/v1/notification-preferences/me/chats", link_chat))
                .summary("Link the caller to a person of Slack or Mattermost")
                .description(
                    "The code is shown there to whoever presses a button and is not linked yet.",
                )
                .body::<LinkChat>()
                .answers::<NotificationPreferences>(StatusCode::OK)
                .problems(&["chat_taken", "invalid_code", "no_secret_key", "sign_in_required"]),
        )
        .add(
            get(OF_USER, show_user)
                .right(Permission::UsersWrite)
                .summary("How a user is told of approval requests")
                .answers::<NotificationPreferences>(StatusCode::OK)
                .problems(&["role_beyond_own", "user_not_found"]),
        )
        .add(
            changing(patch(OF_USER, change_user))
                .right(Permission::UsersWrite)
                .summary("Change some of a user's preferences, and who the user is in chats")
                .problems(&["role_beyond_own", "user_not_found"]),
        )
        .add(
            get("/api/v1/notification-deliveries", list)
                .right(Permission::NotificationsRead)
                .summary("What became of notifications, newest first")
                .query::<ListParams>()
                .answers::<Page<NotificationDelivery>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/notification-deliveries/{id}/replay", replay)
                .right(Permission::NotificationsWrite)
                .summary("Send a notification anew that was given up")
                .answers::<NotificationDelivery>(StatusCode::OK)
                .problems(&["delivery_not_dead", "delivery_not_found"]),
        )
}

/// Whoever is told can open links that decide, so only a key that may vote says who that is.
fn own(route: Route) -> Route {
    route.right(Permission::ApprovalsVote).problems(&["agent_cannot_approve", "users_only"])
}

fn changing(route: Route) -> Route {
    route
        .body::<NotificationPreferences>()
        .example(json!({
            "email": false,
            "quiet_hours": {"from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin"},
        }))
        .answers::<NotificationPreferences>(StatusCode::OK)
        .problems(&["chat_not_proven", "chat_taken", "invalid_preferences", "sign_in_required"])
}

async fn show(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<NotificationPreferences>, ApiError> {
    Ok(Json(services.preferences_show(&caller, None).await?))
}

async fn replace(request: JsonRequest) -> Result<Json<NotificationPreferences>, ApiError> {
    let body: Value = request.parse()?;
    Ok(Json(request.services.preferences_change(&request.caller, None, body, true).await?))
}

async fn change(request: JsonRequest) -> Result<Json<NotificationPreferences>, ApiError> {
    let body: Value = request.parse()?;
    Ok(Json(request.services.preferences_change(&request.caller, None, body, false).await?))
}

async fn link_chat(request: JsonRequest) -> Result<Json<NotificationPreferences>, ApiError> {
    let body: LinkChat = request.parse()?;
    Ok(Json(request.services.chat_link(&request.caller, &body.code).await?))
}

async fn show_user(
    Authenticated { services, caller }: Authenticated,
    Path(user): Path<String>,
) -> Result<Json<NotificationPreferences>, ApiError> {
    let user = id(&user, "user_not_found", "user")?;
    Ok(Json(services.preferences_show(&caller, Some(user)).await?))
}

async fn change_user(
    Path(user): Path<String>,
    request: JsonRequest,
) -> Result<Json<NotificationPreferences>, ApiError> {
    let user = id(&user, "user_not_found", "user")?;
    let body: Value = request.parse()?;
    let (services, caller) = (&request.services, &request.caller);
    Ok(Json(services.preferences_change(caller, Some(user), body, false).await?))
}

/// Query of `GET /api/v1/notification-deliveries`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Where they stand.
    #[schemars(with = "Option<DeliveryState>")]
    state: Option<String>,
    /// The approval request that they are about.
    #[schemars(with = "Option<Uuid>")]
    approval_id: Option<String>,
    /// Most items of the page.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[0-9]+\\.[0-9a-f-]{36}$"))]
    cursor: Option<String>,
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<NotificationDelivery>>, ApiError> {
    let states = "`dead`, `dropped`, `pending` or `sent`";
    let approval = params.approval_id.as_deref();
    let query = DeliveryQuery {
        state: parsed("state", params.state.as_deref(), states, DeliveryState::from_name)?,
        approval_id: parsed("approval_id", approval, "an id", |text| text.parse().ok())?,
        before: parsed("cursor", params.cursor.as_deref(), "a `next_cursor`", read_cursor)?,
        limit: limit(params.limit, 50, 200)?,
    };
    Ok(Json(services.delivery_list(&caller, query).await?))
}

async fn replay(
    Authenticated { services, caller }: Authenticated,
    Path(delivery): Path<String>,
) -> Result<Json<NotificationDelivery>, ApiError> {
    let id = id(&delivery, "delivery_not_found", "delivery")?;
    Ok(Json(services.delivery_replay(&caller, id).await?))
}

fn read_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((Timestamp::from_unix_micros(micros.parse().ok()?).ok()?, id.parse().ok()?))
}
