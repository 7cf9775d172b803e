//! `/api/v1/users`: the people of the account.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use preloop_api::{ChangeUser, CreateUser, Page, Permission, SetPassword, User};
use serde_json::json;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{PageParams, Params, id};
use super::route::{Route, Routes, get, patch, post, put};

/// Making, changing and disabling users.
pub(super) fn routes() -> Routes {
    Routes::of("users")
        .add(
            get("/api/v1/users", list)
                .right(Permission::UsersRead)
                .summary("Users of the account, oldest first")
                .query::<PageParams>()
                .answers::<Page<User>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/users", create)
                .right(Permission::UsersWrite)
                .summary("Make a user")
                .description("Nobody gives a role that allows more than they may themselves.")
                .body::<CreateUser>()
                .example(json!({"name": "ann", "email": "ann@example.com", "role": "approver"}))
                .answers::<User>(StatusCode::CREATED)
                .problems(&[
                    "account_full",
                    "email_taken",
                    "invalid_email",
                    "invalid_name",
                    "invalid_password",
                    "invalid_role",
                    "role_beyond_own",
                    "unknown_team",
                    "user_name_taken",
                ]),
        )
        .add(
            get("/api/v1/users/{id}", show)
                .right(Permission::UsersRead)
                .summary("One user")
                .answers::<User>(StatusCode::OK)
                .problems(&["user_not_found"]),
        )
        .add(
            changing(patch("/api/v1/users/{id}", change))
                .summary("Change name, address or role of a user")
                .body::<ChangeUser>()
                .problems(&[
                    "email_taken",
                    "invalid_email",
                    "invalid_name",
                    "invalid_role",
                    "last_owner",
                    "user_name_taken",
                ]),
        )
        .add(
            changing(post("/api/v1/users/{id}/disable", disable))
                .summary("Disable a user: keys and sign-ins of that user are refused from now on")
                .problems(&["last_owner", "own_user"]),
        )
        .add(
            changing(post("/api/v1/users/{id}/enable", enable))
                .summary("Enable a user that was disabled"),
        )
        .add(
            put("/api/v1/users/{id}/password", set_password)
                .right(Permission::UsersWrite)
                .summary("Set the password of a user; all sign-ins of that user end")
                .body::<SetPassword>()
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["invalid_password", "role_beyond_own", "user_not_found"]),
        )
}

fn changing(route: Route) -> Route {
    route
        .right(Permission::UsersWrite)
        .answers::<User>(StatusCode::OK)
        .problems(&["role_beyond_own", "user_not_found"])
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<User>>, ApiError> {
    Ok(Json(services.user_list(&caller, &page.part()?).await?))
}

async fn create(request: JsonRequest) -> Result<(StatusCode, Json<User>), ApiError> {
    let body: CreateUser = request.parse()?;
    let user = request.services.user_create(&request.caller, body).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(user): Path<String>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(services.user_show(&caller, user_id(&user)?).await?))
}

async fn change(Path(user): Path<String>, request: JsonRequest) -> Result<Json<User>, ApiError> {
    let id = user_id(&user)?;
    let body: ChangeUser = request.parse()?;
    Ok(Json(request.services.user_change(&request.caller, id, body).await?))
}

async fn disable(
    Authenticated { services, caller }: Authenticated,
    Path(user): Path<String>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(services.user_disable(&caller, user_id(&user)?, true).await?))
}

async fn enable(
    Authenticated { services, caller }: Authenticated,
    Path(user): Path<String>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(services.user_disable(&caller, user_id(&user)?, false).await?))
}

async fn set_password(
    Path(user): Path<String>,
    request: JsonRequest,
) -> Result<StatusCode, ApiError> {
    let id = user_id(&user)?;
    let body: SetPassword = request.parse()?;
    request.services.user_set_password(&request.caller, id, &body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn user_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, "user_not_found", "user")
}
