//! `/api/v1/tools`: what upstream servers offer.

use axum::Json;
use http::StatusCode;
use preloop_api::{AcceptTool, Page, Permission, ToolInfo};
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{NamedPageParams, Params};
use super::route::{Routes, get, post};

/// What upstream servers offer.
pub(super) fn routes() -> Routes {
    Routes::of("tools")
        .add(
            get("/api/v1/tools", list)
                .right(Permission::ToolsRead)
                .summary("Tools that MCP servers offer, by server and name; an agent sees what it may call")
                .query::<NamedPageParams>()
                .answers::<Page<ToolInfo>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/tools/accept", accept)
                .right(Permission::ToolsAccept)
                .summary("Accept a new or changed definition")
                .body::<AcceptTool>()
                .example(json!({"server": "github", "tool": "merge"}))
                .answers::<ToolInfo>(StatusCode::OK)
                .problems(&["tool_not_found"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<NamedPageParams>,
) -> Result<Json<Page<ToolInfo>>, ApiError> {
    Ok(Json(services.tool_list(&caller, &page.part()?).await?))
}

async fn accept(request: JsonRequest) -> Result<Json<ToolInfo>, ApiError> {
    let AcceptTool { server, tool } = request.parse()?;
    Ok(Json(request.services.tool_accept(&request.caller, &server, &tool).await?))
}
