//! The trail: complete, in order, and nobody edits it unseen.

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::TestServer;

#[tokio::test]
async fn records_tell_who_what_and_why() {
    let server = TestServer::start().await;
    let body = json!({
        "tool": "read", "source": "builtin", "args": {"path": "/etc/x"}, "justification": "curious",
    });
    let (_, decided) = server.agent_post("/api/v1/decisions", body).await;
    let (_, page) = server.owner_get("/api/v1/audit?kind=decision").await;
    let record = &page["items"][0];
    assert_eq!(record["principal"]["name"], "agent");
    assert_eq!(record["enforcement_point"], "http");
    assert_eq!(record["tool"], "read");
    assert_eq!(record["source"], "builtin");
    assert_eq!(record["arguments"], json!({"path": "/etc/x"}));
    assert_eq!(record["decision"]["message"], "stay out of /etc");
    assert_eq!(record["decision_id"], decided["id"]);
    assert_eq!(record["at"], decided["at"]);
    assert_eq!(record["message"], "curious");
    assert!(record["call_hash"].as_str().unwrap().starts_with("sha256:"));
}

#[tokio::test]
async fn the_trail_is_filtered_and_paged() {
    let server = TestServer::start().await;
    for number in 0..7 {
        let path = if number % 2 == 0 { "/tmp" } else { "/etc" };
        server.decide("read", json!({"path": path, "n": number})).await;
    }
    server.decide("drop", json!({})).await;
    let count = |query: &'static str| {
        let server = &server;
        async move { server.kinds(query).await.len() }
    };
    assert_eq!(count("&action=deny").await, 4);
    assert_eq!(count("&action=deny&tool=read").await, 3);
    assert_eq!(count("&principal=agent").await, 8);
    assert_eq!(count("&principal=owner").await, 0);
    assert_eq!(count("&from=2000-01-01T00:00:00Z&kind=decision").await, 8);
    assert_eq!(count("&to=2000-01-01T00:00:00Z").await, 0);
    for order in ["asc", "desc"] {
        let mut seqs: Vec<u64> = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/audit?order={order}&limit=3{cursor}");
            let (_, page) = server.owner_get(&path).await;
            let items = page["items"].as_array().unwrap();
            seqs.extend(items.iter().map(|item| item["seq"].as_u64().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if order == "desc" {
            seqs.reverse();
        }
        let all: Vec<u64> = (1..=seqs.len() as u64).collect();
        assert_eq!(seqs, all, "every record once, without gaps");
    }
}

#[tokio::test]
async fn decisions_are_exported_as_call_lines() {
    let server = TestServer::start().await;
    server.decide("read", json!({"path": "/tmp"})).await;
    server.decide("drop", json!({})).await;
    let (_, first) = server.owner_get("/api/v1/decisions?limit=1").await;
    assert_eq!(first["items"][0]["tool"], "read");
    assert_eq!(first["items"][0]["args"], json!({"path": "/tmp"}));
    assert_eq!(first["items"][0]["decision"]["action"], "allow");
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = server.owner_get(&format!("/api/v1/decisions?cursor={cursor}")).await;
    assert_eq!(second["items"][0]["decision"]["reason"], "tool_disabled");
    assert_eq!(second["next_cursor"], Value::Null);
}

/// Runs an edit on the database behind the server's back, and says what verification finds.
async fn after_edit(server: &TestServer, sql: &'static str) -> Value {
    let path = format!("sqlite:{}", server.database().display());
    let mut connection = sqlx::SqliteConnection::connect(&path).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (status, verification) = server.owner_get("/api/v1/audit/verify").await;
    assert_eq!(status, StatusCode::OK);
    verification
}

#[tokio::test]
async fn any_edit_of_the_trail_is_found() {
    let edits = [
        ("update audit_record set body = replace(body, 'stay out', 'come in') where seq = 3", 3),
        ("update audit_record set tool = 'write' where seq = 3", 3),
        ("update audit_record set at = at + 1 where seq = 3", 3),
        ("update audit_record set action = 'allow' where seq = 3", 3),
        ("update audit_record set kind = 'vote' where seq = 3", 3),
        ("delete from audit_record where seq = 3", 4),
        ("delete from audit_record where seq = 5", 5),
        ("update audit_head set hash = 'sha256:00'", 5),
        ("delete from audit_head", 5),
        (
            "insert into audit_record select account_id, -1, 'x', at, kind, principal_id, tool,
                action, decision_id, approval_id, body from audit_record where seq = 3",
            0,
        ),
        (
            "update audit_record set seq = -1 where seq = 3;
             update audit_record set seq = 3 where seq = 4;
             update audit_record set seq = 4 where seq = -1;",
            3,
        ),
    ];
    for (sql, seq) in edits {
        let server = TestServer::start().await;
        for _ in 0..4 {
            server.decide("read", json!({"path": "/etc/x"})).await;
        }
        let (_, sound) = server.owner_get("/api/v1/audit/verify").await;
        assert_eq!((&sound["is_valid"], &sound["records"]), (&json!(true), &json!(5)), "{sound}");
        assert_eq!(sound["head"]["seq"], 5);
        let broken = after_edit(&server, sql).await;
        assert_eq!(broken["is_valid"], false, "{sql}");
        assert_eq!(broken["problems"][0]["seq"], seq, "{sql}: {broken}");
    }
}

/// Whoever cuts the trail and its note off must not get a sound one by waiting for the next record.
#[tokio::test]
async fn a_trail_that_was_emptied_never_looks_sound_again() {
    for cut in ["delete from audit_record where seq > 3", "delete from audit_record"] {
        let mut server = TestServer::start().await;
        for _ in 0..4 {
            server.decide("read", json!({"path": "/etc/x"})).await;
        }
        server.kinds("").await;
        server.stop().await;
        let path = format!("sqlite:{}", server.database().display());
        let mut connection = sqlx::SqliteConnection::connect(&path).await.unwrap();
        sqlx::raw_sql(cut).execute(&mut connection).await.unwrap();
        sqlx::raw_sql("delete from audit_head").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let server = TestServer::on(std::sync::Arc::clone(&server.folder), None).await;
        server.decide("read", json!({"path": "/etc/x"})).await;
        let (status, verification) = server.owner_get("/api/v1/audit/verify").await;
        assert_eq!((status, &verification["is_valid"]), (StatusCode::OK, &json!(false)), "{cut}");
    }
}
