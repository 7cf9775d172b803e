//! The HTTP API: extract, call one service function, map the answer. Each noun declares its routes.

mod accounts;
mod agents;
mod approval_grants;
mod approval_links;
mod approval_page;
mod approvals;
mod audit;
mod auth;
mod authzen;
mod body;
mod bundle;
mod chat;
pub(crate) mod client;
mod compile;
mod decisions;
mod device_page;
mod devices;
mod error;
pub(crate) mod guard;
mod health;
mod html;
mod invitations;
mod keys;
mod mcp;
mod mcp_servers;
mod notifications;
mod once;
mod openapi;
mod params;
mod passkeys;
mod policies;
pub(crate) mod request_id;
pub(crate) mod route;
mod sign_in;
mod teams;
mod tools;
mod users;

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
        .and(bundle::routes())
        .and(approvals::routes())
        .and(approval_grants::routes())
        .and(approval_links::routes())
        .and(approval_page::routes())
        .and(audit::routes())
        .and(tools::routes())
        .and(mcp_servers::routes(firewalls))
        .and(sign_in::routes())
        .and(passkeys::routes())
        .and(users::routes())
        .and(invitations::routes())
        .and(teams::routes())
        .and(agents::routes())
        .and(keys::routes())
        .and(authzen::routes())
        .and(accounts::routes())
        .and(notifications::routes())
        .and(devices::routes())
        .and(device_page::routes())
        .and(chat::routes())
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
