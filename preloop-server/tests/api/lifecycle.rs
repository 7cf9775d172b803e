//! Restarts, crashes and a store that does not answer.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use sqlx::Connection as _;

use crate::support::TestServer;

#[tokio::test]
async fn approvals_and_trail_survive_a_restart() {
    let server = TestServer::start().await;
    let pending = server.hold("pay", json!({"amount": 1})).await;
    let approved = server.hold("pay", json!({"amount": 2})).await;
    server.approve(&approved).await;
    let before = server.kinds("").await;
    let server = server.restart().await;
    let after = server.kinds("").await;
    assert_eq!(&after[..before.len()], &before[..]);
    assert_eq!(server.hold("pay", json!({"amount": 1})).await, pending);
    assert_eq!(server.decide("pay", json!({"amount": 2})).await["reason"], "granted");
    let (_, verification) = server.owner_get("/api/v1/audit/verify").await;
    assert_eq!(verification["is_valid"], true);
}

#[tokio::test]
async fn a_locked_database_stops_approvals_and_not_decisions() {
    let server = TestServer::start().await;
    let id = server.hold("pay", json!({"amount": 1})).await;
    server.kinds("").await;
    let path = format!("sqlite:{}", server.database().display());
    let mut lock = sqlx::SqliteConnection::connect(&path).await.unwrap();
    sqlx::raw_sql("begin immediate").execute(&mut lock).await.unwrap();
    let started = Instant::now();
    for number in 0..50 {
        let decided = server.decide("read", json!({"path": "/tmp", "n": number})).await;
        assert_eq!(decided["action"], "allow");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "decisions wait for nothing");
    let body = json!({"tool": "pay", "args": {"amount": 2}});
    let (held, voted) =
        tokio::join!(server.agent_post("/api/v1/decisions", body), server.approve(&id));
    for (status, problem) in [held, voted] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        assert_eq!(problem["code"], "unavailable");
    }
    sqlx::raw_sql("rollback").execute(&mut lock).await.unwrap();
    lock.close().await.unwrap();
    assert_eq!(server.kinds("&kind=decision&tool=read").await.len(), 50, "and nothing is lost");
    let (status, _) = server.approve(&id).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_caller_that_waits_is_answered_when_the_server_stops() {
    let mut server = TestServer::start().await;
    let body = json!({"tool": "pay", "args": {"amount": 1}});
    let waiting =
        server.request("POST", "/api/v1/decisions?wait=60", &server.agent_key).json(&body);
    let waiting = tokio::spawn(crate::support::send(waiting));
    server.pending().await;
    let started = Instant::now();
    server.stop().await;
    let (status, answer) = waiting.await.unwrap();
    assert_eq!((status, &answer["action"]), (StatusCode::OK, &json!("require_approval")));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn health_and_metrics_are_told() {
    let server = TestServer::start().await;
    server.decide("read", json!({"path": "/tmp"})).await;
    server.decide("drop", json!({})).await;
    let (status, health) = server.owner_get("/healthz").await;
    assert_eq!((status, &health["status"]), (StatusCode::OK, &json!("ok")));
    let (status, ready) = server.owner_get("/readyz").await;
    assert_eq!((status, &ready["status"]), (StatusCode::OK, &json!("ready")), "{ready}");
    let response = server.request("GET", "/metrics", "").send().await.unwrap();
    let text = response.text().await.unwrap();
    for line in [
        "preloop_decisions_total{action=\"allow\"} 1",
        "preloop_decisions_total{action=\"deny\"} 1",
        "preloop_held_calls 0",
        "preloop_decision_seconds_count 2",
    ] {
        assert!(text.contains(line), "`{line}` is missing in {text}");
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_and_not_done_again() {
    let server = TestServer::start().await;
    let post = |key: &str, body: serde_json::Value| {
        server
            .request("POST", "/api/v1/decisions", &server.agent_key)
            .header("idempotency-key", key)
            .json(&body)
    };
    let body = json!({"tool": "read", "args": {"path": "/tmp"}});
    let first = post("a", body.clone()).send().await.unwrap();
    assert!(!first.headers().contains_key("idempotency-replayed"));
    let first: serde_json::Value = first.json().await.unwrap();
    let second = post("a", body.clone()).send().await.unwrap();
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(second.json::<serde_json::Value>().await.unwrap(), first);
    let (status, problem) =
        crate::support::send(post("a", json!({"tool": "read", "args": {"path": "/x"}}))).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("idempotency_key_reused"))
    );
    let (_, other) = crate::support::send(post("b", body)).await;
    assert_ne!(other["id"], first["id"]);
    assert_eq!(server.kinds("&kind=decision").await.len(), 2);

    let make = || {
        server
            .request("POST", "/api/v1/api-keys", &server.owner_key)
            .header("idempotency-key", "k")
            .json(&json!({"name": "bot", "role": "agent"}))
    };
    let (status, created) = crate::support::send(make()).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, replayed) = crate::support::send(make()).await;
    assert_eq!((status, &replayed["code"]), (StatusCode::CONFLICT, &json!("key_shown_once")));
    let stored = std::fs::read(server.database()).unwrap();
    let key = created["key"].as_str().unwrap().as_bytes();
    assert!(!stored.windows(key.len()).any(|bytes| bytes == key));
}

#[tokio::test]
async fn records_that_the_database_never_took_come_in_at_the_next_start() {
    let mut server = TestServer::start().await;
    server.kinds("").await;
    let path = format!("sqlite:{}", server.database().display());
    let mut lock = sqlx::SqliteConnection::connect(&path).await.unwrap();
    sqlx::raw_sql("begin immediate").execute(&mut lock).await.unwrap();
    for number in 0..20 {
        server.decide("read", json!({"path": "/tmp", "n": number})).await;
    }
    server.stop().await;
    sqlx::raw_sql("rollback").execute(&mut lock).await.unwrap();
    lock.close().await.unwrap();
    let server = TestServer::on(std::sync::Arc::clone(&server.folder), None).await;
    assert_eq!(server.kinds("&kind=decision").await.len(), 20);
    let server = server.restart().await;
    assert_eq!(server.kinds("&kind=decision").await.len(), 20, "each of them once");
    let (_, verification) = server.owner_get("/api/v1/audit/verify").await;
    assert_eq!(verification["is_valid"], true);
}

#[tokio::test]
async fn a_damaged_line_of_the_journal_is_told_in_the_trail() {
    let mut server = TestServer::start().await;
    server.kinds("").await;
    server.stop().await;
    let journal = server.folder.path().join("journal");
    let file = std::fs::OpenOptions::new().append(true).open(journal.join("000000000001.jsonl"));
    std::io::Write::write_all(&mut file.unwrap(), b"XXXX not a record\n").unwrap();
    let server = TestServer::on(std::sync::Arc::clone(&server.folder), None).await;
    assert_eq!(server.kinds("&kind=journal_damaged").await.len(), 1);
    let kept = std::fs::read_to_string(journal.join("damaged.log")).unwrap();
    assert_eq!(kept, "XXXX not a record\n");
}

/// An editor that writes in pieces passes through documents that are valid and say less.
#[tokio::test]
async fn a_document_that_is_still_being_written_does_not_count() {
    let server = TestServer::start().await;
    let half = "version: '1.0'\nmetadata: {name: written}\n";
    std::fs::write(server.policy_path(), half).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.decide("drop", json!({})).await["action"], "deny", "the last good one holds");
    let whole = format!("{half}tools: [{{name: drop, enabled: false}}]\n");
    std::fs::write(server.policy_path(), whole).unwrap();
    server.eventually("/readyz", |ready| ready["policy"]["name"] == "written").await;
    let loaded = server.kinds("&kind=policy_loaded").await;
    assert_eq!(loaded.len(), 2, "the start and the whole document");
}
