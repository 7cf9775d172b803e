//! `/api/v1/policies`: trying documents and calls, and reading the live document.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use preloop_api::{EvaluateRequest, Permission, PolicyInput, ValidateRequest};
use preloop_core::call::CallRecord;
use preloop_core::decision::Decision;
use preloop_core::diagnostic::Report;
use preloop_core::{json, validate as validate_document};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use serde_json::json as json_value;

use super::ApiError;
use super::auth::Authenticated;
use super::body::{JsonRequest, media_type, must_be_object, read_body, record_refusal};
use super::params::{Params, parsed};
use super::route::{Routes, get, post};
use crate::service::TryOutError;

/// Media types that a document in YAML comes as.
const YAML: [&str; 4] = ["application/yaml", "application/x-yaml", "text/yaml", "text/plain"];

/// Trying documents and calls, and reading the live document.
pub(super) fn routes() -> Routes {
    let validate = post("/api/v1/policies/validate", validate)
        .right(Permission::PoliciesCheck)
        .changes_nothing()
        .summary(
            "Every error and warning of a document; the document itself may be the body, as YAML",
        )
        .body::<ValidateRequest>()
        .example(json_value!({"policy": "version: '1.0'\nmetadata: {name: demo}\n"}))
        .answers::<Report>(StatusCode::OK);
    let validate = YAML
        .into_iter()
        .fold(validate, |route, media_type| route.body_as(media_type, |_| json_schema!({})));
    Routes::of("policies")
        .add(
            post("/api/v1/policies/evaluate", evaluate)
                .right(Permission::PoliciesCheck)
                .changes_nothing()
                .summary("What a document, or the live one, answers to a call; nothing is recorded")
                .description("The live document may be asked with the right `policies:evaluate`.")
                .body::<EvaluateRequest>()
                .example(json_value!({"call": {"tool": "refund", "args": {"amount": 40}}, "explain": true}))
                .answers::<Decision>(StatusCode::OK)
                .problems(&["invalid_field", "invalid_policy", "no_policy"]),
        )
        .add(validate)
        .add(
            get("/api/v1/policies/export", export)
                .right(Permission::PoliciesRead)
                .summary("The live document without secrets")
                .query::<ExportParams>()
                .answers_as(StatusCode::OK, "application/yaml", |_| json_schema!({}))
                .answers_as(StatusCode::OK, "application/json", |_| json_schema!({"type": "object"}))
                .problems(&["no_policy"]),
        )
}

/// Query of `GET /api/v1/policies/export`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportParams {
    /// How the document is written; YAML where it is left out.
    #[schemars(extend("enum" = ["yaml", "json"]))]
    format: Option<String>,
}

async fn evaluate(request: JsonRequest) -> Result<Json<Decision>, ApiError> {
    let body: EvaluateRequest = request.parse()?;
    if body.policy.is_none() {
        // Trying calls against the live document is how its gaps are found.
        request.caller.must(Permission::PoliciesEvaluate)?;
    }
    let call = CallRecord::from_value(body.call).map_err(|error| {
        ApiError::invalid_field(&format!("call.{}", error.path), error.message, error.help)
    })?;
    let policy = body.policy.map(PolicyInput::into_text);
    match request.services.try_out(policy.as_deref(), &call, body.explain) {
        Ok(decision) => Ok(Json(decision)),
        Err(TryOutError::InvalidPolicy(report)) => Err(ApiError::invalid_policy(&report)),
        Err(TryOutError::Service(error)) => Err(error.into()),
    }
}

/// Takes `{"policy": "..."}` as JSON, or the document itself as YAML.
async fn validate(admitted: Authenticated, request: Request) -> Result<Json<Report>, ApiError> {
    let (parts, body) = request.into_parts();
    let read = async {
        let bytes = read_body(body).await?;
        match media_type(&parts.headers).as_deref() {
            Some(kind) if YAML.contains(&kind) => Ok(validate_document(&bytes)),
            Some("application/json") => {
                json::check(&bytes).map_err(|error| ApiError::json(&error))?;
                must_be_object(&bytes)?;
                let body: ValidateRequest = serde_json::from_slice(&bytes).map_err(|error| {
                    ApiError::invalid_body(format!("the body does not fit: {error}"))
                })?;
                Ok(validate_document(&body.policy.into_text()))
            }
            _ => Err(ApiError::content_type("application/json` or `application/yaml")),
        }
    };
    read.await.map(Json).inspect_err(|error| {
        record_refusal(&admitted, &parts.method, &parts.uri, error);
    })
}

async fn export(
    Authenticated { services, .. }: Authenticated,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    let format = |text: &str| match text {
        "json" => Some(true),
        "yaml" => Some(false),
        _ => None,
    };
    let as_json = parsed("format", params.format.as_deref(), "`yaml` or `json`", format)?;
    let as_json = as_json.unwrap_or(false);
    let kind = if as_json { "application/json" } else { "application/yaml" };
    let text = services.policy_export(as_json)?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response())
}
