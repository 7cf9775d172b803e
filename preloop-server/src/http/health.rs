//! `/healthz`, `/readyz` and `/metrics`: for the machines that watch this one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use preloop_api::{Health, Readiness};
use schemars::json_schema;

use super::route::{Routes, get};
use crate::service::Platform;

/// For the machines that watch this one.
pub(super) fn routes() -> Routes {
    Routes::of("health")
        .add(
            get("/healthz", alive)
                .public()
                .summary("Whether the server runs")
                .answers::<Health>(StatusCode::OK),
        )
        .add(
            get("/readyz", ready)
                .public()
                .summary("Whether calls can be decided and recorded")
                .answers::<Readiness>(StatusCode::OK)
                .answers::<Readiness>(StatusCode::SERVICE_UNAVAILABLE),
        )
        .add(
            get("/metrics", metrics)
                .public()
                .summary("Counters in Prometheus' text format")
                .answers_as(StatusCode::OK, "text/plain", |_| json_schema!({"type": "string"})),
        )
}

async fn alive() -> Json<Health> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Json(Health { status: "ok".to_owned(), version })
}

async fn ready(State(platform): State<Platform>) -> (StatusCode, Json<Readiness>) {
    let database = platform.database_answers().await;
    let journal = platform.journal_is_written();
    let policy = platform.first().policy_status();
    let works = database && journal && policy.status == "loaded";
    let status = match (works, policy.refused_at.is_none()) {
        (true, true) => "ready",
        (true, false) => "degraded",
        (false, _) => "unavailable",
    };
    let word = |works| if works { "ok" } else { "failing" }.to_owned();
    let readiness = Readiness {
        status: status.to_owned(),
        database: word(database),
        journal: word(journal),
        policy,
    };
    let code = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(readiness))
}

async fn metrics(State(platform): State<Platform>) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, kind)], platform.metrics().render()).into_response()
}
