//! Servers that die, forget, change, redirect or cannot be dialled.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{Agent, text_of};
use crate::fixture::http::{HttpFixture, Mood};
use crate::fixture::stdio;
use crate::stand::Stand;

pub(crate) async fn state_of(stand: &Stand, server: &str, state: &str) -> Value {
    stand
        .eventually(&format!("{server} to be {state}"), async || {
            let page = stand.get("/api/v1/mcp-servers").await;
            let all = page["items"].as_array().unwrap().clone();
            all.into_iter().find(|entry| entry["name"] == server && entry["state"] == state)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_process_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let stand = Stand::start(&format!("mcp_servers:\n{}", stdio::entry("local", &log))).await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    let (words, is_error) = agent.told("crash", json!({})).await;
    assert!(is_error && words.contains("not known") && words.contains("`local`"), "{words}");
    stand.audited("outcome_unknown", 1).await;
    assert_eq!(agent.told("echo", json!({"text": "again"})).await, ("again".into(), false));
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("call crash").count(), 1, "never rerun: {text}");
    assert_eq!(text.matches("environment").count(), 2, "two processes: {text}");
    let home = std::env::var("HOME").unwrap();
    assert!(text.contains(&format!("environment {home} false")), "clean environment: {text}");
    stand.audited("upstream_lost", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_over_http_is_said_to_be_unknown() {
    for mood in [Mood::Json, Mood::Events] {
        let web = HttpFixture::start(mood, None).await;
        let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
        let agent = Agent::open(&stand, "/mcp/web").await;
        let (words, is_error) = agent.told("crash", json!({})).await;
        assert!(is_error && words.contains("not known"), "{mood:?}: {words}");
        stand.audited("outcome_unknown", 1).await;
        assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_the_session_gets_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let web = HttpFixture::start(Mood::Json, Some(log.clone())).await;
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    assert_eq!(agent.told("echo", json!({"text": "one"})).await.0, "one");
    web.forget_sessions();
    assert_eq!(agent.told("echo", json!({"text": "two"})).await.0, "two");
    assert_eq!(std::fs::read_to_string(&log).unwrap().matches("two").count(), 1);
    assert_eq!(web.sessions(), 1);
    stand.running.shutdown().await;
    assert_eq!(web.sessions(), 0, "the session was ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_ours_and_never_the_clients() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let home = std::env::var("HOME").unwrap();
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}{}",
        web.entry("a", "    auth_type: bearer\n    auth_config: {token: \"x${HOME}\"}\n"),
        web.entry("b", "    auth_type: api_key\n    auth_config: {api_key: k1, header: X-Own}\n"),
    ))
    .await;
    for server in ["a", "b"] {
        let agent = Agent::open(&stand, &format!("/mcp/{server}")).await;
        assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
    }
    let seen = web.seen();
    let bearer = format!("Bearer x{home}");
    assert!(
        seen.iter()
            .any(|headers| headers.get("authorization").is_some_and(|v| v == bearer.as_str()))
    );
    assert!(seen.iter().any(|headers| headers.get("x-own").is_some_and(|v| v == "k1")));
    assert!(!seen.iter().any(|headers| format!("{headers:?}").contains("pla_")));
    let servers = stand.get("/api/v1/mcp-servers").await.to_string();
    assert!(!servers.contains(&bearer) && !servers.contains("k1"), "{servers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_dialled_says_why() {
    let web = HttpFixture::start(Mood::Redirect, None).await;
    let stand = Stand::start(&format!(
        "mcp_servers:\n  - {{name: absent, transport: stdio, command: /no/such/program}}\n  \
         - {{name: unset, url: \"http://127.0.0.1:9/\", auth_type: bearer, auth_config: {{token: \"${{SURELY_NOT_SET}}\"}}}}\n  \
         - {{name: old, url: \"http://127.0.0.1:9/\", transport: sse}}\n  \
         - {{name: dead, url: \"http://127.0.0.1:9/\"}}\n  \
         - {{name: off, url: \"http://127.0.0.1:9/\", enabled: false}}\n  \
         - {{name: mute, transport: stdio, command: \"true\"}}\n{}",
        web.entry("moved", "")
    ))
    .await;
    for (server, words) in [
        ("absent", "cannot start `/no/such/program`"),
        ("unset", "`SURELY_NOT_SET` is not set"),
        ("old", "127.0.0.1"),
        ("dead", "127.0.0.1"),
        ("mute", "the process ended"),
        ("moved", "redirects elsewhere"),
    ] {
        let state = state_of(&stand, server, "failed").await;
        let error = state["last_error"].as_str().unwrap();
        let is_told = error.contains(words)
            || (["dead", "old"].contains(&server) && error.contains("onnect"));
        assert!(is_told, "{server}: {error}");
    }
    state_of(&stand, "off", "disabled").await;
    let agent = Agent::open(&stand, "/mcp").await;
    assert_eq!(agent.server_tool_names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_and_changed_tools_wait_until_they_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let stand = Stand::start(&format!("mcp_servers:\n{}", stdio::entry("local", &log))).await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    let mut listener = agent.listen().await;
    assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
    for (how, tool, seen, accepted) in [
        ("grow", "fresh", "\"fresh\"", "fresh ran"),
        ("change", "echo", "Sends it to a stranger.", "x"),
    ] {
        agent.told(how, json!({})).await;
        let note = listener.message().await.unwrap();
        assert_eq!(note["method"], "notifications/tools/list_changed");
        stand
            .eventually("the new listing", async || {
                agent.request("tools/list", json!({})).await.body.contains(seen).then_some(())
            })
            .await;
        let open = agent.begin(json!({"name": tool, "arguments": {"text": "x"}})).await;
        let approval = stand.pending().await;
        assert_eq!(approval["decision"]["reason"], "new_tool", "{how}");
        stand.approve().await;
        assert_eq!(text_of(&open.finish().await.0), (accepted.into(), false));
        stand.post("/api/v1/tools/accept", json!({"server": "local", "tool": tool})).await;
        let told = agent.told(tool, json!({"text": "x"})).await;
        assert_eq!(told, (accepted.into(), false), "accepted, so no longer held");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_reaches_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let stand = Stand::start(&format!("mcp_servers:\n{}", stdio::entry("local", &log))).await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    let params = json!({
        "name": "slow",
        "arguments": {"steps": 1000, "ms": 20},
        "_meta": {"progressToken": 1},
    });
    let mut open = agent.begin(params).await;
    open.message().await.unwrap();
    agent.cancel(open.id).await;
    while let Some(message) = open.message().await {
        assert_eq!(message["method"], "notifications/progress");
    }
    stand
        .eventually("the cancellation", async || {
            std::fs::read_to_string(&log).unwrap().contains("cancelled cancelled").then_some(())
        })
        .await;
    assert_eq!(agent.told("echo", json!({"text": "x"})).await.0, "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_an_answer_ends_in_time_unless_there_is_progress() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let sections = format!("mcp_servers:\n{}", stdio::entry("local", &log));
    let stand = Stand::start_with(&sections, |config| {
        config.upstream_timeout = Duration::from_millis(700);
    })
    .await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    let (words, is_error) = agent.told("slow", json!({"steps": 1, "ms": 60_000})).await;
    assert!(is_error && words.contains("no answer within"), "{words}");
    let params = json!({
        "name": "slow",
        "arguments": {"steps": 10, "ms": 200},
        "_meta": {"progressToken": 1},
    });
    let (result, notes) = agent.begin(params).await.finish().await;
    assert_eq!(text_of(&result), ("done".into(), false));
    assert_eq!(notes.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_message_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}{}",
        stdio::entry("local", &folder.path().join("calls.log")),
        web.entry("web", "")
    ))
    .await;
    for server in ["local", "web"] {
        let agent = Agent::open(&stand, &format!("/mcp/{server}")).await;
        let (words, is_error) = agent.told("big", json!({"bytes": 11_000_000})).await;
        assert!(is_error && words.contains("more than 10 MB"), "{server}: {words}");
        let (words, is_error) = agent.told("big", json!({"bytes": 3_000_000})).await;
        assert_eq!((words.len(), is_error), (3_000_000, false), "{server}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_come_and_go_with_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let one = stdio::entry("one", &log);
    let two = stdio::entry("two", &log);
    let stand = Stand::start(&format!("mcp_servers:\n{one}")).await;
    let agent = Agent::open(&stand, "/mcp").await;
    assert_eq!(agent.told("one__echo", json!({"text": "x"})).await.0, "x");
    stand.rewrite(&format!("mcp_servers:\n{one}{two}"));
    stand
        .eventually("the second server", async || {
            let names = agent.tool_names().await;
            names.contains(&"two__echo".to_owned()).then_some(())
        })
        .await;
    stand.rewrite(&format!("mcp_servers:\n{two}"));
    stand
        .eventually("the first server to go", async || {
            let names = agent.tool_names().await;
            (!names.contains(&"one__echo".to_owned())).then_some(())
        })
        .await;
    let (words, is_error) = agent.told("one__echo", json!({"text": "x"})).await;
    assert!(is_error && words.contains("there is no tool"), "{words}");
    let processes = std::fs::read_to_string(&log).unwrap().matches("environment").count();
    assert_eq!(processes, 2, "what did not change stayed connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_revisions_are_taken_newer_ones_are_not() {
    let old = HttpFixture::start(Mood::Json, None).await;
    old.fixture().speak("2024-11-05");
    let new = HttpFixture::start(Mood::Json, None).await;
    new.fixture().speak("2026-07-28");
    let entries = format!("{}{}", old.entry("old", ""), new.entry("new", ""));
    let stand = Stand::start(&format!("mcp_servers:\n{entries}")).await;
    state_of(&stand, "old", "connected").await;
    let state = state_of(&stand, "new", "failed").await;
    let error = state["last_error"].as_str().unwrap();
    assert!(error.contains("`2026-07-28`") && error.contains("2025-11-25"), "{error}");
    let versions =
        old.seen().into_iter().filter_map(|headers| headers.get("mcp-protocol-version").cloned());
    assert!(versions.last().is_some_and(|version| version == "2024-11-05"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_http_announces_its_changes() {
    let web = HttpFixture::start(Mood::Json, None).await;
    let stand = Stand::start(&format!("mcp_servers:\n{}", web.entry("web", ""))).await;
    let agent = Agent::open(&stand, "/mcp/web").await;
    assert_eq!(agent.told("grow", json!({})).await.0, "there is a new tool");
    stand
        .eventually("the new tool", async || {
            agent.tool_names().await.contains(&"fresh".to_owned()).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_changes_while_a_call_waits_stops_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls.log");
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}approval_workflows:\n  - {{name: people}}\ntools:\n  \
         - {{name: echo, approval_workflow: people}}\n",
        stdio::entry("local", &log)
    ))
    .await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    let open = agent.begin(json!({"name": "echo", "arguments": {"text": "x"}})).await;
    stand.pending().await;
    agent.told("change", json!({})).await;
    stand.audited("tool_changed", 1).await;
    stand
        .eventually("the changed definition", async || {
            let body = agent.request("tools/list", json!({})).await.body;
            body.contains("Sends it to a stranger.").then_some(())
        })
        .await;
    stand.approve().await;
    let (words, is_error) = text_of(&open.finish().await.0);
    assert!(is_error && words.contains("changed the tool `echo`"), "{words}");
    assert!(!std::fs::read_to_string(&log).unwrap().contains("call echo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_will_not_go_is_killed_with_all_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!(
        "trap '' TERM; sleep 600 & echo $$ $! > {0}.part; mv {0}.part {0}; while :; do sleep 1; done",
        pids.display()
    );
    let stand = Stand::start(&format!(
        "mcp_servers:\n  - {{name: stubborn, transport: stdio, command: sh, args: [\"-c\", {}]}}\n",
        serde_json::to_string(&script).unwrap()
    ))
    .await;
    let started =
        stand.eventually("the process", async || std::fs::read_to_string(&pids).ok()).await;
    stand.running.shutdown().await;
    for pid in started.split_whitespace() {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{pid} still runs: {state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dying_server_says_is_told_without_its_secrets() {
    let stand = Stand::start(
        "mcp_servers:\n  - name: talker\n    transport: stdio\n    command: sh\n    \
         args: [-c, 'echo \"bad token $API_TOKEN\" >&2; exit 3']\n    \
         env: {API_TOKEN: ghp_not_for_anybody}\n",
    )
    .await;
    let entry = state_of(&stand, "talker", "failed").await;
    let words = entry["last_error"].as_str().unwrap();
    assert!(words.ends_with("its last words: bad token [redacted]"), "{words}");
    let lost = stand.audited("upstream_lost", 1).await;
    assert!(!Value::from(lost).to_string().contains("ghp_not"));
}
