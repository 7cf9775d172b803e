//! `/api/v1/tools` and `/api/v1/mcp-servers`: what upstream servers offer and how they are.

use axum::Json;
use axum::response::Response;
use preloop_api::{AcceptTool, McpServerInfo, Page, ToolInfo};

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::Answer;

pub(super) async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<ToolInfo>>, ApiError> {
    let items = services.tool_list(&caller).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

pub(super) async fn accept(request: JsonRequest) -> Result<Response, ApiError> {
    let work = async {
        let AcceptTool { server, tool } = request.parse()?;
        Ok(Answer::ok(request.services.tool_accept(&request.caller, &server, &tool).await?))
    };
    request.once.answer(&request.services, &request.caller, work).await
}

pub(super) async fn servers(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<McpServerInfo>>, ApiError> {
    Ok(Json(Page { items: services.server_list(&caller)?, next_cursor: None }))
}
