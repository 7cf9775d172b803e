//! What each wants: channels, quiet hours, only what names one, and the end of e-mail by a mail's link.

use std::sync::Arc;
use std::time::Duration;

use preloop_server::clock::MockClock;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::stand::{Person, ends, person};
use crate::support::{TestServer, client, send};

const OWN: &str = "/api/v1/notification-preferences";

async fn set(server: &TestServer, person: &Person, body: Value) -> (StatusCode, Value) {
    send(server.request("PATCH", OWN, &person.key).json(&body)).await
}

#[tokio::test]
async fn preferences_are_changed_in_part_and_as_a_whole() {
    let server = TestServer::start().await;
    let ann = person(&server, "ann", "approver").await;
    let (_, before) = send(server.request("GET", OWN, &ann.key)).await;
    assert_eq!((&before["email"], &before["only_mine"]), (&json!(true), &json!(false)));
    let hours = json!({"from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin"});
    let (status, changed) = set(&server, &ann, json!({"email": false, "quiet_hours": hours})).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert_eq!(changed["quiet_hours"], hours);
    let (_, changed) = set(&server, &ann, json!({"quiet_hours": null})).await;
    assert_eq!((&changed["quiet_hours"], &changed["email"]), (&Value::Null, &json!(false)));
    let whole = server.request("PUT", OWN, &ann.key).json(&json!({"only_mine": true}));
    let (_, whole) = send(whole).await;
    assert_eq!((&whole["email"], &whole["only_mine"]), (&json!(true), &json!(true)));
    for wrong in [
        json!({"mail": true}),
        json!({"email": "yes"}),
        json!({"quiet_hours": {"from": "25:00", "to": "07:00", "time_zone": "UTC"}}),
        json!({"quiet_hours": {"from": "22:00", "to": "07:00", "time_zone": "Mars/Base"}}),
    ] {
        let (status, problem) = set(&server, &ann, wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["code"], "invalid_preferences");
    }
    let (status, _) = send(server.request("GET", OWN, &server.agent_key)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_wants_less_gets_less() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let (ann, bob) =
        (person(&server, "ann", "approver").await, person(&server, "bob", "approver").await);
    person(&server, "cat", "approver").await;
    set(&server, &ann, json!({"only_mine": true, "outcomes": true})).await;
    set(&server, &bob, json!({"email": false})).await;
    server.hold("note", json!({})).await;
    let [mail] = &ends.mails(1).await[..] else { panic!("cat alone") };
    assert_eq!(mail.to, ["cat@corp.example"], "anybody may decide it, so nobody is named");
    let id = server.hold("wait", json!({})).await;
    assert_eq!(ends.mails(2).await[1].to, ["ann@corp.example"]);
    let cancel = format!("/api/v1/approvals/{id}/cancel");
    let (status, _) = server.owner_post(&cancel, json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let mails = ends.mails(3).await;
    assert_eq!(mails[2].to, ["ann@corp.example"]);
    assert!(mails[2].header("Subject").contains("Withdrawn"), "{mails:?}");
}

#[tokio::test]
async fn quiet_hours_put_a_mail_off_until_they_end() {
    let ends = ends();
    let clock = Arc::new(MockClock::at("2026-11-21T23:00:00Z".parse().unwrap()));
    let policy = ends.policy().replace("timeout_seconds: 600", "timeout_seconds: 86400");
    let server =
        TestServer::configured(&policy, Some(Arc::clone(&clock)), None, |it| ends.configure(it))
            .await;
    let ann = person(&server, "ann", "approver").await;
    person(&server, "bob", "approver").await;
    let hours = json!({"from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin"});
    set(&server, &ann, json!({"quiet_hours": hours})).await;
    let id = server.hold("note", json!({})).await;
    assert_eq!(ends.mails(1).await[0].to, ["bob@corp.example"]);
    let path = format!("/api/v1/notification-deliveries?state=pending&approval_id={id}");
    let of_ann = |page: &Value| page["items"][0]["to"] == "ann" && page["items"][1].is_null();
    let waiting = server.eventually(&path, of_ann).await;
    assert_eq!(waiting["items"][0]["due_at"], "2026-11-22T06:00:00Z");
    clock.advance(Duration::from_hours(7));
    assert_eq!(ends.mails(2).await[1].to, ["ann@corp.example"]);
}

#[tokio::test]
async fn the_link_of_a_mail_ends_mails_by_a_post_alone() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let ann = person(&server, "ann", "approver").await;
    server.hold("note", json!({})).await;
    let mails = ends.mails(1).await;
    let link = mails[0].header("List-Unsubscribe");
    let link = link.trim_matches(['<', '>']);
    let page = client().get(link).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    // Or browsers say of its form that it comes from nowhere, which no route that changes something takes.
    assert_eq!(page.headers()["referrer-policy"], "same-origin");
    assert!(page.text().await.unwrap().contains("<form method=\"post\""));
    let (_, before) = send(server.request("GET", OWN, &ann.key)).await;
    assert_eq!(before["email"], true, "a look changes nothing");
    let form = [("List-Unsubscribe", "One-Click")];
    let url = reqwest::Url::parse_with_params("form:?", form).unwrap();
    let post = client()
        .post(link)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(url.query().unwrap().to_owned());
    assert_eq!(post.send().await.unwrap().status(), StatusCode::OK);
    let (_, after) = send(server.request("GET", OWN, &ann.key)).await;
    assert_eq!(after["email"], false);
    let (status, _) = send(client().post(format!("{link}x"))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a ticket that was altered");
}
