//! `/api/v1/teams`: groups of users and agents that policies name.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use preloop_api::{ChangeTeam, CreateTeam, Page, Permission, Team};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{Params, id, part};
use super::route::{Routes, delete, get, patch, post, put};

/// Query of `GET /api/v1/teams`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Most items of the page; 100 where it is left out.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^.+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))]
    cursor: Option<String>,
}

/// Making and changing teams, and who is in them.
pub(super) fn routes() -> Routes {
    let member = "/api/v1/teams/{id}/members/{member}";
    Routes::of("teams")
        .add(
            get("/api/v1/teams", list)
                .right(Permission::TeamsRead)
                .summary("Teams with their members, by name")
                .query::<ListParams>()
                .answers::<Page<Team>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/teams", create)
                .right(Permission::TeamsWrite)
                .summary("Make a team")
                .body::<CreateTeam>()
                .example(json!({"name": "payments"}))
                .answers::<Team>(StatusCode::CREATED)
                .problems(&[
                    "account_full",
                    "invalid_description",
                    "invalid_name",
                    "team_name_taken",
                ]),
        )
        .add(
            get("/api/v1/teams/{id}", show)
                .right(Permission::TeamsRead)
                .summary("One team with its members")
                .answers::<Team>(StatusCode::OK)
                .problems(&["team_not_found"]),
        )
        .add(
            patch("/api/v1/teams/{id}", change)
                .right(Permission::TeamsWrite)
                .summary("Change name or description of a team")
                .description("Policies name teams by name, so change them too. While the team has a policy of its own, so must its other name.")
                .body::<ChangeTeam>()
                .answers::<Team>(StatusCode::OK)
                .problems(&[
                    "invalid_description",
                    "invalid_name",
                    "team_has_policy",
                    "team_name_taken",
                    "team_not_found",
                ]),
        )
        .add(
            delete("/api/v1/teams/{id}", remove)
                .right(Permission::TeamsWrite)
                .summary("Delete a team; its members stay")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["team_not_found"]),
        )
        .add(
            put(member, join)
                .right(Permission::TeamsWrite)
                .summary("Put a user or agent into a team")
                .answers::<Team>(StatusCode::OK)
                .problems(&["member_not_found", "team_not_found"]),
        )
        .add(
            delete(member, leave)
                .right(Permission::TeamsWrite)
                .summary("Take a user or agent out of a team")
                .answers::<Team>(StatusCode::OK)
                .problems(&["member_not_found", "team_not_found"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<ListParams>,
) -> Result<Json<Page<Team>>, ApiError> {
    let part = part(page.limit, page.cursor.as_deref())?;
    Ok(Json(services.team_list(&caller, &part).await?))
}

async fn create(request: JsonRequest) -> Result<(StatusCode, Json<Team>), ApiError> {
    let body: CreateTeam = request.parse()?;
    let team = request.services.team_create(&request.caller, body).await?;
    Ok((StatusCode::CREATED, Json(team)))
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(team): Path<String>,
) -> Result<Json<Team>, ApiError> {
    Ok(Json(services.team_show(&caller, team_id(&team)?).await?))
}

async fn change(Path(team): Path<String>, request: JsonRequest) -> Result<Json<Team>, ApiError> {
    let id = team_id(&team)?;
    let body: ChangeTeam = request.parse()?;
    Ok(Json(request.services.team_change(&request.caller, id, body).await?))
}

async fn remove(
    Authenticated { services, caller }: Authenticated,
    Path(team): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.team_delete(&caller, team_id(&team)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn join(
    Authenticated { services, caller }: Authenticated,
    Path((team, member)): Path<(String, String)>,
) -> Result<Json<Team>, ApiError> {
    let member = id(&member, "member_not_found", "user or agent")?;
    Ok(Json(services.team_member(&caller, team_id(&team)?, member, true).await?))
}

async fn leave(
    Authenticated { services, caller }: Authenticated,
    Path((team, member)): Path<(String, String)>,
) -> Result<Json<Team>, ApiError> {
    let member = id(&member, "member_not_found", "user or agent")?;
    Ok(Json(services.team_member(&caller, team_id(&team)?, member, false).await?))
}

fn team_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, "team_not_found", "team")
}
