//! `/api/v1/audit`: reading the trail and verifying it.

use axum::Json;
use preloop_api::{AuditKind, AuditRecord, AuditVerification, Page};
use preloop_core::Timestamp;
use preloop_core::decision::Action;
use serde::Deserialize;

use super::ApiError;
use super::auth::Authenticated;
use super::params::{Params, limit, parsed};
use crate::store::{AuditFilter, AuditOrder};

/// Query of `GET /api/v1/audit`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    /// One kind, or several with commas.
    kind: Option<String>,
    tool: Option<String>,
    principal: Option<String>,
    action: Option<String>,
    decision_id: Option<String>,
    approval_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    order: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list(
    Authenticated { services, caller }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<AuditRecord>>, ApiError> {
    let filter = filter(params)?;
    Ok(Json(services.audit_list(&caller, filter).await?))
}

pub(super) async fn verify(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<AuditVerification>, ApiError> {
    Ok(Json(services.audit_verify(&caller).await?))
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
