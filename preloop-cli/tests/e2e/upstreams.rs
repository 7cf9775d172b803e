//! Servers behind the firewall that crash, restart or never answer: agents get clear answers and nothing runs twice.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::agent::{SDKS, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::upstream::{EverythingOverHttp, Fixture, PythonOverSse, Way, tool};
use crate::support::wait::until_true;
use crate::support::{is_error, text};

fn kill(process: u32) {
    let status = Command::new("kill").arg("-9").arg(process.to_string()).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_crashed_stdio_server_is_started_again() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    for sdk in SDKS {
        let mut agent = preloop.agent(sdk);
        assert_eq!(text(&agent.call("things__look", json!({}))), "ran look");
        let process = fixture.process();
        kill(process);
        until_true("calls work again", || {
            let result = agent.call("things__look", json!({}));
            !is_error(&result) && text(&result) == "ran look"
        });
        assert_ne!(fixture.process(), process);
    }
    preloop.recorded_kind("upstream_lost");
    assert_eq!(preloop.upstream_state("things"), "connected");
}

#[test]
fn a_crash_under_a_call_leaves_its_outcome_unknown_and_is_not_repeated() {
    let fixture = Fixture::new(&["slow", "look"]);
    fixture.answers("slow", "never");
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let mut agent = preloop.agent(Sdk::Python);
    let started = agent.start("things__slow", json!({}));
    until_true("the call arrives", || fixture.calls().len() == 1);
    kill(fixture.process());
    match agent.outcome(started) {
        Ok(result) => {
            assert!(is_error(&result), "{result}");
            assert!(text(&result).contains("things"), "it names the server: {result}");
        }
        Err(error) => assert!(error.to_string().contains("things"), "it names the server: {error}"),
    }
    preloop.recorded_kind("outcome_unknown");
    until_true("calls work again", || !is_error(&agent.call("things__look", json!({}))));
    let slow = fixture.calls().iter().filter(|call| call["name"] == "slow").count();
    assert_eq!(slow, 1, "a call that may have run is never rerun");
}

#[test]
fn an_http_server_that_restarted_is_greeted_anew() {
    let mut remote = EverythingOverHttp::start();
    let preloop = Preloop::start(&policy(vec![remote.entry("remote")], json!([]), json!({})));
    for sdk in SDKS {
        let mut agent = preloop.agent(sdk);
        let before = agent.call("remote__echo", json!({"message": "before"}));
        assert_eq!(text(&before), "Echo: before");
        // It has forgotten its sessions.
        remote.restart();
        until_true("calls work again", || {
            let result = agent.call("remote__echo", json!({"message": "after"}));
            !is_error(&result) && text(&result) == "Echo: after"
        });
    }
}

#[test]
fn servers_over_the_older_transport_are_called_and_greeted_anew() {
    let mut remote = EverythingOverHttp::over(Way::Sse);
    let python = PythonOverSse::start();
    let servers = vec![remote.entry("remote"), python.entry("python")];
    let preloop = Preloop::start(&policy(servers, json!([]), json!({})));
    for sdk in SDKS {
        let mut agent = preloop.agent(sdk);
        let sum = agent.call("python__add", json!({"one": 2, "other": 3}));
        assert_eq!((text(&sum), is_error(&sum)), ("5", false));
        let before = agent.call("remote__echo", json!({"message": "before"}));
        assert_eq!(text(&before), "Echo: before");
        remote.restart();
        until_true("calls work again", || {
            let result = agent.call("remote__echo", json!({"message": "after"}));
            !is_error(&result) && text(&result) == "Echo: after"
        });
    }
    preloop.recorded_kind("upstream_lost");
}

#[test]
fn one_server_that_can_not_start_does_not_stop_the_others() {
    let fixture = Fixture::new(&["look"]);
    let good = policy(vec![fixture.entry("things")], json!([]), json!({}));
    let preloop = Preloop::start(&good);
    let ghost =
        json!({"name": "ghost", "transport": "stdio", "command": "preloop-no-such-program"});
    let nobody = json!({"name": "nobody", "url": "http://127.0.0.1:9/mcp"});
    let document = policy(vec![fixture.entry("things"), ghost, nobody], json!([]), json!({}));
    preloop.rewrite_policy(&document.to_string());
    until_true("both are seen to fail", || {
        preloop.upstream_state("ghost") == "failed" && preloop.upstream_state("nobody") == "failed"
    });
    let servers = preloop.get("/api/v1/mcp-servers", &preloop.owner_key).body;
    assert!(servers.contains("preloop-no-such-program"), "it says what failed: {servers}");
    let mut agent = preloop.agent(Sdk::TypeScript1);
    assert_eq!(agent.tool_names(), ["things__look"]);
    assert_eq!(text(&agent.call("things__look", json!({}))), "ran look");
}

#[test]
fn agents_hear_that_a_server_changed_its_tools() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    for (round, sdk) in SDKS.into_iter().enumerate() {
        let mut agent = preloop.agent(sdk);
        let mut offers = 0;
        let mut name = String::new();
        // The first change may come before the SDK has opened its stream for announcements.
        until_true("the change is announced", || {
            offers += 1;
            name = format!("touch{round}of{offers}");
            fixture.offers(&[tool("look", "A tool."), tool(&name, "Touches.")]);
            agent.hears_that_tools_changed_within(Duration::from_secs(5))
        });
        until_true("the list has it", || agent.tool_names().contains(&format!("things__{name}")));
    }
}
