//! Uses of approvals: bound to the exact call and its principal, and good for it once.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, send};

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
    assert_ne!(shown["used_at"], Value::Null);
    assert_eq!(
        server.kinds(&format!("&approval_id={id}")).await,
        [
            "decision",
            "approval_requested",
            "vote",
            "approval_approved",
            "decision",
            "request_refused",
        ]
    );
}

#[tokio::test]
async fn of_racing_uses_one_wins() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let uses = (0..20).map(|_| server.agent_post("/api/v1/decisions", call.clone()));
    let answers = futures_util::future::join_all(uses).await;
    let allowed = answers.iter().filter(|(_, body)| body["action"] == "allow").count();
    let refused = answers.iter().filter(|(_, body)| body["code"] == "approval_used").count();
    assert_eq!((allowed, refused), (1, 19), "{answers:?}");
}

#[tokio::test]
async fn an_approval_belongs_to_its_principal_and_its_call() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    let other = server.agent_key("bot").await;
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let (status, problem) =
        send(server.request("POST", "/api/v1/decisions", &other).json(&call)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("approval_not_found")));
    let path = format!("/api/v1/approvals/{id}");
    let (status, _) = send(server.request("GET", &path, &other)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, list) = send(server.request("GET", "/api/v1/approvals", &other)).await;
    assert_eq!(list["items"], json!([]));
    for changed in [
        json!({"tool": "pay", "args": {"amount": 4}, "approval_id": id}),
        json!({"tool": "pay", "source": "mcp", "args": {"amount": 3}, "approval_id": id}),
        json!({"tool": "pay_two", "args": {"amount": 3}, "approval_id": id}),
    ] {
        let (status, problem) = server.agent_post("/api/v1/decisions", changed).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        assert_eq!(problem["code"], "approval_mismatch");
    }
    let (_, allowed) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(allowed["action"], "allow", "the attempts of others did not use it up");
}

#[tokio::test]
async fn a_repeated_call_uses_its_approval_without_naming_it() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    assert_eq!(server.decide("pay", json!({"amount": 3})).await["reason"], "granted");
    let again = server.decide("pay", json!({"amount": 3})).await;
    assert_eq!(again["action"], "require_approval", "one approval is good for one call");
    assert_ne!(again["approval"]["id"], json!(id));
}

#[tokio::test]
async fn an_approval_that_is_not_used_lapses() {
    let server = TestServer::with_clock().await;
    let clock = server.clock.clone().unwrap();
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    clock.advance(Duration::from_mins(10));
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let (_, denied) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(denied["action"], "deny", "{denied}");
    let path = format!("/api/v1/approvals/{id}");
    server.eventually(&path, |approval| approval["state"] == "expired").await;
}

#[tokio::test]
async fn the_live_policy_decides_again_when_an_approval_is_used() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    server.approve(&id).await;
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let policy = |entry: &str| {
        format!(
            "version: '1.0'\nmetadata: {{name: changed}}\n\
             approval_workflows: [{{name: people}}, {{name: other}}]\ntools: [{entry}]\n"
        )
    };
    server.replace_policy(&policy("{name: pay, enabled: false}")).await;
    let (_, denied) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!((&denied["action"], &denied["reason"]), (&json!("deny"), &json!("tool_disabled")));
    server.replace_policy(&policy("{name: pay, approval_workflow: other}")).await;
    let (_, anew) = server.agent_post("/api/v1/decisions", call.clone()).await;
    assert_eq!(anew["action"], "require_approval", "{anew}");
    assert_ne!(anew["approval"]["id"], json!(id), "another workflow asks anew");
    server.replace_policy(&policy("{name: pay, approval_workflow: people, description: x}")).await;
    let (_, allowed) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(allowed["action"], "allow", "the same workflow goes on: {allowed}");
}
