//! The HTTP API: extract, call one service function, map the answer. This page is the route table.

mod approvals;
mod audit;
mod auth;
mod body;
mod decisions;
mod error;
pub(crate) mod guard;
mod health;
mod keys;
mod once;
mod params;
mod policies;
mod tools;

use axum::Router;
use axum::http::{Method, Uri};
use axum::routing::{delete, get, post};

pub(crate) use error::ApiError;

use crate::service::Platform;

/// Every route of the API.
pub(crate) fn router(platform: Platform) -> Router {
    Router::new()
        .route("/api/v1/decisions", post(decisions::decide).get(decisions::export))
        .route("/api/v1/decisions/batch", post(decisions::decide_batch))
        .route("/api/v1/policies/evaluate", post(policies::evaluate))
        .route("/api/v1/policies/export", get(policies::export))
        .route("/api/v1/policies/validate", post(policies::validate))
        .route("/api/v1/approvals", get(approvals::list))
        .route("/api/v1/approvals/{id}", get(approvals::show))
        .route("/api/v1/approvals/{id}/approve", post(approvals::approve))
        .route("/api/v1/approvals/{id}/cancel", post(approvals::cancel))
        .route("/api/v1/approvals/{id}/decline", post(approvals::decline))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/audit/verify", get(audit::verify))
        .route("/api/v1/tools", get(tools::list))
        .route("/api/v1/tools/accept", post(tools::accept))
        .route("/api/v1/mcp-servers", get(tools::servers))
        .route("/api/v1/api-keys", get(keys::list).post(keys::create))
        .route("/api/v1/api-keys/{id}", delete(keys::revoke))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(platform)
}

/// What answers where no route does.
pub(crate) async fn no_such_route(uri: Uri) -> ApiError {
    ApiError::route_not_found(uri.path())
}

/// What answers a method that a route does not have.
pub(crate) async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(&method, uri.path())
}
