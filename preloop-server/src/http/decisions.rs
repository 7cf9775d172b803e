//! `/api/v1/decisions`: calls decided and recorded; the caller runs what is allowed.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use preloop_api::{
    Approval, ApprovalHandle, ApprovalRef, BatchItem, BatchRequest, BatchResponse, CallLine,
    DecisionResponse, Page, Permission,
};
use preloop_core::audit::EnforcementPoint;
use preloop_core::call::CallRecord;
use preloop_core::json;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json as json_value};
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::body::{JsonRequest, misfit};
use super::params::{Params, limit, parsed};
use super::route::{Routes, get, post};
use crate::service::{Asks, Attempt, Caller, Held, Ran, Ruling, Services, Settled};

/// Most calls of a batch.
const BATCH_MAX: usize = 100;
/// Longest wait for people, in seconds.
const WAIT_SECONDS_MAX: u64 = 60;
/// How often a call that comes back is held again by another workflow before it is answered as held.
const ROUNDS_MAX: usize = 3;

/// What one call may meet.
const CALL_PROBLEMS: &[&str] = &[
    "approval_contended",
    "approval_mismatch",
    "approval_not_found",
    "approval_used",
    "invalid_field",
];

/// Calls decided and recorded.
pub(super) fn routes() -> Routes {
    Routes::of("decisions")
        .add(
            post("/api/v1/decisions", decide)
                .right(Permission::DecisionsMake)
                .summary("Decide and record one call; the caller runs what is allowed")
                .description(
                    "Principal, time and the session's earlier calls are the server's to say, whatever the body says of \
                     them. A held call is sent again with `approval_id` once it is approved.",
                )
                .query::<DecideParams>()
                .body::<CallLine>()
                .example(json_value!({"tool": "refund", "args": {"amount": 40}}))
                .answers::<DecisionResponse>(StatusCode::OK)
                .problems(CALL_PROBLEMS),
        )
        .add(
            get("/api/v1/decisions", export)
                .right(Permission::DecisionsRead)
                .summary("Recorded decisions as call lines, oldest first, arguments redacted")
                .query::<ExportParams>()
                .answers::<Page<CallRecord>>(StatusCode::OK),
        )
        .add(
            post("/api/v1/decisions/batch", decide_batch)
                .right(Permission::DecisionsMake)
                .summary("Decide and record up to 100 calls, each on its own")
                .body::<BatchRequest>()
                .example(json_value!({"calls": [{"tool": "refund", "args": {"amount": 40}}]}))
                .answers::<BatchResponse>(StatusCode::OK)
                .problems(&["invalid_field"]),
        )
}

/// Query of `POST /api/v1/decisions`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DecideParams {
    /// Seconds to wait for people before a held call is answered as held.
    #[schemars(range(min = 0, max = 60))]
    wait: Option<u64>,
}

/// Query of `GET /api/v1/decisions`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportParams {
    /// Most items of the page.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[0-9]+$"))]
    cursor: Option<String>,
}

async fn decide(
    Params(params): Params<DecideParams>,
    request: JsonRequest,
) -> Result<Json<DecisionResponse>, ApiError> {
    let wait = params.wait.unwrap_or(0);
    if wait > WAIT_SECONDS_MAX {
        let message = format!("`wait` must be 0 to {WAIT_SECONDS_MAX} seconds, not {wait}");
        return Err(ApiError::invalid_field("wait", message, None));
    }
    let attempt = read_attempt(&request.body)?;
    let wait = Duration::from_secs(wait);
    Box::pin(decide_one(&request.services, &request.caller, attempt, wait)).await.map(Json)
}

async fn decide_batch(request: JsonRequest) -> Result<Json<BatchResponse>, ApiError> {
    /// The calls as they stand in the body.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Calls<'a> {
        #[serde(borrow)]
        calls: Vec<&'a RawValue>,
    }
    let body: Calls<'_> = serde_json::from_slice(&request.body)
        .map_err(|error| misfit("the body does not fit", &error))?;
    if body.calls.len() > BATCH_MAX {
        let message = format!("a batch has at most {BATCH_MAX} calls, not {}", body.calls.len());
        return Err(ApiError::invalid_field("calls", message, None));
    }
    let mut items = Vec::with_capacity(body.calls.len());
    for call in body.calls {
        let decided = match read_attempt(call.get().as_bytes()) {
            Ok(attempt) => {
                let (services, caller) = (&request.services, &request.caller);
                Box::pin(decide_one(services, caller, attempt, Duration::ZERO)).await
            }
            Err(error) => Err(error),
        };
        items.push(match decided {
            Ok(response) => BatchItem::Decided(Box::new(response)),
            Err(error) => BatchItem::Refused { error: error.problem() },
        });
    }
    Ok(Json(BatchResponse { items }))
}

async fn export(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ExportParams>,
) -> Result<Json<Page<CallRecord>>, ApiError> {
    let limit = limit(params.limit, 100, 1_000)?;
    let cursor = params.cursor.as_deref();
    let after = parsed("cursor", cursor, "a `next_cursor`", |text| text.parse().ok())?;
    Ok(Json(services.decision_export(&caller, after, limit).await?))
}

async fn decide_one(
    services: &Services,
    caller: &Caller,
    mut attempt: Attempt,
    wait: Duration,
) -> Result<DecisionResponse, ApiError> {
    let deadline = tokio::time::Instant::now() + wait;
    for _ in 0..ROUNDS_MAX {
        let mut held = match services.decide(caller, attempt.clone()).await? {
            Ruling::Held(held) => held,
            settled => return settled_response(settled),
        };
        if wait.is_zero() {
            return Ok(held_response(*held));
        }
        attempt.approval_id = Some(held.approval().id);
        let settled = tokio::select! {
            settled = held.settled() => Some(settled?),
            () = tokio::time::sleep_until(deadline) => None,
            () = services.tasks().stopped() => None,
        };
        match settled {
            None => return Ok(held_response(*held)),
            Some(Settled::Approved(permit)) => {
                return settled_response(Ruling::Allowed(permit));
            }
            Some(Settled::Denied(denied)) => return settled_response(Ruling::Denied(denied)),
            Some(Settled::Held(held)) => return Ok(held_response(*held)),
            // Decided once more with the settled request in hand, which records and words the answer.
            Some(
                Settled::Cancelled | Settled::Declined { .. } | Settled::Expired | Settled::Ran(_),
            ) => {}
        }
    }
    let detail = "the approval request changed too often while it was waited for; try again";
    Err(ApiError::new(StatusCode::CONFLICT, "approval_contended", detail))
}

fn settled_response(ruling: Ruling) -> Result<DecisionResponse, ApiError> {
    Ok(match ruling {
        Ruling::Allowed(permit) => {
            let at = permit.decided_at();
            let (id, decision) = permit.hand_over();
            DecisionResponse { id, at, decision, approval: None, handle: None }
        }
        Ruling::Denied(denied) => DecisionResponse {
            id: denied.decision_id,
            at: denied.decided_at,
            decision: denied.decision,
            approval: None,
            handle: None,
        },
        Ruling::Held(held) => held_response(*held),
        Ruling::Ran(_) => return Err(Ran::refused().into()),
    })
}

fn held_response(held: Held) -> DecisionResponse {
    let (id, at, decision) = (held.decision_id(), held.decided_at(), held.decision().clone());
    let match_code = held.match_code().map(str::to_owned);
    let approval = held.detach();
    let handle = approval.workflow.async_approval.then(|| ApprovalHandle {
        match_code: match_code.clone(),
        ..ApprovalHandle::of(&approval)
    });
    let approval = Some(ApprovalRef { match_code, ..approval_ref(approval) });
    DecisionResponse { id, at, decision, approval, handle }
}

/// Where a held call is decided.
pub(super) fn approval_ref(approval: Approval) -> ApprovalRef {
    let Approval { id, url, api_url, expires_at, state, .. } = approval;
    ApprovalRef { id, url, api_url, expires_at, state, match_code: None }
}

/// A call line with `approval_id` beside its fields. Principal, time and earlier calls are the server's to say, whatever
/// the line says of them.
fn read_attempt(body: &[u8]) -> Result<Attempt, ApiError> {
    /// What is needed as it was written.
    #[derive(Deserialize)]
    struct Written<'a> {
        #[serde(borrow)]
        args: Option<&'a RawValue>,
    }
    let mut value = json::parse(body).map_err(|error| ApiError::json(&error))?;
    let approval_id = match value.as_object_mut().and_then(|line| line.remove("approval_id")) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.parse::<Uuid>().map_err(|_| {
            ApiError::invalid_field("approval_id", format!("`{text}` is no id"), None)
        })?),
        Some(_) => {
            let message = "`approval_id` must be text".to_owned();
            return Err(ApiError::invalid_field("approval_id", message, None));
        }
    };
    let line = CallRecord::from_value(value)
        .map_err(|error| ApiError::invalid_field(&error.path, error.message, error.help))?;
    let written: Written<'_> =
        serde_json::from_slice(body).map_err(|error| misfit("the body does not fit", &error))?;
    let arguments = match written.args {
        Some(args) => args.to_owned(),
        None => RawValue::from_string("{}".to_owned())
            .map_err(|error| ApiError::invalid_body(error.to_string()))?,
    };
    Ok(Attempt {
        tool: line.tool.name,
        server: line.tool.server,
        source: line.tool.source,
        annotations: line.tool.annotations,
        is_new: line.tool.is_new,
        definition_hash: None,
        schema: None,
        arguments,
        justification: line.justification,
        fault: None,
        context: line.context,
        session_id: line.session.id,
        enforcement_point: EnforcementPoint::Http,
        approval_id,
        asks: Asks::ByPolicy,
    })
}
