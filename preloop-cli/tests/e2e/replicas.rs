//! Several servers on one PostgreSQL: a call held at one is decided at another, and the database may go and come back.

use std::time::{Duration, Instant};

use preloop_testbed::Database;
use serde_json::{Value, json};

use crate::holding::ask_for;
use crate::support::agent::{Agent, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::upstream::Fixture;
use crate::support::wait::{until, until_true};
use crate::support::{is_error, text};

fn start(document: &Value, database: &Database) -> Preloop {
    Preloop::start_with(document, &[("PRELOOP_DATABASE_URL", &database.url())])
}

#[test]
fn a_call_held_at_one_server_is_approved_at_another() {
    let database = Database::create();
    let fixture = Fixture::new(&["pay"]);
    let document = policy(vec![fixture.entry("bank")], ask_for("pay"), json!({}));
    let here = start(&document, &database);
    let there = start(&document, &database);
    assert_ne!(here.owner_key, there.owner_key, "each folder has its own keys");
    let mut agent = here.agent(Sdk::Python);
    for amount in 1..=3 {
        let started = agent.start("bank__pay", json!({"amount": amount}));
        let approval = there.pending();
        assert!(agent.is_waiting(started));
        let id = approval["id"].as_str().unwrap();
        let begun = Instant::now();
        there.approve(id);
        let result = agent.outcome(started).unwrap();
        assert!(!is_error(&result), "{result}");
        // The other server looks by itself only after this long.
        assert!(begun.elapsed() < Duration::from_secs(14), "it was not told");
        assert_eq!(here.approval(id)["state"], "approved");
    }
    assert_eq!(fixture.calls().len(), 3);
    for server in [&here, &there] {
        let verified = server.cli(&["audit", "verify"]);
        assert!(verified.status.success(), "{verified:?}");
    }
    let kinds = here.trail();
    assert!(kinds.iter().any(|record| record["kind"] == "vote"), "the vote of the other server");
}

#[test]
fn a_key_revoked_at_one_server_is_refused_at_another() {
    let database = Database::create();
    let document = policy(vec![], json!([]), json!({}));
    let here = start(&document, &database);
    let there = start(&document, &database);
    let key = here.create_agent_key("worker");
    let call = json!({"tool": "x", "args": {}});
    let status = |preloop: &Preloop| preloop.post("/api/v1/decisions", &key, &call).status;
    until_true("the new key is known to both", || status(&there) == 200);
    let keys = here.get("/api/v1/api-keys", &here.owner_key).json();
    let all = keys["items"].as_array().unwrap();
    let id = all.iter().find(|key| key["name"] == "worker").unwrap()["id"].as_str().unwrap();
    let revoked = here.cli(&["keys", "revoke", id]);
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(status(&here), 401);
    until_true("the other server refuses it", || status(&there) == 401);
}

#[test]
fn what_one_server_left_at_its_death_is_its_own_to_tell() {
    let database = Database::create();
    let fixture = Fixture::new(&["pay"]);
    let document = policy(vec![fixture.entry("bank")], ask_for("pay"), json!({}));
    let mut here = start(&document, &database);
    let mut there = start(&document, &database);
    let mut agent = here.agent(Sdk::Python);
    agent.start("bank__pay", json!({"amount": 1}));
    let id = here.pending()["id"].as_str().unwrap().to_owned();
    there.kill_and_restart();
    let told = |preloop: &Preloop| {
        preloop.trail().iter().filter(|record| record["kind"] == "interrupted").count()
    };
    assert_eq!(told(&there), 0, "the call still waits at the other server");
    here.kill_and_restart();
    until_true("the restart tells of the call", || told(&here) == 1);
    there.approve(&id);
    assert!(fixture.calls().is_empty(), "nobody waits for it");
    // The same principal, at the other server.
    let mut agent = Agent::connect(Sdk::Python, &there.mcp_url(""), &here.agent_key);
    let again = agent.call("bank__pay", json!({"amount": 1}));
    assert_eq!(text(&again), "ran pay");
    assert_eq!(fixture.calls().len(), 1);
}

#[test]
fn without_its_database_a_server_decides_from_memory_and_holds_nothing() {
    let database = Database::create();
    let tools = json!([
        {"name": "read"},
        {"name": "drop", "conditions": [{"action": "deny"}]},
        {"name": "pay", "conditions": [{"action": "require_approval"}]},
    ]);
    let preloop = start(&policy(vec![], tools, json!({})), &database);
    let decide = |tool: &str| {
        preloop.post("/api/v1/decisions", &preloop.agent_key, &json!({"tool": tool, "args": {}}))
    };
    database.take_away();
    let allowed = decide("read");
    assert_eq!((allowed.status, allowed.json()["action"].clone()), (200, json!("allow")));
    assert_eq!(decide("drop").json()["action"], "deny");
    let held = decide("pay");
    assert_eq!(held.status, 503, "{held:?}");
    assert_eq!(preloop.get("/readyz", "").status, 503);
    database.bring_back();
    let held = until("approvals are stored again", || {
        Some(decide("pay")).filter(|answer| answer.status == 200)
    });
    assert_eq!(held.json()["action"], "require_approval");
    until_true("it is ready again", || preloop.get("/readyz", "").status == 200);
    let records = until("the trail has what was decided meanwhile", || {
        Some(preloop.trail()).filter(|trail| trail.iter().any(|record| record["tool"] == "drop"))
    });
    assert!(records.iter().any(|record| record["tool"] == "read"));
}

/// A document that answers `pay` with the action, and is long enough to take a while to be stored.
fn answering(action: &str) -> Value {
    let mut tools: Vec<Value> = (0..300).map(|at| json!({"name": format!("tool{at}")})).collect();
    tools.push(json!({"name": "pay", "conditions": [{"action": action}]}));
    policy(vec![], tools.into(), json!({}))
}

fn import(preloop: &Preloop, document: &Value) -> u16 {
    let body = json!({"policy": document});
    preloop.post("/api/v1/policies/import", &preloop.owner_key, &body).status
}

fn decided(preloop: &Preloop) -> Value {
    let call = json!({"tool": "pay", "args": {}});
    let decided = preloop.post("/api/v1/decisions", &preloop.agent_key, &call).json();
    decided.get("action").cloned().unwrap_or_default()
}

#[test]
fn a_policy_applied_at_one_server_is_live_at_another_within_a_second() {
    let database = Database::create();
    let url = database.url();
    let here = Preloop::start_without_file(&[("PRELOOP_DATABASE_URL", &url)]);
    let there = Preloop::start_without_file(&[("PRELOOP_DATABASE_URL", &url)]);
    assert_eq!(decided(&there), "deny", "nothing is live");
    let mut took: Vec<Duration> = ["allow", "deny", "allow", "deny", "allow"]
        .into_iter()
        .map(|action| {
            assert_eq!(import(&here, &answering(action)), 200);
            let begun = Instant::now();
            assert_eq!(decided(&here), action, "at once where it was applied");
            until_true("it is live at the other server", || decided(&there) == action);
            begun.elapsed()
        })
        .collect();
    took.sort();
    // The other server looks by itself only after 15 seconds; one slow one of five is the machine's.
    assert!(took[3] < Duration::from_secs(1), "{took:?}");
    let list = there.get("/api/v1/policies/versions", &there.owner_key).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 5);
    // A server that comes later starts with it.
    let later = Preloop::start_without_file(&[("PRELOOP_DATABASE_URL", &url)]);
    assert_eq!(decided(&later), "allow");
    database.take_away();
    assert_eq!(decided(&later), "allow", "from memory");
    assert_eq!(import(&here, &answering("deny")), 503);
    assert_eq!(decided(&here), "allow", "what was not stored is not live");
    database.bring_back();
    until_true("changes are taken again", || import(&here, &answering("deny")) == 200);
    until_true("and heard", || decided(&there) == "deny" && decided(&later) == "deny");
}

#[test]
fn a_server_killed_while_it_applies_comes_up_with_one_policy_whole() {
    let mut preloop = Preloop::start_without_file(&[]);
    let documents = [answering("allow"), answering("deny")];
    assert_eq!(import(&preloop, &documents[0]), 200);
    for round in 0..8_u64 {
        let address = preloop.address.clone();
        let bearer = format!("Bearer {}", preloop.owner_key);
        let bodies = documents.clone().map(|policy| json!({"policy": policy}).to_string());
        let writer = std::thread::spawn(move || {
            // Until the connection breaks.
            let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
            for body in bodies.iter().cycle() {
                let sent = std::panic::catch_unwind(|| {
                    let path = "/api/v1/policies/import";
                    crate::support::wire::send(&address, "POST", path, &headers, body.as_bytes())
                });
                if sent.is_err() {
                    return;
                }
            }
        });
        std::thread::sleep(Duration::from_millis(60 + round * 37));
        preloop.kill();
        writer.join().unwrap();
        preloop.kill_and_restart();
        let list = preloop.get("/api/v1/policies", &preloop.owner_key).json();
        let live = &list["items"][0];
        let path = format!("/api/v1/policies/{}", live["id"].as_str().unwrap());
        let shown = preloop.get(&path, &preloop.owner_key).json();
        let tools = shown["document"]["tools"].as_array().unwrap();
        assert_eq!(tools.len(), 301, "whole");
        assert_eq!(decided(&preloop), tools[300]["conditions"][0]["action"]);
        let versions = preloop.get("/api/v1/policies/versions?limit=1", &preloop.owner_key).json();
        assert_eq!(versions["items"][0]["id"], live["version_id"], "the last one that was stored");
    }
    assert_eq!(import(&preloop, &documents[1]), 200);
    assert_eq!(decided(&preloop), "deny");
}
