//! Devices that take pushes: adding, listing, revoking, and coming in by a link or a picture of it.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use preloop_api::{AddDevice, Device, DeviceLink, Page, Permission, PushKey, RegisterDevice};

use super::ApiError;
use super::auth::Authenticated;
use super::body::{JsonRequest, read_json};
use super::client;
use super::params::id;
use super::route::{Route, Routes, delete, get, post};
use crate::service::Platform;

const DEVICES: &str = "/api/v1/notification-preferences/me/devices";

/// Devices of the caller.
pub(super) fn routes() -> Routes {
    Routes::of("notifications")
        .add(
            own(get(DEVICES, list))
                .summary("The caller's devices")
                .answers::<Page<Device>>(StatusCode::OK),
        )
        .add(
            own(post(DEVICES, add))
                .summary("Add a browser or phone of the caller's")
                .body::<AddDevice>()
                .answers::<Device>(StatusCode::CREATED)
                .problems(&["invalid_device", "sign_in_required"]),
        )
        .add(
            own(delete("/api/v1/notification-preferences/me/devices/{id}", revoke))
                .summary("Revoke a device of the caller's")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["device_not_found"]),
        )
        .add(
            own(get("/api/v1/notification-preferences/me/device-link", link))
                .summary("A link that registers the device which opens it")
                .description("Good once, for two minutes.")
                .answers::<DeviceLink>(StatusCode::OK)
                .problems(&["no_secret_key", "sign_in_required"]),
        )
        .add(
            own(get("/api/v1/notification-preferences/me/qr-code", picture))
                .summary("The same link as a picture to be scanned")
                .answers_as(
                    StatusCode::OK,
                    "image/svg+xml",
                    |_| schemars::json_schema!({"type": "string"}),
                )
                .problems(&["no_secret_key", "public_url_too_long", "sign_in_required"]),
        )
        .add(
            get("/api/v1/notification-preferences/push-key", push_key)
                .public()
                .summary("The key that browsers subscribe with")
                .answers::<PushKey>(StatusCode::OK)
                .problems(&["no_secret_key", "secret_unreadable"]),
        )
        .add(
            post("/api/v1/notification-preferences/register-via-token", register)
                .public()
                .summary("Register a device by a code of its user")
                .body::<RegisterDevice>()
                .answers::<Device>(StatusCode::CREATED)
                .problems(&[
                    "invalid_code",
                    "invalid_device",
                    "no_secret_key",
                    "too_many_attempts",
                ]),
        )
}

/// Whoever has a device can open links that decide, so only a key that may vote adds one.
fn own(route: Route) -> Route {
    route.right(Permission::ApprovalsVote).problems(&["agent_cannot_approve", "users_only"])
}

async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<Device>>, ApiError> {
    Ok(Json(Page { items: services.device_list(&caller).await?, next_cursor: None }))
}

async fn add(request: JsonRequest) -> Result<(StatusCode, Json<Device>), ApiError> {
    let body: AddDevice = request.parse()?;
    let device = request.services.device_add(&request.caller, body).await?;
    Ok((StatusCode::CREATED, Json(device)))
}

async fn revoke(
    Authenticated { services, caller }: Authenticated,
    Path(device): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.device_revoke(&caller, id(&device, "device_not_found", "device")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn link(
    Authenticated { services, caller }: Authenticated,
) -> Result<impl IntoResponse, ApiError> {
    let link: DeviceLink = services.device_link(&caller).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(link)))
}

async fn picture(
    Authenticated { services, caller }: Authenticated,
) -> Result<impl IntoResponse, ApiError> {
    let picture = services.device_picture(&caller).await?;
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    Ok((headers, picture))
}

async fn push_key(State(platform): State<Platform>) -> Result<Json<PushKey>, ApiError> {
    Ok(Json(platform.push_key().await?))
}

async fn register(
    State(platform): State<Platform>,
    request: Request,
) -> Result<(StatusCode, Json<Device>), ApiError> {
    let from = client::address(&request);
    let body: RegisterDevice = read_json(request).await?;
    let device = platform.device_register(body, from).await?;
    Ok((StatusCode::CREATED, Json(device)))
}
