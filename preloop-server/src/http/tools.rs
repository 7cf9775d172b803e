//! `/api/v1/tools` and `/api/v1/mcp-servers`: what upstream servers offer and how they are.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use preloop_api::{AcceptTool, McpServerInfo, Page, ToolInfo};

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::Answer;
use crate::service::Services;

pub(super) async fn list(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Page<ToolInfo>>, ApiError> {
    let items = services.tool_list(&caller).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

pub(super) async fn accept(
    State(services): State<Services>,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let work = async {
        let AcceptTool { server, tool } = request.parse()?;
        Ok(Answer::ok(services.tool_accept(&request.caller, &server, &tool).await?))
    };
    request.once.answer(&services, &request.caller, work).await
}

pub(super) async fn servers(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Page<McpServerInfo>>, ApiError> {
    Ok(Json(Page { items: services.server_list(&caller)?, next_cursor: None }))
}
