//! Lists and exports of approval requests.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, send};

#[tokio::test]
async fn requests_are_listed_newest_first_by_page() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for amount in 0..5 {
        ids.push(server.hold("pay", json!({"amount": amount})).await);
    }
    server.approve(&ids[0]).await;
    ids.reverse();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/approvals?limit=2{cursor}");
        let (_, page) = server.owner_get(&path).await;
        for item in page["items"].as_array().unwrap() {
            seen.push(item["id"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let (_, pending) = server.owner_get("/api/v1/approvals?status=pending&tool=pay").await;
    assert_eq!(pending["items"].as_array().unwrap().len(), 4);
    let (_, none) = server.owner_get("/api/v1/approvals?tool=other").await;
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn requests_are_found_by_approver_agent_and_day() {
    let server = TestServer::start().await;
    let alice = server.owner_key("alice").await;
    let named = server.hold("pay_alice", json!({})).await;
    let open = server.hold("pay", json!({"amount": 1})).await;
    let voted = server.hold("pay", json!({"amount": 2})).await;
    let path = format!("/api/v1/approvals/{voted}/approve");
    assert_eq!(send(server.request("POST", &path, &alice)).await.0, StatusCode::OK);
    let found = async |query: &str| {
        let (status, page) = server.owner_get(&format!("/api/v1/approvals?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(found("approver=alice").await, format!("{voted} {open} {named}"));
    assert_eq!(found("approver=owner").await, open, "nobody stands in for alice");
    assert_eq!(found("approver=alice&status=pending&limit=1").await, open);
    assert_eq!(found("agent=agent&tool=pay_alice").await, named);
    assert_eq!(found("agent=other").await, "");
    let (_, shown) = server.owner_get(&format!("/api/v1/approvals/{named}")).await;
    let (day, _) = shown["created_at"].as_str().unwrap().split_once('T').unwrap();
    assert_eq!(found(&format!("start_date={day}&end_date={day}&tool=pay_alice")).await, named);
    assert_eq!(found("end_date=2020-01-31").await, "");
    assert_eq!(found("start_date=2999-01-31").await, "");
    for path in ["/api/v1/approvals", "/api/v1/approvals/export"] {
        let path = format!("{path}?approver=alcie");
        let (status, problem) = server.owner_get(&path).await;
        let refused = (status, &problem["code"]);
        assert_eq!(refused, (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_user")));
        assert!(problem["detail"].as_str().unwrap().contains("did you mean `alice`?"), "{problem}");
        let (status, own) = send(server.request("GET", &path, &server.agent_key)).await;
        let items = own.get("items").unwrap_or(&own);
        assert_eq!((status, items), (StatusCode::OK, &json!([])), "agents learn no names");
        assert_eq!(own.get("next_cursor").unwrap_or(&Value::Null), &Value::Null);
    }
    for bad in ["start_date=yesterday", "end_date=2026-02-30", "status=open"] {
        let (status, problem) = server.owner_get(&format!("/api/v1/approvals?{bad}")).await;
        let is_refused = (status, &problem["code"]);
        assert_eq!(is_refused, (StatusCode::BAD_REQUEST, &json!("invalid_field")), "{bad}");
    }
}

#[tokio::test]
async fn requests_are_exported_whole_and_safe_to_open() {
    let server = TestServer::start().await;
    for amount in 0..90 {
        server.hold("pay", json!({"amount": amount})).await;
    }
    let evil = server.hold("pay", json!({"to": "x"})).await;
    let path = format!("/api/v1/approvals/{evil}/decline");
    server.owner_post(&path, json!({"reason": "=cmd|' /C calc'!A0, \"x\""})).await;
    let fetch = async |path: &str| {
        let answer = server.request("GET", path, &server.owner_key).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(answer.headers().contains_key("content-disposition"));
        (kind, answer.text().await.unwrap())
    };
    let (kind, text) = fetch("/api/v1/approvals/export").await;
    let items: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((kind.as_str(), items.len()), ("application/json", 91));
    let (kind, text) = fetch("/api/v1/approvals/export?format=csv&status=declined").await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("id,state,tool,"), "{text}");
    assert!(lines[1].contains(",declined,pay,"), "{text}");
    assert!(lines[1].contains(r#""{""to"":""x""}""#), "{text}");
    let (_, none) = fetch("/api/v1/approvals/export?tool=none").await;
    assert_eq!(serde_json::from_str::<Value>(&none).unwrap(), json!([]));
    let mine = server.request("GET", "/api/v1/approvals/export?agent=owner", &server.agent_key);
    assert_eq!(send(mine).await.1, json!([]), "an agent gets its own alone");
}
