//! `/api/v1/approvals/{id}/link`: an approver's own link to the page of a request, for another device.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use preloop_api::{ApprovalLink, Permission};

use super::ApiError;
use super::auth::Authenticated;
use super::params::id;
use super::route::{Routes, post};

/// Making links.
pub(super) fn routes() -> Routes {
    Routes::of("approvals").add(
        post("/api/v1/approvals/{id}/link", make)
            .right(Permission::ApprovalsVote)
            .changes_nothing()
            .summary(
                "A link by which the caller decides on another device, without signing in there",
            )
            .description("It decides once, in the name of the caller, and ends with the request.")
            .answers::<ApprovalLink>(StatusCode::OK)
            .problems(&["agent_cannot_approve", "approval_not_found", "users_only"]),
    )
}

async fn make(
    Authenticated { services, caller }: Authenticated,
    Path(approval): Path<String>,
) -> Result<Json<ApprovalLink>, ApiError> {
    let approval = id(&approval, "approval_not_found", "approval request")?;
    Ok(Json(services.approval_link_own(&caller, approval).await?))
}
