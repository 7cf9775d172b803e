//! Denied calls: the agent is told why, the server never hears of it, the trail has it.

use serde_json::json;

use crate::support::agent::SDKS;
use crate::support::preloop::{Preloop, policy};
use crate::support::session::{Session, tools_call};
use crate::support::upstream::{Fixture, everything_over_stdio};
use crate::support::{is_error, text};

#[test]
fn the_rules_message_reaches_every_agent_and_the_tool_does_not_run() {
    let fixture = Fixture::new(&["drop_table"]);
    let rules = json!([{"name": "drop_table", "conditions": [
        {
            "name": "not-production",
            "expression": "args.database.startsWith(\"prod\")",
            "action": "deny",
            "message": "production is off limits: use the staging database",
        },
    ]}]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("db")], rules, json!({})));
    for sdk in SDKS {
        let result = preloop.agent(sdk).call("db__drop_table", json!({"database": "prod-eu"}));
        assert!(is_error(&result), "{sdk:?} {result}");
        assert_eq!(text(&result), "production is off limits: use the staging database", "{sdk:?}");
        let decision = &result["_meta"]["dev.preloop/decision"];
        assert_eq!(decision["action"], "deny", "{sdk:?} {result}");
        assert_eq!(decision["reason"], "rule_matched", "{sdk:?} {result}");
        let id = decision["id"].as_str().unwrap();
        let record = preloop.recorded("the denial", |record| record["decision_id"] == id);
        assert_eq!(record["decision"]["rule"]["name"], "not-production");
    }
    assert!(fixture.calls().is_empty());
    assert!(!is_error(&preloop.agent(SDKS[0]).call("db__drop_table", json!({"database": "test"}))));
    assert_eq!(fixture.calls().len(), 1);
}

#[test]
fn a_condition_that_cannot_be_evaluated_denies() {
    let fixture = Fixture::new(&["pay"]);
    let rules = json!([{"name": "pay", "conditions": [
        {"expression": "args.amount * 2 > 100 && true", "action": "deny"},
    ]}]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], rules, json!({})));
    let mut agent = preloop.agent(SDKS[0]);
    for arguments in [json!({}), json!({"amount": "plenty"}), json!({"amount": null})] {
        let result = agent.call("bank__pay", arguments.clone());
        assert!(is_error(&result), "{arguments} {result}");
        assert_eq!(result["_meta"]["dev.preloop/decision"]["reason"], "condition_error");
    }
    assert!(fixture.calls().is_empty());
}

#[test]
fn arguments_that_break_the_tools_schema_are_denied() {
    let preloop =
        Preloop::start(&policy(vec![everything_over_stdio("every")], json!([]), json!({})));
    let mut agent = preloop.agent(SDKS[1]);
    for arguments in [json!({}), json!({"message": 7})] {
        let result = agent.call("every__echo", arguments.clone());
        assert!(is_error(&result), "{arguments} {result}");
        assert_eq!(result["_meta"]["dev.preloop/decision"]["reason"], "invalid_call", "{result}");
    }
}

#[test]
fn a_tool_that_nobody_offers_is_refused_and_in_the_trail() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let session = Session::open(&preloop, "", &preloop.agent_key);
    for name in ["things__gone", "gone__look", "look", ""] {
        let reply = session.post(&tools_call(1, name, &json!({}))).message();
        assert!(is_error(&reply["result"]) || reply["error"].is_object(), "{name}: {reply}");
        assert!(reply.to_string().contains(name), "the answer names the tool: {reply}");
    }
    assert!(fixture.calls().is_empty());
    preloop.recorded("the refusal", |record| record.to_string().contains("things__gone"));
}

#[test]
fn the_defaults_deny_what_no_entry_names() {
    let fixture = Fixture::new(&["look", "touch"]);
    let preloop = Preloop::start(&policy(
        vec![fixture.entry("things")],
        json!([{"name": "look"}]),
        json!({"defaults": {"unknown_tools": "deny"}}),
    ));
    let mut agent = preloop.agent(SDKS[2]);
    assert_eq!(agent.tool_names(), ["things__look"], "what is always denied is not shown");
    let result = agent.call("things__touch", json!({}));
    assert!(is_error(&result), "hidden is not enough: {result}");
    assert_eq!(result["_meta"]["dev.preloop/decision"]["reason"], "unknown_tool", "{result}");
    assert!(fixture.calls().is_empty());
}
