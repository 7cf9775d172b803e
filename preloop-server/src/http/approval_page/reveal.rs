//! The arguments of a request whole, on a button: the card once more, with what it masks.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::card::Card;
use super::decide::shown_again;
use super::form::{self, FormKey};
use super::notice::Notice;
use super::viewer::{Viewer, known};
use crate::http::auth::Authenticated;
use crate::http::body::record_refusal;
use crate::service::Platform;

/// What the button sends: a link is good for deciding alone, so there is no token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevealForm {
    form: String,
}

pub(super) async fn reveal(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return Notice::no_request().page() };
    let (headers, method, uri) =
        (request.headers().clone(), request.method().clone(), request.uri().clone());
    let RevealForm { form } = match form::read(request).await {
        Ok(form) => form,
        Err(error) => return Notice::of(error).page(),
    };
    let key = FormKey::of(&headers, platform.base_url());
    let viewer = match known(&platform, Some(id), None, &headers, None).await {
        Ok(Viewer::Known(viewer)) => viewer,
        Ok(Viewer::Nobody) => return key.kept(&platform, Notice::sign_in(id, &key)),
        Err(notice) => return notice.page(),
    };
    let about = id.to_string();
    if let Err(error) = form::check(&platform, &headers, (&viewer.credential, &about), &form) {
        let (services, caller) = (viewer.services.clone(), viewer.caller.clone());
        record_refusal(&Authenticated { services, caller }, &method, &uri, &error);
        return Notice::of(error).page();
    }
    match viewer.services.approval_page_revealed(&viewer.caller, id).await {
        Ok(page) => {
            let card =
                Card { page: &page, viewer: &viewer, key: &key, problem: None, declines: false };
            card.page(StatusCode::OK)
        }
        Err(error) => shown_again(&viewer, id, &headers, error).await,
    }
}
