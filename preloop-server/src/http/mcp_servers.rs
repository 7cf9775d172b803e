//! `/api/v1/mcp-servers`: the upstream servers and their credentials.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use preloop_api::{
    McpServerDetail, McpServerEntry, McpServerInfo, McpServerScan, McpServerTool, Page, Permission,
    PolicyApplied, SecretRotation, SetCredentials, StoredCredential,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{NamedPageParams, Params};
use super::policies::{ETAG_HEADER, HEADERS, answer, expected};
use super::route::{Route, Routes, delete, get, patch, post, put};
use crate::mcp::Firewalls;
use crate::service::{Caller, Platform, ServerEdit, Services};

/// One server, by its name in the policy.
const ONE: &str = "/api/v1/mcp-servers/{name}";

/// Why a change is made, where there is no body to say it in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeParams {
    /// What the version says of why it was made.
    message: Option<String>,
}

/// The upstream servers and their credentials.
pub(super) fn routes(firewalls: &Firewalls) -> Routes {
    credential_routes(edit_routes(read_routes(Routes::of("mcp-servers"), firewalls)))
}

fn read_routes(routes: Routes, firewalls: &Firewalls) -> Routes {
    let firewalls = firewalls.clone();
    let scan = move |Authenticated { services, caller }: Authenticated,
                     Path(name): Path<String>,
                     _: JsonRequest| scan(firewalls.clone(), services, caller, name);
    routes
        .add(
            get(ONE, show)
                .right(Permission::ServersRead)
                .summary("One server: how it is, its entry, which credentials are stored")
                .answers::<McpServerDetail>(StatusCode::OK)
                .problems(&["mcp_server_not_found"]),
        )
        .add(
            get("/api/v1/mcp-servers/{name}/tools", tools)
                .right(Permission::ServersRead)
                .summary("The server's tools with what they take, accepted or not, by name")
                .query::<NamedPageParams>()
                .answers::<Page<McpServerTool>>(StatusCode::OK)
                .problems(&["mcp_server_not_found"]),
        )
        .add(
            post("/api/v1/mcp-servers/{name}/scan", scan)
                .right(Permission::ServersWrite)
                .summary("Dial the server now and say which tools are new, changed and gone")
                .answers::<McpServerScan>(StatusCode::OK)
                .problems(&["mcp_server_not_found"]),
        )
        .add(
            get("/api/v1/mcp-servers", list)
                .right(Permission::ServersRead)
                .summary("Upstream servers and how they are, by name")
                .query::<NamedPageParams>()
                .answers::<Page<McpServerInfo>>(StatusCode::OK),
        )
}

fn edit_routes(routes: Routes) -> Routes {
    let example = json!({"name": "github", "url": "https://api.githubcopilot.com/mcp/", "auth_type": "bearer",
                         "auth_config": {"token": "${GITHUB_TOKEN}"}});
    routes
        .add(
            editing(post("/api/v1/mcp-servers", add))
                .summary("Add a server to the account's policy, which makes a version")
                .body::<McpServerEntry>()
                .example(example.clone())
                .answers::<PolicyApplied>(StatusCode::CREATED)
                .headers(ETAG_HEADER)
                .problems(&["mcp_server_taken"]),
        )
        .add(
            editing(put(ONE, replace))
                .summary("Replace the server's entry")
                .body::<McpServerEntry>()
                .example(example)
                .answers::<PolicyApplied>(StatusCode::OK)
                .headers(ETAG_HEADER)
                .problems(&["mcp_server_not_found", "mcp_server_renamed"]),
        )
        .add(
            editing(patch(ONE, change))
                .summary("Change fields of the server's entry; null takes one out")
                .body::<McpServerEntry>()
                .example(json!({"enabled": false}))
                .answers::<PolicyApplied>(StatusCode::OK)
                .headers(ETAG_HEADER)
                .problems(&["mcp_server_not_found", "mcp_server_renamed"]),
        )
        .add(
            editing(delete(ONE, remove))
                .summary("Take the server out of the policy; its credentials stay for a rollback")
                .answers::<PolicyApplied>(StatusCode::OK)
                .headers(ETAG_HEADER)
                .problems(&["mcp_server_not_found"]),
        )
}

fn editing(route: Route) -> Route {
    route.right(Permission::ServersWrite).query::<ChangeParams>().request_headers(HEADERS).problems(
        &[
            "invalid_policy",
            "message_too_long",
            "no_policy",
            "no_secret_key",
            "policy_changed",
            "policy_from_file",
            "secret_missing",
            "version_unusable",
        ],
    )
}

fn credential_routes(routes: Routes) -> Routes {
    routes
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

async fn add(
    Params(params): Params<ChangeParams>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let edit = ServerEdit::Add(request.parse()?);
    let applied = apply(&request.services, &request.caller, edit, params, &headers).await?;
    Ok((StatusCode::CREATED, answer(applied)).into_response())
}

async fn replace(
    Path(name): Path<String>,
    Params(params): Params<ChangeParams>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let edit = ServerEdit::Replace(name, request.parse()?);
    Ok(answer(apply(&request.services, &request.caller, edit, params, &headers).await?))
}

async fn change(
    Path(name): Path<String>,
    Params(params): Params<ChangeParams>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let edit = ServerEdit::Merge(name, request.parse()?);
    Ok(answer(apply(&request.services, &request.caller, edit, params, &headers).await?))
}

async fn remove(
    Authenticated { services, caller }: Authenticated,
    Path(name): Path<String>,
    Params(params): Params<ChangeParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let edit = ServerEdit::Remove(name);
    Ok(answer(apply(&services, &caller, edit, params, &headers).await?))
}

async fn apply(
    services: &Services,
    caller: &Caller,
    edit: ServerEdit,
    ChangeParams { message }: ChangeParams,
    headers: &HeaderMap,
) -> Result<PolicyApplied, ApiError> {
    Ok(services.server_edit(caller, edit, message, expected(headers)?).await?)
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(name): Path<String>,
) -> Result<Json<McpServerDetail>, ApiError> {
    Ok(Json(services.server_show(&caller, &name).await?))
}

async fn tools(
    Authenticated { services, caller }: Authenticated,
    Path(name): Path<String>,
    Params(page): Params<NamedPageParams>,
) -> Result<Json<Page<McpServerTool>>, ApiError> {
    Ok(Json(services.server_tools(&caller, &name, &page.part()?).await?))
}

async fn scan(
    firewalls: Firewalls,
    services: Services,
    caller: Caller,
    name: String,
) -> Result<Json<McpServerScan>, ApiError> {
    caller.must(Permission::ServersWrite)?;
    Ok(Json(firewalls.scan(&services, &name).await?))
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<NamedPageParams>,
) -> Result<Json<Page<McpServerInfo>>, ApiError> {
    Ok(Json(services.server_list(&caller, &page.part()?)?))
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
