//! Who may do what: two agents at once stay apart, and no agent approves.

use serde_json::json;

use crate::holding::ask_for;
use crate::support::agent::{Agent, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::upstream::Fixture;
use crate::support::{is_error, text};

#[test]
fn an_agent_can_not_approve() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    let mut agent = preloop.agent(Sdk::Python);
    let started = agent.start("bank__pay", json!({}));
    let approval = preloop.pending();
    let id = approval["id"].as_str().unwrap();
    for vote in ["approve", "decline"] {
        let path = format!("/api/v1/approvals/{id}/{vote}");
        let answer = preloop.post(&path, &preloop.agent_key, &json!({"reason": "trust me"}));
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_eq!(answer.json()["code"], "agent_cannot_approve", "{answer:?}");
        let output = preloop
            .cli_as(&preloop.agent_key, &["approvals", vote, id, "--yes", "--reason", "trust me"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
    assert_eq!(preloop.approval(id)["state"], "pending");
    assert!(agent.is_waiting(started));
    assert!(fixture.calls().is_empty());
    // Nor can it make itself a key that may.
    let body = json!({"name": "boss", "role": "owner"});
    let answer = preloop.post("/api/v1/api-keys", &preloop.agent_key, &body);
    assert_eq!(answer.status, 403, "{answer:?}");
    let accept = json!({"server": "bank", "tool": "pay"});
    let answer = preloop.post("/api/v1/tools/accept", &preloop.agent_key, &accept);
    assert_eq!(answer.status, 403, "{answer:?}");
    preloop.decline(id, "no");
    assert!(is_error(&agent.outcome(started).unwrap()));
}

#[test]
fn two_agents_at_once_have_their_own_requests() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    let second_key = preloop.create_agent_key("second");
    let arguments = json!({"amount": 5});
    let mut first = preloop.agent(Sdk::TypeScript1);
    let mut second = Agent::connect(Sdk::Python, &preloop.mcp_url(""), &second_key);
    let of_first = first.start("bank__pay", arguments.clone());
    let request_of_first = preloop.pending();
    let of_second = second.start("bank__pay", arguments.clone());
    let pending = crate::support::wait::until("two requests", || {
        Some(preloop.approvals("pending")).filter(|pending| pending.len() == 2)
    });
    let request_of_second =
        pending.iter().find(|request| request["id"] != request_of_first["id"]).unwrap();
    assert_eq!(request_of_second["principal"]["name"], "second");
    assert_ne!(request_of_first["principal"]["id"], request_of_second["principal"]["id"]);

    preloop.approve(request_of_first["id"].as_str().unwrap());
    assert_eq!(text(&first.outcome(of_first).unwrap()), "ran pay");
    assert!(second.is_waiting(of_second), "the other's approval is not its own");
    assert_eq!(fixture.calls().len(), 1);

    // Nor over HTTP with the other's id in hand.
    let call = json!({"tool": "pay", "source": "bank", "args": arguments});
    let mut stolen = call.clone();
    stolen["approval_id"] = request_of_first["id"].clone();
    let answer = preloop.post("/api/v1/decisions", &second_key, &stolen);
    assert!(
        (400..500).contains(&answer.status) || answer.json()["action"] != "allow",
        "{answer:?}"
    );

    preloop.decline(request_of_second["id"].as_str().unwrap(), "one is enough");
    assert!(is_error(&second.outcome(of_second).unwrap()));
    assert_eq!(fixture.calls().len(), 1);
}

#[test]
fn a_session_belongs_to_the_key_that_made_it() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let other = preloop.create_agent_key("other");
    let session = crate::support::session::Session::open(&preloop, "", &preloop.agent_key);
    let bearer = format!("Bearer {other}");
    let call = crate::support::session::tools_call(1, "things__look", &json!({}));
    let answer = session.post_with(&[("Authorization", &bearer)], &call);
    assert_eq!(answer.status, 404, "{answer:?}");
    assert!(fixture.calls().is_empty());
}

#[test]
fn a_revoked_key_is_worthless_at_once() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let key = preloop.create_agent_key("short-lived");
    let mut agent = Agent::connect(Sdk::TypeScript2, &preloop.mcp_url(""), &key);
    assert_eq!(text(&agent.call("things__look", json!({}))), "ran look");
    let keys = preloop.get("/api/v1/api-keys", &preloop.owner_key).json();
    let id = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["name"] == "short-lived")
        .and_then(|found| found["id"].as_str())
        .unwrap()
        .to_owned();
    let revoke = preloop.cli(&["keys", "revoke", &id]);
    assert!(revoke.status.success(), "{revoke:?}");
    let started = agent.start("things__look", json!({}));
    assert!(agent.outcome(started).is_err());
    assert_eq!(fixture.calls().len(), 1);
}

#[test]
fn a_wrong_or_missing_key_connects_no_sdk() {
    let fixture = Fixture::new(&["look"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("things")], json!([]), json!({})));
    let almost = format!("{}x", preloop.agent_key);
    for sdk in [Sdk::Python, Sdk::TypeScript1, Sdk::TypeScript2, Sdk::TypeScript2Auto] {
        for key in ["", "pla_wrong", &almost] {
            assert!(Agent::try_connect(sdk, &preloop.mcp_url(""), key).is_err(), "{sdk:?} {key}");
        }
    }
}
