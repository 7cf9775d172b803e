//! Allowed calls: what the agent sends and what the server answers go through unchanged.

use serde_json::{Value, json};

use crate::support::agent::{Agent, CallOptions, SDKS, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::session::{Session, tools_call};
use crate::support::upstream::{EverythingOverHttp, Fixture, everything_over_stdio};
use crate::support::{is_error, text};

/// Tools of server-everything with arguments, one for each kind of result.
fn calls() -> Vec<(&'static str, Value)> {
    vec![
        ("echo", json!({"message": "grüße, 世界"})),
        ("get-sum", json!({"a": 2, "b": 40.5})),
        ("get-tiny-image", json!({})),
        ("get-structured-content", json!({"location": "Chicago"})),
        ("get-annotated-message", json!({"messageType": "error", "includeImage": true})),
        ("get-resource-links", json!({"count": 3})),
    ]
}

#[test]
fn results_are_the_same_as_without_the_firewall() {
    let remote = EverythingOverHttp::start();
    let preloop = Preloop::start(&policy(
        vec![everything_over_stdio("local"), remote.entry("remote")],
        json!([]),
        json!({}),
    ));
    for sdk in SDKS {
        let mut direct = Agent::connect(sdk, &remote.url(), "");
        let mut governed = preloop.agent(sdk);
        // Both SDKs check structured content against the schemas that the list shows.
        direct.tools();
        governed.tools();
        for (tool, arguments) in calls() {
            let expected = direct.call(tool, arguments.clone());
            for server in ["local", "remote"] {
                let result = governed.call(&format!("{server}__{tool}"), arguments.clone());
                assert_eq!(result, expected, "{sdk:?} {server} {tool}");
            }
        }
    }
}

#[test]
fn progress_of_the_server_reaches_the_agent() {
    let remote = EverythingOverHttp::start();
    let preloop = Preloop::start(&policy(
        vec![everything_over_stdio("local"), remote.entry("remote")],
        json!([]),
        json!({}),
    ));
    for sdk in SDKS {
        let mut agent = preloop.agent(sdk);
        for server in ["local", "remote"] {
            let options = CallOptions { wants_progress: true, ..CallOptions::default() };
            let tool = format!("{server}__trigger-long-running-operation");
            let started = agent.start_with(&tool, json!({"duration": 0.2, "steps": 2}), options);
            let steps = [agent.progress(started), agent.progress(started)];
            assert!(steps[0]["progress"].as_f64() < steps[1]["progress"].as_f64(), "{steps:?}");
            assert_eq!(steps[1]["total"].as_f64(), Some(2.0), "{sdk:?} {server} {steps:?}");
            assert!(text(&agent.outcome(started).unwrap()).contains("completed"));
        }
    }
}

#[test]
fn nothing_is_lost_or_rewritten_on_the_way() {
    let fixture = Fixture::new(&["odd"]);
    let answer = concat!(
        r#"{"content":[{"type":"text","text":"a","x-own":1.50},{"type":"hologram","data":[1e2]}],"#,
        r#""structuredContent":{"big":123456789012345678901234567890,"z":0,"a":null},"#,
        r#""isError":false,"_meta":{"vendor/one":{"deep":[true]}},"unknown":"kept"}"#
    );
    fixture.answers("odd", answer);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let session = Session::open(&preloop, "", &preloop.agent_key);
    let arguments =
        r#"{"z":1.0,"a":12345678901234567890123,"text":"\u0041 / \/","deep":{"b":[],"a":{}}}"#;
    let message = format!(
        r#"{{"jsonrpc":"2.0","id":"seven","method":"tools/call","params":{{"name":"things__odd","arguments":{arguments},"_meta":{{"vendor/two":"kept"}}}}}}"#
    );
    let reply = session.post(&message);
    assert!(reply.body.contains(answer), "result: {}", reply.body);
    assert_eq!(reply.message()["id"], "seven");
    let sent = fixture.raw_calls();
    assert!(sent.contains(arguments), "arguments: {sent}");
    assert!(sent.contains(r#""vendor/two":"kept""#), "_meta: {sent}");
    assert!(sent.contains(r#""name":"odd""#), "the server's own name: {sent}");
    assert!(!sent.contains(&preloop.agent_key), "the agent's key stays here");
}

#[test]
fn an_error_of_the_tool_reaches_the_agent_as_it_is() {
    let fixture = Fixture::new(&["broken"]);
    fixture
        .answers("broken", r#"{"content":[{"type":"text","text":"disk is full"}],"isError":true}"#);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    for sdk in SDKS {
        let result = preloop.agent(sdk).call("things__broken", json!({}));
        assert!(is_error(&result) && text(&result) == "disk is full", "{sdk:?} {result}");
    }
    let record = preloop.recorded_kind("call_completed");
    assert_eq!(record["outcome"]["is_error"], true, "{record}");
}

#[test]
fn an_allowed_call_is_in_the_trail_with_rule_and_duration() {
    let fixture = Fixture::new(&["pay"]);
    let rules = json!([{"name": "pay", "conditions": [
        {"name": "small-sums", "expression": "args.amount <= 10", "action": "allow"},
        {"action": "deny"},
    ]}]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], rules, json!({})));
    let result =
        preloop.agent(Sdk::Python).call("bank__pay", json!({"amount": 7, "password": "hunter2"}));
    assert!(!is_error(&result), "{result}");
    let decision = preloop.recorded_kind("decision");
    assert_eq!(decision["decision"]["action"], "allow");
    assert_eq!(decision["decision"]["rule"]["name"], "small-sums");
    assert_eq!((&decision["tool"], &decision["server"]), (&json!("pay"), &json!("bank")));
    assert_eq!(decision["arguments"]["amount"], 7);
    assert!(!decision.to_string().contains("hunter2"), "secrets are masked: {decision}");
    let completed = preloop.recorded_kind("call_completed");
    assert_eq!(completed["decision_id"], decision["decision_id"]);
    assert!(completed["outcome"]["duration_ms"].is_number(), "{completed}");
}

#[test]
fn results_come_without_a_stream_too() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let session = Session::open(&preloop, "things", &preloop.agent_key);
    let reply = session.post(&tools_call(5, "look", &json!({})));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.message()["id"], 5);
    assert_eq!(text(&reply.message()["result"]), "ran look");
}
