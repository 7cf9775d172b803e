//! Calls that are decided at once: forwarded without loss, denied with words.

use serde_json::{Value, json};

use crate::agent::{Agent, text_of};
use crate::fixture::http::{HttpFixture, Mood};
use crate::fixture::sse::{Opening, SseFixture};
use crate::fixture::stdio;
use crate::stand::Stand;

/// One Preloop in front of the fixture over every transport.
async fn stand() -> (Stand, [HttpFixture; 3], SseFixture) {
    let web = [
        HttpFixture::start(Mood::Json, None).await,
        HttpFixture::start(Mood::Events, None).await,
        HttpFixture::start(Mood::Interrupted, None).await,
    ];
    let old = SseFixture::start(Opening::Path).await;
    let log = tempfile::tempdir().unwrap().keep().join("calls.log");
    let stand = Stand::start(&format!(
        "mcp_servers:\n{}{}{}{}{}tools:\n  - name: danger\n    conditions:\n      \
         - {{name: no-boom, action: deny, expression: \"args.size > 10\", message: \"Too big: stay below 10.\"}}\n",
        stdio::entry("local", &log),
        web[0].entry("json", ""),
        web[1].entry("events", ""),
        web[2].entry("interrupted", ""),
        old.entry("sse", ""),
    ))
    .await;
    (stand, web, old)
}

const ALL: [&str; 5] = ["local", "json", "events", "interrupted", "sse"];

#[tokio::test(flavor = "multi_thread")]
async fn results_come_back_byte_for_byte() {
    let (stand, _web, _old) = stand().await;
    for server in ALL {
        let agent = Agent::open(&stand, &format!("/mcp/{server}")).await;
        let (_, body) =
            agent.message("tools/call", r#"{"name":"echo","arguments":{"text":"a\u00e9\n"}}"#);
        let answer = agent.raw(&body).await.body;
        for part in [
            r#"{"type":"hologram","x-odd":1.50}"#,
            r#""structuredContent":{"n":1.0,"big":123456789012345678901234567890}"#,
            r#""_meta":{"vendor/x":[1e2]}"#,
            r#""x-unknown" : null"#,
        ] {
            assert!(answer.contains(part), "{server}: {part} is not in {answer}");
        }
        let (words, is_error) = agent.told("fail", json!({})).await;
        assert_eq!((words.as_str(), is_error), ("it did not work", true), "{server}");
        let error = agent.request("tools/call", json!({"name": "rpc_error"})).await;
        assert!(
            error
                .body
                .contains(r#""error":{"code":-32050,"message":"no such thing","data":{"x":1.50}}"#),
            "{server}: {}",
            error.body
        );
    }
    let ended = stand.audited("call_completed", 10).await;
    assert!(ended.iter().any(|record| record["outcome"]["is_error"] == true), "{ended:?}");
    stand.audited("call_failed", 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_go_out_as_they_came() {
    let (stand, _web, _old) = stand().await;
    for server in ALL {
        let agent = Agent::open(&stand, "/mcp").await;
        let params = format!(
            r#"{{ "x-first" : 1.50,"name":"{server}__mirror","arguments":{{"n" : 1e2, "s":"\u00e9"}},"_meta":{{"kept":[1.0],"progressToken":"mine"}} }}"#
        );
        let answer = agent.raw(&agent.message("tools/call", &params).1).await;
        let (seen, _) = text_of(&answer.message()["result"]);
        assert!(seen.starts_with(r#"{"x-first":1.50,"name":"mirror","arguments":{"n" : 1e2, "s":"\u00e9"},"_meta":{"kept":[1.0],"progressToken":"#), "{server}: {seen}");
        assert!(!seen.contains("mine"), "{server}: tokens are our own at the server: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_passed_on_under_the_clients_token() {
    let (stand, _web, _old) = stand().await;
    for server in ["local", "events", "sse"] {
        let agent = Agent::open(&stand, &format!("/mcp/{server}")).await;
        let open = agent
            .begin(json!({
                "name": "slow",
                "arguments": {"steps": 3, "ms": 30},
                "_meta": {"progressToken": "t-1"},
            }))
            .await;
        assert_eq!(open.content_type(), "text/event-stream");
        let (result, notes) = open.finish().await;
        assert_eq!(text_of(&result), ("done".into(), false));
        let seen: Vec<&Value> = notes.iter().map(|note| &note["progress"]).collect();
        assert_eq!(seen, [1, 2, 3], "{server}: {notes:?}");
        assert!(notes.iter().all(|note| note["progressToken"] == "t-1" && note["total"] == 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_calls_say_why_and_never_run() {
    let (stand, _web, _old) = stand().await;
    let agent = Agent::open(&stand, "/mcp").await;
    let result = agent.call("local__danger", json!({"size": 11})).await;
    assert_eq!(text_of(&result), ("Too big: stay below 10.".into(), true));
    let decision = &result["_meta"]["dev.preloop/decision"];
    assert_eq!(decision["action"], "deny");
    assert_eq!(decision["reason"], "rule_matched");
    assert_eq!(decision["rule"]["name"], "no-boom");
    let records = stand.audited("decision", 1).await;
    assert_eq!(records[0]["decision_id"], decision["id"]);
    assert_eq!(agent.told("local__danger", json!({"size": 9})).await, ("boom".into(), false));
    let (words, is_error) = agent.told("local__danger", json!({"size": "many"})).await;
    assert!(is_error, "a condition that errs in a deny rule denies: {words}");
    let (words, is_error) = agent.told("json__echo", json!({"number": 3})).await;
    assert!(is_error && words.contains("text"), "the tool's schema is kept: {words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_get_nothing_from_the_client_but_pings() {
    let (stand, _web, _old) = stand().await;
    for server in ["local", "events", "sse"] {
        let agent = Agent::open(&stand, &format!("/mcp/{server}")).await;
        let (words, _) = agent.told("ask", json!({})).await;
        assert_eq!(
            words,
            "sampling/createMessage: -32601, elicitation/create: -32601, roots/list: -32601, ping: null",
            "{server}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_share_one_connection() {
    let (stand, _web, _old) = stand().await;
    for server in ["local", "json"] {
        let agent = Agent::open(&stand, &format!("/mcp/{server}")).await;
        let calls = (0..50).map(|number| {
            let agent = &agent;
            async move {
                let text = format!("number {number}");
                assert_eq!(agent.told("echo", json!({"text": text})).await, (text, false));
            }
        });
        futures_util::future::join_all(calls).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_read_one_form_get_that_form() {
    let (stand, _web, _old) = stand().await;
    let agent = Agent::open(&stand, "/mcp/local").await;
    let params = json!({
        "name": "slow",
        "arguments": {"steps": 2, "ms": 20},
        "_meta": {"progressToken": 7},
    });
    let open = agent.begin_accepting(params.clone(), "application/json").await;
    assert_eq!(open.content_type(), "application/json");
    let open = agent.begin_accepting(params, "text/event-stream").await;
    assert_eq!(open.content_type(), "text/event-stream");
    let (_, notes) = open.finish().await;
    assert_eq!(notes.len(), 2);
}
