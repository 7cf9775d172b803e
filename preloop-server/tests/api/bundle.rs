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

/// What the answer holds of the policies: their names.
fn names(got: &Got) -> Vec<String> {
    let value: Value = serde_json::from_str(&got.text).unwrap();
    let policies = value["policies"].as_array().unwrap().iter();
    policies
        .map(|policy| policy["document"]["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn who_waits_gets_what_holds_when_the_answer_comes() {
    let server = TestServer::without_file(None).await;
    apply(&server, "all", "account", "allow").await;
    apply(&server, "careful", "team:ops", "deny").await;
    let agent = server.agent_key("some agent").await;
    let (_, team) = server.owner_post("/api/v1/teams", json!({"name": "ops"})).await;
    let (_, agents) = server.owner_get("/api/v1/agents").await;
    let agents = agents["items"].as_array().unwrap();
    let member = agents.iter().find(|agent| agent["name"] == "some agent").unwrap();
    let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
    let first = get(&server, &agent, PATH, None).await;
    assert_eq!(names(&first), ["all"]);

    // Who joins a team hears of it, and the chain is another one under a higher version.
    let path = format!("{PATH}?wait=30");
    let waiting = get(&server, &agent, &path, Some(&first.tag));
    let joining = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let path = format!("/api/v1/teams/{}/members/{}", id(&team), id(member));
        let put = server.request("PUT", &path, &server.owner_key).send().await.unwrap();
        assert!(put.status().is_success(), "{put:?}");
    };
    let started = Instant::now();
    let (second, ()) = tokio::join!(waiting, joining);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!((second.status, names(&second).len()), (StatusCode::OK, 2));
    let versions = [&first, &second].map(|got| Bundle::read(&got.text).unwrap().version());
    assert!(versions[1] > versions[0], "{versions:?}");

    // Whose key is revoked while it waits gets nothing.
    let (_, keys) = server.owner_get("/api/v1/api-keys").await;
    let keys = keys["items"].as_array().unwrap();
    let key = keys.iter().find(|key| key["holder"] == "some agent").unwrap();
    let waiting = get(&server, &agent, &path, Some(&second.tag));
    let revoking = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let path = format!("/api/v1/api-keys/{}", id(key));
        let gone = server.request("DELETE", &path, &server.owner_key).send().await.unwrap();
        assert!(gone.status().is_success(), "{gone:?}");
    };
    let (third, ()) = tokio::join!(waiting, revoking);
    assert_eq!(third.status, StatusCode::UNAUTHORIZED, "{}", third.text);
}
