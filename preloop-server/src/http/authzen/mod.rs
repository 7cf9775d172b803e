//! The `OpenID` `AuthZEN` Authorization API 1.0: the same engine for enforcement points that speak this protocol.

mod mapping;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts as _, Request, State};
use http::StatusCode;
use preloop_api::{
    AccessConfiguration, AccessContext, AccessDecision, AccessDecisions, AccessError,
    AccessEvaluation, AccessEvaluationItem, AccessEvaluations, EvaluationsSemantic, Permission,
};
use preloop_core::decision::{Action, Decision};
use preloop_core::json;
use serde::de::DeserializeOwned;
use serde_json::{Value, json as json_value};

use self::mapping::{Asked, attempt, record};
use super::ApiError;
use super::auth::Authenticated;
use super::body::{is_json, misfit, read_body, record_refusal};
use super::decisions::approval_ref;
use super::route::{Routes, get, post};
use crate::service::{Platform, Ran, Ruling, Subject, Trial};

/// Most evaluations of one request.
const EVALUATIONS_MAX: usize = 100;
const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
/// What one evaluation may meet.
const PROBLEMS: &[&str] = &[
    "approval_mismatch",
    "approval_not_found",
    "approval_used",
    "invalid_field",
    "no_policy",
    "permission_denied",
];

/// The routes that the protocol names.
pub(super) fn routes() -> Routes {
    let about = "A key with the right `policies:evaluate` asks for any subject, and nothing is recorded; every other \
                 key asks for itself, which takes the right `decisions:make`, and the decision is recorded.";
    Routes::of("authzen")
        .add(
            post(EVALUATION, evaluate_one)
                .summary("Whether a subject may do something, now")
                .description(about)
                .body::<AccessEvaluation>()
                .example(json_value!({
                    "subject": {"type": "agent", "id": "build agent"},
                    "action": {"name": "tools/call", "properties": {"arguments": {"amount": 40}}},
                    "resource": {"type": "tool", "id": "refund"},
                }))
                .answers::<AccessDecision>(StatusCode::OK)
                .problems(PROBLEMS),
        )
        .add(
            post(EVALUATIONS, evaluate_several)
                .summary("The same for several at once")
                .description(about)
                .body::<AccessEvaluations>()
                .example(json_value!({
                    "subject": {"type": "agent", "id": "build agent"},
                    "action": {"name": "tools/call"},
                    "evaluations": [
                        {"resource": {"type": "tool", "id": "read"}},
                        {"resource": {"type": "tool", "id": "write"}},
                    ],
                    "options": {"evaluations_semantic": "deny_on_first_deny"},
                }))
                .answers::<AccessDecisions>(StatusCode::OK)
                .problems(PROBLEMS),
        )
        .add(
            get("/.well-known/authzen-configuration", configuration)
                .public()
                .summary("Where this API is, for enforcement points that find it out")
                .answers::<AccessConfiguration>(StatusCode::OK),
        )
}

/// A request of the protocol, which knows no status 415: whatever is not its JSON is 400.
struct AccessRequest<T> {
    admitted: Authenticated,
    body: T,
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for AccessRequest<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let admitted = Authenticated::from_request_parts(&mut parts, state).await?;
        let read = async {
            let bytes = read_body(body).await?;
            if !is_json(&parts.headers) {
                return Err(ApiError::invalid_body("send the body as `application/json`"));
            }
            let value = json::parse(&bytes).map_err(|error| ApiError::json(&error))?;
            must_be_objects(&value)?;
            serde_json::from_value(value).map_err(|error| misfit("the body does not fit", &error))
        };
        match read.await {
            Ok(body) => Ok(Self { admitted, body }),
            Err(error) => {
                record_refusal(&admitted, &parts.method, &parts.uri, &error);
                Err(error)
            }
        }
    }
}

/// A list must not be read as the fields of an object in their order.
fn must_be_objects(request: &Value) -> Result<(), ApiError> {
    let Some(parts) = request.as_object() else {
        return Err(ApiError::invalid_body("an evaluation must be an object"));
    };
    for (name, part) in parts {
        let is_object = part.is_object() || part.is_null();
        if !is_object
            && ["subject", "action", "resource", "context", "options"].contains(&name.as_str())
        {
            return Err(ApiError::invalid_body(format!("`{name}` must be an object")));
        }
    }
    let evaluations = parts.get("evaluations").and_then(Value::as_array);
    evaluations.into_iter().flatten().try_for_each(must_be_objects)
}

async fn evaluate_one(
    request: AccessRequest<AccessEvaluation>,
) -> Result<Json<AccessDecision>, ApiError> {
    let AccessRequest { admitted, body } = request;
    Box::pin(evaluate(&admitted, body)).await.map(Json)
}

async fn evaluate_several(
    request: AccessRequest<AccessEvaluations>,
) -> Result<Json<AccessDecisions>, ApiError> {
    let AccessRequest { admitted, body } = request;
    let AccessEvaluations { defaults, evaluations, options } = body;
    if evaluations.is_empty() {
        let decision = Box::pin(evaluate(&admitted, whole(&defaults, defaults.clone())?)).await?;
        return Ok(Json(AccessDecisions::One(Box::new(decision))));
    }
    if evaluations.len() > EVALUATIONS_MAX {
        let message = format!(
            "a request has at most {EVALUATIONS_MAX} evaluations, not {}",
            evaluations.len()
        );
        return Err(ApiError::invalid_field("evaluations", message, None));
    }
    let stops_at = match options.unwrap_or_default().evaluations_semantic {
        EvaluationsSemantic::ExecuteAll => None,
        EvaluationsSemantic::DenyOnFirstDeny => Some(false),
        EvaluationsSemantic::PermitOnFirstPermit => Some(true),
    };
    let mut decisions = Vec::with_capacity(evaluations.len());
    for item in evaluations {
        let decided = match whole(&defaults, item) {
            Ok(evaluation) => Box::pin(evaluate(&admitted, evaluation)).await,
            Err(error) => Err(error),
        };
        let decision = decided.unwrap_or_else(|error| failed(&error));
        let stops = stops_at == Some(decision.decision);
        decisions.push(decision);
        if stops {
            break;
        }
    }
    Ok(Json(AccessDecisions::Several { evaluations: decisions }))
}

/// One evaluation with what holds for all.
fn whole(
    defaults: &AccessEvaluationItem,
    item: AccessEvaluationItem,
) -> Result<AccessEvaluation, ApiError> {
    fn part<T: Clone>(name: &str, own: Option<T>, common: Option<&T>) -> Result<T, ApiError> {
        own.or_else(|| common.cloned()).ok_or_else(|| {
            ApiError::invalid_field(name, format!("an evaluation needs `{name}`"), None)
        })
    }
    Ok(AccessEvaluation {
        subject: part("subject", item.subject, defaults.subject.as_ref())?,
        action: part("action", item.action, defaults.action.as_ref())?,
        resource: part("resource", item.resource, defaults.resource.as_ref())?,
        context: item.context.or_else(|| defaults.context.clone()),
    })
}

async fn evaluate(
    admitted: &Authenticated,
    evaluation: AccessEvaluation,
) -> Result<AccessDecision, ApiError> {
    let Authenticated { services, caller } = admitted;
    let asked = Asked::of(evaluation)?;
    if caller.may(Permission::PoliciesEvaluate) {
        let call = record(asked, services.now());
        let trial = Trial { subject: Subject::Live, scope: None, call, explain: false };
        return Ok(answer(services.try_out(trial).await?));
    }
    caller.must(Permission::DecisionsMake)?;
    let (id, name) = (&caller.principal.id, &caller.principal.name);
    if asked.principal.id != *id && asked.principal.id != *name {
        let detail = format!("this key may ask for `{id}` only; others take `policies:evaluate`");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "permission_denied", detail));
    }
    Ok(match services.decide(caller, attempt(asked)?).await? {
        Ruling::Allowed(permit) => {
            let (id, decision) = permit.hand_over();
            recorded(id, answer(decision))
        }
        Ruling::Denied(denied) => recorded(denied.decision_id, answer(denied.decision)),
        Ruling::Held(held) => {
            let mut held_answer = recorded(held.decision_id(), answer(held.decision().clone()));
            held_answer.context.approval = Some(approval_ref(held.detach()));
            held_answer
        }
        Ruling::Ran(_) => return Err(Ran::refused().into()),
    })
}

fn answer(decision: Decision) -> AccessDecision {
    AccessDecision {
        decision: decision.action == Action::Allow,
        context: AccessContext {
            action: Some(decision.action),
            reason: Some(decision.reason),
            message: Some(decision.message),
            rule: decision.rule,
            approval_workflow: decision.approval_workflow,
            policy: Some(decision.policy),
            ..AccessContext::default()
        },
    }
}

fn recorded(id: uuid::Uuid, mut answer: AccessDecision) -> AccessDecision {
    answer.context.id = Some(id);
    answer
}

/// An evaluation that could not be made is not permitted.
fn failed(error: &ApiError) -> AccessDecision {
    let error = AccessError {
        status: error.status().as_u16(),
        code: error.problem().code,
        message: error.detail().to_owned(),
    };
    let context = AccessContext { error: Some(error), ..AccessContext::default() };
    AccessDecision { decision: false, context }
}

async fn configuration(State(platform): State<Platform>) -> Json<AccessConfiguration> {
    let base = platform.first().base_url().trim_end_matches('/').to_owned();
    Json(AccessConfiguration {
        access_evaluation_endpoint: format!("{base}{EVALUATION}"),
        access_evaluations_endpoint: format!("{base}{EVALUATIONS}"),
        policy_decision_point: base,
    })
}
