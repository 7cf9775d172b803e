//! `/api/v1/policies`: trying documents and calls, and reading the live document.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use preloop_api::{EvaluateRequest, Permission, PolicyInput, ValidateRequest};
use preloop_core::call::CallRecord;
use preloop_core::decision::Decision;
use preloop_core::diagnostic::Report;
use preloop_core::{json, validate as validate_document};
use serde::Deserialize;

use super::ApiError;
use super::auth::Authenticated;
use super::body::{JsonRequest, media_type, read_body, record_refusal};
use super::params::{Params, parsed};
use crate::service::TryOutError;

/// Query of `GET /api/v1/policies/export`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportParams {
    format: Option<String>,
}

pub(super) async fn evaluate(request: JsonRequest) -> Result<Json<Decision>, ApiError> {
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
pub(super) async fn validate(
    Authenticated { services, caller }: Authenticated,
    request: Request,
) -> Result<Json<Report>, ApiError> {
    let (parts, body) = request.into_parts();
    let read = async {
        let bytes = read_body(body).await?;
        match media_type(&parts.headers).as_deref() {
            Some("application/yaml" | "application/x-yaml" | "text/yaml" | "text/plain") => {
                Ok(validate_document(&bytes))
            }
            Some("application/json") => {
                json::check(&bytes).map_err(|error| ApiError::json(&error))?;
                let body: ValidateRequest = serde_json::from_slice(&bytes).map_err(|error| {
                    ApiError::invalid_body(format!("the body does not fit: {error}"))
                })?;
                Ok(validate_document(&body.policy.into_text()))
            }
            _ => Err(ApiError::content_type("application/json` or `application/yaml")),
        }
    };
    read.await.map(Json).inspect_err(|error| {
        record_refusal(&services, &caller, &parts.method, &parts.uri, error);
    })
}

pub(super) async fn export(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    caller.must(Permission::PoliciesRead)?;
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
