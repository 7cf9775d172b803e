//! Deciding calls over HTTP.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestServer, send};

#[tokio::test]
async fn calls_are_allowed_denied_and_held() {
    let server = TestServer::start().await;
    let allowed = server.decide("read", json!({"path": "/tmp/x"})).await;
    assert_eq!(allowed["action"], "allow");
    assert_eq!(allowed["reason"], "rule_matched");
    assert_eq!(allowed["policy"]["name"], "test");
    assert!(allowed.get("approval").is_none());
    let denied = server.decide("read", json!({"path": "/etc/passwd"})).await;
    assert_eq!(
        (&denied["action"], &denied["message"]),
        (&json!("deny"), &json!("stay out of /etc"))
    );
    assert_eq!(denied["rule"]["path"], "tools[0].conditions[0]");
    let held = server.decide("pay", json!({"amount": 3})).await;
    assert_eq!(held["action"], "require_approval");
    assert_eq!(held["approval_workflow"], "people");
    let url = held["approval"]["api_url"].as_str().unwrap();
    let (status, approval) = send(reqwest_get(&server, url)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(approval["state"], "pending");
    assert_eq!(approval["arguments"], json!({"amount": 3}));
    assert_eq!(server.kinds("&kind=decision").await.len(), 3);
}

#[tokio::test]
async fn a_reason_that_is_no_text_is_refused() {
    let server = TestServer::start().await;
    let call = json!({"tool": "why", "args": {}, "justification": 7});
    let (status, problem) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_field")));
    assert_eq!(problem["errors"][0]["path"], "justification");
    let (_, page) = server.owner_get("/api/v1/audit?kind=decision").await;
    assert_eq!(page["items"], json!([]));
}

fn reqwest_get(server: &TestServer, url: &str) -> reqwest::RequestBuilder {
    let path = url.strip_prefix(&server.url).unwrap();
    server.request("GET", path, &server.agent_key)
}

#[tokio::test]
async fn the_server_says_who_when_and_what_came_before() {
    let server = TestServer::start().await;
    let call = json!({
        "tool": "look_back", "args": {},
        "principal": {"name": "owner"}, "now": "2000-01-01T00:00:00Z",
        "session": {"id": "s", "calls": [{"tool": "read"}]},
    });
    let (_, first) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(first["action"], "allow", "earlier calls are the server's to say: {first}");
    let read = json!({"tool": "read", "args": {"path": "/tmp"}, "session": {"id": "s"}});
    server.agent_post("/api/v1/decisions", read).await;
    let (_, second) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!((&second["action"], &second["message"]), (&json!("deny"), &json!("read before")));
    let (_, page) = server.owner_get("/api/v1/audit?kind=decision&limit=1").await;
    assert_eq!(page["items"][0]["principal"]["name"], "agent");
    assert!(page["items"][0]["at"].as_str().unwrap() > "2026");
}

#[tokio::test]
async fn a_batch_decides_each_call_on_its_own() {
    let server = TestServer::start().await;
    let calls = json!({"calls": [
        {"tool": "read", "args": {"path": "/tmp"}},
        {"tol": "read"},
        {"tool": "drop"},
        {"tool": "pay", "args": {"amount": 1}},
        {"tool": "pay", "args": {"amount": 1}, "approval_id": "018f0000-0000-7000-8000-000000000000"},
    ]});
    let (status, answer) = server.agent_post("/api/v1/decisions/batch", calls).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let items = answer["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|item| item["action"].as_str()).collect();
    assert_eq!(actions, [Some("allow"), None, Some("deny"), Some("require_approval"), None]);
    assert_eq!(items[1]["error"]["code"], "invalid_field");
    assert_eq!(items[4]["error"]["code"], "approval_not_found");
    let many = json!({"calls": vec![json!({"tool": "read"}); 101]});
    let (status, _) = server.agent_post("/api/v1/decisions/batch", many).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(server.kinds("&kind=decision").await.len(), 3);
}

#[tokio::test]
async fn big_numbers_bind_the_approval_exactly() {
    let server = TestServer::start().await;
    let post = |digits: &str| {
        let body = format!(r#"{{"tool": "pay", "args": {{"amount": {digits}}}}}"#);
        send(
            server
                .request("POST", "/api/v1/decisions", &server.agent_key)
                .header("content-type", "application/json")
                .body(body),
        )
    };
    let (_, first) = post("9007199254740993").await;
    let (_, second) = post("9007199254740992").await;
    assert_ne!(first["approval"]["id"], second["approval"]["id"]);
    let (_, huge) = post("123456789012345678901234567890").await;
    let (_, other) = post("123456789012345678901234567891").await;
    assert_ne!(huge["approval"]["id"], other["approval"]["id"]);
}
