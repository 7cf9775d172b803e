//! Calls that are answered with a handle, and made when their agent comes back for them.

use serde_json::{Value, json};

use crate::agent::{Agent, text_of};
use crate::fixture::http::{HttpFixture, Mood};
use crate::fixture::stdio;
use crate::stand::Stand;

async fn stand() -> Stand {
    let folder = tempfile::tempdir().unwrap().keep();
    let stand =
        Stand::start(&sections(&folder.join("calls.log"), "require_approval", "later")).await;
    std::os::unix::fs::symlink(folder.join("calls.log"), stand.log()).unwrap();
    stand
}

fn sections(log: &std::path::Path, action: &str, workflow: &str) -> String {
    format!(
        "mcp_servers:\n{}approval_workflows:\n  - {{name: later, async_approval: true, timeout_seconds: 600}}\n  \
         - {{name: board, async_approval: true, required_approvals: 2}}\ntools:\n  \
         - {{name: danger, conditions: [{{action: {action}, approval_workflow: {workflow}}}]}}\n  \
         - {{name: slow, approval_workflow: later}}\n  - {{name: big, approval_workflow: later}}\n",
        stdio::entry("local", log)
    )
}

/// Makes the call, which must be answered with a handle.
async fn handle(agent: &Agent, name: &str, arguments: Value) -> Value {
    let result = agent.call(name, arguments).await;
    assert_ne!(result["isError"], true, "agents would try another way: {result}");
    let (words, _) = text_of(&result);
    assert!(words.starts_with("NOT RUN YET"), "{words}");
    let handle = result["structuredContent"].clone();
    assert_eq!(
        result["content"][1]["text"],
        handle.to_string(),
        "for clients that show text alone"
    );
    assert_eq!(handle["status"], "pending_approval");
    handle
}

async fn poll(agent: &Agent, handle: &Value) -> Value {
    let arguments = json!({"request_id": handle["request_id"], "wait_seconds": 0});
    agent.call("get_approval_status", arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_comes_back_and_the_call_is_made_once() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let given = handle(&agent, "local__danger", json!({"what": "it"})).await;
    assert_eq!(given["timeout_seconds"], 600);
    assert_eq!(given["poll_interval_seconds"], 15);
    let approval = stand.pending().await;
    assert_eq!(given["request_id"], approval["id"]);
    assert_eq!(given["approval_url"], approval["url"]);

    let waiting = poll(&agent, &given).await;
    assert_eq!(waiting["structuredContent"]["status"], "pending");
    assert_eq!(waiting["structuredContent"]["approvals_required"], 1);
    let left = waiting["structuredContent"]["time_left_seconds"].as_u64().unwrap();
    assert!((500..=600).contains(&left), "{waiting}");
    assert_ne!(waiting["isError"], true);
    let again = handle(&agent, "local__danger", json!({"what": "it"})).await;
    assert_eq!(again["request_id"], given["request_id"], "the same call joins");

    stand.approve().await;
    assert_eq!(stand.noted("call"), Vec::<String>::new(), "nobody came back yet");
    assert_eq!(text_of(&poll(&agent, &given).await), ("boom".into(), false));
    assert_eq!(text_of(&poll(&agent, &given).await), ("boom".into(), false), "the answer is kept");
    assert_eq!(stand.noted("call danger").len(), 1);
    let done = stand.audited("call_completed", 1).await;
    assert_eq!(done[0]["approval_id"], approval["id"]);
    let anew = handle(&agent, "local__danger", json!({"what": "it"})).await;
    assert_ne!(anew["request_id"], given["request_id"], "used, so the same call asks anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_polls_one_runs_the_call() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let given = handle(&agent, "local__slow", json!({"steps": 3, "ms": 300})).await;
    stand.approve().await;
    let polls = futures_util::future::join_all((0..6).map(|_| poll(&agent, &given))).await;
    let done = polls.iter().filter(|result| text_of(result).0 == "done").count();
    let running =
        polls.iter().filter(|result| result["structuredContent"]["status"] == "running").count();
    assert!(done >= 1 && done + running == 6, "{polls:?}");
    assert_eq!(text_of(&poll(&agent, &given).await).0, "done");
    assert_eq!(stand.noted("call slow").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_may_wait_for_the_decision() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    assert!(agent.tool_names().await.contains(&"get_approval_status".to_owned()));
    let given = handle(&agent, "danger", json!({})).await;
    let arguments = json!({"request_id": given["request_id"], "wait_seconds": 50});
    let (told, ()) = tokio::join!(agent.told("get_approval_status", arguments), stand.approve());
    assert_eq!(told, ("boom".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_poll() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let given = handle(&agent, "local__danger", json!({})).await;
    stand.approve().await;
    let key = stand.another_key("other").await;
    let other = Agent::open_as(&stand, "/mcp", &key).await;
    let (words, is_error) = text_of(&poll(&other, &given).await);
    assert!(is_error && words.contains("there is no approval request"), "{words}");
    for wrong in [json!({"request_id": "x"}), json!({}), json!({"request_id": 7})] {
        assert!(agent.told("get_approval_status", wrong).await.1);
    }
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_says_who_and_why() {
    let stand = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let given = handle(&agent, "local__danger", json!({})).await;
    let path = format!("/api/v1/approvals/{}/decline", given["request_id"].as_str().unwrap());
    stand.post(&path, json!({"reason": "not on a Friday"})).await;
    let result = poll(&agent, &given).await;
    assert_eq!(result["structuredContent"]["status"], "declined");
    let (words, is_error) = text_of(&result);
    assert!(is_error && words.contains("not on a Friday"), "{words}");
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_policy_decides_again_when_the_call_is_made() {
    let stand = stand().await;
    let log = std::fs::read_link(stand.log()).unwrap();
    let agent = Agent::open(&stand, "/mcp").await;
    let given = handle(&agent, "local__danger", json!({})).await;
    stand.approve().await;
    stand.rewrite(&sections(&log, "require_approval", "board"));
    stand.audited("policy_loaded", 2).await;
    let asked = poll(&agent, &given).await;
    assert_eq!(asked["structuredContent"]["status"], "pending_approval", "two must agree now");
    assert_ne!(asked["structuredContent"]["request_id"], given["request_id"]);
    stand.rewrite(&sections(&log, "deny", "later"));
    stand.audited("policy_loaded", 3).await;
    let denied = poll(&agent, &given).await;
    assert!(text_of(&denied).1, "{denied}");
    assert_eq!(denied["_meta"]["dev.preloop/decision"]["action"], "deny");
    assert_eq!(stand.noted("call"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_has_the_tools_arguments_as_they_were_written() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}approval_workflows:\n  - {{name: later, async_approval: true}}\ntools:\n  \
         - {{name: mirror, justification: required, approval_workflow: later}}\n",
        web.entry("web", "")
    ))
    .await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    let text = r#"{"name":"mirror","arguments":{"n":1.50,"token":"s3cret","justification":"because"},"_meta":{"kept":1,"progressToken":9}}"#;
    let (_, body) = agent.message("tools/call", text);
    let given = agent.raw(&body).await.message()["result"]["structuredContent"].clone();
    let approval = stand.pending().await;
    assert_eq!(approval["justification"], "because");
    assert_ne!(approval["arguments"]["token"], "s3cret", "people see it redacted");
    stand.approve().await;
    let (seen, _) = text_of(&poll(&agent, &given).await);
    assert!(seen.contains(r#""arguments":{"n":1.50,"token":"s3cret"}"#), "{seen}");
    assert!(seen.contains(r#""_meta":{"kept":1}"#), "{seen}");
    let tools = agent.tools().await;
    let mirror = tools.iter().find(|tool| tool["name"] == "mirror").unwrap();
    assert_eq!(mirror.get("outputSchema"), None, "a handle would not fit it");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_the_handle_is_beside_the_approval() {
    let stand = stand().await;
    let call = json!({"tool": "danger", "source": "local", "args": {}});
    let held = stand.post("/api/v1/decisions", call).await;
    assert_eq!(held["handle"]["status"], "pending_approval");
    assert_eq!(held["handle"]["request_id"], held["approval"]["id"]);
    assert_eq!(held["handle"]["approval_url"], held["approval"]["url"]);
}
