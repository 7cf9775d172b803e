//! Credentials that are stored: used when a server is dialled, and found nowhere else.

use std::path::Path;

use preloop_server::config::SecretKeyText;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::fixture::http::{HttpFixture, Mood};
use crate::fixture::stdio;
use crate::stand::Stand;

async fn send(stand: &Stand, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let method = method.parse().unwrap();
    let request = stand.http.request(method, stand.url(path)).bearer_auth(stand.owner_key());
    let response = request.json(&body).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

async fn set(stand: &Stand, server: &str, body: Value) -> Value {
    let path = format!("/api/v1/mcp-servers/{server}/credentials");
    let (status, answer) = send(stand, "PUT", &path, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn until(stand: &Stand, server: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    stand
        .eventually(&format!("the wanted state of {server}"), async || {
            let page = stand.get("/api/v1/mcp-servers").await;
            let all = page["items"].as_array().unwrap().clone();
            all.into_iter().find(|entry| entry["name"] == server && is_wanted(entry))
        })
        .await
}

/// Every file below a folder that holds the text.
pub(crate) fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_credentials_are_used_at_dial_and_found_nowhere() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let local = stdio::entry("local", &log).replace("\"${HOME}\"", "{redacted: true}");
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}{local}",
        web.entry("web", "    auth_type: bearer\n")
    ))
    .await;
    let is_failed = |entry: &Value| entry["state"] == "failed";
    let state = until(&stand, "web", is_failed).await;
    let words = state["last_error"].as_str().unwrap();
    assert!(words.contains("no credential is stored for `auth_config.token`"), "{words}");
    until(&stand, "local", is_failed).await;

    let stored = set(&stand, "WEB", json!({"auth_config": {"token": "hunter2-first"}})).await;
    assert_eq!(stored["items"][0]["field"], "auth_config.token");
    assert_eq!(stored["items"][0]["is_readable"], true);
    let is_connected = |entry: &Value| entry["state"] == "connected";
    until(&stand, "web", is_connected).await;
    set(&stand, "local", json!({"env": {"DECLARED": "hunter2-local"}})).await;
    until(&stand, "local", is_connected).await;
    let started = std::fs::read_to_string(&log).unwrap();
    assert!(started.contains("environment hunter2-local"), "{started}");

    // A call that is on its way is answered although the credentials change meanwhile.
    let agent = Agent::open(&stand, "/mcp/web").await;
    let (slow, ()) = tokio::join!(agent.told("slow", json!({"steps": 1, "ms": 1500})), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        set(&stand, "web", json!({"auth_config": {"token": "hunter2-second"}})).await;
        assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
    });
    assert_eq!(slow, ("done".to_owned(), false));
    let bearer = |text: &str| {
        web.seen().iter().any(|seen| seen.get("authorization").is_some_and(|value| value == text))
    };
    stand
        .eventually("a dial with the second token", async || {
            bearer("Bearer hunter2-second").then_some(())
        })
        .await;
    assert!(bearer("Bearer hunter2-first"));

    let before = std::fs::read_to_string(stand.folder.path().join("data/secret.key")).unwrap();
    let (status, rotation) = send(&stand, "POST", "/api/v1/secrets/rotate", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{rotation}");
    assert_eq!(
        (&rotation["resealed"], &rotation["is_from_environment"]),
        (&json!(2), &json!(false))
    );
    let after = std::fs::read_to_string(stand.folder.path().join("data/secret.key")).unwrap();
    assert!(before != after && after.lines().count() == 1, "the old key is gone");
    let listed = stand.get("/api/v1/mcp-servers/web/credentials").await;
    assert_eq!(listed["items"][0]["is_readable"], true);
    let audit = stand.get("/api/v1/audit?limit=1000").await.to_string();
    assert!(audit.contains("secret_set") && audit.contains("secrets_rotated"));
    for answer in [&audit, &listed.to_string(), &rotation.to_string()] {
        assert!(!answer.contains("hunter2"), "{answer}");
    }
    assert_eq!(holding(stand.folder.path(), "hunter2"), Vec::<String>::new());

    let path = "/api/v1/mcp-servers/web/credentials";
    assert_eq!(send(&stand, "DELETE", path, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(stand.get(path).await["items"], json!([]));
    until(&stand, "web", is_failed).await;
    stand.audited("secret_forgotten", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_set_at_one_server_are_used_by_the_others() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let database = preloop_testbed::Database::create();
    let sections = format!("mcp_servers:\n{}", web.entry("web", "    auth_type: bearer\n"));
    let start = async || {
        Stand::start_with(&sections, |config| {
            config.database_url = Some(database.url());
            config.secret_key = Some(SecretKeyText::new("5a".repeat(32)));
        })
        .await
    };
    let (here, there) = (start().await, start().await);
    let is = |state: &'static str| move |entry: &Value| entry["state"] == state;
    until(&there, "web", is("failed")).await;
    set(&here, "web", json!({"auth_config": {"token": "hunter2-first"}})).await;
    until(&there, "web", is("connected")).await;
    let path = "/api/v1/mcp-servers/web/credentials";
    assert_eq!(send(&here, "DELETE", path, json!({})).await.0, StatusCode::NO_CONTENT);
    until(&there, "web", is("failed")).await;
    set(&here, "web", json!({"auth_config": {"token": "hunter2-second"}})).await;
    until(&there, "web", is("connected")).await;
    let agent = Agent::open(&there, "/mcp/web").await;
    assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
    let last = web.seen().last().and_then(|seen| seen.get("authorization").cloned());
    assert_eq!(last.unwrap(), "Bearer hunter2-second");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_credential_is_refused() {
    let stand = Stand::start("mcp_servers:\n  - {name: web, url: \"http://127.0.0.1:9/\"}\n").await;
    let path = "/api/v1/mcp-servers/web/credentials";
    for (body, status, code) in [
        (json!({"auth_config": {"token": " "}}), 422, "invalid_credential"),
        (json!({"auth_config": {"token": "${HOME}"}}), 422, "invalid_credential"),
        (json!({"auth_config": {"token": "x".repeat(20_000)}}), 422, "invalid_credential"),
        (json!({"auth_config": {"tokens": "x"}}), 400, "invalid_body"),
        (json!({"token": "x"}), 400, "invalid_body"),
    ] {
        let (answer, problem) = send(&stand, "PUT", path, body.clone()).await;
        assert_eq!(
            (answer.as_u16(), &problem["code"]),
            (status, &json!(code)),
            "{body}: {problem}"
        );
    }
    for method in ["GET", "PUT", "DELETE"] {
        let path = "/api/v1/mcp-servers/none/credentials";
        let (status, problem) = send(&stand, method, path, json!({})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method}");
        assert_eq!(problem["code"], "mcp_server_not_found");
    }
    let agent = stand.running.agent_key().to_owned();
    for (method, path) in [("GET", path), ("PUT", path), ("DELETE", path)] {
        let request = stand.http.request(method.parse().unwrap(), stand.url(path));
        let answer = request.bearer_auth(&agent).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
    }
}
