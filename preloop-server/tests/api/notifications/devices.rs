//! Browsers and phones: added by their user or by a code, told by push, forgotten when they are gone.

use preloop_testbed::{Browser, HttpReceiver, PushSubscriber};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::stand::{ends, person, sign_in, wait_for};
use crate::support::{TestServer, client, send};

const DEVICES: &str = "/api/v1/notification-preferences/me/devices";
const REGISTER: &str = "/api/v1/notification-preferences/register-via-token";

async fn register(server: &TestServer, body: Value) -> (StatusCode, Value) {
    send(client().post(format!("{}{REGISTER}", server.url)).json(&body)).await
}

#[tokio::test]
async fn a_browser_that_came_by_a_code_is_told_and_reads_it() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let ann = person(&server, "ann", "approver").await;
    let (service, browser) = (HttpReceiver::start(), PushSubscriber::new());
    let path = "/api/v1/notification-preferences/me/device-link";
    let (status, problem) = send(server.request("GET", path, &ann.key)).await;
    let needed = (StatusCode::FORBIDDEN, &json!("sign_in_required"));
    assert_eq!((status, &problem["code"]), needed, "a key makes no other way to decide");
    let token = sign_in(&server, "ann").await;
    let (status, link) = send(server.request("GET", path, &token)).await;
    assert_eq!(status, StatusCode::OK, "{link}");
    let (page, code) = link["url"].as_str().unwrap().split_once('#').unwrap();
    assert!(page.ends_with("/devices/add"), "{page}");
    let subscription = browser.subscription(&service.url("/push/abc"));
    let body =
        json!({"code": code, "name": "phone", "platform": "web", "subscription": subscription});
    let mut wrong = body.clone();
    wrong["subscription"]["keys"]["p256dh"] = json!("AAAA");
    assert_eq!(register(&server, wrong).await.1["code"], "invalid_device");
    let (status, device) = register(&server, body.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{device}");
    assert!(!device.to_string().contains("/push/abc"), "addresses of devices are not shown");
    let (status, problem) = register(&server, body).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_code"))
    );

    let id = server.hold("note", json!({})).await;
    let pushes = wait_for(&service, 1).await;
    let text: Value = serde_json::from_slice(&browser.decrypt(&pushes[0].body)).unwrap();
    let opened = text["notification"]["navigate"].as_str().unwrap();
    assert!(opened.contains(&format!("/approval/{id}")), "{text}");
    let key = client().get(format!("{}/api/v1/notification-preferences/push-key", server.url));
    let (_, key) = send(key).await;
    let key = key["public_key"].as_str().unwrap();
    let claims = PushSubscriber::vapid_claims(pushes[0].header("authorization"), key);
    assert_eq!(claims["sub"], "mailto:ops@corp.example");

    // The push service says that the browser is gone, so it is forgotten.
    service.answer(410, "");
    server.hold("note", json!({"again": true})).await;
    wait_for(&service, 2).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while send(server.request("GET", DEVICES, &ann.key)).await.1["items"] != json!([]) {
        assert!(tokio::time::Instant::now() < deadline, "the device stays");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(server.kinds("&kind=device_added").await.len(), 1);
}

#[tokio::test]
async fn the_key_of_push_services_stays_over_a_restart() {
    let server = TestServer::start().await;
    let key = |server: &TestServer| {
        client().get(format!("{}/api/v1/notification-preferences/push-key", server.url))
    };
    let (_, before) = send(key(&server)).await;
    let server = server.restart().await;
    assert_eq!(send(key(&server)).await.1, before);
    let (status, rotated) = server.owner_post("/api/v1/secrets/rotate", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{rotated}");
    let server = server.restart().await;
    assert_eq!(send(key(&server)).await.1, before, "it was sealed anew");
}

#[tokio::test]
async fn a_phone_is_told_through_the_proxy_and_revoked_by_its_user() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let (ann, bob) =
        (person(&server, "ann", "approver").await, person(&server, "bob", "approver").await);
    let body = json!({"name": "phone", "platform": "ios", "token": "device-token-1"});
    let (status, problem) = send(server.request("POST", DEVICES, &ann.key).json(&body)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("sign_in_required")));
    let token = sign_in(&server, "ann").await;
    let (status, device) = send(server.request("POST", DEVICES, &token).json(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{device}");
    server.hold("note", json!({})).await;
    let pushes = wait_for(&ends.proxy, 1).await;
    assert_eq!(pushes[0].header("authorization"), "Bearer proxy-key");
    assert_eq!(pushes[0].json()["token"], "device-token-1");
    let path = format!("{DEVICES}/{}", device["id"].as_str().unwrap());
    let (status, _) = send(server.request("DELETE", &path, &bob.key)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "of somebody else");
    let (status, _) = send(server.request("DELETE", &path, &ann.key)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    server.hold("note", json!({"again": true})).await;
    ends.mails(4).await;
    assert_eq!(ends.proxy.requests().len(), 1);
}

#[tokio::test]
async fn a_picture_holds_the_link_and_only_people_get_one() {
    let server = TestServer::start().await;
    person(&server, "ann", "approver").await;
    let token = sign_in(&server, "ann").await;
    let path = "/api/v1/notification-preferences/me/qr-code";
    let response = server.request("GET", path, &token).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/svg+xml");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.text().await.unwrap().contains("<svg"));
    let (status, _) = send(server.request("GET", path, &server.agent_key)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "an agent hears of no requests");
    for code in ["", "a.b", &"x".repeat(300)] {
        let body = json!({"code": code, "name": "x", "platform": "ios", "token": "t"});
        assert_eq!(register(&server, body).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_registers_itself_on_the_page_of_the_link() {
    let ends = ends();
    let server = TestServer::configured(&ends.policy(), None, None, |it| ends.configure(it)).await;
    let ann = person(&server, "ann", "approver").await;
    let (service, keys) = (HttpReceiver::start(), PushSubscriber::new());
    let path = "/api/v1/notification-preferences/me/device-link";
    let token = sign_in(&server, "ann").await;
    let (_, link) = send(server.request("GET", path, &token)).await;
    let link = link["url"].as_str().unwrap().to_owned();
    // A headless browser has no push service, so its subscription leads to ours; the rest is the page's own.
    let stand_in = json!({"subscription": keys.subscription(&service.url("/push"))});
    let seen = tokio::task::spawn_blocking(move || {
        let tab = Browser::start().open_phone();
        assert_eq!(tab.goto(&link), 200);
        assert_eq!(tab.barriers(), [""; 0]);
        tab.run(
            "await page.evaluate(({ subscription }) => {
                Notification.requestPermission = async () => 'granted';
                PushManager.prototype.subscribe = async () => ({ toJSON: () => subscription });
             }, argument);
             await page.fill('#name', 'my phone');
             await page.click('#add');
             await page.waitForFunction(
                () => !document.querySelector('#state').textContent.startsWith('One moment'));
             return null;",
            &stand_in,
        );
        (tab.text("#state"), tab.noise())
    });
    let (state, noise) = seen.await.unwrap();
    assert_eq!(state, "Added. You can close this page.");
    assert_eq!(noise, [""; 0], "nothing was blocked");
    let (_, devices) = send(server.request("GET", DEVICES, &ann.key)).await;
    assert_eq!(devices["items"][0]["name"], "my phone");
    server.hold("note", json!({})).await;
    let pushes = wait_for(&service, 1).await;
    assert!(keys.decrypt(&pushes[0].body).starts_with(b"{"));
}
