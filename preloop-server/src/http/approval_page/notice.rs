//! Pages that say one thing: why there is no request to see, or that one has to sign in.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::Response;
use uuid::Uuid;

use super::form::FormKey;
use crate::http::ApiError;
use crate::http::html::{Html, Scripts};

/// A page that says one thing.
#[derive(Debug)]
pub(super) struct Notice {
    status: StatusCode,
    title: &'static str,
    words: String,
    /// A request that can be opened by signing in.
    sign_in: Option<Uuid>,
    retry_after: Option<u64>,
}

// === impl Notice ===

impl Notice {
    fn new(status: StatusCode, title: &'static str, words: impl Into<String>) -> Self {
        Self { status, title, words: words.into(), sign_in: None, retry_after: None }
    }

    /// There is no such request, or it is not the viewer's to see.
    pub(super) fn no_request() -> Self {
        let words =
            "There is no approval request at this address, or it belongs to another account.";
        Self::new(StatusCode::NOT_FOUND, "No such request", words)
    }

    /// There is no such link.
    pub(super) fn no_link(id: Uuid) -> Self {
        let words = "This is no link of this server's to this request: part of it is missing or was altered.";
        let notice = Self::new(StatusCode::NOT_FOUND, "This link leads nowhere", words);
        Self { sign_in: Some(id), ..notice }
    }

    /// The link was good once.
    pub(super) fn ended_link(id: Uuid) -> Self {
        let words = "This link has ended: the request's time is over, or the person it was made for was removed.";
        let notice = Self::new(StatusCode::GONE, "This link has ended", words);
        Self { sign_in: Some(id), ..notice }
    }

    /// The link is somebody else's.
    pub(super) fn foreign_link(id: Uuid, name: &str) -> Self {
        let words = format!(
            "This link was made for somebody else, and you are signed in as {name}. Open the request as yourself to decide in your own name."
        );
        Self {
            sign_in: Some(id),
            ..Self::new(StatusCode::FORBIDDEN, "This link is not yours", words)
        }
    }

    /// What a service or a check said no to.
    pub(super) fn of(error: impl Into<ApiError>) -> Self {
        let error = error.into();
        let status = error.status();
        if status == StatusCode::NOT_FOUND {
            return Self::no_request();
        }
        let title = match status {
            StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
            StatusCode::SERVICE_UNAVAILABLE => "Not now",
            StatusCode::CONFLICT => "Too late",
            _ => "This was not done",
        };
        let retry_after = error.retry_after();
        Self { retry_after, ..Self::new(status, title, error.detail()) }
    }

    /// The page.
    pub(super) fn page(self) -> Response {
        let mut html = Html::default();
        html.element("h1", self.title).raw("<p>").text(sentence(&self.words)).raw("</p>");
        if let Some(id) = self.sign_in {
            html.raw("<p><a").attribute("href", format!("/approval/{id}"));
            html.raw(">Open the request as yourself</a></p>");
        }
        let mut page = html.page(self.status, self.title, Scripts::None);
        if let Some(seconds) = self.retry_after {
            page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        page
    }

    /// The form with name and password, which leads back to the request.
    pub(super) fn sign_in(id: Uuid, key: &FormKey) -> Response {
        let to = format!("/approval/{id}/sign-in");
        sign_in(&to, &id.to_string(), key, None)
    }
}

/// The form with name and password; what it is about is what its token is for.
pub(super) fn sign_in(
    to: &str,
    about: &str,
    key: &FormKey,
    problem: Option<&ApiError>,
) -> Response {
    let mut html = Html::default();
    html.element("h1", "Sign in to go on");
    if let Some(problem) = problem {
        html.raw("<p class=\"notice\" role=\"alert\">").text(sentence(problem.detail()));
        html.raw("</p>");
    }
    html.raw("<form method=\"post\"").attribute("action", to).raw(">");
    html.hidden_field("form", key.token("", about));
    for (name, label, kind, fill) in [
        ("username", "Name or e-mail address", "text", "username"),
        ("password", "Password", "password", "current-password"),
    ] {
        html.raw("<label").attribute("for", name).raw(">").text(label).raw("</label><input");
        html.attribute("type", kind).attribute("id", name).attribute("name", name);
        html.attribute("autocomplete", fill).raw(" required>");
    }
    html.raw("<label for=\"account\">Account (only where your name is in several)</label>");
    html.raw("<input type=\"text\" id=\"account\" name=\"account\" autocomplete=\"organization\">");
    html.raw("<div class=\"bar\"><button>Sign in</button></div></form>");
    let status = problem.map_or(StatusCode::UNAUTHORIZED, ApiError::status);
    html.page(status, "Sign in", Scripts::None)
}

/// Words of an error as a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
