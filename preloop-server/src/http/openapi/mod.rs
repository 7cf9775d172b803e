//! The description of the API, `OpenAPI` 3.1, written from the declared routes.

mod operation;
mod page;
mod schemas;

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use schemars::json_schema;
use serde_json::{Map, Value, json};

use self::schemas::Schemas;
use super::route::{Routes, Speaks, get};

/// What the tags mean, in the order in which they are shown.
const NOUNS: &[(&str, &str)] = &[
    ("decisions", "Calls decided and recorded; the caller runs what is allowed."),
    ("policies", "What is live, trying and comparing documents, applying and editing, versions."),
    ("approvals", "Calls that wait for people, and votes on them."),
    ("audit", "The trail of what was attempted, decided and done."),
    ("tools", "Tools of MCP servers."),
    ("mcp-servers", "The MCP servers of the account's policy, and their credentials."),
    ("authzen", "The OpenID AuthZEN Authorization API 1.0."),
    ("auth", "Signing in and out, and who one is."),
    ("passkeys", "What proves that somebody is there who approves."),
    ("users", "The people of the account."),
    ("invitations", "One-time tokens that make users."),
    ("teams", "Groups of users and agents that policies name."),
    ("agents", "The principals that decide and call, and never approve or administer."),
    ("keys", "API keys of users and agents."),
    ("notifications", "How people are told of approval requests, and what came of it."),
    ("accounts", "The account, and further ones."),
    ("firewall", "The MCP firewall, for agents."),
    ("health", "For the machines that watch this one."),
    ("description", "This description."),
];

/// The description as it is sent, once all routes are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Description {
    sent: Arc<OnceLock<Sent>>,
}

#[derive(Debug)]
struct Sent {
    json: Bytes,
    page: Bytes,
    content_security_policy: HeaderValue,
}

// === impl Description ===

impl Description {
    /// Describes these routes; the first call counts.
    pub(super) fn fill(&self, routes: &Routes) {
        self.sent.get_or_init(|| {
            let description = describe(routes);
            let policy = HeaderValue::try_from(page::content_security_policy());
            Sent {
                json: Bytes::from(description.to_string()),
                page: Bytes::from(page::render(&description)),
                content_security_policy: policy
                    .unwrap_or(HeaderValue::from_static("default-src 'none'")),
            }
        });
    }

    /// The routes that send it.
    pub(super) fn routes(&self) -> Routes {
        let (json, page) = (self.clone(), self.clone());
        Routes::of("description")
            .add(
                get("/openapi.json", async move || json.json())
                    .public()
                    .summary("This description, OpenAPI 3.1")
                    .answers_as(
                        StatusCode::OK,
                        "application/json",
                        |_| json_schema!({"type": "object"}),
                    ),
            )
            .add(
                get("/docs", async move || page.page())
                    .public()
                    .summary("This description as a page, without scripts")
                    .answers_as(StatusCode::OK, "text/html", |_| json_schema!({"type": "string"})),
            )
    }

    fn json(&self) -> Response {
        let text = self.sent.get().map(|sent| sent.json.clone()).unwrap_or_default();
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
    }

    fn page(&self) -> Response {
        let Some(sent) = self.sent.get() else { return StatusCode::NOT_FOUND.into_response() };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CONTENT_SECURITY_POLICY, sent.content_security_policy.clone()),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        (headers, sent.page.clone()).into_response()
    }
}

/// The description of these routes.
fn describe(routes: &Routes) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes.iter().filter(|route| route.about.speaks != Speaks::Pages) {
        let operation = operation::describe(route, &mut schemas);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let tags: Vec<Value> =
        NOUNS.iter().map(|(name, about)| json!({"name": name, "description": about})).collect();
    schemas.settle(json!({
        "openapi": "3.1.1",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Preloop",
            "summary": "Policies, approvals and audit for the tool calls of AI agents.",
            "description": "JSON in and out, times in RFC 3339, ids are UUIDv7 text. Every error is a problem \
                            (RFC 9457) with a stable `code`. Lists answer `items` and `next_cursor`.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or an access token of `POST /api/v1/auth/token`.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "preloop_session",
                    "description": "The session of a browser; requests that change something also send `X-CSRF-Token`.",
                },
            },
        },
    }))
}
