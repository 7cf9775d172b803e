//! A policy file that changes while the server runs: a valid change takes hold whole, an invalid one not at all.

use serde_json::json;

use crate::support::agent::Sdk;
use crate::support::preloop::{Preloop, policy};
use crate::support::upstream::Fixture;
use crate::support::wait::until_true;
use crate::support::{is_error, text};

#[test]
fn a_valid_change_takes_hold_and_is_announced() {
    let fixture = Fixture::new(&["look", "touch"]);
    let open = policy(vec![fixture.entry("things")], json!([]), json!({}));
    let preloop = Preloop::start(&open);
    let process = fixture.process();
    let mut agent = preloop.agent(Sdk::TypeScript1);
    assert_eq!(agent.tool_names(), ["things__look", "things__touch"]);
    assert_eq!(text(&agent.call("things__touch", json!({}))), "ran touch");

    let closed = policy(
        vec![fixture.entry("things")],
        json!([{"name": "touch", "conditions": [{"action": "deny", "message": "hands off"}]}]),
        json!({}),
    );
    preloop.rewrite_policy(&closed.to_string());
    agent.hears_that_tools_changed();
    assert_eq!(agent.tool_names(), ["things__look"]);
    let result = agent.call("things__touch", json!({}));
    assert!(is_error(&result) && text(&result).contains("hands off"), "{result}");
    assert_eq!(fixture.calls().len(), 1);
    assert_eq!(fixture.process(), process, "a server that did not change is not restarted");

    // An editor that writes in place instead of renaming.
    std::fs::write(preloop.policy_file(), open.to_string()).unwrap();
    until_true("the change in place takes hold", || {
        !is_error(&agent.call("things__touch", json!({})))
    });
}

#[test]
fn an_invalid_change_is_refused_and_the_last_good_one_stays() {
    let fixture = Fixture::new(&["look", "touch"]);
    let good = policy(
        vec![fixture.entry("things")],
        json!([{"name": "touch", "conditions": [{"action": "deny", "message": "hands off"}]}]),
        json!({}),
    );
    let preloop = Preloop::start(&good);
    let mut agent = preloop.agent(Sdk::Python);
    let broken = [
        "",
        "{",
        "version: \"1.0\"\nmetadata: {name: x}\ntools:\n  - name: touch\n    aproval: yes\n",
        "version: \"2.0\"\nmetadata: {name: x}\n",
    ];
    for (before, broken) in broken.into_iter().enumerate() {
        preloop.rewrite_policy(broken);
        until_true("the change is refused", || {
            preloop.trail().iter().filter(|record| record["kind"] == "policy_refused").count()
                > before
        });
        let result = agent.call("things__touch", json!({}));
        assert!(is_error(&result) && text(&result).contains("hands off"), "{broken:?} {result}");
        assert_eq!(text(&agent.call("things__look", json!({}))), "ran look");
    }
    let ready = preloop.get("/readyz", &preloop.owner_key);
    assert!(ready.json()["policy"]["errors"][0]["message"].is_string(), "{ready:?}");
    assert_eq!(ready.json()["policy"]["name"], "end to end", "{ready:?}");

    preloop
        .rewrite_policy(&policy(vec![fixture.entry("things")], json!([]), json!({})).to_string());
    until_true("the next good one takes hold", || {
        !is_error(&agent.call("things__touch", json!({})))
    });
}

#[test]
fn servers_come_and_go_with_the_policy() {
    let first = Fixture::new(&["look"]);
    let second = Fixture::new(&["touch"]);
    let preloop = Preloop::start(&policy(vec![first.entry("one")], json!([]), json!({})));
    let mut agent = preloop.agent(Sdk::TypeScript2);
    assert_eq!(agent.tool_names(), ["one__look"]);
    preloop.rewrite_policy(&policy(vec![second.entry("two")], json!([]), json!({})).to_string());
    until_true("the new server is there and the old one is not", || {
        agent.tool_names() == ["two__touch"]
    });
    assert_eq!(text(&agent.call("two__touch", json!({}))), "ran touch");
    assert!(is_error(&agent.call("one__look", json!({}))));
    let gone = first.process().to_string();
    until_true("the old server's process is put away", || {
        let alive = std::process::Command::new("kill").args(["-0", &gone]).output().unwrap();
        !alive.status.success()
    });
}
