//! The pages of people: who may look, what decides, and how it looks in a browser.

mod browser;
mod decide;
mod links;
mod passkeys;
mod replicas;

use std::sync::Arc;

use preloop_core::Timestamp;
use preloop_server::clock::MockClock;
use preloop_testbed::Database;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::TestServer;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A policy with each kind of step-up, and words that try to be more.
pub(crate) const POLICY: &str = "
version: '1.0'
metadata: {name: shop}
approval_workflows:
- {name: people, timeout_seconds: 600, require_reason: false}
- {name: coded, timeout_seconds: 600, step_up: match_code}
- {name: keyed, timeout_seconds: 600, step_up: passkey}
- {name: two, timeout_seconds: 600, required_approvals: 2}
tools:
- name: refund
  approval_workflow: people
  justification: optional
  conditions:
  - {name: large refund, expression: 'args.amount > 50 && args.order.startsWith(\"8\")', action: require_approval}
- {name: pay_coded, approval_workflow: coded}
- {name: pay_keyed, approval_workflow: keyed}
- {name: pay_two, approval_workflow: two}
- {name: ask_user, source: builtin, approval_workflow: people}
";

impl TestServer {
    /// A server with that policy, on its own SQLite or on a PostgreSQL.
    pub(crate) async fn of_shop(database: Option<Database>) -> Self {
        Self::configured(POLICY, None, database, |_| ()).await
    }

    /// The same with a clock that stands still until the test moves it.
    async fn of_shop_with_clock(database: Option<Database>) -> Self {
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        Self::configured(POLICY, Some(Arc::new(MockClock::at(start))), database, |_| ()).await
    }
}

/// A browser without eyes: it keeps cookies, follows nothing and runs nothing.
pub(crate) struct Visitor {
    client: Client,
    url: String,
    cookies: Vec<(String, String)>,
}

impl Visitor {
    pub(crate) fn to(server: &TestServer) -> Self {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let _ = crate::support::client();
        Self { client: client.build().unwrap(), url: server.url.clone(), cookies: Vec::new() }
    }

    pub(crate) async fn get(&mut self, place: &str) -> (StatusCode, String) {
        self.ask("GET", place, &[]).await
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        place: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let response = self.send(method, place, headers, None).await;
        (response.status(), response.text().await.unwrap())
    }

    /// Sends a form as the page of this server would.
    pub(crate) async fn post(
        &mut self,
        place: &str,
        fields: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let (url, same) = (self.url.clone(), "same-origin");
        let headers = [("origin", url.as_str()), ("sec-fetch-site", same)];
        let response = self.send("POST", place, &headers, Some(fields)).await;
        let to = response.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
        (response.status(), to.unwrap_or(response.text().await.unwrap()))
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        place: &str,
        headers: &[(&str, &str)],
        form: Option<&[(&str, &str)]>,
    ) -> Response {
        let mut request =
            self.client.request(method.parse().unwrap(), format!("{}{place}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header(COOKIE, cookies.join("; "));
        if let Some(form) = form {
            let body: Vec<String> =
                form.iter().map(|(n, v)| format!("{n}={}", encoded(v))).collect();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.join("&"));
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        response
    }

    /// Signs in at a page, as a person does.
    pub(crate) async fn sign_in(&mut self, place: &str, name: &str) {
        let (status, page) = self.get(place).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{page}");
        let fields = [("form", &*field(&page, "form")), ("username", name), ("password", PASSWORD)];
        let (status, to) = self.post(&format!("{place}/sign-in"), &fields).await;
        assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, place));
    }
}

/// Makes a user of that role; its id.
pub(crate) async fn person(server: &TestServer, name: &str, role: &str) -> String {
    let body = json!({"name": name, "role": role, "password": PASSWORD});
    let (status, user) = server.owner_post("/api/v1/users", body).await;
    assert_eq!(status, StatusCode::CREATED, "{user}");
    user["id"].as_str().unwrap().to_owned()
}

/// The address of a new link of a user to a request, without the server's.
pub(crate) async fn link(server: &TestServer, name: &str, id: &str) -> String {
    let body = json!({"grant_type": "password", "username": name, "password": PASSWORD});
    let (status, tokens) = server.owner_post("/api/v1/auth/token", body).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    let token = tokens["access_token"].as_str().unwrap();
    let made = server.request("POST", &format!("/api/v1/approvals/{id}/link"), token);
    let (status, made) = crate::support::send(made).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    made["url"].as_str().unwrap().strip_prefix(&server.url).unwrap().to_owned()
}

/// The value of a field of a page's form.
pub(crate) fn field(page: &str, name: &str) -> String {
    let lead = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&lead).unwrap_or_else(|| panic!("no `{name}` in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// What the form of a request's page carries, whatever is typed.
pub(crate) fn carried(page: &str) -> Vec<(&'static str, String)> {
    ["form", "seen", "token"]
        .into_iter()
        .filter(|name| page.contains(&format!("name=\"{name}\"")))
        .map(|name| (name, field(page, name)))
        .collect()
}

pub(crate) async fn state(server: &TestServer, id: &str) -> String {
    approval(server, id).await["state"].as_str().unwrap().to_owned()
}

pub(crate) async fn approval(server: &TestServer, id: &str) -> Value {
    let (status, approval) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{approval}");
    approval
}

pub(crate) fn with<'f>(
    carried: &'f [(&'static str, String)],
    more: &[(&'f str, &'f str)],
) -> Vec<(&'f str, &'f str)> {
    let carried = carried.iter().map(|(name, value)| (*name, value.as_str()));
    carried.chain(more.iter().copied()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
