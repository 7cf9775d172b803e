//! Two servers on one PostgreSQL, as they run: what is done at one holds at the other within a second.

use std::time::{Duration, Instant};

use preloop_testbed::Database;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestServer, client, send};

const PASSWORD: &str = "correct horse battery";
/// How long it may take on a machine that has nothing else to do.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Before a server looks by itself: what holds by then was announced, however busy the machine is.
const ANNOUNCED: Duration = Duration::from_secs(10);

/// Waits until the probe says so, and tells how long that took.
async fn soon(what: &str, probe: impl AsyncFn() -> bool) -> Duration {
    let started = Instant::now();
    while !probe().await {
        assert!(started.elapsed() < ANNOUNCED, "{what}: not announced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}

/// What the other server decides for an agent of the first.
async fn action(here: &TestServer, there: &TestServer, tool: &str) -> Value {
    let call = json!({"tool": tool, "args": {}});
    let request = there.request("POST", "/api/v1/decisions", &here.agent_key).json(&call);
    send(request).await.1["action"].clone()
}

async fn status(server: &TestServer, key: &str) -> StatusCode {
    send(server.request("GET", "/api/v1/auth/me", key)).await.0
}

#[tokio::test]
async fn what_is_done_at_one_holds_at_the_other() {
    let here = TestServer::without_file(Some(Database::create())).await;
    let there = here.beside().await;

    // Policies.
    let mut fastest = Duration::MAX;
    for wanted in ["deny", "allow", "deny"] {
        let policy = format!(
            "version: '1.0'\nmetadata: {{name: shop}}\ntools: [{{name: read, conditions: [{{action: {wanted}}}]}}]\n"
        );
        let (status, applied) =
            here.owner_post("/api/v1/policies/import", json!({"policy": policy})).await;
        assert_eq!(status, StatusCode::OK, "{applied}");
        let took = soon(wanted, async || action(&here, &there, "read").await == wanted).await;
        fastest = fastest.min(took);
    }
    assert!(fastest <= AT_ONCE, "{fastest:?}");

    // Somebody who is disabled is out, by key and by sign-in, and comes back.
    let body = json!({"name": "ann", "role": "viewer", "password": PASSWORD});
    let (_, ann) = here.owner_post("/api/v1/users", body).await;
    let (_, key) = here.owner_post("/api/v1/api-keys", json!({"name": "k", "user": "ann"})).await;
    let key = key["key"].as_str().unwrap();
    let sign_in = async || {
        let body = json!({"grant_type": "password", "username": "ann", "password": PASSWORD});
        let url = format!("{}/api/v1/auth/token", there.url);
        let (_, tokens): (_, Value) = send(client().post(url).json(&body)).await;
        tokens["access_token"].as_str().unwrap_or_default().to_owned()
    };
    let token = sign_in().await;
    soon("the new key", async || status(&there, key).await == StatusCode::OK).await;
    assert_eq!(status(&there, &token).await, StatusCode::OK);
    let path = format!("/api/v1/users/{}", ann["id"].as_str().unwrap());
    here.owner_post_owned(format!("{path}/disable"), json!({})).await;
    soon("disabled, by key", async || status(&there, key).await == StatusCode::UNAUTHORIZED).await;
    soon("by sign-in", async || status(&there, &token).await == StatusCode::UNAUTHORIZED).await;
    assert_eq!(sign_in().await, "", "and no other sign-in begins");
    here.owner_post_owned(format!("{path}/enable"), json!({})).await;
    soon("enabled again", async || status(&there, key).await == StatusCode::OK).await;
    assert_eq!(status(&there, &token).await, StatusCode::UNAUTHORIZED, "the sign-in stays ended");

    // Teams bring their policies with them.
    let policy = "version: '1.0'\nmetadata: {name: ops}\ntools: [{name: write, conditions: [{action: deny}]}]\n";
    let body = json!({"policy": policy, "scope": "team:ops"});
    assert_eq!(here.owner_post("/api/v1/policies/import", body).await.0, StatusCode::OK);
    let (_, team) = here.owner_post("/api/v1/teams", json!({"name": "ops"})).await;
    let (_, agents) = here.owner_get("/api/v1/agents").await;
    let agents = agents["items"].as_array().unwrap();
    let agent = agents.iter().find(|agent| agent["name"] == "agent").unwrap();
    let [team, agent] = [&team, agent].map(|thing| thing["id"].as_str().unwrap());
    assert_eq!(action(&here, &there, "write").await, "allow");
    let member = format!("/api/v1/teams/{team}/members/{agent}");
    assert!(send(here.request("PUT", &member, &here.owner_key)).await.0.is_success());
    soon("in the team", async || action(&here, &there, "write").await == "deny").await;
}
