//! Held calls: they wait, people decide from another terminal, and the call runs once or never.

use serde_json::{Value, json};

use crate::support::agent::{CallOptions, SDKS, Sdk};
use crate::support::preloop::{Preloop, policy};
use crate::support::session::{Session, tools_call};
use crate::support::upstream::{
    EverythingOverHttp, Fixture, everything_over_stdio, filesystem_over_stdio,
};
use crate::support::{is_error, text};

/// Quick signs of life, so that tests see several of them.
pub(crate) const QUICK: [(&str, &str); 2] =
    [("PRELOOP_KEEP_ALIVE_SECONDS", "1"), ("PRELOOP_PROGRESS_SECONDS", "1")];

/// Tools entry: every call of this tool asks a person.
pub(crate) fn ask_for(tool: &str) -> Value {
    json!([{"name": tool, "conditions": [{"name": "ask", "action": "require_approval"}]}])
}

#[test]
fn an_approved_call_runs_once_for_every_sdk_and_transport() {
    let remote = EverythingOverHttp::start();
    let preloop = Preloop::start(&policy(
        vec![everything_over_stdio("local"), remote.entry("remote")],
        ask_for("echo"),
        json!({}),
    ));
    for sdk in SDKS {
        for server in ["local", "remote"] {
            let mut agent = preloop.agent(sdk);
            let message = format!("from {sdk:?} to {server}");
            let tool = format!("{server}__echo");
            let started = agent.start(&tool, json!({"message": message}));
            let approval = preloop.pending();
            assert_eq!(approval["tool"], "echo");
            assert_eq!(approval["server"], server);
            assert_eq!(approval["arguments"]["message"], message.as_str());
            assert!(agent.is_waiting(started));
            let id = approval["id"].as_str().unwrap();
            preloop.approve(id);
            let result = agent.outcome(started).unwrap();
            assert_eq!(text(&result), format!("Echo: {message}"));
            let used = preloop.approval(id);
            assert_eq!(used["state"], "approved");
            assert!(used["used_at"].is_string(), "{used}");
        }
    }
    let trail = preloop.trail();
    for kind in ["approval_requested", "vote", "approval_approved", "call_completed"] {
        let count = trail.iter().filter(|record| record["kind"] == kind).count();
        assert_eq!(count, 6, "{kind} in {trail:?}");
    }
}

#[test]
fn a_file_is_written_only_after_the_approval() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let file = folder.join("report.txt");
    let preloop = Preloop::start(&policy(
        vec![filesystem_over_stdio("files", &folder)],
        ask_for("write_file"),
        json!({}),
    ));
    let mut agent = preloop.agent(Sdk::Python);
    let arguments = json!({"path": file, "content": "approved"});
    let started = agent.start("files__write_file", arguments);
    let approval = preloop.pending();
    assert!(!file.exists(), "written before anybody approved");
    preloop.approve(approval["id"].as_str().unwrap());
    let result = agent.outcome(started).unwrap();
    assert!(!is_error(&result), "{result}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "approved");
}

#[test]
fn a_declined_call_never_runs_and_says_why() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    for sdk in SDKS {
        let mut agent = preloop.agent(sdk);
        let started = agent.start("bank__pay", json!({"amount": 5}));
        let approval = preloop.pending();
        preloop.decline(approval["id"].as_str().unwrap(), "ask finance first");
        let result = agent.outcome(started).unwrap();
        assert!(is_error(&result), "{sdk:?} {result}");
        assert!(text(&result).contains("declined"), "{sdk:?} {result}");
        assert!(text(&result).contains("ask finance first"), "{sdk:?} {result}");
    }
    assert!(fixture.calls().is_empty());
    let record = preloop.recorded_kind("approval_declined");
    assert_eq!(record["tool"], "pay", "{record}");
}

#[test]
fn a_call_that_nobody_answers_times_out_and_never_runs() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(
        vec![fixture.entry("bank")],
        ask_for("pay"),
        json!({
            "approval_workflows": [{"name": "short", "timeout_seconds": 1}],
            "defaults": {"default_approval_workflow": "short"},
        }),
    ));
    let mut agent = preloop.agent(Sdk::TypeScript1);
    let started = agent.start("bank__pay", json!({}));
    let result = agent.outcome(started).unwrap();
    assert!(is_error(&result), "{result}");
    assert!(text(&result).contains("nobody approved it within 1 second"), "{result}");
    let expired = preloop.approvals("expired");
    assert_eq!(expired.len(), 1, "{expired:?}");
    let id = expired[0]["id"].as_str().unwrap();
    let late = preloop.cli(&["approvals", "approve", id, "--yes"]);
    assert_eq!(late.status.code(), Some(1), "a late vote is refused: {late:?}");
    preloop.recorded_kind("approval_expired");
    assert!(fixture.calls().is_empty());
}

#[test]
fn progress_keeps_a_patient_agent_waiting_past_its_time_limit() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start_with(
        &policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})),
        &QUICK,
    );
    for sdk in [Sdk::TypeScript1, Sdk::TypeScript2] {
        let mut agent = preloop.agent(sdk);
        let options = CallOptions {
            wants_progress: true,
            resets_timeout: true,
            timeout_ms: Some(3000),
            meta: None,
        };
        let started = agent.start_with("bank__pay", json!({"sdk": format!("{sdk:?}")}), options);
        let approval = preloop.pending();
        // More signs of life than the time limit has seconds.
        let mut last = -1.0;
        for _ in 0..5 {
            let progress = agent.progress(started);
            let now = progress["progress"].as_f64().unwrap();
            assert!(now > last, "progress must grow: {progress}");
            assert!(progress["message"].as_str().unwrap().contains("approval"), "{progress}");
            last = now;
        }
        assert!(agent.is_waiting(started), "{sdk:?} gave up");
        preloop.approve(approval["id"].as_str().unwrap());
        assert!(!is_error(&agent.outcome(started).unwrap()));
    }
}

#[test]
fn a_client_that_loses_patience_gets_the_decision_when_it_asks_again() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    for (round, sdk) in SDKS.into_iter().enumerate() {
        let mut agent = preloop.agent(sdk);
        let arguments = json!({"sdk": format!("{sdk:?}")});
        let impatient = || CallOptions { timeout_ms: Some(700), ..CallOptions::default() };
        let started = agent.start_with("bank__pay", arguments.clone(), impatient());
        let approval = preloop.pending();
        assert!(agent.outcome(started).is_err(), "{sdk:?} gives up");
        // Before the decision it joins what it asked, and gives up once more.
        let started = agent.start_with("bank__pay", arguments.clone(), impatient());
        assert!(agent.outcome(started).is_err(), "{sdk:?} gives up again");
        assert_eq!(preloop.pending()["id"], approval["id"], "{sdk:?}");
        preloop.approve(approval["id"].as_str().unwrap());
        assert_eq!(fixture.calls().len(), round, "nobody waits, so nothing runs");
        let result = agent.call("bank__pay", arguments);
        assert_eq!(text(&result), "ran pay", "{sdk:?}");
        assert_eq!(fixture.calls().len(), round + 1, "once");
    }
}

#[test]
fn a_waiting_stream_shows_signs_of_life_on_the_wire() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start_with(
        &policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})),
        &QUICK,
    );
    let session = Session::open(&preloop, "bank", &preloop.agent_key);
    let mut stream = session.post_and_watch(&tools_call(9, "pay", &json!({})));
    assert!(stream.read_until("\r\n\r\n"));
    let head = stream.text().to_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    let approval = preloop.pending();
    // They come for as long as it waits.
    assert!(stream.read_until_times("\n:", 3), "{}", stream.text());
    preloop.approve(approval["id"].as_str().unwrap());
    assert!(stream.read_until("ran pay"), "{}", stream.text());
    assert_eq!(fixture.calls().len(), 1);
}

#[test]
fn the_live_policy_has_the_last_word_at_dispatch() {
    let fixture = Fixture::new(&["pay"]);
    let document = policy(vec![fixture.entry("bank")], ask_for("pay"), json!({}));
    let preloop = Preloop::start(&document);
    let mut agent = preloop.agent(Sdk::Python);
    let started = agent.start("bank__pay", json!({}));
    let approval = preloop.pending();
    let mut stricter = document.clone();
    stricter["tools"][0]["conditions"][0] =
        json!({"action": "deny", "message": "payments are closed"});
    preloop.rewrite_policy(&stricter.to_string());
    preloop.recorded("the reload", |record| {
        record["kind"] == "policy_loaded"
            && record["seq"].as_u64() > Some(1)
            && preloop.trail().iter().filter(|record| record["kind"] == "policy_loaded").count() > 1
    });
    // The vote still counts, the policy denies all the same.
    preloop.cli(&["approvals", "approve", approval["id"].as_str().unwrap(), "--yes"]);
    let result = agent.outcome(started).unwrap();
    assert!(is_error(&result) && text(&result).contains("payments are closed"), "{result}");
    assert!(fixture.calls().is_empty());
}

#[test]
fn two_approvals_are_two_people_or_the_call_waits() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(
        vec![fixture.entry("bank")],
        ask_for("pay"),
        json!({
            "approval_workflows": [{"name": "four-eyes", "required_approvals": 2}],
            "defaults": {"default_approval_workflow": "four-eyes"},
        }),
    ));
    let mut agent = preloop.agent(Sdk::TypeScript2);
    let started = agent.start("bank__pay", json!({}));
    let approval = preloop.pending();
    let id = approval["id"].as_str().unwrap();
    preloop.approve(id);
    let again = preloop.cli(&["approvals", "approve", id, "--yes"]);
    assert!(!again.status.success(), "one person is one vote: {again:?}");
    assert_eq!(preloop.approval(id)["state"], "pending");
    assert!(agent.is_waiting(started));
    assert!(fixture.calls().is_empty());
}

#[test]
fn an_approval_over_http_is_good_for_one_allow() {
    let fixture = Fixture::new(&["pay"]);
    let preloop = Preloop::start(&policy(vec![fixture.entry("bank")], ask_for("pay"), json!({})));
    let key = &preloop.agent_key;
    let mut call = json!({"tool": "pay", "source": "bank", "args": {"amount": 5}});
    let asked = preloop.post("/api/v1/decisions", key, &call).json();
    assert_eq!(asked["action"], "require_approval", "{asked}");
    let id = asked["approval"]["id"].as_str().unwrap();
    call["approval_id"] = id.into();
    let early = preloop.post("/api/v1/decisions", key, &call).json();
    assert_eq!(early["action"], "require_approval", "{early}");
    assert_eq!(early["approval"]["id"], id, "{early}");
    preloop.approve(id);
    let mut other = call.clone();
    other["args"]["amount"] = 6.into();
    let changed = preloop.post("/api/v1/decisions", key, &other);
    assert!(changed.status >= 400 || changed.json()["action"] != "allow", "{changed:?}");
    let allowed = preloop.post("/api/v1/decisions", key, &call).json();
    assert_eq!(allowed["action"], "allow", "{allowed}");
    let again = preloop.post("/api/v1/decisions", key, &call);
    assert_eq!(again.status, 409, "{again:?}");
    assert!(fixture.calls().is_empty(), "the caller runs it itself");
}
