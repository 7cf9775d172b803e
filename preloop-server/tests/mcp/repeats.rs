//! Clients that lose patience and ask again: the decision is not lost, and the call runs once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{Agent, text_of};
use crate::fixture::stdio;
use crate::stand::Stand;

async fn stand() -> Stand {
    let folder = tempfile::tempdir().unwrap().keep();
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}approval_workflows:\n  - {{name: people}}\ntools:\n  \
         - {{name: danger, approval_workflow: people}}\n  - {{name: slow, approval_workflow: people}}\n",
        stdio::entry("local", &folder.join("calls.log"))
    ))
    .await;
    std::os::unix::fs::symlink(folder.join("calls.log"), stand.log()).unwrap();
    stand
}

fn slow() -> Value {
    // Long enough that a server under load notices who hung up meanwhile.
    json!({"steps": 24, "ms": 250})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_a_dropped_connection_is_told_to_the_next() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(json!({"name": "local__slow", "arguments": slow()})).await;
    stand.approve().await;
    stand.eventually("the run", async || stand.noted("call slow").pop()).await;
    drop(open);
    stand.audited("call_completed", 1).await;
    let result = agent.call("local__slow", slow()).await;
    assert_eq!(text_of(&result), ("done".into(), false));
    let note = result["content"][1]["text"].as_str().unwrap();
    assert!(note.contains("not run a second time"), "{note}");
    assert_eq!(stand.noted("call slow").len(), 1);
    drop(agent.begin(json!({"name": "local__slow", "arguments": slow()})).await);
    stand.pending().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_still_runs_is_waited_for() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(json!({"name": "local__slow", "arguments": slow()})).await;
    stand.approve().await;
    stand.eventually("the run", async || stand.noted("call slow").pop()).await;
    drop(open);
    assert_eq!(agent.told("local__slow", slow()).await, ("done".into(), false));
    assert_eq!(stand.noted("call slow").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_with_one_request_have_the_one_answer() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let params = || json!({"name": "local__danger", "arguments": {"what": "it"}});
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(agent.begin(params()).await);
    }
    stand.audited("approval_joined", 2).await;
    stand.approve().await;
    for open in calls {
        assert_eq!(text_of(&open.finish().await.0), ("boom".into(), false));
    }
    assert_eq!(stand.noted("call danger").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_time_out_and_withdraw_ask_again() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let mut approved = false;
    for _ in 0..20 {
        let open = agent.begin(json!({"name": "local__danger", "arguments": {}})).await;
        let id = open.id;
        match tokio::time::timeout(Duration::from_millis(150), open.finish()).await {
            Ok((result, _)) => {
                assert_eq!(text_of(&result), ("boom".into(), false));
                assert_eq!(stand.noted("call danger").len(), 1);
                return;
            }
            // What the SDKs do: they say so and forget the call.
            Err(_) => agent.cancel(id).await,
        }
        if !approved {
            stand.approve().await;
            approved = true;
        }
    }
    panic!("the approved call never ran");
}
