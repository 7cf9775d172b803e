//! The page that a device opens to be registered, with its two scripts; nothing on it comes from outside.

use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;

use super::route::{Route, Routes, get};

const PAGE: &str = include_str!("add.html");
const SCRIPT: &str = include_str!("add.js");
const WORKER: &str = include_str!("worker.js");

/// The page and its scripts.
pub(super) fn routes() -> Routes {
    Routes::of("notifications")
        .add(
            text(get("/devices/add", page), "text/html")
                .summary("The page that registers the browser which opens it"),
        )
        .add(
            text(get("/devices/add.js", script), "text/javascript")
                .summary("The script of the page that registers a browser"),
        )
        .add(
            text(get("/devices/worker.js", worker), "text/javascript")
                .summary("What shows pushes in a browser"),
        )
}

fn text(route: Route, media_type: &'static str) -> Route {
    route.public().answers_as(
        StatusCode::OK,
        media_type,
        |_| schemars::json_schema!({"type": "string"}),
    )
}

async fn page() -> impl IntoResponse {
    file("text/html; charset=utf-8", PAGE)
}

async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

async fn worker() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", WORKER)
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
             form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    (headers, text)
}
