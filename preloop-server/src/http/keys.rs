//! `/api/v1/api-keys`: making, listing, rotating and revoking keys.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::{Extension, Json};
use preloop_api::{ApiKey, CreateApiKey, CreatedApiKey, Page, Permission, RotateApiKey};
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::KeptInstead;
use super::params::{PageParams, Params, id};
use super::route::{Routes, delete, get, post};

/// Making, listing, rotating and revoking keys.
pub(super) fn routes() -> Routes {
    Routes::of("keys")
        .add(
            get("/api/v1/api-keys", list)
                .right(Permission::KeysOwn)
                .summary("Keys, good or revoked, oldest first, without their text")
                .description(
                    "Everybody's for whoever has the right `keys:write`, else the caller's own.",
                )
                .query::<PageParams>()
                .answers::<Page<ApiKey>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/api-keys", create)
                .right(Permission::KeysOwn)
                .summary("Make a key; the answer is the only place where it is shown")
                .body::<CreateApiKey>()
                .example(json!({"name": "build agent", "role": "agent"}))
                .answers::<CreatedApiKey>(StatusCode::CREATED)
                .problems(&[
                    "account_full",
                    "email_taken",
                    "invalid_expiry",
                    "invalid_flow",
                    "invalid_holder",
                    "invalid_name",
                    "invalid_role",
                    "key_name_taken",
                    "key_shown_once",
                    "role_beyond_own",
                    "scope_beyond_role",
                    "unknown_user",
                    "user_name_taken",
                    "user_not_found",
                    "users_only",
                ]),
        )
        .add(
            get("/api/v1/api-keys/{id}", show)
                .right(Permission::KeysOwn)
                .summary("One key, without its text")
                .answers::<ApiKey>(StatusCode::OK)
                .problems(&["key_not_found"]),
        )
        .add(
            post("/api/v1/api-keys/{id}/rotate", rotate)
                .right(Permission::KeysOwn)
                .summary("Give a key another text; the answer is the only place where it is shown")
                .optional_body::<RotateApiKey>()
                .answers::<CreatedApiKey>(StatusCode::OK)
                .problems(&[
                    "invalid_expiry",
                    "key_not_found",
                    "key_shown_once",
                    "role_beyond_own",
                ]),
        )
        .add(
            delete("/api/v1/api-keys/{id}", revoke)
                .right(Permission::KeysOwn)
                .summary("Revoke a key; it is refused from now on")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["key_in_use", "key_not_found", "role_beyond_own"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<ApiKey>>, ApiError> {
    Ok(Json(services.key_list(&caller, &page.part()?).await?))
}

async fn create(
    request: JsonRequest,
) -> Result<(StatusCode, Extension<KeptInstead>, Json<CreatedApiKey>), ApiError> {
    let body: CreateApiKey = request.parse()?;
    let created = request.services.key_create(&request.caller, body).await?;
    Ok((StatusCode::CREATED, shown_once(&created), Json(created)))
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(key): Path<String>,
) -> Result<Json<ApiKey>, ApiError> {
    Ok(Json(services.key_show(&caller, id(&key, "key_not_found", "key")?).await?))
}

async fn rotate(
    Path(key): Path<String>,
    request: JsonRequest,
) -> Result<(Extension<KeptInstead>, Json<CreatedApiKey>), ApiError> {
    let id = id(&key, "key_not_found", "key")?;
    let body: RotateApiKey = request.parse()?;
    let created = request.services.key_rotate(&request.caller, id, body).await?;
    Ok((shown_once(&created), Json(created)))
}

/// The key is shown once: what is kept for a repetition says so instead.
fn shown_once(created: &CreatedApiKey) -> Extension<KeptInstead> {
    let detail = format!(
        "the key `{}` was made and shown once; revoke it and make another if it was not received",
        created.api_key.id
    );
    Extension(KeptInstead(ApiError::new(StatusCode::CONFLICT, "key_shown_once", detail)))
}

async fn revoke(
    Authenticated { services, caller }: Authenticated,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.key_revoke(&caller, id(&key, "key_not_found", "key")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
