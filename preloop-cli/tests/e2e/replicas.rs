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
