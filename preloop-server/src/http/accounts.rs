//! `/api/v1/account` and `/api/v1/accounts`: the caller's account, and making further ones.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use preloop_api::{Account, ChangeAccount, CreateAccount, Permission};
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::route::{Routes, get, patch, post};
use crate::service::Platform;

/// The caller's account, and making further ones.
pub(super) fn routes() -> Routes {
    Routes::of("accounts")
        .add(
            get("/api/v1/account", show)
                .right(Permission::AccountRead)
                .summary("The caller's account")
                .answers::<Account>(StatusCode::OK),
        )
        .add(
            patch("/api/v1/account", change)
                .right(Permission::AccountWrite)
                .summary("Give the account another name")
                .body::<ChangeAccount>()
                .answers::<Account>(StatusCode::OK)
                .problems(&["account_name_taken", "invalid_name"]),
        )
        .add(
            post("/api/v1/accounts", create)
                .right(Permission::AccountsWrite)
                .summary("Make an account with its first owner")
                .description("Only owners of the account that the first start made may.")
                .body::<CreateAccount>()
                .example(json!({"name": "acme", "owner": {"name": "ann", "password": "correct horse battery"}}))
                .answers::<Account>(StatusCode::CREATED)
                .problems(&["account_name_taken", "invalid_email", "invalid_name", "invalid_password", "operator_only", "role_beyond_own"]),
        )
}

async fn show(Authenticated { services, .. }: Authenticated) -> Result<Json<Account>, ApiError> {
    Ok(Json(services.account().await?))
}

async fn change(request: JsonRequest) -> Result<Json<Account>, ApiError> {
    let body: ChangeAccount = request.parse()?;
    Ok(Json(request.services.account_change(&request.caller, &body).await?))
}

async fn create(
    State(platform): State<Platform>,
    request: JsonRequest,
) -> Result<(StatusCode, Json<Account>), ApiError> {
    let body: CreateAccount = request.parse()?;
    let account = platform.account_create(&request.caller, body).await?;
    Ok((StatusCode::CREATED, Json(account)))
}
