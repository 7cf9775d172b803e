//! The bundle of a caller's policies: what it holds, when it changes, and who waits for it.

use std::time::{Duration, Instant};

use preloop_core::bundle::Bundle;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestServer;

const PATH: &str = "/api/v1/policies/bundle";

struct Got {
    status: StatusCode,
    tag: String,
    text: String,
}

async fn get(server: &TestServer, key: &str, path: &str, tag: Option<&str>) -> Got {
    let mut request = server.request("GET", path, key);
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let tag = response.headers().get("etag");
    let tag = tag.map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default();
    Got { status, tag, text: response.text().await.unwrap() }
}

async fn apply(server: &TestServer, name: &str, scope: &str, action: &str) {
    let policy = format!(
        "version: '1.0'\nmetadata: {{name: {name}}}\ntools: [{{name: pay, conditions: [{{action: {action}}}]}}]\n"
    );
    let body = json!({"policy": policy, "scope": scope});
    let (status, answer) = server.owner_post("/api/v1/policies/import", body).await;
    assert!(status.is_success(), "{answer}");
}

#[tokio::test]
async fn a_caller_gets_what_it_is_decided_by() {
    let server = TestServer::without_file(None).await;
    let agent = server.agent_key("some agent").await;
    let none = get(&server, &agent, PATH, None).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.text);
    apply(&server, "all", "account", "deny").await;
    let first = get(&server, &agent, PATH, None).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let bundle = Bundle::read(&first.text).unwrap();
    assert_eq!(bundle.key_id(), None, "the server signs nothing");
    let value: Value = serde_json::from_str(&first.text).unwrap();
    assert_eq!(value["policies"][0]["document"]["metadata"]["name"], "all");

    let same = get(&server, &agent, PATH, Some(&first.tag)).await;
    assert_eq!((same.status, &*same.text, &same.tag), (StatusCode::NOT_MODIFIED, "", &first.tag));
    let started = Instant::now();
    let waited = get(&server, &agent, &format!("{PATH}?wait=1"), Some(&first.tag)).await;
    assert_eq!(waited.status, StatusCode::NOT_MODIFIED);
    assert!(started.elapsed() >= Duration::from_secs(1));

    // A change answers those who wait for it, at once.
    let path = format!("{PATH}?wait=30");
    let waiting = get(&server, &agent, &path, Some(&first.tag));
    let changing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        apply(&server, "all", "account", "allow").await;
    };
    let started = Instant::now();
    let (second, ()) = tokio::join!(waiting, changing);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(second.status, StatusCode::OK);
    assert_ne!(second.tag, first.tag);
    assert!(Bundle::read(&second.text).unwrap().version() > bundle.version());

    // What is as it was before is told by the same tag, and as something newer.
    apply(&server, "all", "account", "deny").await;
    let third = get(&server, &agent, PATH, None).await;
    assert_eq!(third.tag, first.tag);
    let versions = [&second, &third].map(|got| Bundle::read(&got.text).unwrap().version());
    assert!(versions[1] > versions[0]);

    // Policies of other scopes are not the caller's.
    apply(&server, "other", "agent:somebody else", "allow").await;
    let fourth = get(&server, &agent, PATH, Some(&third.tag)).await;
    assert_eq!(fourth.status, StatusCode::NOT_MODIFIED);
    let wrong = get(&server, &agent, &format!("{PATH}?wait=61"), None).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}
