//! Approval requests from asking to their end, and what one shows of itself.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, send};

#[tokio::test]
async fn an_identical_call_joins_and_another_does_not() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3, "to": "a"})).await;
    assert_eq!(server.hold("pay", json!({"to": "a", "amount": 3})).await, id);
    assert_ne!(server.hold("pay", json!({"to": "b", "amount": 3})).await, id);
    let other = server.agent_key("bot").await;
    let body = json!({"tool": "pay", "args": {"amount": 3, "to": "a"}});
    let (_, held) = send(server.request("POST", "/api/v1/decisions", &other).json(&body)).await;
    assert_ne!(held["approval"]["id"], json!(id), "requests belong to one principal");
    assert_eq!(server.kinds("&kind=approval_joined").await.len(), 1);
}

#[tokio::test]
async fn another_reason_of_an_identical_call_is_told_to_approvers() {
    let server = TestServer::start().await;
    let mut id = String::new();
    for reason in ["the invoice is due", "the invoice is due", "", "the customer is angry"] {
        let body = json!({"tool": "pay", "args": {"amount": 3}, "justification": reason});
        let (_, held) = server.agent_post("/api/v1/decisions", body).await;
        held["approval"]["id"].as_str().unwrap().clone_into(&mut id);
    }
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!(
        (&shown["justification"], &shown["asked_count"]),
        (&json!("the invoice is due"), &json!(4))
    );
    let (_, history) = server.owner_get(&format!("/api/v1/approvals/{id}/history")).await;
    let joins = history["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "joined");
    let said: Vec<&Value> = joins.map(|event| &event["message"]).collect();
    assert_eq!(said, [&Value::Null, &Value::Null, &json!("the customer is angry")]);
}

#[tokio::test]
async fn pending_requests_are_capped() {
    let server = TestServer::start().await;
    for amount in 0..100 {
        server.hold("pay", json!({"amount": amount})).await;
    }
    let denied = server.decide("pay", json!({"amount": 100})).await;
    assert_eq!(denied["action"], "deny");
    assert!(denied["message"].as_str().unwrap().contains("100 of your calls wait"), "{denied}");
    let joined = server.decide("pay", json!({"amount": 99})).await;
    assert_eq!(joined["action"], "require_approval", "joining is no new request");
}

#[tokio::test]
async fn a_request_expires_at_its_time_and_not_before() {
    let server = TestServer::with_clock().await;
    let clock = server.clock.clone().unwrap();
    let id = server.hold("pay", json!({"amount": 3})).await;
    clock.advance(Duration::from_secs(599));
    let path = format!("/api/v1/approvals/{id}");
    assert_eq!(server.owner_get(&path).await.1["state"], "pending");
    clock.advance(Duration::from_secs(1));
    server.eventually(&path, |approval| approval["state"] == "expired").await;
    let (status, late) = server.approve(&id).await;
    assert_eq!((status, &late["state"]), (StatusCode::CONFLICT, &json!("expired")));
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    assert_eq!(server.agent_post("/api/v1/decisions", call).await.1["action"], "deny");
    let kinds = server.kinds(&format!("&approval_id={id}")).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "approval_expired").count(), 1);
}

#[tokio::test]
async fn the_requester_withdraws_and_may_ask_again() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let path = format!("/api/v1/approvals/{id}/cancel");
    let other = server.agent_key("bot").await;
    let (status, _) = send(server.request("POST", &path, &other)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is not theirs");
    let body = json!({"name": "cyd", "role": "approver"});
    let (_, made) = server.owner_post("/api/v1/api-keys", body).await;
    let approver = made["key"].as_str().unwrap();
    let (status, problem) = send(server.request("POST", &path, approver)).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("not_the_requester")),
        "approvers decide"
    );
    let (status, cancelled) = server.agent_post(&path, json!({})).await;
    assert_eq!((status, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
    let (status, again) = server.agent_post(&path, json!({})).await;
    assert_eq!((status, &again["state"]), (StatusCode::CONFLICT, &json!("cancelled")));
    assert_ne!(server.hold("pay", json!({"amount": 3})).await, id);
}

#[tokio::test]
async fn secrets_are_masked_where_people_look() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"to": "x", "password": "hunter2"})).await;
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    let (_, trail) = server.owner_get("/api/v1/audit").await;
    assert!(!shown.to_string().contains("hunter2") && !trail.to_string().contains("hunter2"));
    assert_eq!(shown["arguments"]["to"], "x");
}

#[tokio::test]
async fn a_request_tells_its_history_and_what_was_decided_before() {
    let server = TestServer::start().await;
    let first = server.hold("pay", json!({"amount": 1})).await;
    server.owner_post(&format!("/api/v1/approvals/{first}/decline"), json!({})).await;
    let id = server.hold("pay", json!({"amount": 1})).await;
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    let earlier = &shown["earlier"][0];
    assert_eq!((&earlier["id"], &earlier["state"]), (&json!(first), &json!("declined")));
    assert_eq!((&earlier["is_same_call"], &earlier["by"]), (&json!(true), &json!(["owner"])));
    server.approve(&id).await;
    let path = format!("/api/v1/approvals/{id}/history");
    let (_, history) = server.owner_get(&path).await;
    let kinds: Vec<&Value> =
        history["items"].as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert!(kinds.starts_with(&[&json!("requested")]), "{history}");
    assert!(kinds.ends_with(&[&json!("voted"), &json!("approved")]), "{history}");
    let other = server.agent_key("bot").await;
    assert_eq!(send(server.request("GET", &path, &other)).await.0, StatusCode::NOT_FOUND);
    let own = server.request("GET", &path, &server.agent_key);
    assert_eq!(send(own).await.0, StatusCode::OK);
}
