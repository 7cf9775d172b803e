//! `/api/v1/api-keys`: making, listing and revoking keys.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use preloop_api::{ApiKey, CreateApiKey, Page};

use super::ApiError;
use super::auth::Authenticated;
use super::body::JsonRequest;
use super::once::Answer;
use super::params::id;

pub(super) async fn list(
    Authenticated { services, caller }: Authenticated,
) -> Result<Json<Page<ApiKey>>, ApiError> {
    let items = services.key_list(&caller).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

pub(super) async fn create(request: JsonRequest) -> Result<Response, ApiError> {
    let work = async {
        let body: CreateApiKey = request.parse()?;
        let created = request.services.key_create(&request.caller, body).await?;
        // The key is shown once: what is kept for a repetition says so instead.
        let detail = format!(
            "the key `{}` was made and shown once; revoke it and make another if it was not received",
            created.api_key.id
        );
        let kept = Some(ApiError::new(StatusCode::CONFLICT, "key_shown_once", detail));
        Ok(Answer { status: StatusCode::CREATED, body: created, kept })
    };
    request.once.answer(&request.services, &request.caller, work).await
}

pub(super) async fn revoke(
    Authenticated { services, caller }: Authenticated,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    services.key_revoke(&caller, id(&key, "key_not_found", "key")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
