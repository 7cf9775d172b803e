//! Each channel that speaks HTTP against a receiver on loopback.

use std::sync::Arc;

use http::HeaderMap;
use preloop_core::Timestamp;
use preloop_testbed::{HttpAnswer, HttpReceiver};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::notice::testing::notice;
use super::*;
use crate::mcp::Reach;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn clients() -> HttpClients {
    HttpClients::new().unwrap()
}

fn target(receiver: &HttpReceiver, reach: Reach) -> WebhookTarget {
    WebhookTarget {
        url: Zeroizing::new(receiver.url("/hook?key=s3cret")),
        headers: HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static("Bearer own"),
        )]),
        secret: Some(Zeroizing::new("whsec_1".to_owned())),
        reach,
    }
}

#[tokio::test]
async fn a_webhook_is_signed_over_what_it_carries() {
    let receiver = HttpReceiver::start();
    let asked = Notice { attempt: 3, ..notice(NoticeKind::Requested) };
    send_webhook(&clients(), &target(&receiver, Reach::Anywhere), &asked, now()).await.unwrap();
    let [request] = &receiver.requests()[..] else { panic!("one request") };
    assert_eq!(request.method, "POST");
    let seconds = now().unix_seconds();
    let signed = [seconds.to_string().as_bytes(), b".", &request.body].concat();
    let mac = signature::hmac_hex(b"whsec_1", &[&signed]);
    assert_eq!(request.header("x-preloop-signature"), format!("t={seconds},v1={mac}"));
    assert_eq!(request.header("x-preloop-event-type"), "approval.requested");
    assert_eq!(request.header("x-preloop-event-id"), asked.event_id);
    assert_eq!(request.header("x-preloop-delivery-id"), asked.delivery_id.to_string());
    assert_eq!(request.header("x-preloop-attempt"), "3");
    assert_eq!(request.header("authorization"), "Bearer own");
    let body = request.json();
    assert_eq!(body["data"]["approval"]["tool"], "pay");
    assert_eq!(body["data"]["url"], asked.url);
}

#[tokio::test]
async fn what_a_receiver_does_wrong_is_told_apart() {
    let receiver = HttpReceiver::start();
    let other = HttpReceiver::start();
    let (clients, target) = (clients(), target(&receiver, Reach::Anywhere));
    let asked = notice(NoticeKind::Requested);
    let there = other.url("/stolen");
    let redirect = HttpAnswer { headers: vec![("location", there)], ..HttpAnswer::new(307, "") };
    let busy =
        HttpAnswer { headers: vec![("retry-after", "7".to_owned())], ..HttpAnswer::new(429, "") };
    for (answer, kind, words, retry_after) in [
        (HttpAnswer::new(500, "x"), SendErrorKind::Transient, "answered 500", None),
        (HttpAnswer::new(400, "x"), SendErrorKind::Permanent, "answered 400", None),
        (HttpAnswer::new(410, ""), SendErrorKind::Gone, "answered 410", None),
        (redirect, SendErrorKind::Permanent, "redirects are not followed", None),
        (busy, SendErrorKind::Transient, "answered 429", Some(7)),
    ] {
        receiver.answer_by(move |_| answer.clone());
        let error = send_webhook(&clients, &target, &asked, now()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert_eq!(error.retry_after.map(|pause| pause.as_secs()), retry_after);
    }
    assert_eq!(other.requests().len(), 0, "nothing went where the redirect led");
    receiver.answer(0, "");
    let error = send_webhook(&clients, &target, &asked, now()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Transient);
    assert!(error.message.contains("did not answer within"), "{error}");
    receiver.stop();
    let error = send_webhook(&clients, &target, &asked, now()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Transient);
    assert!(!error.message.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_document_of_the_api_reaches_no_private_address() {
    let receiver = HttpReceiver::start();
    let asked = notice(NoticeKind::Requested);
    let mut target = target(&receiver, Reach::Public);
    for url in [receiver.url("/"), receiver.url("/").replace("127.0.0.1", "localhost")] {
        target.url = Zeroizing::new(url);
        let error = send_webhook(&clients(), &target, &asked, now()).await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Permanent, "{error}");
        assert!(error.message.contains("not a public"), "{error}");
    }
    target.url = Zeroizing::new("file:///etc/passwd".to_owned());
    let error = send_webhook(&clients(), &target, &asked, now()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Permanent);
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn slacks_bot_posts_and_changes_its_message() {
    let api = HttpReceiver::start();
    api.answer(200, r#"{"ok": true, "channel": "D1", "ts": "17.5"}"#);
    let app = SlackApp {
        api_url: api.url("/api"),
        token: Some(Zeroizing::new("xoxb-1".to_owned())),
        signing_secret: Some(Zeroizing::new("s".to_owned())),
        team: Arc::default(),
    };
    let posted = app.post(&clients(), "U1", &notice(NoticeKind::Requested)).await.unwrap();
    assert_eq!(posted.reference.as_deref(), Some("D1 17.5"));
    app.update(&clients(), "D1 17.5", &notice(NoticeKind::Approved)).await.unwrap();
    let [post, update] = &api.requests()[..] else { panic!("two calls") };
    assert_eq!(post.path, "/api/chat.postMessage");
    assert_eq!(post.header("authorization"), "Bearer xoxb-1");
    assert_eq!(post.json()["channel"], "U1");
    assert_eq!(update.path, "/api/chat.update");
    let change = update.json();
    assert_eq!((&change["channel"], &change["ts"]), (&json!("D1"), &json!("17.5")));
    assert!(!change.to_string().contains("preloop_approve"), "no buttons are left");
    for (error, kind) in
        [("channel_not_found", SendErrorKind::Permanent), ("ratelimited", SendErrorKind::Transient)]
    {
        api.answer(200, &json!({"ok": false, "error": error}).to_string());
        let refused = app.post(&clients(), "U1", &notice(NoticeKind::Requested)).await;
        assert_eq!(refused.unwrap_err().kind, kind, "{error}");
    }
}

#[tokio::test]
async fn mattermosts_bot_posts_to_people_and_changes_its_message() {
    let server = HttpReceiver::start();
    server.answer_by(|request| {
        let answer = match request.path.as_str() {
            "/api/v4/users/me" => json!({"id": "bot1"}),
            "/api/v4/channels/direct" => json!({"id": "dm1"}),
            _ => json!({"id": "post1"}),
        };
        HttpAnswer::new(200, answer.to_string())
    });
    let bot = MattermostBot { url: server.url(""), token: Zeroizing::new("tok".to_owned()) };
    let asked = notice(NoticeKind::Requested);
    let posted = bot.post_to_user(&clients(), "u1", "http://here/act", &asked).await.unwrap();
    assert_eq!(posted.reference.as_deref(), Some("post1"));
    bot.update(&clients(), "post1", &notice(NoticeKind::Expired)).await.unwrap();
    let [_, direct, post, patch] = &server.requests()[..] else { panic!("four calls") };
    assert_eq!(direct.json(), json!(["bot1", "u1"]));
    assert_eq!(post.header("authorization"), "Bearer tok");
    assert_eq!(post.json()["channel_id"], "dm1");
    let actions = &post.json()["props"]["attachments"][0]["actions"];
    assert_eq!(actions[0]["integration"]["url"], "http://here/act");
    assert_eq!((patch.method.as_str(), patch.path.as_str()), ("PUT", "/api/v4/posts/post1/patch"));
    assert_eq!(patch.json()["props"]["attachments"][0]["actions"], json!([]));
}

#[tokio::test]
async fn incoming_webhooks_of_chats_take_the_same_message() {
    let server = HttpReceiver::start();
    let asked = notice(NoticeKind::Requested);
    let (clients, url) = (clients(), server.url("/services/T/B/x"));
    let headers = HeaderMap::new;
    let sent = post_to_slack(&clients, &url, headers(), Reach::Anywhere, true, &asked).await;
    assert_eq!(sent.unwrap().reference, None);
    post_to_mattermost(&clients, &url, headers(), Reach::Anywhere, "http://here", &asked)
        .await
        .unwrap();
    let [slack, mattermost] = &server.requests()[..] else { panic!("two messages") };
    assert!(slack.json()["blocks"].is_array());
    assert_eq!(mattermost.json()["attachments"][0]["actions"][1]["id"], "decline");
}

#[tokio::test]
async fn the_push_proxy_gets_a_sentence_and_no_arguments() {
    let server = HttpReceiver::start();
    let proxy = PushProxy { url: server.url("/push"), api_key: Zeroizing::new("k1".to_owned()) };
    let asked = notice(NoticeKind::Requested);
    proxy.send(&clients(), "ios", "device-token", &asked).await.unwrap();
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(request.header("authorization"), "Bearer k1");
    let body: Value = request.json();
    assert_eq!(body["token"], "device-token");
    assert_eq!(body["data"]["url"], asked.url);
    assert!(!body.to_string().contains("The agent says"));
}
