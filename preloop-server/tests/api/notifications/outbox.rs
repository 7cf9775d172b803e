//! Deliveries: who is told, what is tried again, what is given up and sent anew, and what never is sent.

use std::sync::Arc;
use std::time::Duration;

use preloop_server::clock::MockClock;
use preloop_testbed::{Database, HttpAnswer};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::stand::{ends, person, wait_for};
use crate::support::TestServer;

fn deliveries(state: &str) -> String {
    format!("/api/v1/notification-deliveries?state={state}")
}

#[tokio::test]
async fn every_place_and_every_person_is_told_once() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let _ann = person(&server, "ann", "approver").await;
    let _eve = person(&server, "eve", "viewer").await;
    let id = server.hold("pay", json!({"amount": 7, "api_key": "hunter2"})).await;
    let hooks = wait_for(&ends.hook, 1).await;
    let body = hooks[0].json();
    assert_eq!(body["type"], "approval.requested");
    assert_eq!(body["id"], format!("{id}.1"));
    assert_eq!(body["data"]["approval"]["id"], id.as_str());
    assert_eq!(hooks[0].header("x-team"), "ops");
    assert!(hooks[0].header("x-preloop-signature").starts_with("t="));
    let [mail] = &ends.mails(1).await[..] else { panic!("one may vote and has an address") };
    assert_eq!(mail.to, ["ann@corp.example"]);
    assert!(mail.part("text/plain").contains(&format!("/approval/{id}")));
    assert_eq!(wait_for(&ends.slack, 1).await[0].json()["channel"], "C1");
    assert_eq!(wait_for(&ends.mattermost, 1).await[0].json()["channel_id"], "room1");
    let all = format!("{}&approval_id={id}", deliveries("sent"));
    let sent = server.eventually(&all, |page| page["items"].as_array().unwrap().len() == 4).await;
    assert!(!sent.to_string().contains("hunter2") && !sent.to_string().contains("whsec"));
    // An identical call joins the request, and nobody is told again.
    server.hold("pay", json!({"amount": 7, "api_key": "hunter2"})).await;
    let (status, _) = server.approve(&id).await;
    assert_eq!(status, StatusCode::OK);
    let hooks = wait_for(&ends.hook, 2).await;
    assert_eq!(hooks[1].json()["type"], "approval.approved");
    assert_eq!(hooks[1].json()["data"]["approval"]["state"], "approved");
    // The messages in both rooms are changed.
    let slack = wait_for(&ends.slack, 2).await;
    assert_eq!(slack[1].path, "/api/chat.update");
    assert!(slack[1].json()["text"].as_str().unwrap().starts_with("Approved by owner"));
    let mattermost = wait_for(&ends.mattermost, 2).await;
    assert_eq!(mattermost[1].path, "/api/v4/posts/post1/patch");
    assert_eq!(ends.mail.mails().len(), 1);
    let (_, history) = server.owner_get(&format!("/api/v1/approvals/{id}/history")).await;
    assert!(history.to_string().contains("email to ann"), "{history}");
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_given_up_and_sent_anew() {
    let ends = ends();
    let clock = Arc::new(MockClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
    let policy = ends.policy();
    let server =
        TestServer::configured(&policy, Some(Arc::clone(&clock)), None, |it| ends.configure(it))
            .await;
    ends.hook.answer(500, "");
    let id = server.hold("pay", json!({"amount": 1})).await;
    for attempt in 1..=14 {
        let hooks = wait_for(&ends.hook, attempt).await;
        assert_eq!(hooks[attempt - 1].header("x-preloop-attempt"), attempt.to_string());
        let path = format!("{}&approval_id={id}", deliveries("pending"));
        let is_noted = |page: &Value| {
            let of_hook = page["items"].as_array().unwrap().iter();
            of_hook.filter(|item| item["channel"] == "webhook").all(|item| {
                item["error"] == "the receiver answered 500" && item["attempts"] == attempt
            })
        };
        server.eventually(&path, is_noted).await;
        clock.advance(Duration::from_hours(1));
    }
    let dead = server
        .eventually(&deliveries("dead"), |page| {
            let items = page["items"].as_array().unwrap();
            items.iter().any(|item| item["attempts"] == 14)
        })
        .await;
    let hook = dead["items"].as_array().unwrap().iter().find(|item| item["event"] == "requested");
    let delivery = hook.unwrap()["id"].as_str().unwrap().to_owned();
    let before = ends.hook.requests().len();
    ends.hook.answer(200, "");
    let path = format!("/api/v1/notification-deliveries/{delivery}/replay");
    let (status, _) = server.owner_post(&path, json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let hooks = wait_for(&ends.hook, before + 1).await;
    assert_eq!(hooks.last().unwrap().header("x-preloop-delivery-id"), delivery);
    server.eventually(&deliveries("sent"), |page| page.to_string().contains(&delivery)).await;
    let (status, problem) = server.owner_post(&path, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert_eq!(problem["code"], "delivery_not_dead");
    let kinds = server.kinds("&kind=notification_replayed").await;
    assert_eq!(kinds, ["notification_replayed"]);
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody_else_and_no_call() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    person(&server, "ann", "approver").await;
    ends.hook.answer(0, "");
    let begun = tokio::time::Instant::now();
    for amount in 0..12 {
        server.hold("pay", json!({"amount": amount})).await;
    }
    ends.mails(12).await;
    wait_for(&ends.slack, 12).await;
    let waited = begun.elapsed();
    // One attempt at the webhook takes ten seconds, and three turns of four would be needed.
    assert!(waited < Duration::from_secs(25), "{waited:?}");
    assert!(ends.hook.requests().len() <= 8, "few of a receiver at once");
}

#[tokio::test]
async fn what_redirects_into_the_private_network_gets_nothing() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let there = ends.proxy.url("/internal");
    ends.hook.answer_by(move |_| HttpAnswer {
        headers: vec![("location", there.clone())],
        ..HttpAnswer::new(302, "")
    });
    server.hold("pay", json!({"amount": 1})).await;
    let dead = server.eventually(&deliveries("dead"), |page| page["items"][0] != Value::Null).await;
    assert!(dead["items"][0]["error"].as_str().unwrap().contains("redirects are not followed"));
    assert_eq!(ends.proxy.requests().len(), 0);
}

#[tokio::test]
async fn a_document_of_the_api_tells_no_private_address_and_keeps_its_secrets_sealed() {
    let ends = ends();
    let server = TestServer::configured("", None, None, |it| {
        ends.configure(it);
        it.allow_private_upstreams = false;
    })
    .await;
    let apply = json!({"policy": ends.policy()});
    let (status, applied) = server.owner_post("/api/v1/policies/import", apply.clone()).await;
    assert!(status.is_success(), "{applied}");
    server.hold("pay", json!({"amount": 1})).await;
    let dead = server.eventually(&deliveries("dead"), |page| page["items"][0] != Value::Null).await;
    let error = dead["items"][0]["error"].as_str().unwrap();
    assert!(error.contains("is not a public address"), "{error}");
    assert_eq!(ends.hook.requests().len(), 0);
    // With the operator's leave it is signed by the secret that was sealed when the document came.
    let server = TestServer::configured("", None, None, |it| ends.configure(it)).await;
    server.owner_post("/api/v1/policies/import", apply).await;
    server.hold("pay", json!({"amount": 2})).await;
    let hooks = wait_for(&ends.hook, 1).await;
    assert!(hooks[0].header("x-preloop-signature").contains(",v1="));
}

#[tokio::test]
async fn who_is_added_by_an_escalation_is_told_then_and_nobody_twice() {
    let ends = ends();
    let clock = Arc::new(MockClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
    let policy = ends.policy();
    let server =
        TestServer::configured(&policy, Some(Arc::clone(&clock)), None, |it| ends.configure(it))
            .await;
    person(&server, "ann", "approver").await;
    person(&server, "bob", "approver").await;
    person(&server, "cat", "approver").await;
    server.hold("wait", json!({})).await;
    assert_eq!(ends.mails(1).await[0].to, ["ann@corp.example"]);
    clock.advance(Duration::from_secs(61));
    let mails = ends.mails(2).await;
    assert_eq!(mails[1].to, ["bob@corp.example"]);
    assert_eq!(mails[0].header("References"), mails[1].header("References"));
    assert!(mails[1].header("Subject").contains("Still waiting"));
}

#[tokio::test]
async fn what_is_settled_before_it_is_sent_is_dropped() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    person(&server, "ann", "approver").await;
    ends.mail.answer_recipients("451 later");
    let id = server.hold("note", json!({})).await;
    let path = format!("{}&approval_id={id}", deliveries("pending"));
    server.eventually(&path, |page| page["items"][0]["error"] != Value::Null).await;
    server.approve(&id).await;
    ends.mail.take_recipients();
    let path = format!("{}&approval_id={id}", deliveries("dropped"));
    let dropped = server.eventually(&path, |page| page["items"][0] != Value::Null).await;
    assert_eq!(dropped["items"][0]["error"], "the request was settled before");
    assert_eq!(ends.mail.mails().len(), 0);
}

#[tokio::test]
async fn a_database_that_is_away_loses_nothing() {
    let ends = ends();
    let database = Database::create();
    let policy = ends.policy();
    let taken = database.clone();
    let server =
        TestServer::configured(&policy, None, Some(database), |it| ends.configure(it)).await;
    ends.hook.answer(503, "");
    server.hold("pay", json!({"amount": 1})).await;
    wait_for(&ends.hook, 1).await;
    taken.take_away();
    tokio::time::sleep(Duration::from_secs(3)).await;
    ends.hook.answer(200, "");
    taken.bring_back();
    let is_sent = |page: &Value| page.to_string().contains("webhook");
    server.eventually(&deliveries("sent"), is_sent).await;
}
