//! `/api/v1/approvals`: reading requests, voting, withdrawing.

use axum::Json;
use axum::extract::Path;
use axum::response::Response;
use preloop_api::{Approval, ApprovalState, Page, VoteDecision, VoteRequest};
use preloop_core::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::Answer;
use super::params::{Params, id, limit, parsed};
use crate::service::ApprovalQuery;

/// Query of `GET /api/v1/approvals`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    status: Option<String>,
    tool: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list(
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

pub(super) async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(approval): Path<String>,
) -> Result<Json<Approval>, ApiError> {
    Ok(Json(services.approval_show(&caller, approval_id(&approval)?).await?))
}

pub(super) async fn approve(
    path: Path<String>,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    vote(path, request, VoteDecision::Approve).await
}

pub(super) async fn decline(
    path: Path<String>,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    vote(path, request, VoteDecision::Decline).await
}

async fn vote(
    Path(approval): Path<String>,
    request: JsonRequest,
    decision: VoteDecision,
) -> Result<Response, ApiError> {
    let id = approval_id(&approval)?;
    let work = async {
        let VoteRequest { reason } = request.parse()?;
        let voted = request.services.approval_vote(&request.caller, id, decision, reason).await?;
        Ok(Answer::ok(voted))
    };
    request.once.answer(&request.services, &request.caller, work).await
}

pub(super) async fn cancel(
    Path(approval): Path<String>,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let id = approval_id(&approval)?;
    let work = async {
        let VoteRequest { reason } = request.parse()?;
        let cancelled = request.services.approval_cancel(&request.caller, id, reason).await?;
        Ok(Answer::ok(cancelled))
    };
    request.once.answer(&request.services, &request.caller, work).await
}

fn approval_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, "approval_not_found", "approval request")
}

fn read_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((Timestamp::from_unix_micros(micros.parse().ok()?).ok()?, id.parse().ok()?))
}
