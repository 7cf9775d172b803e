//! `/mcp`: the doors of the firewall, which speak MCP and not this API's JSON.

use axum::extract::{Path, Request};
use axum::response::Response;
use http::{Method, StatusCode};
use preloop_api::Permission;
use schemars::json_schema;

use super::ApiError;
use super::auth::Authenticated;
use super::route::{Route, Routes, delete, get, post};
use crate::mcp::{Endpoint, Firewalls, handle, refused};

/// The header by which a session is known.
const SESSION: &[(&str, &str)] = &[("Mcp-Session-Id", "The session of the protocol.")];

/// MCP streamable HTTP: all servers' tools, or one server's.
pub(super) fn routes(firewalls: &Firewalls) -> Routes {
    let mut routes = Routes::of("firewall");
    for path in ["/mcp", "/mcp/v1"] {
        for method in [Method::POST, Method::GET, Method::DELETE] {
            let firewalls = firewalls.clone();
            let merged = move |Authenticated { services, caller }: Authenticated,
                               request: Request| {
                handle(firewalls.clone(), services, caller, Endpoint::Merged, request)
            };
            routes = routes.add(opaque(match method {
                Method::POST => post(path, merged),
                Method::GET => get(path, merged),
                _ => delete(path, merged),
            }));
        }
    }
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let path = "/mcp/{server}";
        let firewalls = firewalls.clone();
        let one = move |Authenticated { services, caller }: Authenticated,
                        Path(server): Path<String>,
                        request: Request| {
            handle(firewalls.clone(), services, caller, Endpoint::Server(server), request)
        };
        routes = routes.add(opaque(match method {
            Method::POST => post(path, one),
            Method::GET => get(path, one),
            _ => delete(path, one),
        }));
    }
    routes
}

fn opaque(route: Route) -> Route {
    let summary = match route.method {
        Method::POST => "One JSON-RPC message of the Model Context Protocol",
        Method::GET => "The stream of what the server has to say",
        _ => "End a session",
    };
    let route = route.right(Permission::ToolsCall).opaque().refusing(refuse).summary(summary).description(
        "Model Context Protocol over streamable HTTP, for agents: speak it with a client of that protocol. Refusals \
         are JSON-RPC errors.",
    );
    let anything = |_: &mut _| json_schema!({});
    match route.method {
        Method::POST => route
            .body_as("application/json", anything)
            .request_headers(SESSION)
            .answers_as(StatusCode::OK, "application/json", anything)
            .answers_as(StatusCode::OK, "text/event-stream", anything)
            .headers(SESSION)
            .answers_nothing(StatusCode::ACCEPTED),
        Method::GET => {
            route.request_headers(SESSION).answers_as(StatusCode::OK, "text/event-stream", anything)
        }
        _ => route.request_headers(SESSION).answers_nothing(StatusCode::NO_CONTENT),
    }
}

fn refuse(error: &ApiError) -> Response {
    refused(error.status(), error.detail())
}
