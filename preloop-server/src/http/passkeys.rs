//! `/api/v1/auth/passkeys`: registering passkeys and taking them back.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use preloop_api::{BeginPasskey, FinishPasskey, Page, Passkey, PasskeyQuestion, Permission};
use serde_json::Value;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::id;
use super::route::{Routes, delete, get, post};

/// A user's own passkeys.
pub(super) fn routes() -> Routes {
    Routes::of("passkeys")
        .add(
            get("/api/v1/auth/passkeys", list)
                .right(Permission::KeysOwn)
                .summary("The own passkeys, oldest first")
                .answers::<Page<Passkey>>(StatusCode::OK)
                .problems(&["users_only"]),
        )
        .add(
            post("/api/v1/auth/passkeys/begin", begin)
                .right(Permission::KeysOwn)
                .summary("Begin to register a passkey: what to ask the browser")
                .description("For whoever is signed in, not with a key. Each question takes one answer, within five minutes.")
                .body::<BeginPasskey>()
                .answers::<PasskeyQuestion>(StatusCode::OK)
                .problems(&[
                    "passkey_refused",
                    "passkeys_unavailable",
                    "password_required",
                    "sign_in_required",
                    "too_many_attempts",
                    "users_only",
                    "user_not_found",
                    "wrong_password",
                ]),
        )
        .add(
            post("/api/v1/auth/passkeys", finish)
                .right(Permission::KeysOwn)
                .summary("Register a passkey with the browser's answer")
                .body::<FinishPasskey>()
                .answers::<Passkey>(StatusCode::CREATED)
                .problems(&[
                    "challenge_ended",
                    "invalid_name",
                    "passkey_refused",
                    "passkey_taken",
                    "passkeys_unavailable",
                    "sign_in_required",
                    "users_only",
                ]),
        )
        .add(
            delete("/api/v1/auth/passkeys/{id}", remove)
                .right(Permission::KeysOwn)
                .summary("Remove an own passkey")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["passkey_not_found", "sign_in_required", "users_only"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<Passkey>>, ApiError> {
    let items = services.passkey_list(&caller).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn begin(request: JsonRequest) -> Result<Json<PasskeyQuestion>, ApiError> {
    let BeginPasskey { password } = request.parse()?;
    Ok(Json(request.services.passkey_begin(&request.caller, &password).await?))
}

async fn finish(request: JsonRequest) -> Result<(StatusCode, Json<Passkey>), ApiError> {
    let FinishPasskey { challenge_id, name, credential } = request.parse()?;
    let answer = Value::Object(credential).to_string();
    let services = &request.services;
    let passkey = services.passkey_finish(&request.caller, challenge_id, &name, &answer).await?;
    Ok((StatusCode::CREATED, Json(passkey)))
}

async fn remove(
    Authenticated { services, caller }: Authenticated,
    Path(passkey): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.passkey_remove(&caller, id(&passkey, "passkey_not_found", "passkey")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
