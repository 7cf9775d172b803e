//! The HTTP API: extract, call one service function, map the answer. Each noun declares its routes.

mod approvals;
mod audit;
mod auth;
mod authzen;
mod body;
mod compile;
mod decisions;
mod error;
pub(crate) mod guard;
mod health;
mod keys;
mod mcp;
mod mcp_servers;
mod once;
mod openapi;
mod params;
mod policies;
pub(crate) mod request_id;
pub(crate) mod route;
mod tools;

use axum::http::{Method, Uri};

pub(crate) use error::ApiError;

use self::route::Routes;
use crate::mcp::Firewalls;

/// Every route of the server.
pub(crate) fn routes(firewalls: &Firewalls) -> Routes {
    let description = openapi::Description::default();
    let routes = Routes::default()
        .and(decisions::routes())
        .and(policies::routes())
        .and(compile::routes())
        .and(approvals::routes())
        .and(audit::routes())
        .and(tools::routes())
        .and(mcp_servers::routes())
        .and(keys::routes())
        .and(authzen::routes())
        .and(mcp::routes(firewalls))
        .and(health::routes())
        .and(description.routes());
    description.fill(&routes);
    routes
}

/// What answers where no route does.
pub(crate) async fn no_such_route(uri: Uri) -> ApiError {
    ApiError::route_not_found(uri.path())
}

/// What answers a method that a route does not have.
pub(crate) async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    ApiError::method_not_allowed(&method, uri.path())
}
