//! The whole arguments of a request: who sees them, what is recorded, and how long they are kept.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::approval_page::{PASSWORD, Visitor, person};
use crate::support::{TestServer, on_both_engines, send};

/// Arguments as an agent may send them: a secret, and a number that no double holds.
const ARGUMENTS: &str =
    r#"{"to": "ann", "amount": 12345678901234567890123, "password": "hunter2"}"#;

/// Makes a request with exactly these arguments; its id.
async fn hold(server: &TestServer, tool: &str, arguments: &str) -> String {
    let body = format!(r#"{{"tool":"{tool}","args":{arguments}}}"#);
    let request = server.request("POST", "/api/v1/decisions", &server.agent_key);
    let request = request.header("content-type", "application/json").body(body);
    let (status, decision) = send(request).await;
    assert_eq!(status, StatusCode::OK, "{decision}");
    decision["approval"]["id"].as_str().unwrap().to_owned()
}

async fn token(server: &TestServer, name: &str) -> String {
    let body = json!({"grant_type": "password", "username": name, "password": PASSWORD});
    let (_, tokens) = server.owner_post("/api/v1/auth/token", body).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn whole(server: &TestServer, id: &str, key: &str) -> (StatusCode, Value) {
    send(server.request("GET", &format!("/api/v1/approvals/{id}?arguments=whole"), key)).await
}

async fn those_who_are_asked_see_all_of_it(server: TestServer) {
    for (name, role) in [("alice", "approver"), ("bob", "approver"), ("vic", "viewer")] {
        person(&server, name, role).await;
    }
    let id = hold(&server, "pay_alice", ARGUMENTS).await;
    let path = format!("/api/v1/approvals/{id}?arguments=whole");
    let answer = server.request("GET", &path, &server.owner_key).send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()["cache-control"]),
        (StatusCode::OK, &"no-store".parse().unwrap())
    );
    let shown: Value = answer.json().await.unwrap();
    assert_eq!(shown["whole_arguments"], ARGUMENTS, "as they were sent, to the last digit");
    assert_eq!(shown["arguments"]["password"], "[redacted]");
    let (status, shown) = whole(&server, &id, &token(&server, "alice").await).await;
    assert_eq!((status, &shown["whole_arguments"]), (StatusCode::OK, &json!(ARGUMENTS)));

    let narrowed =
        json!({"name": "n", "user": "owner", "scopes": ["approvals:read", "approvals:vote"]});
    let (_, narrowed) = server.owner_post("/api/v1/api-keys", narrowed).await;
    let narrowed = narrowed["key"].as_str().unwrap();
    let (bob, vic) = (token(&server, "bob").await, token(&server, "vic").await);
    for (who, code) in [
        (bob.as_str(), "not_an_approver"),
        (vic.as_str(), "permission_denied"),
        (narrowed, "permission_denied"),
        (server.agent_key.as_str(), "permission_denied"),
    ] {
        let (status, problem) = whole(&server, &id, who).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!(code)), "{problem}");
    }
    let other = server.agent_key("bot").await;
    assert_eq!(whole(&server, &id, &other).await.0, StatusCode::NOT_FOUND);
    let (status, problem) =
        server.owner_get(&format!("/api/v1/approvals/{id}?arguments=some")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_field")));

    assert_eq!(server.kinds("&kind=arguments_revealed").await.len(), 2);
    let (_, record) = server.owner_get("/api/v1/audit?kind=arguments_revealed").await;
    let record = &record["items"][0];
    assert_eq!((&record["actor"], &record["approval_id"]), (&json!("alice"), &json!(id)));
    for path in ["", "/export", &format!("/{id}"), &format!("/{id}/history")] {
        let (_, body) = server.owner_get(&format!("/api/v1/approvals{path}")).await;
        assert!(!body.to_string().contains("hunter2"), "{path}");
    }
    let (_, trail) = server.owner_get("/api/v1/audit").await;
    assert!(!trail.to_string().contains("hunter2"));
}

async fn what_is_not_kept_is_said(server: TestServer) {
    let long = format!(r#"{{"password":"hunter2","text":"{}"}}"#, "x".repeat(1024 * 1024));
    let id = hold(&server, "pay", &long).await;
    let (status, problem) = whole(&server, &id, &server.owner_key).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("arguments_not_kept")));
    assert!(problem["detail"].as_str().unwrap().contains("at most 1048576"), "{problem}");
    let plain = hold(&server, "pay", r#"{"amount":3}"#).await;
    let (_, shown) = whole(&server, &plain, &server.owner_key).await;
    assert_eq!(shown["whole_arguments"], r#"{"amount":3}"#, "nothing of it is masked");
    let kinds = server.kinds("&kind=arguments_revealed").await;
    assert_eq!(kinds.len(), 1, "what was not shown is not recorded");
}

async fn they_are_forgotten_a_day_after_the_end(server: TestServer) {
    let (ended, waits) = (hold(&server, "pay", ARGUMENTS).await, r#"{"pin": "1"}"#);
    let path = format!("/api/v1/approvals/{ended}/decline");
    assert_eq!(server.owner_post(&path, json!({})).await.0, StatusCode::OK);
    let clock = server.clock.clone().unwrap();
    clock.advance(Duration::from_hours(23));
    let server = server.restart().await;
    assert_eq!(whole(&server, &ended, &server.owner_key).await.0, StatusCode::OK);
    clock.advance(Duration::from_hours(2));
    let waits = hold(&server, "pay", waits).await;
    // A busy server may not come to it at its first look, and takes half an hour to the next; a start is a look too.
    let mut server = server.restart().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let (status, problem) = whole(&server, &ended, &server.owner_key).await;
        if status == StatusCode::NOT_FOUND {
            assert_eq!(problem["code"], "arguments_not_kept", "{problem}");
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "they are still kept: {problem}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        server = server.restart().await;
    }
    assert_eq!(whole(&server, &waits, &server.owner_key).await.0, StatusCode::OK);
}

async fn the_page_shows_them_once_to_whoever_signed_in(server: TestServer) {
    person(&server, "alice", "approver").await;
    let id = hold(&server, "pay_alice", ARGUMENTS).await;
    let (place, button) = (format!("/approval/{id}"), "Show all of it, once");
    let reveal = format!("{place}/arguments");
    let mut alice = Visitor::to(&server);
    alice.sign_in(&place, "alice").await;
    let (_, page) = alice.get(&place).await;
    assert!(page.contains(button) && !page.contains("hunter2"), "{page}");
    let form = crate::approval_page::field(&page, "form");
    // Only the button of the page: no link leads there, and no other site.
    assert_eq!(alice.get(&reveal).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let sent = alice.send("POST", &reveal, &foreign, Some(&[("form", &form)])).await;
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
    let (status, page) = alice.post(&reveal, &[("form", &"0".repeat(64))]).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{page}");
    assert_eq!(server.kinds("&kind=arguments_revealed").await, Vec::<String>::new());
    let own = [("origin", server.url.as_str()), ("sec-fetch-site", "same-origin")];
    let sent = alice.send("POST", &reveal, &own, Some(&[("form", &form)])).await;
    assert_eq!(
        (sent.status(), &sent.headers()["cache-control"]),
        (StatusCode::OK, &"no-store".parse().unwrap())
    );
    let page = sent.text().await.unwrap();
    assert!(page.contains("hunter2") && page.contains("12345678901234567890123"), "{page}");
    assert!(!page.contains(button) && page.contains(">Approve<"), "{page}");
    let (_, page) = alice.get(&place).await;
    assert!(!page.contains("hunter2"), "looking again masks again");
    assert_eq!(server.kinds("&kind=arguments_revealed").await.len(), 1);
    // A link decides; it does not show what the request masks.
    let address = crate::approval_page::link(&server, "alice", &id).await;
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&address).await;
    assert!(page.contains("Approve once") && !page.contains(button), "{page}");
    let form = crate::approval_page::field(&page, "form");
    assert_eq!(phone.post(&reveal, &[("form", &form)]).await.0, StatusCode::UNAUTHORIZED);
}

on_both_engines! { sqlite, postgres, with_file:
    those_who_are_asked_see_all_of_it,
    what_is_not_kept_is_said,
    the_page_shows_them_once_to_whoever_signed_in,
}

on_both_engines! { sqlite_in_time, postgres_in_time, with_file_and_clock:
    they_are_forgotten_a_day_after_the_end,
}

#[tokio::test]
async fn another_key_opens_them_too() {
    let server = TestServer::start().await;
    let id = hold(&server, "pay", ARGUMENTS).await;
    let (status, rotation) = server.owner_post("/api/v1/secrets/rotate", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{rotation}");
    let (_, shown) = whole(&server, &id, &server.owner_key).await;
    assert_eq!(shown["whole_arguments"], ARGUMENTS);
}
