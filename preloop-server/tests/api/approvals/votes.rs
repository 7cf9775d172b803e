//! Votes: by people only, each once, and what comes of them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, send};

#[tokio::test]
async fn of_racing_votes_one_counts() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let votes = (0..50).map(|number| {
        let vote = if number % 2 == 0 { "approve" } else { "decline" };
        server.owner_post_owned(format!("/api/v1/approvals/{id}/{vote}"), json!({}))
    });
    let answers = futures_util::future::join_all(votes).await;
    let counted = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
    let conflicts = answers.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count();
    assert_eq!((counted, conflicts), (1, 49));
    let states = ["approved", "declined"].map(Value::from);
    for (_, body) in answers.iter().filter(|(status, _)| *status == StatusCode::CONFLICT) {
        assert!(states.contains(&body["state"]), "a conflict says how things stand: {body}");
    }
    assert_eq!(server.kinds("&kind=vote").await.len(), 1);
}

#[tokio::test]
async fn an_agent_cannot_vote() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    for vote in ["approve", "decline"] {
        let path = format!("/api/v1/approvals/{id}/{vote}");
        let (status, problem) = server.agent_post(&path, json!({})).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(problem["code"], "agent_cannot_approve");
    }
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{id}")).await;
    assert_eq!((&shown["state"], &shown["votes"]), (&json!("pending"), &json!([])));
    let refusals = server.kinds(&format!("&approval_id={id}&kind=request_refused")).await;
    assert_eq!(refusals.len(), 2);
}

#[tokio::test]
async fn a_declined_call_is_denied_with_the_reason() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 3})).await;
    let path = format!("/api/v1/approvals/{id}/decline");
    let (status, declined) = server.owner_post(&path, json!({"reason": "too much"})).await;
    assert_eq!((status, &declined["state"]), (StatusCode::OK, &json!("declined")));
    assert_eq!(declined["votes"][0]["reason"], "too much");
    let call = json!({"tool": "pay", "args": {"amount": 3}, "approval_id": id});
    let (_, denied) = server.agent_post("/api/v1/decisions", call).await;
    assert_eq!(denied["action"], "deny");
    assert_eq!(denied["message"], "`owner` declined the call: too much");
    let (status, late) = server.approve(&id).await;
    assert_eq!((status, &late["state"]), (StatusCode::CONFLICT, &json!("declined")));
}

#[tokio::test]
async fn reasons_quorum_and_named_approvers_are_enforced() {
    let server = TestServer::start().await;
    let id = server.hold("pay_reasoned", json!({})).await;
    let (status, problem) = server.approve(&id).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["code"], "reason_required");
    let path = format!("/api/v1/approvals/{id}/approve");
    let (_, approved) = server.owner_post(&path, json!({"reason": "seen"})).await;
    assert_eq!(approved["state"], "approved");

    let bob = server.owner_key("bob").await;
    let id = server.hold("pay_two", json!({})).await;
    let (_, first) = server.approve(&id).await;
    assert_eq!(first["state"], "pending", "two are needed");
    let (status, twice) = server.approve(&id).await;
    assert_eq!((status, &twice["code"]), (StatusCode::CONFLICT, &json!("already_voted")));
    let path = format!("/api/v1/approvals/{id}/approve");
    let (_, second) = send(server.request("POST", &path, &bob)).await;
    assert_eq!(second["state"], "approved");
    assert_eq!(second["votes"][1]["by"], "bob");

    let id = server.hold("pay_alice", json!({})).await;
    let path = format!("/api/v1/approvals/{id}/approve");
    let (status, problem) = send(server.request("POST", &path, &bob)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("not_an_approver")));
    let alice = server.owner_key("alice").await;
    let (_, approved) = send(server.request("POST", &path, &alice)).await;
    assert_eq!(approved["state"], "approved");
}

#[tokio::test]
async fn nobody_approves_their_own_call() {
    let server = TestServer::start().await;
    let body = json!({"tool": "pay", "args": {}});
    let (_, held) = server.owner_post("/api/v1/decisions", body).await;
    let id = held["approval"]["id"].as_str().unwrap();
    let (status, problem) = server.approve(id).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("self_approval")));
}

#[tokio::test]
async fn a_waiting_caller_is_woken_by_the_vote() {
    let server = TestServer::start().await;
    let call = json!({"tool": "pay", "args": {"amount": 3}});
    for (vote, action) in [("approve", "allow"), ("decline", "deny")] {
        let waiting = server.agent_post("/api/v1/decisions?wait=60", call.clone());
        let voting = async {
            let pending = server.pending().await;
            server.owner_post(&format!("/api/v1/approvals/{pending}/{vote}"), json!({})).await
        };
        let ((_, answer), (status, _)) = tokio::join!(waiting, voting);
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["action"], action, "{answer}");
    }
}

#[tokio::test]
async fn votes_of_a_batch_are_judged_each_on_its_own() {
    let server = TestServer::start().await;
    let good = server.hold("pay", json!({"amount": 1})).await;
    let reasoned = server.hold("pay_reasoned", json!({})).await;
    let named = server.hold("pay_alice", json!({})).await;
    let no_such = "018f0000-0000-7000-8000-000000000000";
    let votes = json!({"votes": [
        {"id": good, "decision": "approve"},
        {"id": reasoned, "decision": "approve"},
        {"id": reasoned, "decision": "decline", "reason": "no"},
        {"id": named, "decision": "approve"},
        {"id": no_such, "decision": "approve"},
    ]});
    let (status, answer) = server.owner_post("/api/v1/approvals/batch", votes.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items[0]["approval"]["state"], "approved");
    assert_eq!(items[1]["error"]["code"], "reason_required");
    assert_eq!(items[2]["approval"]["state"], "declined");
    assert_eq!(items[3]["error"]["code"], "not_an_approver");
    assert_eq!(items[4]["error"]["code"], "approval_not_found");
    assert_eq!(items[4]["id"], no_such);
    let many: Vec<Value> = (0..101).map(|_| json!({"id": good, "decision": "approve"})).collect();
    let (status, _) = server.owner_post("/api/v1/approvals/batch", json!({"votes": many})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = server.agent_post("/api/v1/approvals/batch", votes).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
