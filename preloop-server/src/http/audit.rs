//! `/api/v1/audit`: reading the trail and verifying it.

use axum::Json;
use http::StatusCode;
use preloop_api::{AuditKind, AuditRecord, AuditVerification, Page, Permission};
use preloop_core::Timestamp;
use preloop_core::decision::Action;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use uuid::Uuid;

use super::ApiError;
use super::auth::Authenticated;
use super::params::{Params, limit, parsed};
use super::route::{Routes, get};
use crate::store::{AuditFilter, AuditOrder};

/// Reading and verifying the trail.
pub(super) fn routes() -> Routes {
    Routes::of("audit")
        .add(
            get("/api/v1/audit", list)
                .right(Permission::AuditRead)
                .summary("Records of the trail that fit the filters")
                .query::<ListParams>()
                .answers::<Page<AuditRecord>>(StatusCode::OK),
        )
        .add(
            get("/api/v1/audit/verify", verify)
                .right(Permission::AuditRead)
                .summary("Walk the whole hash chain and tell every edit, gap and reorder")
                .answers::<AuditVerification>(StatusCode::OK),
        )
}

/// Query of `GET /api/v1/audit`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// One kind, or several with commas.
    #[schemars(schema_with = "kinds_schema")]
    kind: Option<String>,
    /// The tool's own name at its server.
    tool: Option<String>,
    /// Id of the principal whose calls the records are about.
    principal: Option<String>,
    /// What was decided.
    #[schemars(with = "Option<Action>")]
    action: Option<String>,
    /// The decision that the records belong to.
    #[schemars(with = "Option<Uuid>")]
    decision_id: Option<String>,
    /// The approval request that the records belong to.
    #[schemars(with = "Option<Uuid>")]
    approval_id: Option<String>,
    /// Not before this time.
    #[schemars(with = "Option<Timestamp>")]
    from: Option<String>,
    /// Before this time.
    #[schemars(with = "Option<Timestamp>")]
    to: Option<String>,
    /// Oldest or newest first; newest where it is left out.
    #[schemars(extend("enum" = ["asc", "desc"]))]
    order: Option<String>,
    /// Most items of the page.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(regex(pattern = "^[0-9]+$"))]
    cursor: Option<String>,
}

async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<AuditRecord>>, ApiError> {
    let filter = filter(params)?;
    Ok(Json(services.audit_list(&caller, filter).await?))
}

async fn verify(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<AuditVerification>, ApiError> {
    Ok(Json(services.audit_verify(&caller).await?))
}

/// Names of kinds with commas between them.
fn kinds_schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = AuditKind::ALL.into_iter().map(AuditKind::as_str).collect();
    let one = format!(" *({}) *", names.join("|"));
    json_schema!({"type": "string", "pattern": format!("^{one}(,{one})*$")})
}

fn filter(params: ListParams) -> Result<AuditFilter, ApiError> {
    let kinds = parsed("kind", params.kind.as_deref(), "kinds of records with commas", |text| {
        text.split(',').map(|name| AuditKind::from_name(name.trim())).collect()
    })?;
    let action = |text: &str| {
        [Action::Allow, Action::Deny, Action::RequireApproval]
            .into_iter()
            .find(|action| action.as_str() == text)
    };
    let order = |text: &str| match text {
        "asc" => Some(AuditOrder::Ascending),
        "desc" => Some(AuditOrder::Descending),
        _ => None,
    };
    let time = |name, text: &Option<String>| {
        let wanted = "an RFC 3339 time such as `2026-01-31T12:00:00Z`";
        parsed(name, text.as_deref(), wanted, |text| text.parse::<Timestamp>().ok())
    };
    let id = |name, text: &Option<String>| {
        parsed(name, text.as_deref(), "an id", |text| text.parse().ok())
    };
    let actions = "`allow`, `deny` or `require_approval`";
    Ok(AuditFilter {
        kinds: kinds.unwrap_or_default(),
        tool: params.tool,
        principal_id: params.principal,
        action: parsed("action", params.action.as_deref(), actions, action)?,
        decision_id: id("decision_id", &params.decision_id)?,
        approval_id: id("approval_id", &params.approval_id)?,
        from: time("from", &params.from)?,
        to: time("to", &params.to)?,
        after_seq: parsed("cursor", params.cursor.as_deref(), "a `next_cursor`", |text| {
            text.parse().ok()
        })?,
        order: parsed("order", params.order.as_deref(), "`asc` or `desc`", order)?
            .unwrap_or_default(),
        limit: limit(params.limit, 50, 1_000)?,
    })
}
