//! Messages about approval requests over a death of the server: none is lost, and one that was on its way may come twice.

use preloop_testbed::{HttpAnswer, HttpReceiver, SmtpSink};
use serde_json::{Value, json};

use crate::support::preloop::{Preloop, policy};
use crate::support::wait::until_true;

fn start(receiver: &HttpReceiver) -> Preloop {
    let webhook = json!({"channel": "webhook", "url": receiver.url("/hook"), "secret": "whsec_1"});
    let workflows = json!([{"name": "people", "notifications": [webhook]}]);
    let tools = json!([{"name": "pay", "approval_workflow": "people"}]);
    Preloop::start(&policy(vec![], tools, json!({"approval_workflows": workflows})))
}

fn hold(preloop: &Preloop, amount: u32) -> String {
    let call = json!({"tool": "pay", "args": {"amount": amount}});
    let answer = preloop.post("/api/v1/decisions", &preloop.agent_key, &call).json();
    answer["approval"]["id"].as_str().unwrap().to_owned()
}

fn deliveries(preloop: &Preloop, state: &str) -> Vec<Value> {
    let path = format!("/api/v1/notification-deliveries?state={state}");
    let page = preloop.get(&path, &preloop.owner_key).json();
    page["items"].as_array().unwrap().clone()
}

#[test]
fn a_death_between_fan_out_and_sending_loses_nothing() {
    let receiver = HttpReceiver::start();
    // Never a word, so that four are on their way and the rest waits for them.
    receiver.answer(0, "");
    let mut preloop = start(&receiver);
    let asked: Vec<String> = (0..7).map(|amount| hold(&preloop, amount)).collect();
    receiver.wait_for(4);
    until_true("all are fanned out", || deliveries(&preloop, "pending").len() == asked.len());
    preloop.kill();
    let on_their_way = receiver.requests();
    assert_eq!(on_their_way.len(), 4, "four of a receiver at once");
    receiver.answer(200, "");
    preloop.kill_and_restart();
    until_true("all are sent", || deliveries(&preloop, "sent").len() == asked.len());
    let all = receiver.requests();
    assert_eq!(all.len(), asked.len() + 4, "those on their way came twice, the others once");
    let mut ids: Vec<String> =
        all.iter().map(|request| request.header("x-preloop-delivery-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), asked.len(), "the second one of each is told by its id");
    for request in &on_their_way {
        let id = request.header("x-preloop-delivery-id");
        let same: Vec<&str> = all
            .iter()
            .filter(|other| other.header("x-preloop-delivery-id") == id)
            .map(|other| other.header("x-preloop-attempt"))
            .collect();
        assert_eq!(same, ["1", "2"], "{id}");
    }
}

#[test]
fn a_receiver_that_is_away_gets_everything_when_it_is_back() {
    let receiver = HttpReceiver::start();
    receiver.answer(503, "");
    let preloop = start(&receiver);
    let id = hold(&preloop, 1);
    receiver.wait_for(2);
    let approved =
        preloop.post(&format!("/api/v1/approvals/{id}/approve"), &preloop.owner_key, &json!({}));
    assert_eq!(approved.status, 200);
    receiver.answer_by(|_| HttpAnswer::new(200, ""));
    until_true("both are sent", || deliveries(&preloop, "sent").len() == 2);
    let kinds: Vec<String> = receiver
        .requests()
        .iter()
        .map(|request| request.header("x-preloop-event-type").to_owned())
        .collect();
    assert!(kinds.contains(&"approval.requested".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"approval.approved".to_owned()), "{kinds:?}");
}

/// A server that sends mails by the sink, as an operator sets it up.
fn start_mailing(sink: &SmtpSink, password: &str, more: &[(&str, &str)]) -> Preloop {
    let place = json!({"channel": "email", "to": ["payments@example.com"]});
    let workflows = json!([{"name": "people", "notifications": [place]}]);
    let tools = json!([{"name": "pay", "approval_workflow": "people"}]);
    let document = policy(vec![], tools, json!({"approval_workflows": workflows}));
    let url = format!("smtp://preloop:{password}@localhost:{}?tls=required", sink.port());
    let mut environment =
        vec![("PRELOOP_SMTP_URL", url.as_str()), ("PRELOOP_MAIL_FROM", "preloop@example.com")];
    environment.extend(more);
    Preloop::start_with(&document, &environment)
}

#[test]
fn mails_go_over_tls_to_a_server_that_is_known_and_wants_a_password() {
    let sink = SmtpSink::start_guarded("preloop", "s3cret");
    let authority = sink.authority().unwrap().to_str().unwrap().to_owned();
    let trusts = [("SSL_CERT_FILE", authority.as_str())];

    let preloop = start_mailing(&sink, "s3cret", &trusts);
    hold(&preloop, 1);
    until_true("the mail is sent", || deliveries(&preloop, "sent").len() == 1);
    let mails = sink.mails();
    assert_eq!(
        (mails.len(), mails[0].to.as_slice()),
        (1, &["payments@example.com".to_owned()][..])
    );

    // A wrong password, and a server whose authority nobody knows: nothing is sent, and the message says why.
    let preloop = start_mailing(&sink, "wrong", &trusts);
    hold(&preloop, 2);
    until_true("the mail is given up", || deliveries(&preloop, "dead").len() == 1);
    let error = deliveries(&preloop, "dead")[0]["error"].to_string();
    assert!(error.contains("535") && !error.contains("wrong@"), "{error}");

    let preloop = start_mailing(&sink, "s3cret", &[]);
    hold(&preloop, 3);
    let failed = || deliveries(&preloop, "pending").iter().any(|it| it["error"].is_string());
    until_true("the server is not believed", failed);
    let error = deliveries(&preloop, "pending")[0]["error"].to_string();
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(sink.mails().len(), 1);
}
