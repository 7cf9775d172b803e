//! Approval requests: bound to the exact call, used at most once, voted on by people only.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestServer;

#[tokio::test]
async fn an_approved_call_is_allowed_exactly_once() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let call = json!({"tool": "pay", "args": {"amount": 3.0}, "approval_id": id});
    let (_, waiting) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(waiting["action"], "require_approval", "pending: the same answer again");
    assert_eq!(waiting["approval"]["id"], json!(id));
    let (status, approval) = server.approve(&id).await;
    assert_eq!((status, &approval["state"]), (StatusCode::OK, &json!("approved")));
    let (status, allowed) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(status, StatusCode::OK, "{allowed}");
    assert_eq!((&allowed["action"], &allowed["reason"]), (&json!("allow"), &json!("granted")));
    let (status, used) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!((status, &used["code"]), (StatusCode::CONFLICT, &json!("approval_used")));
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!(shown["outcome"], "handed_over");
    assert!(shown["used_at"] != Value::Null);
    assert_eq!(
        server.kinds(&format!("&approval_id={id}")).await,
        ["decision", "approval_requested", "vote", "approval_approved", "decision"]
    );
}
