//! A push service and a browser on loopback, of other people's cryptography.

use preloop_testbed::{HttpReceiver, PushSubscriber};

use super::super::notice::testing::notice;
use super::super::{NoticeKind, SendErrorKind};
use super::*;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn key() -> VapidKey {
    VapidKey::parse(&VapidKey::generate().unwrap()).unwrap()
}

fn subscription(browser: &PushSubscriber, endpoint: String) -> Subscription {
    Subscription { endpoint, key: browser.public_key(), auth: browser.auth() }
}

async fn push(key: &VapidKey, subscription: &Subscription) -> Result<Receipt, SendError> {
    let clients = HttpClients::new().unwrap();
    let asked = notice(NoticeKind::Requested);
    let contact = "mailto:ops@corp.example";
    send(&clients, key, contact, Reach::Anywhere, subscription, &asked, now()).await
}

#[tokio::test]
async fn the_browser_reads_it_and_the_service_knows_who_sent_it() {
    let (service, browser, key) = (HttpReceiver::start(), PushSubscriber::new(), key());
    let subscription = subscription(&browser, service.url("/push/abc"));
    push(&key, &subscription).await.unwrap();
    push(&key, &subscription).await.unwrap();
    let [first, second] = &service.requests()[..] else { panic!("two messages") };
    assert_ne!(first.body, second.body, "each is encrypted for itself");
    assert_eq!(first.path, "/push/abc");
    assert_eq!(first.header("ttl"), "3600");
    assert_eq!(first.header("urgency"), "high");
    assert_eq!(first.header("content-encoding"), "aes128gcm");
    assert!(first.header("topic").len() <= 32);
    let origin = service.url("");
    let claims = PushSubscriber::vapid_claims(first.header("authorization"), &key.public_key());
    assert_eq!(claims["aud"], origin.as_str());
    assert_eq!(claims["sub"], "mailto:ops@corp.example");
    assert_eq!(claims["exp"], now().unix_seconds() + 12 * 3600);
    let text: serde_json::Value = serde_json::from_slice(&browser.decrypt(&second.body)).unwrap();
    assert_eq!(text["web_push"], 8030);
    assert_eq!(text["notification"]["body"], "bot <b> wants to call pay & go");
    assert!(!text.to_string().contains("The agent says"), "what passes through others is short");
}

#[tokio::test]
async fn who_is_gone_is_told_from_who_is_busy() {
    let (service, browser, key) = (HttpReceiver::start(), PushSubscriber::new(), key());
    let subscription = subscription(&browser, service.url("/push"));
    for (status, kind) in [
        (404, SendErrorKind::Gone),
        (410, SendErrorKind::Gone),
        (413, SendErrorKind::Permanent),
        (429, SendErrorKind::Transient),
        (503, SendErrorKind::Transient),
    ] {
        service.answer(status, "");
        assert_eq!(push(&key, &subscription).await.unwrap_err().kind, kind, "{status}");
    }
}

#[tokio::test]
async fn a_subscription_does_not_lead_into_the_private_network() {
    let (service, browser, key) = (HttpReceiver::start(), PushSubscriber::new(), key());
    let subscription = subscription(&browser, service.url("/push"));
    let clients = HttpClients::new().unwrap();
    let asked = notice(NoticeKind::Requested);
    let refused =
        send(&clients, &key, "mailto:a@b.example", Reach::Public, &subscription, &asked, now());
    let error = refused.await.unwrap_err();
    assert!(error.message.contains("not a public address"), "{error}");
    assert_eq!(service.requests().len(), 0);
}
