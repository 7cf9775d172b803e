//! The server's clock is set back while calls are held: nothing ends early, nothing that ended begins anew.

use std::sync::Arc;
use std::time::Duration;

use preloop_server::clock::{Clock as _, MockClock, SystemClock};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::agent::{Agent, text_of};
use crate::fixture::stdio;
use crate::stand::Stand;

const HOUR: Duration = Duration::from_hours(1);

async fn stand() -> (Stand, Arc<MockClock>) {
    let log = tempfile::tempdir().unwrap().keep().join("calls.log");
    let sections = format!(
        "mcp_servers:\n{}approval_workflows:\n  - {{name: people, timeout_seconds: 600}}\ntools:\n  \
         - {{name: danger, approval_workflow: people}}\n",
        stdio::entry("local", &log)
    );
    let clock = Arc::new(MockClock::at(SystemClock.now()));
    let shared = Arc::clone(&clock);
    let stand = Stand::start_with(&sections, |config| config.clock = shared).await;
    std::os::unix::fs::symlink(&log, stand.log()).unwrap();
    (stand, clock)
}

fn danger(what: &str) -> Value {
    json!({"name": "local__danger", "arguments": {"what": what}})
}

fn set_back(clock: &MockClock, by: Duration) {
    clock.set(clock.now().checked_sub(by).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_goes_on_waiting_and_runs_once() {
    let (stand, clock) = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(danger("it")).await;
    let asked = stand.pending().await;
    set_back(&clock, HOUR);
    let waiting = stand.pending().await;
    assert_eq!(waiting["expires_at"], asked["expires_at"]);
    stand.approve().await;
    let (result, _) = open.finish().await;
    assert_eq!(text_of(&result), ("boom".into(), false));
    assert_eq!(stand.noted("call danger").len(), 1);
    // An hour goes by once more: what was used stays used.
    clock.advance(HOUR);
    let again = agent.begin(danger("it")).await;
    assert_ne!(stand.pending().await["id"], asked["id"]);
    drop(again);
    assert_eq!(stand.noted("call danger").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_lapsed_is_not_reopened() {
    let (stand, clock) = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(danger("it")).await;
    let asked = stand.pending().await;
    clock.advance(Duration::from_mins(10));
    let (result, _) = open.finish().await;
    assert!(text_of(&result).1, "nobody answered: {result}");
    set_back(&clock, HOUR);
    let path = format!("/api/v1/approvals/{}", asked["id"].as_str().unwrap());
    assert_eq!(stand.get(&path).await["state"], "expired");
    let vote =
        stand.http.post(stand.url(&format!("{path}/approve"))).bearer_auth(stand.owner_key());
    let answer = vote.json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT, "its time is over");
    let again = agent.begin(danger("it")).await;
    assert_ne!(stand.pending().await["id"], asked["id"], "it asks anew");
    drop(again);
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_was_not_used_in_time_is_not_good_again() {
    let (stand, clock) = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    drop(agent.begin(danger("it")).await);
    let asked = stand.pending().await;
    stand.approve().await;
    clock.advance(Duration::from_mins(10));
    let path = format!("/api/v1/approvals/{}", asked["id"].as_str().unwrap());
    stand
        .eventually("the end of the approval", async || {
            (stand.get(&path).await["state"] == "expired").then_some(())
        })
        .await;
    set_back(&clock, HOUR);
    let again = agent.begin(danger("it")).await;
    assert_ne!(stand.pending().await["id"], asked["id"], "it asks anew");
    drop(again);
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}
