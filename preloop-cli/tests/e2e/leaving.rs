//! Clients that go away, calls that are taken back, and a server that is killed: nothing runs unseen, nothing twice.

use serde_json::json;

use crate::holding::ask_for;
use crate::support::agent::{SDKS, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::upstream::{Fixture, filesystem_over_stdio};
use crate::support::{is_error, text};

#[test]
fn a_client_that_left_joins_its_request_again_and_the_call_runs_once() {
    let fixture = Fixture::new(&["pay", "look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    for (round, sdk) in SDKS.into_iter().enumerate() {
        let arguments = json!({"invoice": round});
        let mut first = preloop.agent(sdk);
        first.start("bank__pay", arguments.clone());
        let approval = preloop.pending();
        let id = approval["id"].as_str().unwrap();
        first.vanish();
        preloop.recorded("the caller left", |record| {
            record["kind"] == "caller_left" && record["approval_id"] == id
        });
        // Joined while it is pending, then once more after it was approved with nobody there.
        let mut second = preloop.agent(sdk);
        second.start("bank__pay", arguments.clone());
        preloop.recorded("the join", |record| {
            record["kind"] == "approval_joined" && record["approval_id"] == id
        });
        assert_eq!(preloop.pending()["id"], id, "no second request");
        second.vanish();
        preloop.approve(id);
        let mut third = preloop.agent(sdk);
        assert_eq!(text(&third.call("bank__look", json!({}))), "ran look");
        assert_eq!(paid(&fixture), round, "it must not run while nobody asks");
        assert_eq!(text(&third.call("bank__pay", arguments)), "ran pay");
        assert_eq!(paid(&fixture), round + 1);
    }
}

#[test]
fn a_call_that_was_taken_back_never_runs() {
    let fixture = Fixture::new(&["pay", "look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    for sdk in SDKS {
        let mut agent = preloop.agent(sdk);
        let started = agent.start("bank__pay", json!({"by": format!("{sdk:?}")}));
        let approval = preloop.pending();
        let id = approval["id"].as_str().unwrap();
        agent.cancel(started);
        assert!(agent.outcome(started).is_err());
        preloop.recorded("the cancellation", |record| {
            record["approval_id"] == id
                && ["call_cancelled", "approval_cancelled"]
                    .contains(&record["kind"].as_str().unwrap())
        });
        // Whether or not the vote is still taken, nothing may run.
        preloop.cli(&["approvals", "approve", id, "--yes"]);
        assert_eq!(text(&agent.call("bank__look", json!({}))), "ran look");
    }
    let names: Vec<_> = fixture.calls().iter().map(|call| call["name"].clone()).collect();
    assert_eq!(names, ["look", "look", "look"]);
}

#[test]
fn a_running_call_that_is_taken_back_is_cancelled_at_the_server() {
    let fixture = Fixture::new(&["slow"]);
    fixture.answers("slow", "never");
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let mut agent = preloop.agent(Sdk::TypeScript1);
    let started = agent.start("things__slow", json!({}));
    crate::support::wait::until_true("the call arrives", || fixture.calls().len() == 1);
    agent.cancel(started);
    crate::support::wait::until_true("the cancellation arrives", || {
        fixture.cancellations().len() == 1
    });
    // It was on its way, so nobody can say that it did not run.
    preloop.recorded_kind("outcome_unknown");
}

#[test]
fn kill_9_while_a_call_is_held_runs_nothing_and_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let file = folder.join("ledger.txt");
    let mut preloop = Preloop::start(&policy(
        vec![filesystem_over_stdio("files", &folder)],
        ask_for("write_file"),
        json!({}),
    ));
    let arguments = json!({"path": file, "content": "once"});
    let mut agent = preloop.agent(Sdk::Python);
    agent.start("files__write_file", arguments.clone());
    let approval = preloop.pending();
    let id = approval["id"].as_str().unwrap().to_owned();
    preloop.recorded_kind("approval_requested");

    preloop.kill_and_restart();

    assert_eq!(preloop.pending()["id"], id.as_str(), "the request outlives the server");
    assert!(!file.exists(), "the call did not run");
    preloop.recorded("the call was interrupted", |record| {
        record["kind"] == "interrupted" && record["approval_id"] == id.as_str()
    });
    preloop.recorded("the request is not forgotten", |record| {
        record["kind"] == "approval_requested" && record["approval_id"] == id.as_str()
    });
    preloop.approve(&id);
    assert!(!file.exists(), "nobody waits for it, so it must not run");

    let mut agent = preloop.agent(Sdk::Python);
    let result = agent.call("files__write_file", arguments.clone());
    assert!(!is_error(&result), "{result}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "once");

    std::fs::remove_file(&file).unwrap();
    let again = agent.start("files__write_file", arguments);
    let second = preloop.pending();
    assert_ne!(second["id"], id.as_str(), "an approval is used at most once");
    assert!(agent.is_waiting(again) && !file.exists());
    let verify = preloop.cli(&["audit", "verify"]);
    assert!(verify.status.success(), "the trail is whole after the crash: {verify:?}");
}

#[test]
fn asked_to_stop_the_server_answers_the_held_call_and_ends_well() {
    let fixture = Fixture::new(&["pay"]);
    let mut preloop =
        Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    let mut agent = preloop.agent(Sdk::TypeScript1);
    let started = agent.start("bank__pay", json!({}));
    preloop.pending();
    assert_eq!(preloop.stop(), Some(0), "{}", preloop.said());
    if let Ok(result) = agent.outcome(started) {
        assert!(is_error(&result), "{result}");
    }
    assert!(fixture.calls().is_empty());
}

/// How many payments ran.
fn paid(fixture: &Fixture) -> usize {
    fixture.calls().iter().filter(|call| call["name"] == "pay").count()
}
