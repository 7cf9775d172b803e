//! `/api/v1/policies/bundle`: the policies that the caller is decided by, and when they change.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use preloop_api::Permission;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use tokio::time::Instant;

use super::ApiError;
use super::auth::Authenticated;
use super::params::Params;
use super::route::{Routes, get};

/// Longest wait for a change, in seconds.
const WAIT_SECONDS_MAX: u64 = 60;

/// The policies that the caller is decided by.
pub(super) fn routes() -> Routes {
    Routes::of("policies").add(
        get("/api/v1/policies/bundle", bundle)
            .right(Permission::DecisionsMake)
            .summary("The policies that the caller's calls are decided by, as one bundle without secrets")
            .description(
                "With `If-None-Match` of what the caller has, the answer is 304 where nothing changed; with `wait` it \
                 comes when something does. The bundle is not signed; its version goes up with each change here.",
            )
            .query::<BundleParams>()
            .request_headers(&[("If-None-Match", "The `ETag` of the bundle that the caller has.")])
            .answers_as(StatusCode::OK, "application/json", |_| json_schema!({"type": "object"}))
            .headers(&[("ETag", "Tells one chain of policies from another.")])
            .answers_nothing(StatusCode::NOT_MODIFIED)
            .problems(&["no_policy"]),
    )
}

/// Query of `GET /api/v1/policies/bundle`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BundleParams {
    /// Seconds to wait for a change where the caller has what is live.
    #[schemars(range(max = 60))]
    wait: Option<u64>,
}

async fn bundle(
    Authenticated { services, caller }: Authenticated,
    headers: HeaderMap,
    Params(params): Params<BundleParams>,
) -> Result<Response, ApiError> {
    let wait = params.wait.unwrap_or(0);
    if wait > WAIT_SECONDS_MAX {
        let message = format!("`wait` must be 0 to {WAIT_SECONDS_MAX} seconds, not {wait}");
        return Err(ApiError::invalid_field("wait", message, None));
    }
    let deadline = Instant::now() + Duration::from_secs(wait);
    let mut changes = services.policy_changes();
    let mut key_changes = services.key_changes();
    loop {
        changes.mark_unchanged();
        key_changes.mark_unchanged();
        // Each time anew: a key that was revoked while it waited gets nothing, one that joined a team what holds there.
        let now = services.caller_as_of(&caller).await?;
        let now = now.ok_or_else(|| ApiError::unauthorized("the key was revoked, or has ended"))?;
        now.caller.must(Permission::DecisionsMake)?;
        let served = services.policy_bundle(&now)?;
        let tag = format!("\"{}\"", served.tag);
        let mut answer = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&tag) {
            answer.insert(ETAG, value);
        }
        if !has(&headers, &tag) {
            answer.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            return Ok((answer, served.bundle.to_text()).into_response());
        }
        tokio::select! {
            told = changes.changed() => if told.is_err() {
                return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
            },
            told = key_changes.changed() => if told.is_err() {
                return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
            },
            () = tokio::time::sleep_until(deadline) => {
                return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
            }
            () = services.tasks().stopped() => {
                return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
            }
        }
    }
}

/// Whether the caller has what the tag names.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = given.flat_map(|list| list.split(','));
    tags.any(|given| {
        let given = given.trim();
        given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag
    })
}
