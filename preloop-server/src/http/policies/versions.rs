//! Versions: list, one, snapshot, tag, diff, rollback, prune.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use preloop_api::{
    CreateSnapshot, Page, Permission, PolicyApplied, PolicyDiff, PolicyScope, PolicyVersion,
    PolicyVersionDetail, PruneRequest, PruneResult, RollbackRequest, TagVersion,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::super::ApiError;
use super::super::auth::Authenticated;
use super::super::body::JsonRequest;
use super::super::params::{Params, id as read_id, limit, parsed};
use super::super::route::{Routes, delete, get, post, put};
use super::apply::answer;
use super::policy_id;
use super::precondition::{ETAG_HEADER, HEADERS, expected};
use crate::service::{Comparison, Side, VersionQuery};

/// Query of `GET /api/v1/policies/versions`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Whose versions; all of the account where left out.
    scope: Option<PolicyScope>,
    /// The versions of this policy.
    #[schemars(with = "Option<Uuid>")]
    policy_id: Option<String>,
    /// Only the one with this tag.
    tag: Option<String>,
    /// Only the one of this number.
    number: Option<u32>,
    /// How many items a page has; 100 where it is left out.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// Where the page begins: `next_cursor` of the page before.
    #[schemars(with = "Option<i64>")]
    cursor: Option<String>,
}

/// Query of `GET /api/v1/policies/versions/{id}/diff`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DiffParams {
    /// The version after; what is live in the same scope where left out.
    #[schemars(with = "Option<Uuid>")]
    to: Option<String>,
}

/// The routes of versions.
pub(super) fn routes(routes: Routes) -> Routes {
    bringing_back(reading(routes))
        .add(
            post("/api/v1/policies/versions", snapshot)
                .right(Permission::PoliciesWrite)
                .summary("Keep what is live as a version of its own")
                .optional_body::<CreateSnapshot>()
                .example(json!({"message": "before the audit", "tag": "audit"}))
                .answers::<PolicyVersion>(StatusCode::CREATED)
                .problems(&["invalid_tag", "message_too_long", "no_policy"]),
        )
        .add(
            put("/api/v1/policies/versions/{id}/tag", tag)
                .right(Permission::PoliciesWrite)
                .summary("Give a version a tag, taken from the version of the policy that has it")
                .body::<TagVersion>()
                .example(json!({"tag": "production"}))
                .answers::<PolicyVersion>(StatusCode::OK)
                .problems(&["invalid_tag", "version_not_found"]),
        )
        .add(
            delete("/api/v1/policies/versions/{id}/tag", untag)
                .right(Permission::PoliciesWrite)
                .summary("Take the tag off a version")
                .answers::<PolicyVersion>(StatusCode::OK)
                .problems(&["version_not_found"]),
        )
        .add(
            delete("/api/v1/policies/versions/{id}", remove)
                .right(Permission::PoliciesWrite)
                .summary("Delete a version that is neither live nor tagged")
                .answers_nothing(StatusCode::NO_CONTENT)
                .problems(&["version_live", "version_not_found", "version_tagged"]),
        )
        .add(
            post("/api/v1/policies/versions/prune", prune)
                .right(Permission::PoliciesWrite)
                .summary("Delete old versions, never the live or a tagged one")
                .optional_body::<PruneRequest>()
                .example(json!({"older_than_days": 90, "keep_count": 10}))
                .answers::<PruneResult>(StatusCode::OK)
                .problems(&["tags_are_kept"]),
        )
}

fn reading(routes: Routes) -> Routes {
    routes
        .add(
            get("/api/v1/policies/versions", list)
                .right(Permission::PoliciesRead)
                .summary("Versions, newest first")
                .query::<ListParams>()
                .answers::<Page<PolicyVersion>>(StatusCode::OK)
                .problems(&["policy_not_found"]),
        )
        .add(
            get("/api/v1/policies/versions/{id}", show)
                .right(Permission::PoliciesRead)
                .summary("One version with its document")
                .answers::<PolicyVersionDetail>(StatusCode::OK)
                .problems(&["version_not_found"]),
        )
        .add(
            get("/api/v1/policies/versions/{id}/diff", diff)
                .right(Permission::PoliciesRead)
                .summary("What differs from a version to another, or to what is live")
                .query::<DiffParams>()
                .answers::<PolicyDiff>(StatusCode::OK)
                .problems(&["no_policy", "version_not_found", "version_unusable"]),
        )
}

fn bringing_back(routes: Routes) -> Routes {
    routes.add(
        post("/api/v1/policies/versions/{id}/rollback", rollback)
            .right(Permission::PoliciesWrite)
            .summary("Bring a version back, exactly, as a version of its own")
            .optional_body::<RollbackRequest>()
            .example(json!({"preview_only": true}))
            .request_headers(HEADERS)
            .answers::<PolicyApplied>(StatusCode::OK)
            .headers(ETAG_HEADER)
            .problems(&[
                "invalid_field",
                "invalid_policy",
                "message_too_long",
                "no_secret_key",
                "policy_changed",
                "policy_from_file",
                "policy_name_taken",
                "secret_missing",
                "too_many_policies",
                "version_not_found",
                "version_unusable",
            ]),
    )
}

async fn list(
    Authenticated { services, .. }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<PolicyVersion>>, ApiError> {
    let ListParams { scope, policy_id: of_policy, tag, number, limit: wanted, cursor } = params;
    let before = parsed("cursor", cursor.as_deref(), "one that a page before gave", |text| {
        text.parse().ok()
    })?;
    let query = VersionQuery {
        scope,
        policy_id: of_policy.map(|id| policy_id(&id)).transpose()?,
        tag,
        number: number.map(i64::from),
        before,
        limit: limit(wanted, 100, 1000)?,
    };
    Ok(Json(services.version_list(query).await?))
}

async fn show(
    Authenticated { services, .. }: Authenticated,
    Path(id): Path<String>,
) -> Result<Json<PolicyVersionDetail>, ApiError> {
    Ok(Json(services.version_show(version_id(&id)?).await?))
}

async fn snapshot(request: JsonRequest) -> Result<(StatusCode, Json<PolicyVersion>), ApiError> {
    let body: CreateSnapshot = request.parse()?;
    let version = request.services.version_snapshot(&request.caller, body).await?;
    Ok((StatusCode::CREATED, Json(version)))
}

async fn tag(
    Path(id): Path<String>,
    request: JsonRequest,
) -> Result<Json<PolicyVersion>, ApiError> {
    let TagVersion { tag } = request.parse()?;
    let id = version_id(&id)?;
    Ok(Json(request.services.version_tag(&request.caller, id, Some(&tag)).await?))
}

async fn untag(
    Authenticated { services, caller }: Authenticated,
    Path(id): Path<String>,
) -> Result<Json<PolicyVersion>, ApiError> {
    Ok(Json(services.version_tag(&caller, version_id(&id)?, None).await?))
}

async fn remove(
    Authenticated { services, caller }: Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.version_remove(&caller, version_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn diff(
    Authenticated { services, .. }: Authenticated,
    Path(id): Path<String>,
    Params(params): Params<DiffParams>,
) -> Result<Json<PolicyDiff>, ApiError> {
    let id = version_id(&id)?;
    let after = match params.to {
        Some(to) => Side::Version(version_id(&to)?),
        None => Side::Live,
    };
    let scope = services.version_scope(id).await?;
    let comparison = Comparison { scope, before: Side::Version(id), after };
    Ok(Json(services.policy_diff(comparison).await?))
}

async fn rollback(
    Path(id): Path<String>,
    headers: HeaderMap,
    request: JsonRequest,
) -> Result<Response, ApiError> {
    let body: RollbackRequest = request.parse()?;
    let (id, expected) = (version_id(&id)?, expected(&headers)?);
    let services = &request.services;
    Ok(answer(services.version_rollback(&request.caller, id, body, expected).await?))
}

async fn prune(request: JsonRequest) -> Result<Json<PruneResult>, ApiError> {
    let body: PruneRequest = request.parse()?;
    let deleted_count = request.services.version_prune(&request.caller, body).await?;
    Ok(Json(PruneResult { deleted_count }))
}

pub(super) fn version_id(text: &str) -> Result<Uuid, ApiError> {
    read_id(text, "version_not_found", "version")
}
