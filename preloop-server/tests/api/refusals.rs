//! Every refusal with its status and its code; those of known callers are in the trail.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestServer, send};

async fn check(request: reqwest::RequestBuilder, status: StatusCode, code: &str) {
    let response = request.send().await.unwrap();
    let kind = response.headers().get("content-type").cloned();
    let challenge = response.headers().contains_key("www-authenticate");
    let found = response.status();
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!((found, &body["code"]), (status, &json!(code)), "{body}");
    assert_eq!(kind.unwrap(), "application/problem+json");
    assert_eq!(body["status"], status.as_u16());
    assert_eq!(body["type"], format!("urn:preloop:problem:{code}"));
    assert_eq!(challenge, status == StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn keys_are_asked_for() {
    let server = TestServer::start().await;
    let anonymous = crate::support::client().get(format!("{}/api/v1/approvals", server.url));
    check(anonymous, StatusCode::UNAUTHORIZED, "unauthorized").await;
    for key in [
        "",
        "pla_wrong",
        &server.agent_key.replace("pla_", "plo_"),
        &format!("{}0", server.owner_key),
    ] {
        let request = server.request("GET", "/api/v1/approvals", key);
        check(request, StatusCode::UNAUTHORIZED, "unauthorized").await;
    }
    let basic = crate::support::client()
        .get(format!("{}/api/v1/approvals", server.url))
        .basic_auth("owner", Some(&server.owner_key));
    check(basic, StatusCode::UNAUTHORIZED, "unauthorized").await;
}

#[tokio::test]
async fn foreign_names_and_pages_are_refused() {
    let server = TestServer::start().await;
    let get = || server.request("GET", "/api/v1/approvals", &server.owner_key);
    let host = get().header("host", "evil.example");
    check(host, StatusCode::FORBIDDEN, "host_not_allowed").await;
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://"] {
        let page = get().header("origin", origin);
        check(page, StatusCode::FORBIDDEN, "origin_not_allowed").await;
    }
    for origin in ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]"] {
        let (status, _) = send(get().header("origin", origin)).await;
        assert_eq!(status, StatusCode::OK, "{origin}");
    }
    let (status, _) = send(get().header("host", "localhost:1")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(server.kinds("&kind=request_refused").await.len(), 5);
}

#[tokio::test]
async fn routes_and_methods_that_are_not_there() {
    let server = TestServer::start().await;
    let key = &server.owner_key;
    let not_found = StatusCode::NOT_FOUND;
    check(server.request("GET", "/api/v2/decisions", key), not_found, "route_not_found").await;
    check(server.request("GET", "/nothing", key), not_found, "route_not_found").await;
    let not_allowed = StatusCode::METHOD_NOT_ALLOWED;
    let request = server.request("DELETE", "/api/v1/decisions", key);
    check(request, not_allowed, "method_not_allowed").await;
    let request = server.request("GET", "/api/v1/approvals/x/approve", key);
    check(request, not_allowed, "method_not_allowed").await;
    for (path, code) in [
        ("/api/v1/approvals/x", "approval_not_found"),
        ("/api/v1/approvals/018f0000-0000-7000-8000-000000000000", "approval_not_found"),
    ] {
        check(server.request("GET", path, key), not_found, code).await;
    }
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let server = TestServer::start().await;
    let path = "/api/v1/decisions";
    let post = |body: &str| {
        server
            .request("POST", path, &server.agent_key)
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    let bad = StatusCode::BAD_REQUEST;
    for (body, code) in [
        ("{", "invalid_json"),
        ("{} {}", "invalid_json"),
        ("[]", "invalid_body"),
        ("{}", "invalid_field"),
        (r#"{"tool": "x", "tool": "y"}"#, "duplicate_key"),
        (r#"{"tool": "x", "args": {"a": {"b": 1, "b": 2}}}"#, "duplicate_key"),
        (r#"{"tool": "x", "args": []}"#, "invalid_field"),
        (r#"{"tool": "x", "arguments": {}}"#, "invalid_field"),
        (r#"{"tool": "x", "approval_id": "y"}"#, "invalid_field"),
        (r#"{"tool": "x", "now": "yesterday"}"#, "invalid_field"),
    ] {
        check(post(body), bad, code).await;
    }
    let deep = format!(r#"{{"tool":"x","args":{}1{}}}"#, r#"{"a":"#.repeat(200), "}".repeat(200));
    check(post(&deep), bad, "invalid_json").await;
    let typed = server.request("POST", path, &server.agent_key).body(r#"{"tool": "x"}"#);
    check(typed, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type").await;
    let big = format!(r#"{{"tool": "x", "args": {{"a": "{}"}}}}"#, "x".repeat(4 * 1024 * 1024));
    check(post(&big), StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").await;
    let (status, body) = send(post(r#"{"tool": "x", "args": {"a": {"b": 1, "b": 2}}}"#)).await;
    assert_eq!(status, bad);
    assert_eq!((&body["errors"][0]["line"], &body["errors"][0]["column"]), (&json!(1), &json!(38)));
    let refused = server.kinds("&kind=request_refused").await;
    assert!(refused.len() >= 6, "refusals of known callers are recorded: {refused:?}");
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let server = TestServer::start().await;
    for (path, code) in [
        ("/api/v1/approvals?status=open", "invalid_field"),
        ("/api/v1/approvals?limit=0", "invalid_field"),
        ("/api/v1/approvals?limit=201", "invalid_field"),
        ("/api/v1/approvals?limit=many", "invalid_query"),
        ("/api/v1/approvals?stat=pending", "invalid_query"),
        ("/api/v1/approvals?cursor=x", "invalid_field"),
        ("/api/v1/audit?kind=nothing", "invalid_field"),
        ("/api/v1/audit?from=yesterday", "invalid_field"),
        ("/api/v1/audit?order=up", "invalid_field"),
        ("/api/v1/audit?action=maybe", "invalid_field"),
        ("/api/v1/policies/export?format=toml", "invalid_field"),
    ] {
        let request = server.request("GET", path, &server.owner_key);
        check(request, StatusCode::BAD_REQUEST, code).await;
    }
    let wait = server.request("POST", "/api/v1/decisions?wait=61", &server.agent_key);
    check(wait.json(&json!({"tool": "x"})), StatusCode::BAD_REQUEST, "invalid_field").await;
}

#[tokio::test]
async fn an_agent_administers_nothing() {
    let server = TestServer::start().await;
    let key = &server.agent_key;
    for (method, path) in [
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/audit/verify"),
        ("GET", "/api/v1/decisions"),
        ("GET", "/api/v1/api-keys"),
        ("GET", "/api/v1/mcp-servers"),
        ("GET", "/api/v1/policies/export"),
        ("DELETE", "/api/v1/api-keys/018f0000-0000-7000-8000-000000000000"),
    ] {
        check(server.request(method, path, key), StatusCode::FORBIDDEN, "permission_denied").await;
    }
    for (path, body) in [
        ("/api/v1/api-keys", json!({"name": "x", "role": "owner"})),
        ("/api/v1/tools/accept", json!({"server": "x", "tool": "y"})),
        ("/api/v1/policies/evaluate", json!({"call": {"tool": "x"}})),
    ] {
        let request = server.request("POST", path, key).json(&body);
        check(request, StatusCode::FORBIDDEN, "permission_denied").await;
    }
}

#[tokio::test]
async fn a_list_is_no_object() {
    let server = TestServer::start().await;
    let request = server.request("POST", "/api/v1/api-keys", &server.owner_key);
    let request = request.json(&json!(["a name", "agent"]));
    check(request, StatusCode::BAD_REQUEST, "invalid_body").await;
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let server = TestServer::start().await;
    let get = |path: &str| server.request("GET", path, &server.owner_key);
    let good =
        get("/api/v1/approvals").header("x-request-id", "build-7/step:2").send().await.unwrap();
    assert_eq!(good.headers()["x-request-id"], "build-7/step:2");
    let long = "x".repeat(129);
    for given in ["", "two words", "quote\"", long.as_str()] {
        let answer = get("/nothing").header("x-request-id", given).send().await.unwrap();
        let made = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(
            (&problem["code"], &problem["request_id"]),
            (&json!("route_not_found"), &json!(made))
        );
    }
    let foreign = get("/healthz").header("host", "evil.example").header("x-request-id", "abc");
    let (_, problem) = send(foreign).await;
    assert_eq!(problem["request_id"], "abc");
}
