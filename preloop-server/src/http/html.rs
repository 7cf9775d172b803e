//! Pages for people: text is escaped where it is written, and answers say what a page may load and who may keep it.

use std::fmt::Display;
use std::sync::LazyLock;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use preloop_core::visible::is_hidden;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

/// What a page may load: its own style, and where it says so this server's script.
static POLICIES: LazyLock<[HeaderValue; 2]> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    ["", "script-src 'self'; "].map(|scripts| {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; {scripts}form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    })
});

/// A page under construction.
#[derive(Debug, Default)]
pub(crate) struct Html {
    text: String,
}

// === impl Html ===

impl Html {
    /// Adds markup, which must not hold text from outside.
    pub(crate) fn raw(&mut self, html: &str) -> &mut Self {
        self.text.push_str(html);
        self
    }

    /// Adds text on one line: hidden characters and line ends are shown, not obeyed.
    pub(crate) fn text(&mut self, text: impl Display) -> &mut Self {
        let text = text.to_string();
        for c in preloop_core::visible::visible(&text).chars() {
            self.escaped(c);
        }
        self
    }

    /// Adds text with the line ends that it has.
    pub(crate) fn lines(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            if c == '\n' {
                self.text.push('\n');
            } else if is_hidden(c) {
                self.text(c);
            } else {
                self.escaped(c);
            }
        }
        self
    }

    /// Adds an element that holds text.
    pub(crate) fn element(&mut self, name: &'static str, text: impl Display) -> &mut Self {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">")
    }

    /// Adds an attribute of the tag that is open.
    pub(crate) fn attribute(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// Adds a field that nobody sees.
    pub(crate) fn hidden_field(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.raw("<input type=\"hidden\"").attribute("name", name).attribute("value", value);
        self.raw(">")
    }

    fn escaped(&mut self, c: char) {
        match c {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            '"' => self.text.push_str("&quot;"),
            '\'' => self.text.push_str("&#39;"),
            other => self.text.push(other),
        }
    }

    /// The page around it as an answer.
    pub(crate) fn page(self, status: StatusCode, title: &str, scripts: Scripts) -> Response {
        let mut page = Self::default();
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.raw("<meta name=\"robots\" content=\"noindex\">\n").element("title", title);
        page.raw("\n<style>").raw(STYLE).raw("</style>\n");
        if scripts == Scripts::Passkey {
            page.raw("<script src=\"/assets/passkey.js\" defer></script>\n");
        }
        page.raw("</head>\n<body>\n<main>\n").raw(&self.text).raw("\n</main>\n</body>\n</html>\n");
        let [plain, scripted] = &*POLICIES;
        let policy = if scripts == Scripts::Passkey { scripted } else { plain };
        let mut response = (status, page.text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        guard_page(headers);
        response
    }
}

/// Which scripts a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    /// None at all.
    None,
    /// The one that asks the browser for a passkey.
    Passkey,
}

/// Nobody keeps, finds or frames the page, and no other site learns its address.
///
/// `same-origin` and not `no-referrer`: with that, browsers say of the page's own forms that they come from nowhere.
pub(crate) fn guard_page(headers: &mut http::HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let own = HeaderName::from_static;
    headers.insert(own("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    headers.insert(own("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(own("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut html = Html::default();
        html.text("<b onclick='x'>&\"\u{202e}\n").lines("a\n<i>\u{202e}").attribute("id", "\"><");
        assert_eq!(
            html.text,
            "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;\\u{202e}\\na\n&lt;i&gt;\\u{202e} id=\"&quot;&gt;&lt;\""
        );
    }
}
