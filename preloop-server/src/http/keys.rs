//! `/api/v1/api-keys`: making, listing and revoking keys.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::{Extension, Json};
use preloop_api::{ApiKey, CreateApiKey, CreatedApiKey, Page, Permission};
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::KeptInstead;
use super::params::id;
use super::route::{Routes, delete, get, post};

/// Making, listing and revoking keys.
pub(super) fn routes() -> Routes {
    Routes::of("keys")
        .add(
            get("/api/v1/api-keys", list)
                .right(Permission::KeysWrite)
                .summary("Every key, good or revoked, without its text")
                .answers::<Page<ApiKey>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/api-keys", create)
                .right(Permission::KeysWrite)
                .summary("Make a key; the answer is the only place where it is shown")
                .body::<CreateApiKey>()
                .example(json!({"name": "build agent", "role": "agent"}))
                .answers::<CreatedApiKey>(StatusCode::CREATED)
                .problems(&["invalid_name", "invalid_role", "key_name_taken", "key_shown_once"]),
        )
        .add(
            delete("/api/v1/api-keys/{id}", revoke)
                .right(Permission::KeysWrite)
                .summary("Revoke a key; it is refused from now on")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["key_in_use", "key_not_found"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<ApiKey>>, ApiError> {
    let items = services.key_list(&caller).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn create(
    request: JsonRequest,
) -> Result<(StatusCode, Extension<KeptInstead>, Json<CreatedApiKey>), ApiError> {
    let body: CreateApiKey = request.parse()?;
    let created = request.services.key_create(&request.caller, body).await?;
    // The key is shown once: what is kept for a repetition says so instead.
    let detail = format!(
        "the key `{}` was made and shown once; revoke it and make another if it was not received",
        created.api_key.id
    );
    let kept = KeptInstead(ApiError::new(StatusCode::CONFLICT, "key_shown_once", detail));
    Ok((StatusCode::CREATED, Extension(kept), Json(created)))
}

async fn revoke(
    Authenticated { services, caller }: Authenticated,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.key_revoke(&caller, id(&key, "key_not_found", "key")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
