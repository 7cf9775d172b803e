//! Trying documents and calls: validate, evaluate, diff. Nothing is recorded, nothing comes into force.

use axum::Json;
use axum::http::StatusCode;
use preloop_api::{
    DiffRequest, EvaluateRequest, Permission, PolicyDiff, PolicyInput, ValidateRequest,
};
use preloop_core::call::CallRecord;
use preloop_core::decision::Decision;
use preloop_core::diagnostic::Report;
use preloop_core::dialect::any_dialect;
use serde_json::json;
use uuid::Uuid;

use super::super::ApiError;
use super::super::body::JsonRequest;
use super::super::route::{Routes, post};
use super::document::{DocumentRequest, bringing_document, placed, valid};
use crate::service::{Comparison, Side, Subject, Trial};

/// The routes that try documents and calls.
pub(super) fn routes(routes: Routes) -> Routes {
    let document = "version: '1.0'\nmetadata: {name: demo}\n";
    let validate = post("/api/v1/policies/validate", validate)
        .right(Permission::PoliciesCheck)
        .changes_nothing()
        .summary("Every error and warning of a document")
        .example(json!({"policy": document}))
        .answers::<Report>(StatusCode::OK);
    let diff = post("/api/v1/policies/diff", diff)
        .right(Permission::PoliciesRead)
        .changes_nothing()
        .summary(
            "What differs between documents, versions and what is live, and what that lets through",
        )
        .example(json!({"policy": document, "base": document}))
        .answers::<PolicyDiff>(StatusCode::OK)
        .problems(&[
            "invalid_field",
            "invalid_policy",
            "no_policy",
            "version_not_found",
            "version_unusable",
        ]);
    let evaluate = post("/api/v1/policies/evaluate", evaluate)
        .right(Permission::PoliciesCheck)
        .changes_nothing()
        .summary(
            "What documents, versions or the live policies answer to a call; nothing is recorded",
        )
        .description("What is live may be asked with the right `policies:evaluate`.")
        .body::<EvaluateRequest>()
        .example(json!({"call": {"tool": "refund", "args": {"amount": 40}}, "explain": true}))
        .answers::<Decision>(StatusCode::OK)
        .problems(&[
            "invalid_field",
            "invalid_policy",
            "no_policy",
            "version_not_found",
            "version_unusable",
        ]);
    routes
        .add(bringing_document::<ValidateRequest>(validate))
        .add(bringing_document::<DiffRequest>(diff))
        .add(evaluate)
}

async fn validate(mut request: DocumentRequest) -> Result<Json<Report>, ApiError> {
    if let Some(report) = request.unreadable() {
        return Ok(Json(report));
    }
    let ValidateRequest { policy } = request.parse()?;
    let is_text = policy.is_text();
    let text = policy.into_text();
    let checked = tokio::task::spawn_blocking(move || any_dialect(&text)).await;
    let checked = checked.map_err(|error| {
        tracing::error!(%error, "a document could not be checked");
        ApiError::invalid_body("the document could not be checked")
    })?;
    let report = match checked {
        Ok((policy, _)) => {
            // Who is there, and who may vote, is not for everybody who may check a document.
            let may_know = [Permission::UsersRead, Permission::PoliciesWrite];
            let warnings = if may_know.iter().any(|permission| request.caller.may(*permission)) {
                request.services.warnings_here(&policy).await?
            } else {
                policy.warnings().to_vec()
            };
            Report { is_valid: true, errors: Vec::new(), warnings }
        }
        Err(report) => report,
    };
    Ok(Json(placed(report, is_text)))
}

async fn evaluate(request: JsonRequest) -> Result<Json<Decision>, ApiError> {
    let EvaluateRequest { policy, version, scope, call, explain } = request.parse()?;
    if policy.is_none() || scope.is_some() {
        // Trying calls against the live policies is how their gaps are found.
        request.caller.must(Permission::PoliciesEvaluate)?;
    }
    let call = CallRecord::from_value(call).map_err(|error| {
        ApiError::invalid_field(&format!("call.{}", error.path), error.message, error.help)
    })?;
    let subject = match (policy, version) {
        (Some(policy), None) => Subject::Document(Box::new(valid(policy).await?)),
        (None, Some(id)) => Subject::Version(id),
        (None, None) => Subject::Live,
        (Some(_), Some(_)) => {
            let message = "`policy` and `version` do not go together; send one of them".to_owned();
            return Err(ApiError::invalid_field("version", message, None));
        }
    };
    let trial = Trial { subject, scope, call, explain };
    Ok(Json(request.services.try_out(trial).await?))
}

async fn diff(mut request: DocumentRequest) -> Result<Json<PolicyDiff>, ApiError> {
    let DiffRequest { policy, version, base, base_version, scope } = request.parse()?;
    if policy.is_none() && version.is_none() && base.is_none() && base_version.is_none() {
        let message = "send a `policy` or a `version` to compare with what is live".to_owned();
        return Err(ApiError::invalid_field("policy", message, None));
    }
    let before = side("base", base, base_version).await?;
    let after = side("policy", policy, version).await?;
    let comparison = Comparison { scope: scope.unwrap_or_default(), before, after };
    Ok(Json(request.services.policy_diff(comparison).await?))
}

async fn side(
    name: &str,
    document: Option<PolicyInput>,
    version: Option<Uuid>,
) -> Result<Side, ApiError> {
    match (document, version) {
        (Some(document), None) => Ok(Side::Given(Box::new(valid(document).await?))),
        (None, Some(id)) => Ok(Side::Version(id)),
        (None, None) => Ok(Side::Live),
        (Some(_), Some(_)) => {
            let message = format!("`{name}` is a document or a version, not both");
            Err(ApiError::invalid_field(name, message, None))
        }
    }
}
