//! Bringing documents into force: import, making, replacing and removing policies.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use preloop_api::{ApplyRequest, Permission, PolicyApplied, PolicyScope, VersionCause};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::super::ApiError;
use super::super::auth::Authenticated;
use super::super::route::{Route, Routes, delete, post, put};
use super::document::{DocumentRequest, bringing_document, valid};
use super::policy_id;
use super::precondition::{ETAG_HEADER, HEADERS, etag, expected};
use crate::service::{ApplyCommand, Expected};

/// What may stand in the query instead of the body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "it describes the query, which is read together with the body")]
struct ApplyParams {
    /// Where the document shall hold; the account where it is left out.
    scope: Option<PolicyScope>,
    /// Why, for those who read the versions.
    message: Option<String>,
    /// Whether to say only what would be done.
    dry_run: Option<bool>,
}

/// The routes that bring documents into force.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(bringing(post("/api/v1/policies/import", import)).summary(
            "Bring a document into force, whole or not at all; what it no longer has is gone",
        ))
        .add(
            bringing(post("/api/v1/policies/upload", import))
                .summary("The same as import, for clients that send a file"),
        )
        .add(
            bringing(post("/api/v1/policies", create))
                .summary("Bring the first document of a scope into force")
                .answers::<PolicyApplied>(StatusCode::CREATED)
                .headers(ETAG_HEADER)
                .problems(&["scope_taken"]),
        )
        .add(
            bringing(put("/api/v1/policies/{id}", replace))
                .summary("Bring another document into force in the scope of a policy")
                .problems(&["policy_not_found"]),
        )
        .add(
            delete("/api/v1/policies/{id}", remove)
                .right(Permission::PoliciesWrite)
                .summary("Leave a scope without a policy; the versions stay")
                .request_headers(HEADERS)
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&[
                    "invalid_field",
                    "policy_changed",
                    "policy_from_file",
                    "policy_not_found",
                ]),
        )
}

fn bringing(route: Route) -> Route {
    let example = json!({"policy": "version: '1.0'\nmetadata: {name: demo}\n", "dry_run": true});
    bringing_document::<ApplyRequest>(route.right(Permission::PoliciesWrite))
        .example(example)
        .query::<ApplyParams>()
        .request_headers(HEADERS)
        .answers::<PolicyApplied>(StatusCode::OK)
        .headers(ETAG_HEADER)
        .problems(&[
            "invalid_policy",
            "message_too_long",
            "no_secret_key",
            "policy_changed",
            "policy_from_file",
            "policy_name_taken",
            "secret_missing",
            "too_many_policies",
        ])
}

async fn import(mut request: DocumentRequest) -> Result<Response, ApiError> {
    let body = request.parse::<ApplyRequest>()?;
    let expected = expected(&request.headers)?;
    let scope = body.scope.clone().unwrap_or_default();
    apply(&request, body, scope, VersionCause::Import, expected).await.map(answer)
}

async fn create(mut request: DocumentRequest) -> Result<Response, ApiError> {
    let body = request.parse::<ApplyRequest>()?;
    let scope = body.scope.clone().unwrap_or_default();
    let applied = apply(&request, body, scope, VersionCause::Apply, Expected::Nothing).await?;
    let status = if applied.applied { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, answer(applied)).into_response())
}

async fn replace(
    Path(id): Path<String>,
    mut request: DocumentRequest,
) -> Result<Response, ApiError> {
    let body = request.parse::<ApplyRequest>()?;
    let expected = match expected(&request.headers)? {
        // What is replaced must be there.
        Expected::Any => Expected::Something,
        expected => expected,
    };
    let scope = request.services.policy_scope(policy_id(&id)?).await?;
    if body.scope.as_ref().is_some_and(|wanted| *wanted != scope) {
        let message = format!("this is the policy of the scope `{scope}`, which cannot be changed");
        return Err(ApiError::invalid_field("scope", message, None));
    }
    apply(&request, body, scope, VersionCause::Apply, expected).await.map(answer)
}

async fn remove(
    Authenticated { services, caller }: Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let expected = expected(&headers)?;
    services.policy_remove(&caller, policy_id(&id)?, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(
    request: &DocumentRequest,
    body: ApplyRequest,
    scope: PolicyScope,
    cause: VersionCause,
    expected: Expected,
) -> Result<PolicyApplied, ApiError> {
    let ApplyRequest { policy, scope: _, message, dry_run } = body;
    let policy = valid(policy).await?;
    let dry_run = dry_run.unwrap_or(false);
    let command = ApplyCommand { scope, policy, cause, message, expected, dry_run };
    Ok(request.services.policy_apply(&request.caller, command).await?)
}

/// The answer to a change, with the digest of what is live where that is known.
pub(in crate::http) fn answer(applied: PolicyApplied) -> Response {
    let headers = match &applied.version {
        Some(version) if version.is_live => etag(&version.digest),
        Some(_) | None => HeaderMap::new(),
    };
    (headers, Json(applied)).into_response()
}
