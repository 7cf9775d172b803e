//! Calls that wait for people.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{Agent, Item, text_of};
use crate::fixture::stdio;
use crate::stand::Stand;

/// `danger` waits for approval, `slow` too.
async fn stand_with(timeout_seconds: u32) -> Stand {
    let folder = tempfile::tempdir().unwrap().keep();
    let stand =
        Stand::start(&sections(&folder.join("calls.log"), timeout_seconds, "require_approval"))
            .await;
    // Fixtures write where the stand looks.
    std::os::unix::fs::symlink(folder.join("calls.log"), stand.log()).unwrap();
    stand
}

fn sections(log: &std::path::Path, timeout_seconds: u32, action: &str) -> String {
    format!(
        "mcp_servers:\n{}approval_workflows:\n  - {{name: people, timeout_seconds: {timeout_seconds}}}\ntools:\n  \
         - {{name: danger, conditions: [{{action: {action}, approval_workflow: people}}]}}\n  \
         - {{name: slow, approval_workflow: people}}\n",
        stdio::entry("local", log)
    )
}

fn danger(token: &str) -> Value {
    json!({"name": "local__danger", "arguments": {"what": "it"}, "_meta": {"progressToken": token}})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_call_runs_once() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let mut open = agent.begin(danger("t")).await;
    assert_eq!(open.content_type(), "text/event-stream");
    assert_eq!(open.next().await, Some(Item::Comment), "the stream opens at once");
    let note = open.message().await.unwrap();
    let approval = stand.pending().await;
    let message = note["params"]["message"].as_str().unwrap();
    assert!(message.contains(approval["id"].as_str().unwrap()), "{message}");
    assert!(message.contains("`people`"), "{message}");
    assert_eq!(stand.noted("call"), Vec::<String>::new());
    stand.approve().await;
    let (result, notes) = open.finish().await;
    assert_eq!(text_of(&result), ("boom".into(), false));
    assert!(notes.iter().all(|note| note["progressToken"] == "t"));
    assert_eq!(stand.noted("call danger").len(), 1);
    let done = stand.audited("call_completed", 1).await;
    assert_eq!(done[0]["approval_id"], approval["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_only_grows_through_waiting_and_running() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let params = json!({
        "name": "local__slow",
        "arguments": {"steps": 3, "ms": 10},
        "_meta": {"progressToken": 3},
    });
    let mut open = agent.begin(params).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(open.message().await.unwrap()["params"]["progress"].as_f64().unwrap());
    }
    stand.approve().await;
    let (_, notes) = open.finish().await;
    seen.extend(notes.iter().map(|note| note["progress"].as_f64().unwrap()));
    assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
    assert_eq!(seen.last(), Some(&3.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_comments_keep_the_stream_alive() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let mut open = agent.begin(json!({"name": "local__danger"})).await;
    for _ in 0..4 {
        assert_eq!(open.next().await, Some(Item::Comment));
    }
    stand.approve().await;
    assert_eq!(text_of(&open.finish().await.0), ("boom".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_call_says_who_and_why() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(danger("t")).await;
    let approval = stand.pending().await;
    let path = format!("/api/v1/approvals/{}/decline", approval["id"].as_str().unwrap());
    stand.post(&path, json!({"reason": "not on a Friday"})).await;
    let (result, _) = open.finish().await;
    let (words, is_error) = text_of(&result);
    assert!(
        is_error && words.contains("declined by") && words.contains("not on a Friday"),
        "{words}"
    );
    assert_eq!(result["_meta"]["dev.preloop/approval"]["id"], approval["id"]);
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_approves_times_out() {
    let stand = stand_with(1).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let (result, _) = agent.begin(danger("t")).await.finish().await;
    let (words, is_error) = text_of(&result);
    assert!(is_error && words.contains("nobody approved it within 1 seconds"), "{words}");
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_never_runs() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let mut open = agent.begin(danger("t")).await;
    stand.pending().await;
    agent.cancel(open.id).await;
    while let Some(message) = open.message().await {
        assert_eq!(message["method"], "notifications/progress", "no answer comes any more");
    }
    stand.audited("call_cancelled", 1).await;
    let page = stand.get("/api/v1/approvals?status=pending").await;
    if page["items"].as_array().unwrap().len() == 1 {
        stand.approve().await;
    }
    assert_eq!(agent.told("local__echo", json!({"text": "x"})).await.0, "x");
    assert_eq!(stand.noted("call danger"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_left_finds_its_request_again() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    drop(agent.begin(danger("t")).await);
    let approval = stand.pending().await;
    stand.audited("caller_left", 1).await;

    let again = agent.begin(danger("other")).await;
    stand.audited("approval_joined", 1).await;
    assert_eq!(stand.pending().await["id"], approval["id"]);
    drop(again);
    stand.audited("caller_left", 2).await;
    stand.approve().await;
    assert_eq!(stand.noted("call"), Vec::<String>::new(), "approved, but nobody asks for it");

    let same = json!({"what": "it"});
    assert_eq!(agent.told("local__danger", same.clone()).await, ("boom".into(), false));
    assert_eq!(stand.noted("call danger").len(), 1);
    drop(agent.begin(json!({"name": "local__danger", "arguments": same})).await);
    let next = stand.pending().await;
    assert_ne!(next["id"], approval["id"], "used once, so the same call asks anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_not_for_others_or_other_arguments() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    drop(agent.begin(danger("t")).await);
    stand.approve().await;
    let key = stand.another_key("other").await;
    let other = Agent::open_as(&stand, "/mcp", &key).await;
    let open = other.begin(danger("t")).await;
    stand.pending().await;
    drop(open);
    let changed = json!({"name": "local__danger", "arguments": {"what": "more"}});
    let mut open = agent.begin(changed).await;
    assert_eq!(open.next().await, Some(Item::Comment));
    stand
        .eventually("two requests", async || {
            let page = stand.get("/api/v1/approvals?status=pending").await;
            (page["items"].as_array()?.len() == 2).then_some(())
        })
        .await;
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_policy_decides_again_at_dispatch() {
    let stand = stand_with(60).await;
    let log = std::fs::read_link(stand.log()).unwrap();
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(danger("t")).await;
    stand.pending().await;
    stand.rewrite(&sections(&log, 60, "deny"));
    stand.audited("policy_loaded", 2).await;
    stand.approve().await;
    let (result, _) = open.finish().await;
    assert!(text_of(&result).1, "{result}");
    assert_eq!(result["_meta"]["dev.preloop/decision"]["action"], "deny");
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_json_alone_waits_without_notes() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let approve = async {
        stand.pending().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        stand.approve().await;
    };
    let (open, ()) = tokio::join!(agent.begin_accepting(danger("t"), "application/json"), approve);
    assert_eq!(open.content_type(), "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_answers_and_keeps_the_request() {
    let stand = stand_with(60).await;
    let agent = Agent::open(&stand, "/mcp").await;
    let open = agent.begin(danger("t")).await;
    stand.pending().await;
    let Stand { running, .. } = stand;
    let ((), (result, _)) = tokio::join!(running.shutdown(), open.finish());
    let (words, is_error) = text_of(&result);
    assert!(is_error && words.contains("shutting down"), "{words}");
}
