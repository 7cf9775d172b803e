//! Deciding: the form of the page, checked, becomes a vote through the one door that all votes take.

use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use preloop_api::{PasskeyQuestion, Remember, RememberScope, SignIn, StepUp, Via, VoteDecision};
use preloop_core::approval::{Ballot, Proof};
use serde::Deserialize;
use uuid::Uuid;

use super::card::{Card, Typed, passkey_page};
use super::form::{self, FormKey};
use super::notice::{self, Notice};
use super::viewer::{Known, Viewer, known};
use crate::http::auth::Authenticated;
use crate::http::body::record_refusal;
use crate::http::{ApiError, client, sign_in};
use crate::service::{Platform, ServiceError};

/// What the form of a request sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VoteForm {
    /// Proof that this server's page was shown to this browser.
    form: String,
    /// The token of the link by which the viewer came.
    token: Option<String>,
    /// The call that the page showed.
    seen: String,
    reason: Option<String>,
    /// An answer to a question of the agent's: one that was offered, or another.
    answer: Option<String>,
    other: Option<String>,
    code: Option<String>,
    /// For how long calls with these arguments are remembered; empty or left out: not at all.
    remember: Option<String>,
    /// A passkey's answer, and to which question.
    credential: Option<String>,
    challenge: Option<Uuid>,
}

/// What the form with name and password sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInForm {
    form: String,
    username: String,
    password: String,
    account: Option<String>,
}

/// What came of a form.
enum Decided {
    /// The vote counts.
    Counted,
    /// A passkey has to say so first; what was typed comes along.
    Asks(PasskeyQuestion, Typed),
}

pub(super) async fn approve(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    vote(&platform, &id, VoteDecision::Approve, request).await
}

pub(super) async fn decline(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    vote(&platform, &id, VoteDecision::Decline, request).await
}

async fn vote(platform: &Platform, id: &str, decision: VoteDecision, request: Request) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return Notice::no_request().page() };
    let (headers, from) = (request.headers().clone(), client::address(&request));
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let form: VoteForm = match form::read(request).await {
        Ok(form) => form,
        Err(error) => return Notice::of(error).page(),
    };
    let viewer = match known(platform, Some(id), form.token.clone(), &headers, from).await {
        Ok(Viewer::Known(viewer)) => viewer,
        Ok(Viewer::Nobody) => {
            let key = FormKey::of(&headers, platform.base_url());
            return key.kept(platform, Notice::sign_in(id, &key));
        }
        Err(notice) => return notice.page(),
    };
    let about = id.to_string();
    let bound = (viewer.credential.as_str(), about.as_str());
    if let Err(error) = form::check(platform, &headers, bound, &form.form) {
        let (services, caller) = (viewer.services.clone(), viewer.caller.clone());
        record_refusal(&Authenticated { services, caller }, &method, &uri, &error);
        return Notice::of(error).page();
    }
    match decided(&viewer, id, decision, form).await {
        Ok(Decided::Counted) => see(&viewer, id),
        Ok(Decided::Asks(question, typed)) => {
            match viewer.services.approval_page(&viewer.caller, id).await {
                Ok(page) => {
                    let key = FormKey::of(&headers, platform.base_url());
                    passkey_page(&page, &viewer, &key, &question, &typed)
                }
                Err(error) => Notice::of(error).page(),
            }
        }
        Err(error) => shown_again(&viewer, id, &headers, error).await,
    }
}

/// Has the vote counted; a link decides once, and is given back where the vote does not count.
async fn decided(
    viewer: &Known,
    id: Uuid,
    decision: VoteDecision,
    form: VoteForm,
) -> Result<Decided, ServiceError> {
    let Known { services, caller, link, .. } = viewer;
    let remember = remembered(form.remember.as_deref(), decision)?;
    if remember.is_some() && link.is_some() {
        return Err(ServiceError::Forbidden {
            code: "sign_in_required",
            message: "a link is for this call alone; sign in to have calls remembered".to_owned(),
        });
    }
    let mut proof = Proof::None;
    if decision == VoteDecision::Approve {
        match services.approval_step_up(caller, id).await? {
            StepUp::None => {}
            StepUp::MatchCode => {
                let code = form.code.unwrap_or_default();
                proof = Proof::MatchCode(code.trim().to_owned());
            }
            StepUp::Passkey => {
                let (Some(answer), Some(challenge)) = (&form.credential, form.challenge) else {
                    let question = services.passkey_ask_vote(caller, id, &form.seen).await?;
                    let answer = form.other.filter(|it| !it.trim().is_empty()).or(form.answer);
                    return Ok(Decided::Asks(question, Typed { reason: form.reason, answer }));
                };
                let call = (id, form.seen.as_str());
                services.passkey_prove_vote(caller, call, challenge, answer).await?;
                proof = Proof::Passkey;
            }
        }
    }
    let mut answers = [form.other, form.answer].into_iter().flatten();
    let is_given = |text: &String| decision == VoteDecision::Approve && !text.trim().is_empty();
    let answer = answers.find(is_given);
    let mut ballot =
        Ballot::new(decision, Via::Page).because(form.reason).answering(answer).proving(proof);
    ballot.seen = Some(form.seen);
    if let Some((link, _)) = link {
        services.approval_link_take(link).await?;
    }
    let voted = match remember {
        None => services.approval_vote(caller, id, ballot).await,
        Some(remember) => {
            Box::pin(services.approval_vote_remembering(caller, id, ballot, remember)).await
        }
    };
    if let (Err(_), Some((link, _))) = (&voted, link) {
        services.approval_link_give_back(link).await?;
    }
    voted.map(|_| Decided::Counted)
}

/// What an approval has remembered.
fn remembered(
    chosen: Option<&str>,
    decision: VoteDecision,
) -> Result<Option<Remember>, ServiceError> {
    let scope = match (chosen, decision) {
        (None | Some(""), _) | (_, VoteDecision::Decline) => return Ok(None),
        (Some("session"), VoteDecision::Approve) => RememberScope::Session,
        (Some("time"), VoteDecision::Approve) => RememberScope::Time,
        (Some(_), VoteDecision::Approve) => {
            let message = "`remember` is `session` or `time`".to_owned();
            return Err(ServiceError::Invalid { code: "invalid_remember", message });
        }
    };
    Ok(Some(Remember { scope, seconds: None, pattern: None }))
}

/// The card with what is wrong above it.
pub(super) async fn shown_again(
    viewer: &Known,
    id: Uuid,
    headers: &HeaderMap,
    error: ServiceError,
) -> Response {
    let error = ApiError::from(error);
    match viewer.services.approval_page(&viewer.caller, id).await {
        Ok(page) => {
            let status = error.status();
            let key = FormKey::of(headers, viewer.services.base_url());
            Card { page: &page, viewer, key: &key, problem: Some(&error), declines: false }
                .page(status)
        }
        Err(error) => Notice::of(error).page(),
    }
}

/// To the page as it is now: loading it again sends nothing again.
fn see(viewer: &Known, id: Uuid) -> Response {
    let token = viewer.link.as_ref().map(|(_, token)| format!("?token={token}"));
    see_other(&format!("/approval/{id}{}", token.unwrap_or_default()))
}

pub(super) fn see_other(to: &str) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::try_from(to) {
        answer.headers_mut().insert(LOCATION, to);
    }
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

pub(super) async fn sign_in(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return Notice::no_request().page() };
    let (about, to) = (id.to_string(), format!("/approval/{id}"));
    signed_in(&platform, &about, &to, request).await
}

/// Signs a browser in and leads it back to where it came from.
pub(super) async fn signed_in(
    platform: &Platform,
    about: &str,
    to: &str,
    request: Request,
) -> Response {
    let (headers, from) = (request.headers().clone(), client::address(&request));
    let form: SignInForm = match form::read(request).await {
        Ok(form) => form,
        Err(error) => return Notice::of(error).page(),
    };
    if let Err(error) = form::check(platform, &headers, ("", about), &form.form) {
        return Notice::of(error).page();
    }
    let account = form.account.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let sign_in = SignIn { username: form.username, password: form.password.into(), account };
    match platform.sign_in_cookie(&sign_in, from).await {
        Ok(signed_in) => {
            let mut answer = see_other(to);
            let cookie = signed_in.cookie.reveal();
            let cookie = sign_in::set_cookie(platform, cookie, signed_in.lasts.as_secs());
            answer.headers_mut().append(SET_COOKIE, cookie);
            answer
        }
        Err(error) => {
            let problem = ApiError::from(error);
            let key = FormKey::of(&headers, platform.base_url());
            notice::sign_in(&format!("{to}/sign-in"), about, &key, Some(&problem))
        }
    }
}
