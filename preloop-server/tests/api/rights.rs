//! Attempts to get more than one has: by narrowed keys, in the name of others, or by leaving in the middle.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{TestServer, client, send};

const PASSWORD: &str = "correct horse battery";

async fn key_for(server: &TestServer, body: Value) -> Value {
    let (status, key) = server.owner_post("/api/v1/api-keys", body).await;
    assert_eq!(status, StatusCode::CREATED, "{key}");
    key
}

fn text(key: &Value) -> &str {
    key["key"].as_str().unwrap()
}

async fn sign_in(server: &TestServer, name: &str, password: &str) -> StatusCode {
    let body = json!({"grant_type": "password", "username": name, "password": password});
    send(client().post(format!("{}/api/v1/auth/token", server.url)).json(&body)).await.0
}

async fn refused(server: &TestServer, path: &str, key: &str, body: Value) {
    let (status, body) = send(server.request("POST", path, key).json(&body)).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::FORBIDDEN, &json!("role_beyond_own")),
        "{path}: {body}"
    );
}

#[tokio::test]
async fn a_narrowed_key_sets_no_password() {
    let server = TestServer::start().await;
    let scopes = json!({"name": "narrow", "scopes": ["keys:own", "policies:read"]});
    let narrow = key_for(&server, scopes).await;
    let password = json!({"new_password": PASSWORD});
    refused(&server, "/api/v1/auth/password", text(&narrow), password).await;
    assert_eq!(sign_in(&server, "owner", PASSWORD).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_votes_in_the_name_of_somebody_who_may_more() {
    let server = TestServer::start().await;
    let admin = key_for(&server, json!({"name": "root", "role": "admin"})).await;
    let voting = json!({"name": "stolen", "user": "owner", "scopes": ["approvals:vote"]});
    refused(&server, "/api/v1/api-keys", text(&admin), voting).await;
    // One that the owner made so, for a script, is not to be taken over either.
    let owners = key_for(&server, json!({"name": "script", "scopes": ["approvals:vote"]})).await;
    let rotate = format!("/api/v1/api-keys/{}/rotate", owners["id"].as_str().unwrap());
    refused(&server, &rotate, text(&admin), json!({})).await;
    let viewer = json!({"name": "looker", "role": "viewer"});
    let (status, made) =
        send(server.request("POST", "/api/v1/api-keys", text(&admin)).json(&viewer)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
}

#[tokio::test]
async fn an_address_that_is_paused_pauses_no_names() {
    let server = TestServer::with_clock().await;
    let clock = server.clock.clone().unwrap();
    let ann = json!({"name": "ann", "role": "viewer", "password": PASSWORD});
    assert_eq!(server.owner_post("/api/v1/users", ann).await.0, StatusCode::CREATED);
    for number in 0..31 {
        sign_in(&server, &format!("nobody-{number}"), "").await;
    }
    for _ in 0..10 {
        assert_eq!(sign_in(&server, "ann", "").await, StatusCode::TOO_MANY_REQUESTS);
    }
    clock.advance(Duration::from_secs(61));
    assert_eq!(sign_in(&server, "ann", PASSWORD).await, StatusCode::OK);
}

#[tokio::test]
async fn a_change_is_whole_though_its_client_leaves() {
    const ROUNDS: usize = 12;
    let server = TestServer::start().await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut keys = Vec::new();
    for (round, micros) in (0..).step_by(200).take(ROUNDS).enumerate() {
        let key = key_for(&server, json!({"name": format!("bot{round}"), "role": "agent"})).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "DELETE /api/v1/api-keys/{} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
            key["id"].as_str().unwrap(),
            server.owner_key
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(micros)).await;
        drop(stream);
        keys.push(key);
    }
    let trail = "/api/v1/audit?kind=key_revoked";
    server.eventually(trail, |page| page["items"].as_array().unwrap().len() == ROUNDS).await;
    for key in keys {
        let (status, _) = send(server.request("GET", "/api/v1/auth/me", text(&key))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "it was revoked");
    }
}

#[tokio::test]
async fn an_invitation_that_was_taken_is_told_though_its_client_leaves() {
    const ROUNDS: usize = 4;
    let server = TestServer::start().await;
    let address = server.url.strip_prefix("http://").unwrap();
    for round in 0..ROUNDS {
        let (_, made) = server.owner_post("/api/v1/invitations", json!({"role": "viewer"})).await;
        let body = json!({
            "token": made["token"], "name": format!("user{round}"), "password": PASSWORD,
        });
        let (body, mut stream) = (body.to_string(), TcpStream::connect(address).await.unwrap());
        let head = format!(
            "POST /api/v1/auth/invitation HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // While the password is hashed.
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(stream);
    }
    let trail = "/api/v1/audit?kind=invitation_accepted";
    server.eventually(trail, |page| page["items"].as_array().unwrap().len() == ROUNDS).await;
}

#[tokio::test]
async fn a_repetition_is_of_the_same_condition_and_gets_the_same_tag() {
    let server = TestServer::without_file(None).await;
    let policy = |name: &str| format!("version: '1.0'\nmetadata: {{name: {name}}}\n");
    let import = async |text: String, kind: &str, condition: Option<&str>| {
        let request = server.request("POST", "/api/v1/policies/import", &server.owner_key);
        let request =
            request.header("idempotency-key", "k").header("content-type", kind.to_owned());
        let request = match condition {
            Some(condition) => request.header("if-match", condition.to_owned()),
            None => request,
        };
        let response = request.body(text).send().await.unwrap();
        let tag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (response.status(), tag, response.text().await.unwrap())
    };
    let yaml = "application/yaml";
    let first = import(policy("a"), yaml, None).await;
    assert_eq!(first.0, StatusCode::OK, "{}", first.2);
    assert!(first.1.is_some());
    assert_eq!(import(policy("a"), yaml, None).await, first, "as before, its tag too");
    for (kind, condition) in [(yaml, Some("\"sha256:0\"")), ("text/yaml", None)] {
        let (status, _, problem) = import(policy("a"), kind, condition).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(problem.contains("idempotency_key_reused"), "{problem}");
    }
}

#[tokio::test]
async fn answers_are_what_they_say() {
    let server = TestServer::start().await;
    for path in ["/healthz", "/docs", "/api/v1/auth/me", "/nowhere"] {
        let answer = server.request("GET", path, &server.owner_key).send().await.unwrap();
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    }
}
