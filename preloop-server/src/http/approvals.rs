//! `/api/v1/approvals`: reading requests, voting, withdrawing.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use preloop_api::{
    Approval, ApprovalEvent, ApprovalState, CancelRequest, Page, Permission, VoteDecision,
    VoteRequest,
};
use preloop_core::Timestamp;
use preloop_core::approval::{Ballot, Proof, Via};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{Params, id, limit, parsed};
use super::route::{Route, Routes, get, post};
use crate::service::ApprovalQuery;

/// What a vote may meet.
const VOTE_PROBLEMS: &[&str] = &[
    "agent_cannot_approve",
    "already_voted",
    "approval_contended",
    "approval_mismatch",
    "approval_not_found",
    "approval_settled",
    "not_an_approver",
    "reason_required",
    "reason_too_long",
    "self_approval",
    "step_up_locked",
    "step_up_required",
    "wrong_match_code",
];

/// Reading requests and voting on them.
pub(super) fn routes() -> Routes {
    Routes::of("approvals")
        .add(
            get("/api/v1/approvals", list)
                .right(Permission::ApprovalsRead)
                .summary("Approval requests, newest first; an agent sees its own")
                .query::<ListParams>()
                .answers::<Page<Approval>>(StatusCode::OK),
        )
        .add(
            get("/api/v1/approvals/{id}", show)
                .right(Permission::ApprovalsRead)
                .summary("One approval request; an agent sees its own")
                .answers::<Approval>(StatusCode::OK)
                .problems(&["approval_not_found"]),
        )
        .add(
            get("/api/v1/approvals/{id}/history", history)
                .right(Permission::ApprovalsRead)
                .summary("All that happened to an approval request, oldest first")
                .answers::<Page<ApprovalEvent>>(StatusCode::OK)
                .problems(&["approval_not_found"]),
        )
        .add(
            vote_route(post("/api/v1/approvals/{id}/approve", approve))
                .summary("Vote for the call"),
        )
        .add(
            vote_route(post("/api/v1/approvals/{id}/decline", decline))
                .summary("Vote against the call"),
        )
        .add(
            post("/api/v1/approvals/{id}/cancel", cancel)
                .right(Permission::ApprovalsRead)
                .summary("Withdraw a pending request")
                .description("The requester may, and who has the right `approvals:vote`.")
                .optional_body::<CancelRequest>()
                .answers::<Approval>(StatusCode::OK)
                .problems(&[
                    "approval_contended",
                    "approval_not_found",
                    "approval_settled",
                    "reason_too_long",
                ]),
        )
}

fn vote_route(route: Route) -> Route {
    route
        .right(Permission::ApprovalsVote)
        .optional_body::<VoteRequest>()
        .answers::<Approval>(StatusCode::OK)
        .problems(VOTE_PROBLEMS)
}

/// Query of `GET /api/v1/approvals`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Where the requests stand.
    #[schemars(with = "Option<ApprovalState>")]
    status: Option<String>,
    /// The tool's own name at its server.
    tool: Option<String>,
    /// Most items of the page.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[0-9]+\\.[0-9a-f-]{36}$"))]
    cursor: Option<String>,
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Approval>>, ApiError> {
    let states = "`pending`, `approved`, `declined`, `expired` or `cancelled`";
    let query = ApprovalQuery {
        state: parsed("status", params.status.as_deref(), states, ApprovalState::from_name)?,
        tool: params.tool,
        before: parsed("cursor", params.cursor.as_deref(), "a `next_cursor`", read_cursor)?,
        limit: limit(params.limit, 50, 200)?,
    };
    Ok(Json(services.approval_list(&caller, query).await?))
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(approval): Path<String>,
) -> Result<Json<Approval>, ApiError> {
    Ok(Json(services.approval_show(&caller, approval_id(&approval)?).await?))
}

async fn history(
    Authenticated { services, caller }: Authenticated,
    Path(approval): Path<String>,
) -> Result<Json<Page<ApprovalEvent>>, ApiError> {
    Ok(Json(services.approval_history(&caller, approval_id(&approval)?).await?))
}

async fn approve(path: Path<String>, request: JsonRequest) -> Result<Json<Approval>, ApiError> {
    vote(path, request, VoteDecision::Approve).await
}

async fn decline(path: Path<String>, request: JsonRequest) -> Result<Json<Approval>, ApiError> {
    vote(path, request, VoteDecision::Decline).await
}

async fn vote(
    Path(approval): Path<String>,
    request: JsonRequest,
    decision: VoteDecision,
) -> Result<Json<Approval>, ApiError> {
    let id = approval_id(&approval)?;
    let ballot = ballot(decision, request.parse()?);
    Ok(Json(request.services.approval_vote(&request.caller, id, ballot).await?))
}

async fn cancel(
    Path(approval): Path<String>,
    request: JsonRequest,
) -> Result<Json<Approval>, ApiError> {
    let id = approval_id(&approval)?;
    let CancelRequest { reason } = request.parse()?;
    Ok(Json(request.services.approval_cancel(&request.caller, id, reason).await?))
}

fn ballot(decision: VoteDecision, request: VoteRequest) -> Ballot {
    let VoteRequest { reason, match_code, call_hash } = request;
    let proof = match_code.map_or(Proof::None, Proof::MatchCode);
    Ballot { seen: call_hash, ..Ballot::new(decision, Via::Api).because(reason).proving(proof) }
}

fn approval_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, "approval_not_found", "approval request")
}

fn read_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((Timestamp::from_unix_micros(micros.parse().ok()?).ok()?, id.parse().ok()?))
}
