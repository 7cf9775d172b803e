//! Reading policies: the list, one of them, the export and the schema of documents.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use preloop_api::{Page, Permission, PolicyDetail, PolicyInfo, PolicyScope};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use uuid::Uuid;

use super::super::ApiError;
use super::super::auth::Authenticated;
use super::super::params::{Params, limit, parsed};
use super::super::route::{Routes, get};
use super::policy_id;
use super::precondition::{ETAG_HEADER, etag};
use crate::service::{ExportQuery, Form};

/// The JSON Schema of documents, the same that is published for editors.
const SCHEMA: &str = include_str!("../../../../docs/policy.schema.json");

/// Query of `GET /api/v1/policies`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// How many items a page has; 100 where it is left out.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// Where the page begins: `next_cursor` of the page before.
    #[schemars(with = "Option<Uuid>")]
    cursor: Option<String>,
}

/// Query of `GET /api/v1/policies/export`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportParams {
    /// How the document is written; YAML where it is left out.
    #[schemars(extend("enum" = ["yaml", "json"]))]
    format: Option<String>,
    /// `sorted`: YAML with the keys in alphabetical order.
    #[schemars(extend("enum" = ["sorted"]))]
    style: Option<String>,
    /// Whose live policy; the account's where left out.
    scope: Option<PolicyScope>,
    /// The live policy of this name.
    policy_name: Option<String>,
    /// A version's id.
    version: Option<String>,
}

/// The routes that read policies.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            get("/api/v1/policies", list)
                .right(Permission::PoliciesRead)
                .summary("The policies, one for each scope that has one")
                .query::<ListParams>()
                .answers::<Page<PolicyInfo>>(StatusCode::OK),
        )
        .add(
            get("/api/v1/policies/{id}", show)
                .right(Permission::PoliciesRead)
                .summary("One policy with its live document")
                .answers::<PolicyDetail>(StatusCode::OK)
                .headers(ETAG_HEADER)
                .problems(&["policy_not_found"]),
        )
        .add(
            get("/api/v1/policies/export", export)
                .right(Permission::PoliciesRead)
                .summary("A live document, or a version's, without secrets, ready to be imported")
                .query::<ExportParams>()
                .answers_as(StatusCode::OK, "application/yaml", |_| json_schema!({}))
                .answers_as(
                    StatusCode::OK,
                    "application/json",
                    |_| json_schema!({"type": "object"}),
                )
                .headers(ETAG_HEADER)
                .problems(&["no_policy", "version_not_found", "version_unusable"]),
        )
        .add(
            get("/api/v1/policies/schema", schema)
                .right(Permission::PoliciesCheck)
                .summary("The JSON Schema of documents")
                .answers_as(
                    StatusCode::OK,
                    "application/schema+json",
                    |_| json_schema!({"type": "object"}),
                ),
        )
}

async fn list(
    Authenticated { services, .. }: Authenticated,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<PolicyInfo>>, ApiError> {
    let limit = limit(params.limit, 100, 1000)?;
    let cursor =
        parsed("cursor", params.cursor.as_deref(), "one that a page before gave", |text| {
            text.parse().ok()
        })?;
    Ok(Json(services.policy_list(cursor, limit).await?))
}

async fn show(
    Authenticated { services, .. }: Authenticated,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let detail = services.policy_show(policy_id(&id)?).await?;
    Ok((etag(&detail.policy.digest), Json(detail)).into_response())
}

async fn export(
    Authenticated { services, .. }: Authenticated,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    let ExportParams { format, style, scope, policy_name: name, version } = params;
    let format = parsed("format", format.as_deref(), "`yaml` or `json`", |text| match text {
        "json" => Some(true),
        "yaml" => Some(false),
        _ => None,
    })?;
    let is_sorted = |text: &str| (text == "sorted").then_some(());
    let style = parsed("style", style.as_deref(), "`sorted`", is_sorted)?;
    let as_json = format.unwrap_or(false);
    let form = match (as_json, style) {
        (true, None) => Form::Json,
        (false, None) => Form::Yaml,
        (false, Some(())) => Form::Sorted,
        (true, Some(())) => {
            let message = "`style=sorted` is a style of YAML".to_owned();
            return Err(ApiError::invalid_field("style", message, None));
        }
    };
    let kind = if as_json { "application/json" } else { "application/yaml" };
    let version = version.map(|id| super::versions::version_id(&id)).transpose()?;
    let query = ExportQuery { scope, name, version, form };
    let (text, digest) = services.policy_export(query).await?;
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(kind))];
    Ok((etag(&digest), kind, text).into_response())
}

async fn schema(_: Authenticated) -> Response {
    let kind = HeaderValue::from_static("application/schema+json");
    ([(CONTENT_TYPE, kind)], SCHEMA).into_response()
}
