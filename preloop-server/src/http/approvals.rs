//! `/api/v1/approvals`: reading requests, voting, withdrawing.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;
use preloop_api::{
    Approval, ApprovalEvent, ApprovalState, BatchVoted, CancelRequest, Page, Permission,
    VoteBatchRequest, VoteBatchResponse, VoteDecision, VoteRequest,
};
use preloop_core::Timestamp;
use preloop_core::approval::{Ballot, Proof, Via};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::params::{Params, id, limit, parsed};
use super::route::{Route, Routes, get, post};
use crate::service::{ApprovalQuery, ExportFormat, ServiceError};

/// Most votes of a batch.
const BATCH_MAX: usize = 100;

/// What a vote may meet.
const VOTE_PROBLEMS: &[&str] = &[
    "agent_cannot_approve",
    "already_voted",
    "answer_not_an_option",
    "answer_not_asked",
    "answer_required",
    "answer_too_long",
    "approval_contended",
    "approval_mismatch",
    "approval_not_found",
    "approval_settled",
    "cannot_remember",
    "invalid_field",
    "invalid_remember",
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
                .answers::<Page<Approval>>(StatusCode::OK)
                .problems(&["unknown_user"]),
        )
        .add(
            get("/api/v1/approvals/export", export)
                .right(Permission::ApprovalsRead)
                .summary("Approval requests as a file, newest first; an agent gets its own")
                .description("Cells of the CSV file that a spreadsheet would take for formulas begin with an apostrophe.")
                .query::<ExportParams>()
                .answers_as(StatusCode::OK, "text/csv", |_| json_schema!({"type": "string"}))
                .answers::<Vec<Approval>>(StatusCode::OK)
                .problems(&["invalid_field", "unknown_user"]),
        )
        .add(
            post("/api/v1/approvals/batch", batch)
                .right(Permission::ApprovalsVote)
                .summary("Vote on up to 100 requests, each judged on its own")
                .body::<VoteBatchRequest>()
                .answers::<VoteBatchResponse>(StatusCode::OK)
                .problems(&["agent_cannot_approve", "invalid_field"]),
        )
        .add(show_route())
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
                .description("The requester may, and owners and admins who have the right `approvals:vote`.")
                .optional_body::<CancelRequest>()
                .answers::<Approval>(StatusCode::OK)
                .problems(&[
                    "approval_contended",
                    "approval_not_found",
                    "approval_settled",
                    "not_the_requester",
                    "reason_too_long",
                ]),
        )
}

fn show_route() -> Route {
    get("/api/v1/approvals/{id}", show)
        .right(Permission::ApprovalsRead)
        .summary("One approval request; an agent sees its own")
        .description("`arguments=whole` also takes the right `approvals:reveal`; each such reading is in the trail.")
        .query::<ShowParams>()
        .answers::<Approval>(StatusCode::OK)
        .problems(&["approval_not_found", "arguments_not_kept", "invalid_field", "not_an_approver"])
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
    /// Name, e-mail address or id of a user who is asked or voted.
    approver: Option<String>,
    /// Id of the principal that asks; agents have their name.
    agent: Option<String>,
    /// Made on this day or at this time, or later.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$"))]
    start_date: Option<String>,
    /// Made before this time, or on this day or before.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$"))]
    end_date: Option<String>,
    /// Most items of the page.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[0-9]+\\.[0-9a-f-]{36}$"))]
    cursor: Option<String>,
}

/// Query of `GET /api/v1/approvals/{id}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShowParams {
    /// `whole`: with all arguments as they were sent, secrets among them.
    #[schemars(extend("enum" = ["whole"]))]
    arguments: Option<String>,
}

/// Query of `GET /api/v1/approvals/export`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportParams {
    /// How the file is written; JSON where it is left out.
    #[schemars(extend("enum" = ["csv", "json"]))]
    format: Option<String>,
    /// Where the requests stand.
    #[schemars(with = "Option<ApprovalState>")]
    status: Option<String>,
    /// The tool's own name at its server.
    tool: Option<String>,
    /// Name, e-mail address or id of a user who is asked or voted.
    approver: Option<String>,
    /// Id of the principal that asks; agents have their name.
    agent: Option<String>,
    /// Made on this day or at this time, or later.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$"))]
    start_date: Option<String>,
    /// Made before this time, or on this day or before.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$"))]
    end_date: Option<String>,
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Approval>>, ApiError> {
    let limit = limit(params.limit, 50, 200)?;
    let before = parsed("cursor", params.cursor.as_deref(), "a `next_cursor`", read_cursor)?;
    let query = ApprovalQuery { before, limit, ..query(params.filter())? };
    Ok(Json(services.approval_list(&caller, query).await?))
}

async fn export(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    let formats = "`csv` or `json`";
    let format = parsed("format", params.format.as_deref(), formats, ExportFormat::from_name)?
        .unwrap_or(ExportFormat::Json);
    let mut export = services.approval_export(&caller, format, query(params.filter())?);
    // The first piece before the head of the answer: what cannot be read at all is a problem, not a broken file.
    let first = export.next().await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        Ok::<_, ServiceError>(export.next().await?.map(|text| (text, export)))
    });
    let body = Body::from_stream(stream::iter(first.map(Ok)).chain(rest));
    let name = match format {
        ExportFormat::Csv => "attachment; filename=\"approvals.csv\"",
        ExportFormat::Json => "attachment; filename=\"approvals.json\"",
    };
    Ok(([(CONTENT_TYPE, format.media_type()), (CONTENT_DISPOSITION, name)], body).into_response())
}

async fn batch(request: JsonRequest) -> Result<Json<VoteBatchResponse>, ApiError> {
    let VoteBatchRequest { votes } = request.parse()?;
    if votes.len() > BATCH_MAX {
        let message = format!("a batch has at most {BATCH_MAX} votes, not {}", votes.len());
        return Err(ApiError::invalid_field("votes", message, None));
    }
    let voted = request.services.approval_vote_batch(&request.caller, votes).await;
    let items = voted.into_iter().map(|(id, voted)| match voted {
        Ok(approval) => BatchVoted::Counted { approval: Box::new(approval) },
        Err(error) => BatchVoted::Refused { id, error: ApiError::from(error).problem() },
    });
    Ok(Json(VoteBatchResponse { items: items.collect() }))
}

async fn show(
    Authenticated { services, caller }: Authenticated,
    Path(approval): Path<String>,
    Params(params): Params<ShowParams>,
) -> Result<Response, ApiError> {
    let id = approval_id(&approval)?;
    let whole = |text: &str| (text == "whole").then_some(());
    if parsed("arguments", params.arguments.as_deref(), "`whole`", whole)?.is_none() {
        return Ok(Json(services.approval_show(&caller, id).await?).into_response());
    }
    let approval = services.approval_reveal(&caller, id).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(approval)).into_response())
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
    let mut vote: VoteRequest = request.parse()?;
    let remember = vote.remember.take();
    let ballot = ballot(decision, vote);
    let (services, caller) = (&request.services, &request.caller);
    Ok(Json(match (remember, decision) {
        (None, _) => services.approval_vote(caller, id, ballot).await?,
        (Some(remember), VoteDecision::Approve) => {
            Box::pin(services.approval_vote_remembering(caller, id, ballot, remember)).await?
        }
        (Some(_), VoteDecision::Decline) => {
            let message = "only an approval can be remembered".to_owned();
            return Err(ApiError::invalid_field("remember", message, None));
        }
    }))
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
    let VoteRequest { reason, answer, match_code, call_hash, remember: _ } = request;
    let proof = match_code.map_or(Proof::None, Proof::MatchCode);
    let ballot = Ballot::new(decision, Via::Api).because(reason).answering(answer);
    Ballot { seen: call_hash, ..ballot.proving(proof) }
}

fn approval_id(text: &str) -> Result<Uuid, ApiError> {
    id(text, "approval_not_found", "approval request")
}

/// What list and export narrow by.
struct Filter {
    status: Option<String>,
    tool: Option<String>,
    approver: Option<String>,
    agent: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
}

impl ListParams {
    fn filter(self) -> Filter {
        let Self { status, tool, approver, agent, start_date, end_date, .. } = self;
        Filter { status, tool, approver, agent, start_date, end_date }
    }
}

impl ExportParams {
    fn filter(self) -> Filter {
        let Self { status, tool, approver, agent, start_date, end_date, .. } = self;
        Filter { status, tool, approver, agent, start_date, end_date }
    }
}

fn query(filter: Filter) -> Result<ApprovalQuery, ApiError> {
    let states = "`pending`, `approved`, `declined`, `expired` or `cancelled`";
    let wanted = "a day such as `2026-01-31`, or an RFC 3339 time";
    let begins = |text: &str| read_time(text, Duration::ZERO);
    // A day is meant whole.
    let ends = |text: &str| read_time(text, Duration::from_hours(24));
    Ok(ApprovalQuery {
        state: parsed("status", filter.status.as_deref(), states, ApprovalState::from_name)?,
        tool: filter.tool,
        approver: filter.approver,
        agent: filter.agent,
        from: parsed("start_date", filter.start_date.as_deref(), wanted, begins)?,
        to: parsed("end_date", filter.end_date.as_deref(), wanted, ends)?,
        ..ApprovalQuery::default()
    })
}

/// A time, or a day of UTC and what is added to its beginning.
fn read_time(text: &str, after_day: Duration) -> Option<Timestamp> {
    if text.len() == "2026-01-31".len() {
        let begins = format!("{text}T00:00:00Z").parse::<Timestamp>().ok()?;
        return Some(begins.saturating_add(after_day));
    }
    text.parse().ok()
}

fn read_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((Timestamp::from_unix_micros(micros.parse().ok()?).ok()?, id.parse().ok()?))
}
