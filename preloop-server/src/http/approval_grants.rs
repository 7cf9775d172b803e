//! `/api/v1/approval-grants`: calls that approvers had remembered.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use preloop_api::{ApprovalGrant, Page, Permission, RememberOffer};

use super::ApiError;
use super::auth::Authenticated;
use super::params::id;
use super::route::{Routes, delete, get};

/// What is remembered, and what would be.
pub(super) fn routes() -> Routes {
    Routes::of("approvals")
        .add(
            get("/api/v1/approvals/{id}/remember", offer)
                .right(Permission::ApprovalsRead)
                .summary("What would be remembered with an approval of the request")
                .answers::<RememberOffer>(StatusCode::OK)
                .problems(&["approval_not_found", "cannot_remember"]),
        )
        .add(
            get("/api/v1/approval-grants", list)
                .right(Permission::ApprovalsRead)
                .summary("Calls that are not asked about, newest first; an agent sees its own")
                .answers::<Page<ApprovalGrant>>(StatusCode::OK),
        )
        .add(
            delete("/api/v1/approval-grants/{id}", revoke)
                .right(Permission::ApprovalsVote)
                .summary("Have such calls asked about again")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["agent_cannot_approve", "grant_not_found"]),
        )
}

async fn offer(
    Authenticated { services, caller }: Authenticated,
    Path(approval): Path<String>,
) -> Result<Json<RememberOffer>, ApiError> {
    let id = id(&approval, "approval_not_found", "approval request")?;
    Ok(Json(services.approval_remember_offer(&caller, id).await?))
}

async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<ApprovalGrant>>, ApiError> {
    Ok(Json(services.grant_list(&caller).await?))
}

async fn revoke(
    Authenticated { services, caller }: Authenticated,
    Path(grant): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.grant_revoke(&caller, id(&grant, "grant_not_found", "grant")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
