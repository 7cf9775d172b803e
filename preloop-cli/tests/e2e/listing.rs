//! What agents see: the tools of every server under clear names, without what they can never call.

use serde_json::json;

use crate::support::agent::{Agent, SDKS, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::upstream::{
    EverythingOverHttp, Fixture, everything_over_stdio, filesystem_over_stdio,
};

#[test]
fn every_sdk_sees_all_servers_without_denied_tools() {
    let remote = EverythingOverHttp::start();
    let folder = tempfile::tempdir().unwrap();
    let mut far = remote.entry("remote");
    far["tool_prefix"] = "far".into();
    let preloop = Preloop::start(&policy(
        vec![everything_over_stdio("local"), filesystem_over_stdio("files", folder.path()), far],
        json!([
            {"name": "get-env", "enabled": false},
            {"name": "echo", "source": "remote", "conditions": [{"action": "deny"}]},
            {"name": "move_file", "conditions": [
                {"expression": "args.source == \"a\"", "action": "deny"},
            ]},
        ]),
        json!({}),
    ));
    let mut lists = Vec::new();
    for sdk in SDKS {
        let names = preloop.agent(sdk).tool_names();
        let has = |name: &str| names.iter().any(|seen| seen == name);
        assert!(
            has("local__echo") && has("files__read_text_file") && has("far_get-sum"),
            "{names:?}"
        );
        assert!(has("files__move_file"), "denied only for some arguments, so shown: {names:?}");
        assert!(!has("local__get-env") && !has("far_get-env"), "disabled, so hidden: {names:?}");
        assert!(!has("far_echo") && !has("remote__echo"), "always denied, so hidden: {names:?}");
        lists.push(names);
    }
    assert_eq!(lists[0], lists[1]);
    assert_eq!(lists[1], lists[2]);
}

#[test]
fn one_server_is_seen_under_its_own_names() {
    let fixture = Fixture::new(&["look", "touch"]);
    let preloop = Preloop::start(&policy(
        vec![fixture.entry("things"), everything_over_stdio("other")],
        json!([{"name": "look", "description": "Looks, and says so."}]),
        json!({}),
    ));
    let mut agent =
        Agent::connect(Sdk::TypeScript1, &preloop.mcp_url("things"), &preloop.agent_key);
    let tools = agent.tools();
    assert_eq!(tools[0]["name"], "look");
    assert_eq!(
        tools[0]["description"], "Looks, and says so.",
        "the policy's words replace the server's"
    );
    assert_eq!(tools[1]["name"], "touch");
    assert_eq!(tools.len(), 2);
    agent.call("touch", json!({}));
    assert_eq!(fixture.calls()[0]["name"], "touch");
}

#[test]
fn a_name_too_long_for_clients_is_cut_and_still_works() {
    let long = "a_tool_with_a_name_that_is_far_too_long_for_most_of_the_clients_out_there";
    let fixture = Fixture::new(&[long]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let mut agent = preloop.agent(Sdk::Python);
    let names = agent.tool_names();
    assert_eq!(names.len(), 1);
    assert!(names[0].len() <= 64, "{names:?}");
    agent.call(&names[0], json!({}));
    assert_eq!(fixture.calls()[0]["name"], long);
}

#[test]
fn clients_of_every_era_agree_on_a_revision_they_share() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    for sdk in [Sdk::Python, Sdk::TypeScript1, Sdk::TypeScript2, Sdk::TypeScript2Auto] {
        let mut agent = preloop.agent(sdk);
        assert_eq!(agent.protocol, "2025-11-25", "{sdk:?}");
        assert_eq!(agent.tool_names(), ["things__look"], "{sdk:?}");
    }
}
