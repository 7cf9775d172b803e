//! `/passkeys`: the page on which a user registers passkeys and removes them.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use preloop_api::{Passkey, PasskeyQuestion};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::decide::{see_other, signed_in};
use super::form::{self, FormKey};
use super::notice::{self, Notice, sentence};
use super::viewer::{Known, Viewer, known};
use super::{is_looked_at, unseen};
use crate::http::ApiError;
use crate::http::html::{Html, Scripts};
use crate::service::Platform;

const PLACE: &str = "/passkeys";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    form: String,
    name: String,
    password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    form: String,
    name: String,
    challenge: Uuid,
    credential: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    form: String,
    id: Uuid,
}

/// A form, with proof of where it came from.
trait Sent: DeserializeOwned {
    fn form(&self) -> &str;
}

impl Sent for Begin {
    fn form(&self) -> &str {
        &self.form
    }
}

impl Sent for Finish {
    fn form(&self) -> &str {
        &self.form
    }
}

impl Sent for Remove {
    fn form(&self) -> &str {
        &self.form
    }
}

pub(super) async fn show(State(platform): State<Platform>, request: Request) -> Response {
    if !is_looked_at(request.method(), request.headers()) {
        return unseen();
    }
    let headers = request.headers().clone();
    drop(request);
    let key = FormKey::of(&headers, platform.base_url());
    match known(&platform, None, None, &headers, None).await {
        Ok(Viewer::Known(viewer)) => key.kept(&platform, listed(&viewer, &key, None).await),
        Ok(Viewer::Nobody) => {
            let page = notice::sign_in(&format!("{PLACE}/sign-in"), PLACE, &key, None);
            key.kept(&platform, page)
        }
        Err(notice) => notice.page(),
    }
}

pub(super) async fn sign_in(State(platform): State<Platform>, request: Request) -> Response {
    signed_in(&platform, PLACE, PLACE, request).await
}

pub(super) async fn begin(State(platform): State<Platform>, request: Request) -> Response {
    let (viewer, key, sent) = match received::<Begin>(&platform, request).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let asked = viewer.services.passkey_begin(&viewer.caller, &sent.password.into()).await;
    match asked {
        Ok(question) => ask(&viewer, &key, &sent.name, &question),
        Err(error) => listed(&viewer, &key, Some(&error.into())).await,
    }
}

pub(super) async fn finish(State(platform): State<Platform>, request: Request) -> Response {
    let (viewer, key, sent) = match received::<Finish>(&platform, request).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    let Known { services, caller, .. } = &*viewer;
    match services.passkey_finish(caller, sent.challenge, &sent.name, &sent.credential).await {
        Ok(_) => see_other(PLACE),
        Err(error) => listed(&viewer, &key, Some(&error.into())).await,
    }
}

pub(super) async fn remove(State(platform): State<Platform>, request: Request) -> Response {
    let (viewer, key, sent) = match received::<Remove>(&platform, request).await {
        Ok(received) => received,
        Err(page) => return page,
    };
    match viewer.services.passkey_remove(&viewer.caller, sent.id).await {
        Ok(()) => see_other(PLACE),
        Err(error) => listed(&viewer, &key, Some(&error.into())).await,
    }
}

/// A form of this page, from whoever was shown it.
async fn received<T: Sent>(
    platform: &Platform,
    request: Request,
) -> Result<(Box<Known>, FormKey, T), Response> {
    let headers = request.headers().clone();
    let sent: T = form::read(request).await.map_err(|error| Notice::of(error).page())?;
    let viewer = match known(platform, None, None, &headers, None).await {
        Ok(Viewer::Known(viewer)) => viewer,
        Ok(Viewer::Nobody) => return Err(see_other(PLACE)),
        Err(notice) => return Err(notice.page()),
    };
    form::check(platform, &headers, (&viewer.credential, PLACE), sent.form())
        .map_err(|error| Notice::of(error).page())?;
    Ok((viewer, FormKey::of(&headers, platform.base_url()), sent))
}

async fn listed(viewer: &Known, key: &FormKey, problem: Option<&ApiError>) -> Response {
    let passkeys = match viewer.services.passkey_list(&viewer.caller).await {
        Ok(passkeys) => passkeys,
        Err(error) => return Notice::of(error).page(),
    };
    let mut html = Html::default();
    html.element("h1", "Your passkeys");
    if let Some(problem) = problem {
        html.raw("<p class=\"notice\" role=\"alert\">").text(sentence(problem.detail()));
        html.raw("</p>");
    }
    html.raw("<p class=\"soft\">Signed in as ").text(&viewer.caller.principal.name);
    html.raw(". Some rules ask for a passkey with each approval.</p>");
    let token = key.token(&viewer.credential, PLACE);
    for passkey in &passkeys {
        shown(&mut html, passkey, &token);
    }
    if passkeys.is_empty() {
        html.raw("<p>You have none yet.</p>");
    }
    html.raw("<form method=\"post\" action=\"/passkeys/begin\"><section><h2>Register one</h2>");
    html.hidden_field("form", &token);
    html.raw("<label for=\"name\">What to call it</label><input type=\"text\" id=\"name\" name=\"name\" maxlength=\"100\" required>");
    html.raw("<label for=\"password\">Your password</label><input type=\"password\" id=\"password\" name=\"password\" autocomplete=\"current-password\" required>");
    html.raw("</section><div class=\"bar\"><button>Go on</button></div></form>");
    html.page(problem.map_or(StatusCode::OK, ApiError::status), "Your passkeys", Scripts::None)
}

fn shown(html: &mut Html, passkey: &Passkey, token: &str) {
    html.raw("<form method=\"post\" action=\"/passkeys/remove\"><section><strong>")
        .text(&passkey.name);
    html.raw("</strong><p class=\"soft\">Registered at ").text(passkey.created_at);
    if let Some(at) = passkey.used_at {
        html.raw(", used at ").text(at);
    }
    html.raw("</p>").hidden_field("form", token).hidden_field("id", passkey.id);
    html.raw("<button").attribute("aria-label", format!("Remove {}", passkey.name));
    html.raw(">Remove</button></section></form>");
}

fn ask(viewer: &Known, key: &FormKey, name: &str, question: &PasskeyQuestion) -> Response {
    let mut html = Html::default();
    html.element("h1", "Make the passkey");
    html.raw("<form method=\"post\" action=\"/passkeys/finish\" data-passkey=\"create\"");
    html.attribute("data-options", &question.options).raw(">");
    html.hidden_field("form", key.token(&viewer.credential, PLACE)).hidden_field("name", name);
    html.hidden_field("challenge", question.challenge_id).hidden_field("credential", "");
    html.raw("<p>Your browser or phone asks for your fingerprint, face or PIN.</p>");
    html.raw(
        "<noscript><p class=\"notice\">Passkeys need scripts, and this browser runs none.</p>",
    );
    html.raw("</noscript><p role=\"status\"></p><div class=\"bar\">");
    html.raw("<button class=\"approve\">Make it</button></div></form>");
    html.page(StatusCode::OK, "Make the passkey", Scripts::Passkey)
}
