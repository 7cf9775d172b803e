//! Links: whose they are, how long they are good, and that looking decides nothing.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::*;
use crate::support::on_both_engines;

const CALL: &str = "refund";

async fn asked(server: &TestServer) -> String {
    server.hold(CALL, json!({"amount": 420, "order": "8812"})).await
}

async fn looking_decides_nothing(server: TestServer) {
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let link = link(&server, "ann", &id).await;
    let (path, query) = link.split_once('?').unwrap();
    let mut scanner = Visitor::to(&server);
    for place in
        [link.clone(), format!("{path}/approve?{query}"), format!("{path}/decline?{query}")]
    {
        for (method, headers) in [
            ("HEAD", &[][..]),
            ("GET", &[("sec-purpose", "prefetch;prerender")]),
            ("GET", &[("purpose", "prefetch")]),
            ("OPTIONS", &[]),
            ("PUT", &[]),
        ] {
            let (status, body) = scanner.ask(method, &place, headers).await;
            assert!(!body.contains("Refund"), "{method} {place}: {body}");
            assert!(status == StatusCode::NO_CONTENT || status == StatusCode::METHOD_NOT_ALLOWED);
        }
    }
    let viewed = server.owner_get(&format!("/api/v1/approvals/{id}/history")).await.1;
    assert!(!viewed.to_string().contains("\"viewed\""), "{viewed}");
    for _ in 0..20 {
        let (status, page) = scanner.get(&link).await;
        assert_eq!(status, StatusCode::OK, "{page}");
    }
    assert_eq!(state(&server, &id).await, "pending");
    let (status, _) = scanner.get(&format!("{path}/approve?{query}")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

async fn a_link_decides_once_and_goes_on_showing(server: TestServer) {
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let link = link(&server, "ann", &id).await;
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&link).await;
    let fields = carried(&page);
    let approve = format!("/approval/{id}/approve");
    let (status, to) = phone.post(&approve, &with(&fields, &[("reason", "fine")])).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, link.clone()));
    let approval = approval(&server, &id).await;
    assert_eq!(approval["state"], "approved");
    let vote = &approval["votes"][0];
    assert_eq!(
        (&vote["by"], &vote["via"], &vote["reason"]),
        (&json!("ann"), &json!("page"), &json!("fine"))
    );
    // Replayed, by the same browser: told what happened, with the right status.
    let (status, page) = phone.post(&approve, &with(&fields, &[])).await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
    let (status, page) = phone.get(&link).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("ann approved") && !page.contains("<button class"), "{page}");
}

#[tokio::test]
async fn the_token_of_a_link_is_nowhere_in_the_database() {
    let server = TestServer::of_shop(None).await;
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let link = link(&server, "ann", &id).await;
    assert_eq!(Visitor::to(&server).get(&link).await.0, StatusCode::OK);
    let token = link.split_once('=').unwrap().1;
    let stored = std::fs::read(server.database()).unwrap();
    let log = std::fs::read(server.folder.path().join("preloop.db-wal")).unwrap_or_default();
    for bytes in [stored, log] {
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()));
    }
}

async fn a_link_is_for_one_approver_and_one_request(server: TestServer) {
    let ann = person(&server, "ann", "approver").await;
    person(&server, "bob", "approver").await;
    let id = asked(&server).await;
    let other = server.hold("pay_two", json!({"n": 1})).await;
    let address = link(&server, "ann", &id).await;
    let token = address.split_once('=').unwrap().1;
    let mut phone = Visitor::to(&server);
    let altered = token.chars().rev().collect::<String>();
    for place in [
        format!("/approval/{id}?token={altered}"),
        format!("/approval/{id}?token=x"),
        format!("/approval/{other}?token={token}"),
    ] {
        let (status, page) = phone.get(&place).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{place}");
        assert!(!page.contains("Refund") && page.contains("leads nowhere"), "{page}");
    }
    // Forwarded to somebody who is signed in.
    let mut bob = Visitor::to(&server);
    bob.sign_in(&format!("/approval/{id}"), "bob").await;
    let (status, page) = bob.get(&address).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("made for somebody else") && page.contains("bob"), "{page}");
    // The approver goes.
    let path = format!("/api/v1/users/{ann}/disable");
    let (status, body) = server.owner_post(&path, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (status, page) = phone.get(&address).await;
    assert_eq!(status, StatusCode::GONE, "{page}");
}

async fn a_link_ends_with_its_request(server: TestServer) {
    person(&server, "ann", "approver").await;
    let id = asked(&server).await;
    let address = link(&server, "ann", &id).await;
    let mut phone = Visitor::to(&server);
    let (_, page) = phone.get(&address).await;
    server.clock.clone().unwrap().advance(Duration::from_secs(601));
    let (status, ended) = phone.get(&address).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(ended.contains("has ended"), "{ended}");
    let (status, _) =
        phone.post(&format!("/approval/{id}/approve"), &with(&carried(&page), &[])).await;
    assert_eq!(status, StatusCode::GONE);
    let path = format!("/api/v1/approvals/{id}");
    server.eventually(&path, |approval| approval["state"] == "expired").await;
}

async fn tokens_are_not_guessed(server: TestServer) {
    let id = asked(&server).await;
    let mut guesser = Visitor::to(&server);
    let mut last = StatusCode::OK;
    for number in 0..62 {
        (last, _) = guesser.get(&format!("/approval/{id}?token={number:032x}")).await;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

on_both_engines! { sqlite, postgres, of_shop:
    looking_decides_nothing,
    a_link_decides_once_and_goes_on_showing,
    a_link_is_for_one_approver_and_one_request,
    tokens_are_not_guessed,
}

on_both_engines! { sqlite_in_time, postgres_in_time, of_shop_with_clock:
    a_link_ends_with_its_request,
}
