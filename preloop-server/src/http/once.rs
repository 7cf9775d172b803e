//! `Idempotency-Key`: a repeated request is answered as before and not done again.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Collected};
use tracing::Instrument as _;

use super::ApiError;
use super::auth::Authenticated;
use super::body::{read_body, record_refusal};
use crate::service::{Repeated, RepeatedAnswer, Repetition, ServiceError, Services};

/// The header that says which request it is.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Put beside an answer that holds a secret: what a repetition is answered instead.
#[derive(Clone, Debug)]
pub(crate) struct KeptInstead(pub(crate) ApiError);

/// Does the request, unless it was done before under the same key: then the answer is the one of that time.
pub(crate) async fn answer(admitted: Authenticated, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    match begin(&admitted, request).await {
        Ok(Begun::Answered(response)) => response,
        Ok(Begun::First(repetition, mut request)) => {
            let services = admitted.services.clone();
            request.extensions_mut().insert(admitted);
            let work = async move { finish(&services, &repetition, next.run(request).await).await };
            // Else its repetition would not get the answer.
            see_through(work).await
        }
        Err(error) => {
            record_refusal(&admitted, &method, &uri, &error);
            error.into_response()
        }
    }
}

/// Does the work to its end, even where the client leaves.
pub(crate) async fn see_through(work: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(work.in_current_span()).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request ended without an answer");
            failed().into_response()
        }
    }
}

enum Begun {
    Answered(Response),
    First(Repetition, Request),
}

async fn begin(admitted: &Authenticated, request: Request) -> Result<Begun, ApiError> {
    let (parts, body) = request.into_parts();
    let mut keys = parts.headers.get_all(HEADER).iter();
    let (Some(Ok(key)), None) = (keys.next().map(HeaderValue::to_str), keys.next()) else {
        return Err(ApiError::from(ServiceError::Invalid {
            code: "invalid_idempotency_key",
            message: "`Idempotency-Key` must be one plain text".to_owned(),
        }));
    };
    let body = read_body(body).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let mut told_by: Vec<&[u8]> = vec![parts.method.as_str().as_bytes(), path.as_bytes(), &body];
    // What a request means depends on them as well: with another condition it is another request.
    for header in [IF_MATCH, IF_NONE_MATCH, CONTENT_TYPE] {
        told_by.extend(parts.headers.get_all(header).iter().map(HeaderValue::as_bytes));
        told_by.push(b"");
    }
    let begun = admitted.services.repetition_begin(&admitted.caller, key, &told_by).await?;
    Ok(match begun {
        Repeated::Answered(answer) => Begun::Answered(replayed(answer)),
        Repeated::First(repetition) => {
            Begun::First(repetition, Request::from_parts(parts, Body::from(body)))
        }
    })
}

async fn finish(services: &Services, repetition: &Repetition, response: Response) -> Response {
    if !response.status().is_success() {
        // Nothing was done, so the same request may be made again.
        if let Err(error) = services.repetition_release(repetition).await {
            tracing::warn!(%error, "an idempotency key was not freed");
        }
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await.map(Collected::to_bytes) else {
        return failed().into_response();
    };
    let kept = match parts.extensions.get::<KeptInstead>() {
        None => Some((parts.status, body.clone())),
        Some(KeptInstead(error)) => {
            let text = serde_json::to_vec(&error.problem()).ok();
            text.map(|text| (error.status(), Bytes::from(text)))
        }
    };
    let etag = parts.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let kept = kept.and_then(|(status, body)| {
        let body = String::from_utf8(body.into()).ok()?;
        Some(RepeatedAnswer { status: status.as_u16(), body, etag })
    });
    // The work is done; that its answer is not kept must not turn it into a failure.
    if let Some(answer) = kept
        && let Err(error) = services.repetition_keep(repetition, &answer).await
    {
        tracing::warn!(%error, "an answer was not kept for repetitions");
    }
    Response::from_parts(parts, Body::from(body))
}

fn failed() -> ApiError {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    ApiError::new(status, "internal", "the request ended early; this is a fault of the server")
}

fn replayed(RepeatedAnswer { status, body, etag }: RepeatedAnswer) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind =
        if status.is_client_error() { "application/problem+json" } else { "application/json" };
    let has_body = !body.is_empty();
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(ETAG, etag);
    }
    response
}
