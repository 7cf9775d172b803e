//! Accounts: what belongs to one is not there for another.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, client, send};

const PASSWORD: &str = "correct horse battery";

/// Another account, and an access token of its owner.
async fn foreigner(server: &TestServer) -> String {
    let body = json!({"name": "acme", "owner": {"name": "ann", "password": PASSWORD}});
    let (status, account) = server.owner_post("/api/v1/accounts", body.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{account}");
    let (status, problem) = server.owner_post("/api/v1/accounts", body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("account_name_taken")));
    let body = json!({
        "grant_type": "password", "username": "ann", "password": PASSWORD, "account": "acme",
    });
    let request = client().post(format!("{}/api/v1/auth/token", server.url)).json(&body);
    let (status, tokens) = send(request).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn made(server: &TestServer, path: &str, body: Value) -> String {
    let (status, made) = server.owner_post(path, body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ids_of_another_account_are_not_there() {
    let server = TestServer::start().await;
    let token = foreigner(&server).await;
    let user = made(&server, "/api/v1/users", json!({"name": "bob", "role": "viewer"})).await;
    let team = made(&server, "/api/v1/teams", json!({"name": "payments"})).await;
    let agent = made(&server, "/api/v1/agents", json!({"name": "bot"})).await;
    let key = made(&server, "/api/v1/api-keys", json!({"name": "k", "role": "agent"})).await;
    let invitation = made(&server, "/api/v1/invitations", json!({"role": "viewer"})).await;
    let approval = server.hold("pay", json!({"amount": 1})).await;
    let ids = [
        ("users", &user),
        ("teams", &team),
        ("agents", &agent),
        ("api-keys", &key),
        ("invitations", &invitation),
        ("approvals", &approval),
    ];
    let (_, description) = server.owner_get("/openapi.json").await;
    let mut walked = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let Some((_, id)) =
            ids.iter().find(|(noun, _)| path.starts_with(&format!("/api/v1/{noun}/{{id}}")))
        else {
            continue;
        };
        let path = path.replace("{id}", id).replace("{member}", &user);
        for (method, operation) in methods.as_object().unwrap() {
            let request = server.request(&method.to_uppercase(), &path, &token);
            let body = if path.ends_with("/password") {
                json!({"new_password": PASSWORD})
            } else {
                json!({})
            };
            let has_body = operation.get("requestBody").is_some();
            let request = if has_body { request.json(&body) } else { request };
            let (status, problem) = send(request).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {problem}");
            walked += 1;
        }
    }
    assert!(walked > 20, "{walked}");
    // All of it is as it was.
    let (_, team) = server.owner_get(&format!("/api/v1/teams/{team}")).await;
    assert_eq!(team["members"], json!([]));
    assert_eq!(server.approve(&approval).await.0, StatusCode::OK);
}

#[tokio::test]
async fn lists_and_trails_hold_the_own_account_alone() {
    let server = TestServer::start().await;
    let token = foreigner(&server).await;
    server.hold("pay", json!({"amount": 1})).await;
    for (path, count) in [
        ("/api/v1/users", 1),
        ("/api/v1/teams", 0),
        ("/api/v1/agents", 0),
        ("/api/v1/api-keys", 0),
        ("/api/v1/approvals", 0),
        ("/api/v1/audit?kind=decision,approval_requested", 0),
        ("/api/v1/decisions", 0),
    ] {
        let (status, page) = send(server.request("GET", path, &token)).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{path}: {page}");
    }
    let (_, report) = send(server.request("GET", "/api/v1/audit/verify", &token)).await;
    assert_eq!(report["is_valid"], true, "{report}");
    // No document of the first account decides here, and only its owners make accounts.
    let body = json!({"tool": "read", "args": {"path": "/tmp/x"}});
    let decide = server.request("POST", "/api/v1/decisions", &token).json(&body);
    assert_eq!(send(decide).await.1["reason"], "policy_unavailable");
    let body = json!({"name": "more", "owner": {"name": "eve", "password": PASSWORD}});
    let more = server.request("POST", "/api/v1/accounts", &token).json(&body);
    assert_eq!(send(more).await.1["code"], "operator_only");
    let closed = client().post(format!("{}/api/v1/auth/register", server.url)).json(&body);
    assert_eq!(send(closed).await.1["code"], "registration_closed");
}

#[tokio::test]
async fn a_key_can_be_narrowed_rotated_and_ended() {
    let server = TestServer::with_clock().await;
    let clock = server.clock.clone().unwrap();
    let body = json!({
        "name": "ci", "agent": "bot", "scopes": ["decisions:make"], "flow": "nightly",
        "expires_at": "2026-11-21T13:00:00Z",
    });
    let (status, made) = server.owner_post("/api/v1/api-keys", body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap());
    let decide = async |key: &str| {
        let body = json!({"tool": "read", "args": {"path": "/tmp/x"}});
        send(server.request("POST", "/api/v1/decisions", key).json(&body)).await.0
    };
    let first = made["key"].as_str().unwrap();
    assert_eq!(decide(first).await, StatusCode::OK);
    let tools = send(server.request("GET", "/api/v1/tools", first)).await.0;
    assert_eq!(tools, StatusCode::FORBIDDEN, "it is narrowed");
    let rotate = json!({"grace_seconds": 60});
    let (_, rotated) = server.owner_post_owned(format!("{path}/rotate"), rotate).await;
    let second = rotated["key"].as_str().unwrap();
    assert_eq!((decide(first).await, decide(second).await), (StatusCode::OK, StatusCode::OK));
    clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(decide(first).await, StatusCode::UNAUTHORIZED, "the grace is over");
    let (_, again) = server.owner_post_owned(format!("{path}/rotate"), json!({})).await;
    assert_eq!(decide(second).await, StatusCode::UNAUTHORIZED, "without grace it ends at once");
    let third = again["key"].as_str().unwrap();
    assert_eq!(decide(third).await, StatusCode::OK);
    clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(decide(third).await, StatusCode::UNAUTHORIZED, "it has ended");
    for (body, code) in [
        (json!({"name": "a", "role": "agent", "scopes": ["audit:read"]}), "scope_beyond_role"),
        (
            json!({"name": "a", "role": "agent", "expires_at": "2020-01-01T00:00:00Z"}),
            "invalid_expiry",
        ),
        (json!({"name": "b", "user": "owner", "flow": "x"}), "invalid_flow"),
        (json!({"name": "a", "agent": "x", "user": "y"}), "invalid_holder"),
        (json!({"name": "a", "user": "nobody"}), "unknown_user"),
    ] {
        let (_, problem) = server.owner_post("/api/v1/api-keys", body).await;
        assert_eq!(problem["code"], code, "{problem}");
    }
}
