//! MCP servers that are edited over the API: each change a version, what they may reach bounded.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::fixture::http::{HttpFixture, Mood};
use crate::stand::Stand;

const SERVERS: &str = "/api/v1/mcp-servers";
const POLICY: &str =
    "version: '1.0'\nmetadata: {name: team}\ntools: [{name: danger, enabled: false}]\n";

async fn send(stand: &Stand, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let method = method.parse().unwrap();
    let request = stand.http.request(method, stand.url(path)).bearer_auth(stand.owner_key());
    let response = request.json(&body).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

async fn good(stand: &Stand, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = send(stand, method, path, body).await;
    assert!(status.is_success(), "{method} {path}: {status}: {answer}");
    answer
}

/// A server without a file, with a policy that came over the API.
async fn stand(allow_private: bool, stdio_allow: &[&str]) -> Stand {
    let stand = Stand::start_with("", |config| {
        config.policy = None;
        config.allow_private_upstreams = allow_private;
        config.stdio_allow = stdio_allow.iter().map(|entry| (*entry).to_owned()).collect();
    })
    .await;
    good(&stand, "POST", "/api/v1/policies/import", json!({"policy": POLICY})).await;
    stand
}

async fn until(stand: &Stand, server: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    stand
        .eventually(&format!("the wanted state of {server}"), async || {
            let (status, entry) =
                send(stand, "GET", &format!("{SERVERS}/{server}"), Value::Null).await;
            (status.is_success() && is_wanted(&entry)).then_some(entry)
        })
        .await
}

fn names(tools: &Value) -> Vec<&str> {
    tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_added_scanned_changed_removed_and_brought_back() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = stand(true, &[]).await;
    let entry = json!({"name": "web", "url": format!("http://{}/mcp", web.addr),
                       "auth_type": "bearer", "auth_config": {"token": "hunter2-one"}});
    let (status, added) =
        send(&stand, "POST", &format!("{SERVERS}?message=ours"), entry.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    assert_eq!((&added["applied"], &added["version"]["message"]), (&json!(true), &json!("ours")));
    let shown = until(&stand, "web", |entry| entry["state"] == "connected").await;
    assert_eq!(shown["entry"]["auth_config"]["token"], json!({"redacted": true}));
    assert_eq!(shown["credentials"][0]["field"], "auth_config.token");
    assert_eq!(shown["is_read_only"], false);
    let sent = |token: &str| {
        let bearer = format!("Bearer {token}");
        web.seen().iter().any(|seen| seen.get("authorization").is_some_and(|v| *v == *bearer))
    };
    assert!(sent("hunter2-one"));
    let agent = Agent::open(&stand, "/mcp/web").await;
    assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");

    let tools = stand.get(&format!("{SERVERS}/web/tools")).await;
    let echo =
        tools["items"].as_array().unwrap().iter().find(|tool| tool["name"] == "echo").unwrap();
    assert_eq!(echo["input_schema"]["required"], json!(["text"]));
    assert_eq!(
        (&echo["state"], &echo["annotations"]["readOnlyHint"]),
        (&json!("accepted"), &json!(true))
    );
    let scan = good(&stand, "POST", &format!("{SERVERS}/web/scan"), json!({})).await;
    assert_eq!(
        (&scan["new"], &scan["changed"], &scan["gone"]),
        (&json!([]), &json!([]), &json!([]))
    );
    web.fixture().offer(["fresh".to_owned()].into_iter());
    let scan = good(&stand, "POST", &format!("{SERVERS}/WEB/scan"), json!({})).await;
    assert_eq!((names(&scan["new"]), &scan["new"][0]["state"]), (vec!["fresh"], &json!("new")));

    // A literal that changes alone makes no new document, and is used all the same.
    let change = json!({"auth_config": {"token": "hunter2-two"}});
    let changed = good(&stand, "PATCH", &format!("{SERVERS}/web"), change).await;
    assert!(!changed.to_string().contains("hunter2"), "{changed}");
    stand.eventually("the second token", async || sent("hunter2-two").then_some(())).await;
    let removed = good(&stand, "DELETE", &format!("{SERVERS}/web?message=away"), json!({})).await;
    assert_eq!(removed["applied"], true);
    assert_eq!(send(&stand, "GET", &format!("{SERVERS}/web"), Value::Null).await.0, 404);
    assert_eq!(stand.get(SERVERS).await["items"], json!([]));
    let tools = stand.get("/api/v1/tools").await;
    let offered = |tool: &Value| tool["is_offered"] == true;
    assert!(!tools["items"].as_array().unwrap().iter().any(offered), "{tools}");
    // The version before is brought back: its credentials are still there.
    let versions = stand.get("/api/v1/policies/versions").await;
    let id = versions["items"][1]["id"].as_str().unwrap();
    good(&stand, "POST", &format!("/api/v1/policies/versions/{id}/rollback"), json!({})).await;
    until(&stand, "web", |entry| entry["state"] == "connected").await;
    let text = stand.get("/api/v1/policies/versions").await.to_string()
        + &stand.get("/api/v1/audit?limit=1000").await.to_string();
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_that_do_not_fit_are_refused_and_nothing_changes() {
    let stand = stand(true, &[]).await;
    good(&stand, "POST", SERVERS, json!({"name": "a", "url": "http://127.0.0.1:9/"})).await;
    let before = stand.get("/api/v1/policies/export?format=json").await;
    for (method, path, body, status, code) in [
        ("POST", "", json!({"name": "A", "url": "http://x.example/"}), 409, "mcp_server_taken"),
        ("POST", "", json!({"name": "b"}), 422, "invalid_policy"),
        (
            "POST",
            "",
            json!({"name": "b", "url": "http://x.example/", "urls": 1}),
            422,
            "invalid_policy",
        ),
        ("POST", "", json!({}), 422, "invalid_policy"),
        ("PUT", "/none", json!({"url": "http://x.example/"}), 404, "mcp_server_not_found"),
        ("PATCH", "/none", json!({}), 404, "mcp_server_not_found"),
        ("DELETE", "/none", json!({}), 404, "mcp_server_not_found"),
        ("PATCH", "/a", json!({"name": "b"}), 422, "mcp_server_renamed"),
        (
            "PATCH",
            "/a",
            json!({"auth_type": "bearer", "auth_config": {"token": {"redacted": true}}}),
            422,
            "secret_missing",
        ),
    ] {
        let (answer, problem) =
            send(&stand, method, &format!("{SERVERS}{path}"), body.clone()).await;
        assert_eq!(
            (answer.as_u16(), &problem["code"]),
            (status, &json!(code)),
            "{body}: {problem}"
        );
        if code == "mcp_server_taken" {
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("`a`"), "the one that is there: {detail}");
        }
    }
    assert_eq!(stand.get("/api/v1/policies/export?format=json").await, before);
    let file = Stand::start("mcp_servers:\n  - {name: a, url: \"http://127.0.0.1:9/\"}\n").await;
    let (status, problem) = send(&file, "DELETE", &format!("{SERVERS}/a"), json!({})).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("policy_from_file")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_the_api_reaches_no_private_address_and_starts_no_program() {
    let stand = stand(false, &["listed --here"]).await;
    for (entry, words) in [
        (json!({"name": "number", "url": "http://127.0.0.1:9/mcp"}), "not a public address"),
        (json!({"name": "named", "url": "http://localhost:9/mcp"}), "not a public one"),
        (json!({"name": "cloud", "url": "http://169.254.169.254/"}), "not a public address"),
        (json!({"name": "odd", "url": "http://0x7f.1/"}), "not a public address"),
        (
            json!({"name": "shell", "transport": "stdio", "command": "sh", "args": ["-c", "id"]}),
            "does not start `sh`",
        ),
        (json!({"name": "other", "transport": "stdio", "command": "listed"}), "other arguments"),
        (
            json!({"name": "open", "url": "https://mcp.example.com/", "auth_type": "bearer",
                   "auth_config": {"token": "${HOME}"}}),
            "not allowed for `mcp.example.com`",
        ),
    ] {
        good(&stand, "POST", SERVERS, entry.clone()).await;
        let name = entry["name"].as_str().unwrap();
        let shown = until(&stand, name, |entry| entry["state"] == "failed").await;
        let error = shown["last_error"].as_str().unwrap();
        assert!(error.contains(words), "{name}: {error}");
        let scan = good(&stand, "POST", &format!("{SERVERS}/{name}/scan"), json!({})).await;
        assert_eq!(scan["state"], "failed", "{scan}");
    }
}
