//! `/api/v1/agents`: the principals that decide and call.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use preloop_api::{Agent, CreateAgent, Page, Permission};
use serde_json::json;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{PageParams, Params, id};
use super::route::{Routes, get, post};

/// Making and disabling agents.
pub(super) fn routes() -> Routes {
    Routes::of("agents")
        .add(
            get("/api/v1/agents", list)
                .right(Permission::UsersRead)
                .summary("Agents of the account, oldest first")
                .query::<PageParams>()
                .answers::<Page<Agent>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/agents", create)
                .right(Permission::KeysWrite)
                .summary("Make an agent; give it a key with `POST /api/v1/api-keys`")
                .body::<CreateAgent>()
                .example(json!({"name": "build agent"}))
                .answers::<Agent>(StatusCode::CREATED)
                .problems(&[
                    "account_full",
                    "agent_name_taken",
                    "invalid_description",
                    "invalid_name",
                ]),
        )
        .add(
            get("/api/v1/agents/{id}", show)
                .right(Permission::UsersRead)
                .summary("One agent")
                .answers::<Agent>(StatusCode::OK)
                .problems(&["agent_not_found"]),
        )
        .add(
            post("/api/v1/agents/{id}/disable", disable)
                .right(Permission::KeysWrite)
                .summary("Disable an agent: its keys are refused from now on")
                .answers::<Agent>(StatusCode::OK)
                .problems(&["agent_not_found"]),
        )
        .add(
            post("/api/v1/agents/{id}/enable", enable)
                .right(Permission::KeysWrite)
                .summary("Enable an agent that was disabled")
                .answers::<Agent>(StatusCode::OK)
                .problems(&["agent_not_found"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<Agent>>, ApiError> {
    Ok(Json(services.agent_list(&caller, &page.part()?).await?))
}

async fn create(request: JsonRequest) -> Result<(StatusCode, Json<Agent>), ApiError> {
    let body: CreateAgent = request.parse()?;
    let agent = request.services.agent_create(&request.caller, body).await?;
    Ok((StatusCode::CREATED, Json(agent)))
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(agent): Path<String>,
) -> Result<Json<Agent>, ApiError> {
    Ok(Json(services.agent_show(&caller, agent_id(&agent)?).await?))
}

async fn disable(
    Authenticated { services, caller }: Authenticated,
    Path(agent): Path<String>,
) -> Result<Json<Agent>, ApiError> {
    Ok(Json(services.agent_disable(&caller, agent_id(&agent)?, true).await?))
}

async fn enable(
    Authenticated { services, caller }: Authenticated,
    Path(agent): Path<String>,
) -> Result<Json<Agent>, ApiError> {
    Ok(Json(services.agent_disable(&caller, agent_id(&agent)?, false).await?))
}

fn agent_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, "agent_not_found", "agent")
}
