//! `/api/v1/mcp-servers`: the upstream servers and their credentials.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use preloop_api::{
    McpServerInfo, Page, Permission, SecretRotation, SetCredentials, StoredCredential,
};
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::route::{Routes, delete, get, post, put};
use crate::service::Platform;

/// The upstream servers and their credentials.
pub(super) fn routes() -> Routes {
    Routes::of("mcp-servers")
        .add(
            get("/api/v1/mcp-servers", list)
                .right(Permission::ServersRead)
                .summary("Upstream servers and how they are")
                .answers::<Page<McpServerInfo>>(StatusCode::OK),
        )
        .add(
            get("/api/v1/mcp-servers/{name}/credentials", credentials)
                .right(Permission::ServersRead)
                .summary("Which credentials are stored for the server, never their values")
                .answers::<Page<StoredCredential>>(StatusCode::OK)
                .problems(&["mcp_server_not_found"]),
        )
        .add(
            put("/api/v1/mcp-servers/{name}/credentials", set_credentials)
                .right(Permission::ServersWrite)
                .summary("Store credentials for the server's address; what is left out stays")
                .body::<SetCredentials>()
                .example(json!({"auth_config": {"token": "s3cret"}}))
                .answers::<Page<StoredCredential>>(StatusCode::OK)
                .problems(&["invalid_credential", "mcp_server_not_found", "no_secret_key"]),
        )
        .add(
            delete("/api/v1/mcp-servers/{name}/credentials", forget_credentials)
                .right(Permission::ServersWrite)
                .summary("Forget every credential of the server, for every address")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["mcp_server_not_found"]),
        )
        .add(
            post("/api/v1/secrets/rotate", rotate_secrets)
                .right(Permission::AccountsWrite)
                .summary("Seal every stored secret anew under another key")
                .answers::<SecretRotation>(StatusCode::OK)
                .problems(&["no_secret_key", "operator_only", "secret_unreadable"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<McpServerInfo>>, ApiError> {
    Ok(Json(Page { items: services.server_list(&caller)?, next_cursor: None }))
}

async fn credentials(
    Authenticated { services, caller }: Authenticated,
    Path(server): Path<String>,
) -> Result<Json<Page<StoredCredential>>, ApiError> {
    let items = services.credential_list(&caller, &server).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn set_credentials(
    Path(server): Path<String>,
    request: JsonRequest,
) -> Result<Json<Page<StoredCredential>>, ApiError> {
    let given: SetCredentials = request.parse()?;
    let items = request.services.credentials_set(&request.caller, &server, given).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

async fn forget_credentials(
    Authenticated { services, caller }: Authenticated,
    Path(server): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.credentials_forget(&caller, &server).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate_secrets(
    State(platform): State<Platform>,
    request: JsonRequest,
) -> Result<Json<SecretRotation>, ApiError> {
    Ok(Json(platform.secrets_rotate(&request.caller).await?))
}
