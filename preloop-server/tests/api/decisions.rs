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
    let url = held["approval"]["url"].as_str().unwrap();
    let (status, approval) = send(reqwest_get(&server, url)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(approval["state"], "pending");
    assert_eq!(approval["arguments"], json!({"amount": 3}));
    assert_eq!(server.kinds("&kind=decision").await.len(), 3);
}

fn reqwest_get(server: &TestServer, url: &str) -> reqwest::RequestBuilder {
    let path = url.strip_prefix(&server.url).unwrap();
    server.request("GET", path, &server.agent_key)
}
