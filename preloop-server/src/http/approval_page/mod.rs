//! `/approval/{id}`: the page on which a person looks at one request and decides it.
//!
//! INVARIANT: looking decides nothing, by whatever method and however often; a decision is a form that this page showed to
//! this browser, sent by pressing one of its buttons.

mod arguments;
mod card;
mod choices;
mod decide;
mod form;
mod notice;
mod passkeys;
mod reveal;
mod viewer;
mod words;

use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode};
use uuid::Uuid;

use super::client;
use super::html::guard_page;
use super::route::{Routes, get, post};
use crate::service::Platform;
use card::Card;
use form::FormKey;
use notice::Notice;
use viewer::{Query, Viewer, known, query_of};

const SCRIPT: &str = include_str!("../passkey.js");

/// The pages of people; none of them is part of the API that is described.
pub(super) fn routes() -> Routes {
    Routes::of("pages")
        .add(get("/approval/{id}", show).page())
        .add(post("/approval/{id}/approve", decide::approve).page())
        .add(post("/approval/{id}/decline", decide::decline).page())
        .add(post("/approval/{id}/arguments", reveal::reveal).page())
        .add(post("/approval/{id}/sign-in", decide::sign_in).page())
        .add(get("/passkeys", passkeys::show).page())
        .add(post("/passkeys/sign-in", passkeys::sign_in).page())
        .add(post("/passkeys/begin", passkeys::begin).page())
        .add(post("/passkeys/finish", passkeys::finish).page())
        .add(post("/passkeys/remove", passkeys::remove).page())
        .add(get("/assets/passkey.js", script).page())
}

async fn show(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    if !is_looked_at(request.method(), request.headers()) {
        return unseen();
    }
    let Ok(id) = id.parse::<Uuid>() else { return Notice::no_request().page() };
    let (headers, from) = (request.headers().clone(), client::address(&request));
    let Query { token, decision } = query_of(request.uri());
    drop(request);
    let key = FormKey::of(&headers, platform.base_url());
    let viewer = match known(&platform, Some(id), token, &headers, from).await {
        Ok(viewer) => viewer,
        Err(notice) => return notice.page(),
    };
    let viewer = match viewer {
        Viewer::Nobody => return key.kept(&platform, Notice::sign_in(id, &key)),
        Viewer::Known(viewer) => viewer,
    };
    match viewer.services.approval_page(&viewer.caller, id).await {
        Ok(page) => {
            let declines = decision.as_deref() == Some("decline");
            let card = Card { page: &page, viewer: &viewer, key: &key, problem: None, declines };
            let answer = card.page(StatusCode::OK);
            key.kept(&platform, answer)
        }
        Err(error) => Notice::of(error).page(),
    }
}

/// The one script, for the pages that ask for a passkey.
async fn script() -> Response {
    let mut answer = SCRIPT.into_response();
    guard_page(answer.headers_mut());
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// Whether a person is about to see the answer: not where a browser or a scanner only fetches ahead.
fn is_looked_at(method: &Method, headers: &HeaderMap) -> bool {
    let ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let says = |name: &&'static str| {
        headers
            .get_all(*name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains("prefetch") || value.contains("preview"))
    };
    *method == Method::GET && !ahead.iter().any(says)
}

/// The answer to whoever does not look.
fn unseen() -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    guard_page(answer.headers_mut());
    answer
}
