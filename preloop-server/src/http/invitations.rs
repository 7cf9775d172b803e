//! `/api/v1/invitations`: one-time tokens that make users.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::{Extension, Json};
use preloop_api::{CreateInvitation, CreatedInvitation, Invitation, Page, Permission};
use serde_json::json;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::KeptInstead;
use super::params::{PageParams, Params, id};
use super::route::{Routes, delete, get, post};

/// Inviting people.
pub(super) fn routes() -> Routes {
    Routes::of("invitations")
        .add(
            get("/api/v1/invitations", list)
                .right(Permission::UsersRead)
                .summary("Invitations, newest first")
                .query::<PageParams>()
                .answers::<Page<Invitation>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/invitations", create)
                .right(Permission::UsersWrite)
                .summary("Invite somebody; the answer is the only place where the token is shown")
                .description(
                    "Whoever has the token makes one user with `POST /api/v1/auth/invitation`.",
                )
                .body::<CreateInvitation>()
                .example(json!({"email": "ann@example.com", "role": "approver"}))
                .answers::<CreatedInvitation>(StatusCode::CREATED)
                .problems(&[
                    "account_full",
                    "invalid_email",
                    "invalid_expiry",
                    "invalid_name",
                    "invalid_role",
                    "invitation_shown_once",
                    "role_beyond_own",
                    "unknown_team",
                ]),
        )
        .add(
            delete("/api/v1/invitations/{id}", revoke)
                .right(Permission::UsersWrite)
                .summary("Revoke an open invitation")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["invitation_not_found"]),
        )
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<Invitation>>, ApiError> {
    Ok(Json(services.invitation_list(&caller, &page.part()?).await?))
}

async fn create(
    request: JsonRequest,
) -> Result<(StatusCode, Extension<KeptInstead>, Json<CreatedInvitation>), ApiError> {
    let body: CreateInvitation = request.parse()?;
    let created = request.services.invitation_create(&request.caller, body).await?;
    let detail = format!(
        "the invitation `{}` was made and its token shown once; revoke it and make another if it was not received",
        created.invitation.id
    );
    let kept = KeptInstead(ApiError::new(StatusCode::CONFLICT, "invitation_shown_once", detail));
    Ok((StatusCode::CREATED, Extension(kept), Json(created)))
}

async fn revoke(
    Authenticated { services, caller }: Authenticated,
    Path(invitation): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = id(&invitation, "invitation_not_found", "open invitation")?;
    services.invitation_revoke(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
