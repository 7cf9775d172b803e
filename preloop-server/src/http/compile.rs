//! `/api/v1/policies/compile`: what becomes of a source, for an editor; nothing is stored.

use axum::Json;
use axum::http::StatusCode;
use preloop_api::{Compilation, CompileRequest, Permission};
use preloop_core::dialect::compile;
use serde_json::json;

use super::ApiError;
use super::body::JsonRequest;
use super::route::{Routes, post};

/// Compiling a source.
pub(super) fn routes() -> Routes {
    Routes::of("policies").add(
        post("/api/v1/policies/compile", compile_source)
            .right(Permission::PoliciesCheck)
            .changes_nothing()
            .summary("A policy document of a source in any dialect; nothing is stored")
            .description(
                "A source that cannot be compiled is no problem of the request: the answer has `ok: false` and \
                 its `errors`.",
            )
            .body::<CompileRequest>()
            .example(json!({"source": "name: p\ndenied_actions: [drop_table]\n", "source_format": "yaml"}))
            .answers::<Compilation>(StatusCode::OK),
    )
}

async fn compile_source(request: JsonRequest) -> Result<Json<Compilation>, ApiError> {
    let body: CompileRequest = request.parse()?;
    Ok(Json(compile(&body.source, body.source_format)))
}
